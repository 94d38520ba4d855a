"""Fetch what is new in the mailboxes and SFTP folders of a system: each message and file exactly once.

Belongs here: the order of steps and the memory in the store. Not here: the protocols (connectors/excel/
inbox), reading workbooks. A kill at any point loses and doubles nothing:

1. the file's bytes are kept under their SHA-256, and its receipt is written under a name made of the
   message (or path) and the content, so doing it twice is doing it once;
2. the store notes message, files and how far the mailbox was looked through, in one transaction;
3. the message is marked or moved on the server, and the store notes that; what was taken but not
   marked is marked first thing next time.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from connectors.config import SystemConfig
from connectors.excel.config import MailboxConfig, SftpConfig
from connectors.excel.folder import has_end
from connectors.excel.inbox.attachments import unpack
from connectors.excel.inbox.imap import Head, Mailbox, wanted
from connectors.excel.inbox.imap import account as mail_account
from connectors.excel.inbox.sftp import Remote, Sftp
from connectors.excel.inbox.sftp import account as sftp_account
from connectors.excel.inbox.shelf import Received, Shelf, receipt_id
from connectors.excel.passwords import known_passwords
from connectors.excel.versions import Seen
from hub import alerts
from hub.landing.crash import reach
from hub.settings import home
from hub.store.engine import connect
from schemas.problems import Problem

POINTS = ("kept", "noted", "marked")  # names for hub/landing/crash.py, in the order of the steps above
_HEADS_AT_ONCE = 200
_LOCK = 7_201_003


@dataclass
class Fetched:
    """What one look into one input brought. waiting: files still being uploaded, fetched next time."""

    input: str
    kind: str
    files: int = 0
    messages: int = 0
    waiting: int = 0
    problem: Problem | None = None


def receive(system: SystemConfig) -> list[Fetched]:
    """Fetch from every mailbox and SFTP folder of the system; an input that fails says so and the others go on.

    Two processes that fetch for one system take turns. Raises only what the store raises.
    """
    done: list[Fetched] = []
    steps: list[tuple[Fetched, Callable[[psycopg.Connection[Any], Fetched], None]]] = []
    if (mailbox := system.mailbox) is not None:
        steps.append((Fetched(mailbox.name, "mail"), lambda c, f: _Mail(c, system, mailbox, f).run()))
    if (sftp := system.sftp) is not None:
        steps.append((Fetched(sftp.name, "sftp"), lambda c, f: _Files(c, system, sftp, f).run()))
    for fetched, step in steps:
        with connect(autocommit=True) as connection, _turn(connection, system.system):
            try:
                step(connection, fetched)
            except Problem as problem:
                fetched.problem = problem
            _note_state(connection, system.system, fetched)
        done.append(fetched)
    return done


_fetched_for: dict[str, str] = {}


def receive_once(system: SystemConfig, run_id: str) -> list[Fetched]:
    """As `receive`, for the first step of a run that asks; later steps of the run read what is there."""
    if _fetched_for.get(system.system) == run_id or not (system.mailbox or system.sftp):
        return []
    _fetched_for[system.system] = run_id
    return receive(system)


def state(connection: psycopg.Connection[Any], system: str) -> list[dict[str, Any]]:
    """What the last look into each input said: [{"input", "kind", "problem", "looked_at", "received_at"}]."""
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        return cursor.execute(
            "select input, kind, problem, looked_at, received_at from ops.input_state where system = %s order by 1",
            (system,),
        ).fetchall()


@contextmanager
def _turn(connection: psycopg.Connection[Any], system: str) -> Iterator[None]:
    number = int.from_bytes(hashlib.sha256(system.encode()).digest()[:4], "big", signed=True)
    connection.execute("select pg_advisory_lock(%s, %s)", (_LOCK, number))
    try:
        yield
    finally:
        connection.execute("select pg_advisory_unlock(%s, %s)", (_LOCK, number))


def _note_state(connection: psycopg.Connection[Any], system: str, fetched: Fetched) -> None:
    """The outcome of the look, for the screens; an input that fails is also an alert until it works again."""
    about = f"{system}.{fetched.input}"
    if fetched.problem is None:
        alerts.settle(connection, about)
    else:
        alerts.raise_alert(connection, system, about, "error", fetched.problem)
    connection.execute(
        """insert into ops.input_state as s (system, input, kind, position, problem, received_at)
             values (%(system)s, %(input)s, %(kind)s, '{}', %(problem)s, case when %(new)s then now() end)
           on conflict (system, input) do update set kind = excluded.kind, problem = excluded.problem,
             looked_at = now(), received_at = coalesce(excluded.received_at, s.received_at)""",
        {
            "system": system,
            "input": fetched.input,
            "kind": fetched.kind,
            "problem": Jsonb(fetched.problem.as_json()) if fetched.problem else None,
            "new": fetched.files > 0,
        },
    )


class _Input:
    """What mail and SFTP have in common: a place in the store, a shelf, a receipt per file."""

    def __init__(self, connection: psycopg.Connection[Any], system: SystemConfig, name: str, fetched: Fetched) -> None:
        self.connection = connection
        self.system = system.system
        self.name = name
        self.fetched = fetched
        self.shelf = Shelf(system.system, home())

    def position(self) -> dict[str, Any]:
        row = self.connection.execute(
            "select position from ops.input_state where system = %s and input = %s", (self.system, self.name)
        ).fetchone()
        return dict(row[0]) if row else {}

    def move(self, position: dict[str, Any]) -> None:
        self.connection.execute(
            """insert into ops.input_state (system, input, kind, position) values (%s, %s, %s, %s)
               on conflict (system, input) do update set position = excluded.position""",
            (self.system, self.name, self.fetched.kind, Jsonb(position)),
        )

    def note(self, received: Received) -> None:
        self.connection.execute(
            """insert into ops.received_file (system, id, input, path, sha256, size, modified_at, origin)
               values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (system, id) do nothing""",
            (
                self.system,
                received.id,
                received.input,
                received.path,
                received.sha256,
                received.size,
                datetime.fromtimestamp(received.modified_ns / 1e9, UTC),
                Jsonb(received.origin),
            ),
        )


class _Mail(_Input):
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


class _Files(_Input):
    """One look into an SFTP folder."""

    def __init__(
        self, connection: psycopg.Connection[Any], system: SystemConfig, config: SftpConfig, fetched: Fetched
    ) -> None:
        super().__init__(connection, system, config.name, fetched)
        self.config = config

    def run(self) -> None:
        first: Problem | None = None
        known = self._known()
        seen_before = self.position().get("seen", {})
        seen: dict[str, list[float]] = {}
        with Sftp(self.config, sftp_account(self.system, self.config)) as server:
            for file in server.files():
                if known.get(file.path) == (file.size, file.modified):
                    continue
                before = seen_before.get(file.path)
                since = before[2] if before and before[:2] == [file.size, file.modified] else time.time()
                seen[file.path] = [file.size, file.modified, since]
                try:
                    if not self._is_quiet(file, since) or not self._take(server, file):
                        self.fetched.waiting += 1
                        continue
                except Problem as problem:
                    if problem.code in ("sftp_unreachable", "sftp_host_key"):
                        raise
                    first = first or problem
                    continue
                del seen[file.path]
        self.move({"seen": seen})
        if first is not None:
            raise first

    def _is_quiet(self, file: Remote, since: float) -> bool:
        """Unchanged for so long by the server's clock, or seen unchanged for so long by ours."""
        quiet = self.config.quiet_seconds
        now = time.time()
        return (file.modified <= now and now - file.modified >= quiet) or now - since >= max(quiet, 1)

    def _take(self, server: Sftp, file: Remote) -> bool:
        """Fetch one file and put it on record; False if its end has not been uploaded yet."""
        if file.size > self.config.max_mb << 20:
            raise Problem("sftp_too_large", path=file.path, mb=file.size >> 20, limit_mb=self.config.max_mb)
        partial = self.shelf.partial / f"{receipt_id(self.name, file.path, str(file.size), str(file.modified))}.part"
        server.fetch(file, partial)
        if not has_end(Seen(file.path, partial, file.size, file.modified)):
            partial.unlink()
            return False
        sha256 = self.shelf.adopt(partial)
        reach("kept")
        received = Received(
            id=receipt_id(self.system, self.name, file.path, sha256),
            input=self.name,
            place=file.path,
            sha256=sha256,
            size=file.size,
            modified_ns=file.modified * 1_000_000_000,
            by_name=False,
            origin={
                "kind": "sftp",
                "host": server.account.host,
                "path": file.path,
                "size": file.size,
                "modified": file.modified,
            },
        )
        self.shelf.register(received)
        with self.connection.transaction():
            self.connection.execute(
                "delete from ops.received_file where system = %s and id = %s", (self.system, received.id)
            )
            self.note(received)
        reach("noted")
        self.fetched.files += 1
        return True

    def _known(self) -> dict[str, tuple[int, int]]:
        """{path: (size, seconds)} of the newest fetched version of each file."""
        rows = self.connection.execute(
            """select distinct on (origin ->> 'path') origin ->> 'path', (origin ->> 'size')::bigint,
                 (origin ->> 'modified')::bigint
               from ops.received_file where system = %s and input = %s order by 1, received_at desc""",
            (self.system, self.name),
        ).fetchall()
        return {path: (size, modified) for path, size, modified in rows}
