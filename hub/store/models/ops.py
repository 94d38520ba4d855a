"""Tables of schema ops: what ran, how far it came, and who may write.

Belongs here: loads, landed files, cursors, leases, checks. Not here: people (people.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.models.base import Base, id_column, now_column


class Load(Base):
    """One load of one dataset. rows_read = loaded + held + rejected + unchanged, always, of every kind."""

    __tablename__ = "load"
    __table_args__ = (Index("load_dataset", "dataset", "id"), {"schema": "ops"})

    id: Mapped[int] = id_column()
    run_id: Mapped[str]  # Dagster run id, or "cli"/"worker" + random
    system: Mapped[str]
    dataset: Mapped[str]  # "<system>.<object>"
    entity: Mapped[str]
    epoch: Mapped[int]  # lease epoch this load wrote under
    rules: Mapped[str]  # fingerprint of contract, mapping, code lists and decisions
    # read: rows of the source; rejudge: rows landed before, under other rules; settle: rows that rules over several
    # rows hold back, and rows that they let go
    kind: Mapped[str] = mapped_column(server_default="read")
    status: Mapped[str]  # running, ok, failed, interrupted, paused
    started_at: Mapped[datetime] = now_column()
    finished_at: Mapped[datetime | None]
    rows_read: Mapped[int] = mapped_column(server_default="0")
    loaded: Mapped[int] = mapped_column(server_default="0")
    held: Mapped[int] = mapped_column(server_default="0")
    rejected: Mapped[int] = mapped_column(server_default="0")
    unchanged: Mapped[int] = mapped_column(server_default="0")
    deleted: Mapped[int] = mapped_column(server_default="0")  # keys gone from the source; not part of rows_read
    returned: Mapped[int] = mapped_column(server_default="0")  # of the loaded: rows that were held until now
    problem: Mapped[dict[str, Any] | None]  # {"code", "params"} of schemas.problems
    notes: Mapped[dict[str, Any] | None]  # {"notes": [problem, ...]}: what reading found out and decided
    burden: Mapped[dict[str, Any] | None]  # what the read cost the source: statements, seconds, rows


class LandedFile(Base):
    """One immutable Parquet file of raw rows; for spreadsheets also where its cells are."""

    __tablename__ = "landed_file"
    __table_args__ = (Index("landed_file_load", "load_id"), {"schema": "ops"})

    id: Mapped[int] = id_column()
    load_id: Mapped[int] = mapped_column(ForeignKey("ops.load.id"))
    dataset: Mapped[str]
    path: Mapped[str]  # relative to the landing folder: <dataset>/<sha256>.parquet
    sha256: Mapped[str]
    rows: Mapped[int]
    source_path: Mapped[str | None]  # the workbook, relative to its folder
    source_sha256: Mapped[str | None]
    sheet: Mapped[str | None]
    columns: Mapped[dict[str, Any] | None]  # source column -> column letter
    header_row: Mapped[int | None]
    landed_at: Mapped[datetime] = now_column()


class SourceFileStatus(Base):
    """Every file seen in a watched folder and what became of it; none is passed over in silence."""

    __tablename__ = "source_file"
    __table_args__ = ({"schema": "ops"},)

    system: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]  # current, superseded, duplicate, unreadable, unknown, skipped
    object: Mapped[str | None]  # template it belongs to
    problem: Mapped[dict[str, Any] | None]
    sha256: Mapped[str | None]
    rule: Mapped[dict[str, Any] | None]  # why this version counts or another does: {"code", "params"}
    origin: Mapped[dict[str, Any] | None]  # kind, sender, subject, date ... of a file that was fetched
    seen_at: Mapped[datetime] = now_column()


class Cursor(Base):
    """How far a dataset has been read; moves in the transaction that writes the rows."""

    __tablename__ = "cursor"
    __table_args__ = ({"schema": "ops"},)

    dataset: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[dict[str, Any]]
    load_id: Mapped[int]
    rules: Mapped[str]
    judged: Mapped[dict[str, Any] | None]  # {"rules", "down_to"}: landed_file.id an unfinished rejudge came down to
    moved_at: Mapped[datetime] = now_column()


class PublishStep(Base):
    """What the store was like when a step of publish last did its work, so that it need not do it again."""

    __tablename__ = "publish_step"
    __table_args__ = ({"schema": "ops"},)

    step: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    done_at: Mapped[datetime] = now_column()


class Lease(Base):
    """Who may write a system's data. A new run raises the epoch; an older run's writes are refused."""

    __tablename__ = "lease"
    __table_args__ = ({"schema": "ops"},)

    system: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    holder: Mapped[str]
    taken_at: Mapped[datetime] = now_column()


class CheckResult(Base):
    """The last connection check of each source system."""

    __tablename__ = "check_result"
    __table_args__ = ({"schema": "ops"},)

    system: Mapped[str] = mapped_column(primary_key=True)
    ok: Mapped[bool]
    sentence_zh: Mapped[str]
    sentence_en: Mapped[str]
    points: Mapped[dict[str, Any] | None]  # {"points": [{point, verdict, sentence: {zh, en}, object}, ...]}
    checked_at: Mapped[datetime] = now_column()


class SourceSchema(Base):
    """The columns of a dataset's source as they were when a load last accepted them."""

    __tablename__ = "source_schema"
    __table_args__ = ({"schema": "ops"},)

    dataset: Mapped[str] = mapped_column(primary_key=True)
    columns: Mapped[dict[str, Any]]  # {"fields": [["table.column", type, nullable, used], ...]}
    seen_at: Mapped[datetime] = now_column()


