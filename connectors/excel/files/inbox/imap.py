"""A mailbox over IMAP: what is new in it, one message, and marking it as taken.

Belongs here: the protocol, its errors as sentences. Does not belong here: what is inside a message
(attachments.py), which messages were taken already (hub/landing/receive.py).
"""

from __future__ import annotations

import base64
import contextlib
import fnmatch
import imaplib
import re
import ssl
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import Self, TypeVar

from connectors.config import environment_value
from connectors.excel.config import MailboxConfig, MoveTo
from connectors.excel.files.inbox.wording import header_text
from schemas.problems import Problem

TIMEOUT = 30.0
_HEADS = "(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (FROM SENDER SUBJECT DATE MESSAGE-ID)])"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Result = TypeVar("Result")
imaplib.Commands.setdefault("ID", ("NONAUTH", "AUTH", "SELECTED"))
imaplib.Commands.setdefault("MOVE", ("SELECTED",))


@dataclass(frozen=True)
class Account:
    """Where and as whom; read from the environment when the mailbox is opened."""

    host: str
    user: str
    password: str
    ca_file: str | None = None

    def __repr__(self) -> str:
        return f"Account({self.user}@{self.host})"


@dataclass(frozen=True)
class State:
    """uidvalidity: when it changes, all UIDs are new. uidnext: grows with every message that arrives."""

    uidvalidity: int
    uidnext: int
    messages: int


@dataclass(frozen=True)
class Head:
    """What a message's envelope says. date: when it was sent, or arrived if it does not say."""

    uid: int
    size: int
    sender: str
    subject: str
    date: datetime
    message_id: str


def account(system: str, config: MailboxConfig) -> Account:
    """Raises Problem `environment_unset`."""
    return Account(
        environment_value(system, config.host_env),
        environment_value(system, config.user_env),
        environment_value(system, config.password_env),
        environment_value(system, config.ca_file_env) if config.ca_file_env else None,
    )


def wanted(head: Head, config: MailboxConfig) -> bool:
    """Does the message come from one of the senders, with the subject that was asked for?"""
    if config.since is not None and head.date.date() < config.since:
        return False
    sender = _plain(head.sender)
    if config.senders and not any(fnmatch.fnmatchcase(sender, _plain(pattern)) for pattern in config.senders):
        return False
    return config.subject is None or fnmatch.fnmatchcase(_plain(head.subject), _plain(config.subject))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


