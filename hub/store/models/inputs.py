"""Tables of schema ops about workbooks that come in: what was fetched, compared, and learned about headers.

Belongs here: mailboxes, SFTP folders, versions, remembered headers. Not here: loads (ops.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.models.base import Base, id_column, now_column


class InputState(Base):
    """How far each mailbox and SFTP folder was looked through, and what the last look said."""

    __tablename__ = "input_state"
    __table_args__ = ({"schema": "ops"},)

    system: Mapped[str] = mapped_column(primary_key=True)
    input: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]  # mail, sftp
    position: Mapped[dict[str, Any]]  # mail: uidvalidity, uid, filter; sftp: files that still wait
    problem: Mapped[dict[str, Any] | None]
    looked_at: Mapped[datetime] = now_column()
    received_at: Mapped[datetime | None]  # when something new came last


class ReceivedMessage(Base):
    """Every message that fitted the filter; a message is taken once, however often and wherever it shows up."""

    __tablename__ = "received_message"
    __table_args__ = (
        Index("received_message_uid", "system", "input", "uidvalidity", "uid", unique=True),
        Index("received_message_id", "system", "input", "message_id"),
        {"schema": "ops"},
    )

    id: Mapped[int] = id_column()
    system: Mapped[str]
    input: Mapped[str]
    uidvalidity: Mapped[int]
    uid: Mapped[int]
    message_id: Mapped[str]  # "" if the message has none
    content: Mapped[str]  # SHA-256 over the attachments taken
    sender: Mapped[str]
    subject: Mapped[str]
    sent_at: Mapped[datetime]
    status: Mapped[str]  # taken, again (the same message under another UID), nothing (no table in it), refused
    problems: Mapped[dict[str, Any] | None]  # {"problems": [{"code", "params"}, ...]}
    marked: Mapped[bool]  # marked or moved on the server
    received_at: Mapped[datetime] = now_column()


class ReceivedFile(Base):
    """One fetched file and where it came from; its bytes lie in the inbox folder under their SHA-256."""

    __tablename__ = "received_file"
    __table_args__ = (Index("received_file_content", "sha256"), {"schema": "ops"})

    system: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    input: Mapped[str]
    path: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
    modified_at: Mapped[datetime]
    origin: Mapped[dict[str, Any]]  # kind, sender, subject, date, message_id; or kind, host, path, size, modified
    received_at: Mapped[datetime] = now_column()


class VersionChange(Base):
    """What changed from one version of a workbook to the next."""

    __tablename__ = "version_change"
    __table_args__ = ({"schema": "ops"},)

    dataset: Mapped[str] = mapped_column(primary_key=True)
    old_sha256: Mapped[str] = mapped_column(primary_key=True)
    new_sha256: Mapped[str] = mapped_column(primary_key=True)
    old_path: Mapped[str]
    new_path: Mapped[str]
    rule: Mapped[dict[str, Any]]  # why the new one is the newer: {"code", "params"}
    added: Mapped[int]
    changed: Mapped[int]
    removed: Mapped[int]
    change: Mapped[dict[str, Any]]  # connectors.excel.files.compare.Comparison as JSON, with examples
    compared_at: Mapped[datetime] = now_column()


class RememberedHeader(Base):
    """A person's word that a header means a column of a template; used from then on and said each time."""

    __tablename__ = "remembered_header"
    __table_args__ = ({"schema": "ops"},)

    template: Mapped[str] = mapped_column(primary_key=True)
    header: Mapped[str] = mapped_column(primary_key=True)  # as it is compared: width, case and blanks levelled
    written: Mapped[str]  # as it stood in the workbook
    column_name: Mapped[str | None]  # source column of the template; null: this header is to be left out
    decided_by: Mapped[str]
    decided_at: Mapped[datetime] = now_column()