class SchemaChange(Base):
    """One change of a source's columns, found before a read."""

    __tablename__ = "schema_change"
    __table_args__ = (Index("schema_change_dataset", "dataset", "id"), {"schema": "ops"})

    id: Mapped[int] = id_column()
    dataset: Mapped[str]
    kind: Mapped[str]  # added, dropped, renamed, retyped, narrowed
    column_name: Mapped[str]  # "table.column"
    before: Mapped[str | None]
    after: Mapped[str | None]
    used: Mapped[bool]  # one of the columns that the dataset reads
    status: Mapped[str]  # noted (nothing to decide), waiting, accepted, reverted
    load_id: Mapped[int]
    found_at: Mapped[datetime] = now_column()
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class Alert(Base):
    """Something a person should know without looking for it; shown in the portal and sent if asked for."""

    __tablename__ = "alert"
    __table_args__ = (Index("alert_open", "seen_at", "id"), {"schema": "ops"})

    id: Mapped[int] = id_column()
    system: Mapped[str]
    dataset: Mapped[str | None]
    severity: Mapped[str]  # warn, error
    problem: Mapped[dict[str, Any]]  # {"code", "params"} of schemas.problems
    raised_at: Mapped[datetime] = now_column()
    last_raised_at: Mapped[datetime] = now_column()
    times: Mapped[int] = mapped_column(server_default="1")
    seen_by: Mapped[str | None]
    seen_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    send_problem: Mapped[str | None]


class WebhookEvent(Base):
    """One event that a source sent by itself; kept until it is landed, and then as a proof against repeats."""

    __tablename__ = "webhook_event"
    __table_args__ = (
        UniqueConstraint("dataset", "event_id", name="webhook_event_once"),
        Index("webhook_event_waiting", "dataset", "status", "id"),
        {"schema": "ops"},
    )

    id: Mapped[int] = id_column()
    dataset: Mapped[str]
    event_id: Mapped[str]
    source_key: Mapped[str]
    stamp: Mapped[int | None]  # the record's own update time, epoch ms
    is_deletion: Mapped[bool] = mapped_column(server_default="false")
    payload: Mapped[dict[str, Any]]
    status: Mapped[str]  # waiting, landed, outdated
    received_at: Mapped[datetime] = now_column()
    load_id: Mapped[int | None]