class Mailbox:
    """An open mailbox; use it as a context manager. Every method may raise Problem `mail_*`."""

    def __init__(self, config: MailboxConfig, account: Account, timeout: float = TIMEOUT) -> None:
        self.config = config
        self.account = account
        self._timeout = timeout
        self._box: imaplib.IMAP4

    def __enter__(self) -> Self:
        self._box = self._told(self._connect)
        try:
            self._log_in()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(imaplib.IMAP4.error, OSError, ssl.SSLError):
            self._box.logout()

    def _connect(self) -> imaplib.IMAP4:
        host, port = self.account.host, self.config.at_port
        if self.config.tls is False:
            return imaplib.IMAP4(host, port, timeout=self._timeout)
        context = ssl.create_default_context()
        if self.account.ca_file is not None:
            if not Path(self.account.ca_file).is_file():
                raise Problem("mail_ca_missing", file=self.account.ca_file)
            context.load_verify_locations(self.account.ca_file)
        if self.config.tls is True:
            return imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=self._timeout)
        box = imaplib.IMAP4(host, port, timeout=self._timeout)
        box.starttls(context)
        return box

    def _log_in(self) -> None:
        user, password = self.account.user, self.account.password
        try:
            if (user + password).isascii() or "AUTH=PLAIN" not in self._box.capabilities:
                self._box.login(user, password)
            else:
                self._box.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        except imaplib.IMAP4.abort as error:
            raise self._unreachable(error) from error
        except (imaplib.IMAP4.error, UnicodeEncodeError) as error:
            raise Problem("mail_login", host=self.account.host, user=user, reason=self._words(error)) from error
        self._introduce()

    def _introduce(self) -> None:
        """NetEase (163, 126) refuses to open a folder for programs that do not say who they are (RFC 2971)."""
        if self._can("ID"):
            with contextlib.suppress(imaplib.IMAP4.error):
                self._box._simple_command("ID", '("name" "waterworks" "version" "1")')

    def state(self) -> State:
        """Open the folder and tell how far it reaches."""
        folder = self.config.folder
        read_only = self.config.done == "leave"
        kind, answer = self._told(lambda: self._box.select(_folder(folder), readonly=read_only))
        if kind != "OK":
            raise Problem("mail_folder_missing", host=self.account.host, folder=folder, known=self._folders())
        messages = int(answer[0] or 0)
        return State(self._number("UIDVALIDITY"), self._number("UIDNEXT"), messages)

    def _number(self, name: str) -> int:
        answer = self._box.response(name)[1]
        return int(answer[0]) if answer and answer[0] else 0

    def _folders(self) -> str:
        _, lines = self._told(lambda: self._box.list())
        found = [re.sub(rb'^.*"[^"]*" ', b"", line).strip(b'"') for line in lines if isinstance(line, bytes)]
        return ", ".join(_unfolder(name.decode("ascii", "replace")) for name in found[:20]) or "-"

    def search(self, after: int) -> list[int]:
        """UIDs above `after`, ascending."""
        criteria = [f"UID {after + 1}:*", "UNDELETED"]
        if (since := self.config.since) is not None:
            criteria.append(f"SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}")
        lines = self._ok(lambda: self._box.uid("SEARCH", *criteria), "SEARCH")
        uids = [int(uid) for line in lines if line for uid in line.split()]
        return sorted(uid for uid in uids if uid > after)  # "n:*" names the last message even if it is older

    def heads(self, uids: Sequence[int]) -> dict[int, Head]:
        """Envelopes by UID; a message that has gone in the meantime is not among them."""
        if not uids:
            return {}
        lines = self._ok(lambda: self._box.uid("FETCH", ",".join(map(str, uids)), _HEADS), "FETCH")
        found = {}
        for line in lines:
            if isinstance(line, tuple):
                head = _head(line[0], line[1])
                found[head.uid] = head
        return found

    def fetch(self, uid: int) -> bytes | None:
        """The whole message without marking it as read; None if it has gone."""
        lines = self._ok(lambda: self._box.uid("FETCH", str(uid), "(BODY.PEEK[])"), "FETCH")
        return next((line[1] for line in lines if isinstance(line, tuple)), None)

    def done(self, uid: int) -> None:
        """Mark a taken message as the configuration says; marking twice is the same as once."""
        done = self.config.done
        if done == "leave":
            return
        if done == "seen":
            self._ok(lambda: self._box.uid("STORE", str(uid), "+FLAGS", r"(\Seen)"), "STORE")
            return
        self._move(uid, done)

    def _move(self, uid: int, target: MoveTo) -> None:
        name = _folder(target.move_to)
        if self._told(lambda: self._box.uid("COPY" if not self._can("MOVE") else "MOVE", str(uid), name))[0] != "OK":
            self._told(lambda: self._box.create(name))
            self._told(lambda: self._box.subscribe(name))
            self._ok(lambda: self._box.uid("COPY" if not self._can("MOVE") else "MOVE", str(uid), name), "MOVE")
        if not self._can("MOVE"):
            self._ok(lambda: self._box.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)"), "STORE")
            if self._can("UIDPLUS"):  # a plain EXPUNGE would also remove what other people marked
                self._ok(lambda: self._box.uid("EXPUNGE", str(uid)), "EXPUNGE")

    def _can(self, capability: str) -> bool:
        _, lines = self._told(lambda: self._box.capability())
        return capability.encode() in (lines[0] or b"").upper().split()

    def _ok(self, command: Callable[[], tuple[str, list]], name: str) -> list:
        kind, lines = self._told(command)
        if kind != "OK":
            words = b" ".join(line for line in lines if isinstance(line, bytes)).decode("utf-8", "replace")[:200]
            raise Problem("mail_refused", host=self.account.host, command=name, reason=words or kind)
        return lines

    def _told(self, command: Callable[[], Result]) -> Result:
        try:
            return command()
        except ssl.SSLCertVerificationError as error:
            reason = error.verify_message or str(error)
            raise Problem("mail_certificate", host=self.account.host, reason=reason) from error
        except (imaplib.IMAP4.abort, OSError, EOFError) as error:  # TLS errors are OSErrors too
            raise self._unreachable(error) from error
        except imaplib.IMAP4.error as error:
            raise Problem("mail_refused", host=self.account.host, command="IMAP", reason=self._words(error)) from error

    def _unreachable(self, error: BaseException) -> Problem:
        return Problem("mail_unreachable", host=self.account.host, port=self.config.at_port, reason=self._words(error))

    def _words(self, error: BaseException) -> str:
        """What the server said, without our password should it have repeated it."""
        text = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error)
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return text.replace(self.account.password, "***")[:200] or type(error).__name__


def _head(facts: bytes, header: bytes) -> Head:
    uid, size = (re.search(rb"\b%s (\d+)" % name, facts) for name in (b"UID", b"RFC822.SIZE"))
    message = message_from_bytes(header)
    raw = {name.lower(): str(value) for name, value in reversed(list(message.raw_items()))}
    arrived = imaplib.Internaldate2tuple(facts)
    date = datetime(*arrived[:6]).astimezone(UTC) if arrived else datetime.now(UTC)
    with contextlib.suppress(ValueError, TypeError, IndexError):
        sent = parsedate_to_datetime(raw.get("date", ""))
        date = (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).astimezone(UTC)
    sender = parseaddr(raw.get("from", "") or raw.get("sender", ""))[1]
    return Head(
        uid=int(uid[1]) if uid else 0,
        size=int(size[1]) if size else 0,
        sender=header_text(sender).lower(),
        subject=header_text(raw.get("subject", ""))[:500],
        date=date,
        message_id=raw.get("message-id", "").strip()[:500],
    )


def _folder(name: str) -> str:
    """A folder's name as IMAP writes it: modified UTF-7 (RFC 3501, 5.1.3), quoted."""
    text = re.sub(r"[^\x20-\x7e]+", lambda found: _encode(found[0]), name.replace("&", "&-"))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _encode(text: str) -> str:
    packed = base64.b64encode(text.encode("utf-16-be")).decode("ascii").rstrip("=")
    return f"&{packed.replace('/', ',')}-"


def _unfolder(name: str) -> str:
    def decode(found: re.Match[str]) -> str:
        packed = found[1].replace(",", "/")
        if not packed:
            return "&"
        return base64.b64decode(packed + "=" * (-len(packed) % 4)).decode("utf-16-be", "replace")

    return re.sub(r"&([^-]*)-", decode, name)
