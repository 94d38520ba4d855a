"""Tables of schema ops about people: accounts, sessions, uploads, audit.

Belongs here: what people do. Not here: what runs by itself (ops.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.models.base import Base, id_column, now_column


class UserAccount(Base):
    __tablename__ = "user_account"
    __table_args__ = ({"schema": "ops"},)

    login: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]  # it, coach, business
    department: Mapped[str]
    password_hash: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="zh")
    created_at: Mapped[datetime] = now_column()


class UserSession(Base):
    """A log-in. The cookie holds a random id; only its SHA-256 is kept here."""

    __tablename__ = "user_session"
    __table_args__ = ({"schema": "ops"},)

    id_sha256: Mapped[str] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(ForeignKey("ops.user_account.login"))
    csrf: Mapped[str]
    created_at: Mapped[datetime] = now_column()
    seen_at: Mapped[datetime] = now_column()


class Upload(Base):
    """One workbook a person handed in, from arrival to load.

    status: queued -> checking -> checked | unreadable; checked -> submitted -> approved | returned;
    approved -> loading -> loaded | failed.
    """

    __tablename__ = "upload"
    __table_args__ = (Index("upload_status", "status"), {"schema": "ops"})

    id: Mapped[int] = id_column()
    login: Mapped[str]
    department: Mapped[str]
    file_name: Mapped[str]
    stored_path: Mapped[str]  # under the uploads folder; generated name
    sha256: Mapped[str]
    size: Mapped[int]
    template: Mapped[str | None]
    status: Mapped[str]
    heartbeat: Mapped[datetime | None]
    progress: Mapped[int] = mapped_column(server_default="0")  # percent
    rows_read: Mapped[int | None]
    rows_ready: Mapped[int | None]
    rows_held: Mapped[int | None]
    rows_rejected: Mapped[int | None]
    sheet: Mapped[str | None]
    header_row: Mapped[int | None]
    problem: Mapped[dict[str, Any] | None]
    notes: Mapped[dict[str, Any] | None]  # {"notes": [problem json, ...]}
    submitted_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None]
    load_id: Mapped[int | None]
    created_at: Mapped[datetime] = now_column()


class UploadFinding(Base):
    """A finding in an upload that is not loaded yet: one cell, one rule, perhaps a suggestion."""

    __tablename__ = "upload_finding"
    __table_args__ = (Index("upload_finding_upload", "upload_id", "row_no"), {"schema": "ops"})

    id: Mapped[int] = id_column()
    upload_id: Mapped[int] = mapped_column(ForeignKey("ops.upload.id", ondelete="CASCADE"))
    rule: Mapped[str]  # contract rule id, or standardiser rule for a suggested change
    kind: Mapped[str]  # finding, change, rejected
    severity: Mapped[str]
    hold: Mapped[bool]
    row_no: Mapped[int]
    cell: Mapped[str | None]  # "D12"
    source_column: Mapped[str | None]
    value: Mapped[str | None]
    suggestion: Mapped[str | None]
    column_name: Mapped[str | None]  # entity column; '' for a rule over the whole row
    detail: Mapped[dict[str, Any] | None]  # facts for the sentence, as in quality.finding


class Audit(Base):
    """Who did what; append-only."""

    __tablename__ = "audit"
    __table_args__ = ({"schema": "ops"},)

    id: Mapped[int] = id_column()
    at: Mapped[datetime] = now_column()
    login: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any] | None]
