"""One look into a mailbox: new messages taken, what was taken but not marked is marked.

Belongs here: the steps for one message, and the memory of messages. Not here: IMAP itself
(connectors/excel/files/inbox/imap.py), taking a message apart (attachments.py).
"""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from connectors.config import SystemConfig
from connectors.excel.config import MailboxConfig
from connectors.excel.files.inbox.attachments import unpack
from connectors.excel.files.inbox.imap import Head, Mailbox, wanted
from connectors.excel.files.inbox.imap import account as mail_account
from connectors.excel.files.inbox.shelf import Received, receipt_id
from connectors.excel.safety.passwords import known_passwords
from hub.landing.crash import reach
from hub.landing.receive_input import Fetched, Input
from schemas.problems import Problem

_HEADS_AT_ONCE = 200


class Mail(Input):
    """One look into a mailbox."""

    def __init__(
        self, connection: psycopg.Connection[Any], system: SystemConfig, config: MailboxConfig, fetched: Fetched
    ) -> None:
        super().__init__(connection, system, config.name, fetched)
        self.config = config
        self.passwords = known_passwords(system)

    def run(self) -> None:
        with Mailbox(self.config, mail_account(self.system, self.config)) as box:
            now = box.state()
            # Other senders or another folder make yesterday's "not for us" worth another look.
            chosen = self.config.model_dump_json(
                include={"host_env", "user_env", "folder", "senders", "subject", "since"}
            )
            looked = hashlib.sha256(chosen.encode()).hexdigest()[:16]
            position = self.position()
            if (position.get("uidvalidity"), position.get("filter")) != (now.uidvalidity, looked):
                position = {"uidvalidity": now.uidvalidity, "filter": looked, "uid": 0}
            self._mark_the_rest(box, now.uidvalidity)
            uids = box.search(position["uid"])
            for start in range(0, len(uids), _HEADS_AT_ONCE):
                some = uids[start : start + _HEADS_AT_ONCE]
                heads = box.heads(some)
                for uid in some:
                    head = heads.get(uid)  # none: moved away by somebody meanwhile
                    position = {**position, "uid": uid}
                    if head is not None and wanted(head, self.config):
                        self._take(box, head, position)
                self.move(position)

    def _mark_the_rest(self, box: Mailbox, uidvalidity: int) -> None:
        waiting = self.connection.execute(
            "select id, uid from ops.received_message where system = %s and input = %s and uidvalidity = %s"
            " and not marked and status in ('taken', 'again') order by uid",
            (self.system, self.name, uidvalidity),
        ).fetchall()
        for message, uid in waiting:
            self._mark(box, message, uid)

    def _mark(self, box: Mailbox, message: int, uid: int) -> None:
        box.done(uid)
        reach("marked")
        self.connection.execute("update ops.received_message set marked = true where id = %s", (message,))

    def _take(self, box: Mailbox, head: Head, position: dict[str, Any]) -> None:
        """Keep the tables of one message and put it on record; does nothing for one that is on record."""
        shown = f"{head.subject or '-'} ({head.sender}, {head.date:%Y-%m-%d})"
        if self._known(head.uid, position["uidvalidity"]):
            return
        if head.size > self.config.max_mb << 20:
            problem = Problem("mail_too_large", mail=shown, mb=head.size >> 20, limit_mb=self.config.max_mb)
            self._note_message(head, position, "refused", "", [problem], [])
            return
        raw = box.fetch(head.uid)
        if raw is None:
            return
        received, problems = self._unpack(raw, head, shown)
        content = receipt_id(*sorted(item.sha256 for item in received))
        status = "taken" if received else "refused" if problems else "nothing"
        if received and self._same_message(head.message_id, content):
            status, received = "again", []
        for item in received:
            self.shelf.register(item)
        reach("kept")
        message = self._note_message(head, position, status, content, problems, received)
        reach("noted")
        self.fetched.files += len(received)
        self.fetched.messages += status == "taken"
        if status in ("taken", "again"):
            self._mark(box, message, head.uid)

    def _unpack(self, raw: bytes, head: Head, shown: str) -> tuple[list[Received], list[Problem]]:
        found = unpack(raw, shown, self.passwords)
        problems = list(found.problems)
        identity = head.message_id or hashlib.sha256(raw).hexdigest()
        received = []
        for number, table in enumerate(found.tables):
            try:
                sha256, size = self.shelf.keep(table.chunks())
            except Problem as problem:
                problems.append(problem)
                continue
            received.append(
                Received(
                    id=receipt_id(self.system, self.name, identity, str(number), sha256),
                    input=self.name,
                    place=f"{head.date:%Y-%m-%d} {head.sender or '-'}/{table.name}".replace("\\", "-"),
                    sha256=sha256,
                    size=size,
                    modified_ns=int(head.date.timestamp()) * 1_000_000_000 + number,
                    by_name=True,
                    origin={
                        "kind": "mail",
                        "sender": head.sender,
                        "subject": head.subject,
                        "date": f"{head.date:%Y-%m-%d %H:%M} UTC",
                        "message_id": head.message_id,
                    },
                )
            )
        return received, problems

    def _known(self, uid: int, uidvalidity: int) -> bool:
        return bool(
            self.connection.execute(
                "select 1 from ops.received_message where system = %s and input = %s and uidvalidity = %s and uid = %s",
                (self.system, self.name, uidvalidity, uid),
            ).fetchone()
        )

    def _same_message(self, message_id: str, content: str) -> bool:
        """Whether the same message came under another UID (moved back, mailbox restored). A sender whose
        program gives every mail one Message-ID is told apart by the attachments."""
        return bool(
            message_id
            and self.connection.execute(
                "select 1 from ops.received_message where system = %s and input = %s and message_id = %s"
                " and content = %s and status = 'taken'",
                (self.system, self.name, message_id, content),
            ).fetchone()
        )

    def _note_message(
        self,
        head: Head,
        position: dict[str, Any],
        status: str,
        content: str,
        problems: list[Problem],
        received: list[Received],
    ) -> int:
        with self.connection.transaction():
            row = self.connection.execute(
                """insert into ops.received_message (system, input, uidvalidity, uid, message_id, content, sender,
                     subject, sent_at, status, problems, marked)
                   values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, false) returning id""",
                (
                    self.system,
                    self.name,
                    position["uidvalidity"],
                    head.uid,
                    head.message_id,
                    content,
                    head.sender,
                    head.subject,
                    head.date,
                    status,
                    Jsonb({"problems": [problem.as_json() for problem in problems]}) if problems else None,
                ),
            ).fetchone()
            for item in received:
                self.note(item)
            self.move(position)
        assert row is not None
        return int(row[0])
