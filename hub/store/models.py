"""The store's fixed tables (SQLAlchemy). Entity tables `core.<entity>` come from the contracts.

Belongs here: table definitions. Not here: queries, engine set-up, core tables (`core_tables.py`).
Schemas: ops (loads, cursors, uploads, users), quality (findings, held rows), master (golden ids),
mart (reports), core (entities).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Date, DateTime, ForeignKey, Identity, Index, Integer, Numeric, Text, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMAS = ("core", "quality", "master", "mart", "ops")


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        date: Date,
        dict[str, Any]: JSONB,
        bool: Boolean,
    }


def _now() -> Mapped[datetime]:
    return mapped_column(server_default=text("now()"))


def _id() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


# --- ops: what ran ------------------------------------------------------------------------------


class Load(Base):
    """One load of one dataset. rows_read = loaded + held + rejected + unchanged, always."""

    __tablename__ = "load"
    __table_args__ = (Index("load_dataset", "dataset", "id"), {"schema": "ops"})

    id: Mapped[int] = _id()
    run_id: Mapped[str]  # Dagster run id, or "cli"/"worker" + random
    system: Mapped[str]
    dataset: Mapped[str]  # "<system>.<object>"
    entity: Mapped[str]
    epoch: Mapped[int]  # lease epoch this load wrote under
    rules: Mapped[str]  # fingerprint of contract + mapping
    status: Mapped[str]  # running, ok, failed, interrupted
    started_at: Mapped[datetime] = _now()
    finished_at: Mapped[datetime | None]
    rows_read: Mapped[int] = mapped_column(server_default="0")
    loaded: Mapped[int] = mapped_column(server_default="0")
    held: Mapped[int] = mapped_column(server_default="0")
    rejected: Mapped[int] = mapped_column(server_default="0")
    unchanged: Mapped[int] = mapped_column(server_default="0")
    deleted: Mapped[int] = mapped_column(server_default="0")  # keys gone from the source; not part of rows_read
    problem: Mapped[dict[str, Any] | None]  # {"code", "params"} of schemas.problems


class LandedFile(Base):
    """One immutable Parquet file of raw rows; for spreadsheets also where its cells are."""

    __tablename__ = "landed_file"
    __table_args__ = (Index("landed_file_load", "load_id"), {"schema": "ops"})

    id: Mapped[int] = _id()
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
    landed_at: Mapped[datetime] = _now()


class SourceFileStatus(Base):
    """Every file seen in a watched folder and what became of it; none is passed over in silence."""

    __tablename__ = "source_file"
    __table_args__ = ({"schema": "ops"},)

    system: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]  # current, superseded, unreadable, unknown, skipped
    object: Mapped[str | None]  # template it belongs to
    problem: Mapped[dict[str, Any] | None]
    sha256: Mapped[str | None]
    seen_at: Mapped[datetime] = _now()


class Cursor(Base):
    """How far a dataset has been read; moves in the transaction that writes the rows."""

    __tablename__ = "cursor"
    __table_args__ = ({"schema": "ops"},)

    dataset: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[dict[str, Any]]
    load_id: Mapped[int]
    rules: Mapped[str]
    moved_at: Mapped[datetime] = _now()


class Lease(Base):
    """Who may write a system's data. A new run raises the epoch; an older run's writes are refused."""

    __tablename__ = "lease"
    __table_args__ = ({"schema": "ops"},)

    system: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    holder: Mapped[str]
    taken_at: Mapped[datetime] = _now()


class CheckResult(Base):
    """The last connection check of each source system."""

    __tablename__ = "check_result"
    __table_args__ = ({"schema": "ops"},)

    system: Mapped[str] = mapped_column(primary_key=True)
    ok: Mapped[bool]
    sentence_zh: Mapped[str]
    sentence_en: Mapped[str]
    checked_at: Mapped[datetime] = _now()


# --- ops: people and uploads --------------------------------------------------------------------


class UserAccount(Base):
    __tablename__ = "user_account"
    __table_args__ = ({"schema": "ops"},)

    login: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]  # it, coach, business
    department: Mapped[str]
    password_hash: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="zh")
    created_at: Mapped[datetime] = _now()


class UserSession(Base):
    """A log-in. The cookie holds a random id; only its SHA-256 is kept here."""

    __tablename__ = "user_session"
    __table_args__ = ({"schema": "ops"},)

    id_sha256: Mapped[str] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(ForeignKey("ops.user_account.login"))
    csrf: Mapped[str]
    created_at: Mapped[datetime] = _now()
    seen_at: Mapped[datetime] = _now()


class Upload(Base):
    """One workbook a person handed in, from arrival to load.

    status: queued -> checking -> checked | unreadable; checked -> submitted -> approved | returned;
    approved -> loading -> loaded | failed.
    """

    __tablename__ = "upload"
    __table_args__ = (Index("upload_status", "status"), {"schema": "ops"})

    id: Mapped[int] = _id()
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
    created_at: Mapped[datetime] = _now()


class UploadFinding(Base):
    """A finding in an upload that is not loaded yet: one cell, one rule, perhaps a suggestion."""

    __tablename__ = "upload_finding"
    __table_args__ = (Index("upload_finding_upload", "upload_id", "row_no"), {"schema": "ops"})

    id: Mapped[int] = _id()
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

    id: Mapped[int] = _id()
    at: Mapped[datetime] = _now()
    login: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any] | None]


# --- quality ------------------------------------------------------------------------------------


class Finding(Base):
    """One value that breaks one rule. Open while resolved_at is null."""

    __tablename__ = "finding"
    __table_args__ = (
        Index(
            "finding_open",
            "dataset",
            "source_key",
            "rule",
            "column_name",
            unique=True,
            postgresql_where=text("resolved_at is null"),
        ),
        Index("finding_rule", "rule", postgresql_where=text("resolved_at is null")),
        {"schema": "quality"},
    )

    id: Mapped[int] = _id()
    rule: Mapped[str]
    entity: Mapped[str]
    dataset: Mapped[str]
    department: Mapped[str]
    source_key: Mapped[str]
    column_name: Mapped[str]  # entity column; '' for a rule over the whole row
    source_column: Mapped[str | None]  # as named in the source
    value: Mapped[str | None]  # raw value exactly as in the source
    severity: Mapped[str]
    dimension: Mapped[str]
    hold: Mapped[bool]
    file_id: Mapped[int | None]  # ops.landed_file, for spreadsheets
    row_no: Mapped[int | None]
    cell: Mapped[str | None]  # "D12" when the value stands in a spreadsheet cell
    detail: Mapped[dict[str, Any] | None]  # extra facts for the sentence (other row, limit, ...)
    first_load_id: Mapped[int]
    last_load_id: Mapped[int]
    first_seen_at: Mapped[datetime] = _now()
    resolved_at: Mapped[datetime | None]


class ValueChange(Base):
    """A value the hub standardised: the original, what it became, and by which rule."""

    __tablename__ = "value_change"
    __table_args__ = ({"schema": "quality"},)

    dataset: Mapped[str] = mapped_column(primary_key=True)
    source_key: Mapped[str] = mapped_column(primary_key=True)
    column_name: Mapped[str] = mapped_column(primary_key=True)
    source_column: Mapped[str | None]
    raw_value: Mapped[str | None]
    value: Mapped[str | None]
    rule: Mapped[str]
    file_id: Mapped[int | None]
    cell: Mapped[str | None]
    load_id: Mapped[int]


class HeldRow(Base):
    """A row that waits for a fix: read and standardised, but a blocking rule failed."""

    __tablename__ = "held_row"
    __table_args__ = ({"schema": "quality"},)

    dataset: Mapped[str] = mapped_column(primary_key=True)
    source_key: Mapped[str] = mapped_column(primary_key=True)
    entity: Mapped[str]
    plant: Mapped[str]
    record: Mapped[dict[str, Any]]  # standardised values, as text
    raw: Mapped[dict[str, Any]]  # source values, as text
    row_hash: Mapped[str] = mapped_column(UUID(as_uuid=False))
    file_id: Mapped[int | None]
    row_no: Mapped[int | None]
    load_id: Mapped[int]


class RejectedRow(Base):
    """A row that could not be read as data at all (a total line, an item without a key)."""

    __tablename__ = "rejected_row"
    __table_args__ = ({"schema": "quality"},)

    dataset: Mapped[str] = mapped_column(primary_key=True)
    source_key: Mapped[str] = mapped_column(primary_key=True)  # its position in the source
    raw: Mapped[str | None]
    reason: Mapped[str]  # code in schemas/problems.yaml
    row_hash: Mapped[str] = mapped_column(UUID(as_uuid=False))
    file_id: Mapped[int | None]
    row_no: Mapped[int | None]
    load_id: Mapped[int]


class DeletedRow(Base):
    """A row that is gone from its source: its last content and when we noticed."""

    __tablename__ = "deleted_row"
    __table_args__ = (Index("deleted_row_key", "dataset", "source_key"), {"schema": "quality"})

    id: Mapped[int] = _id()
    dataset: Mapped[str]
    source_key: Mapped[str]
    entity: Mapped[str]
    was: Mapped[str]  # loaded, held, rejected
    record: Mapped[dict[str, Any]]
    load_id: Mapped[int]
    deleted_at: Mapped[datetime] = _now()


# --- master -------------------------------------------------------------------------------------


class MatchKey(Base):
    """Keys by which records of one domain may be the same thing."""

    __tablename__ = "match_key"
    __table_args__ = (Index("match_key_lookup", "domain", "kind", "key"), {"schema": "master"})

    domain: Mapped[str] = mapped_column(primary_key=True)  # customer, supplier, material
    dataset: Mapped[str] = mapped_column(primary_key=True)
    source_key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # uscc, name, code
    key: Mapped[str]


class GoldenRecord(Base):
    """One real-world thing. Ids are minted once and never reused; a merge leaves a redirect."""

    __tablename__ = "golden_record"
    __table_args__ = ({"schema": "master"},)

    golden_id: Mapped[str] = mapped_column(primary_key=True)  # "CU000123"
    domain: Mapped[str]
    redirect_to: Mapped[str | None]
    minted_at: Mapped[datetime] = _now()
    run_id: Mapped[str]


class Crosswalk(Base):
    """Which source record is which golden record, and why. Current while valid_to is null."""

    __tablename__ = "crosswalk"
    __table_args__ = (
        Index(
            "crosswalk_current",
            "domain",
            "dataset",
            "source_key",
            unique=True,
            postgresql_where=text("valid_to is null"),
        ),
        Index("crosswalk_golden", "golden_id"),
        {"schema": "master"},
    )

    id: Mapped[int] = _id()
    domain: Mapped[str]
    dataset: Mapped[str]
    source_key: Mapped[str]
    golden_id: Mapped[str] = mapped_column(ForeignKey("master.golden_record.golden_id"))
    reason: Mapped[str]  # alone, uscc, name, code
    run_id: Mapped[str]
    valid_from: Mapped[datetime] = _now()
    valid_to: Mapped[datetime | None]


# --- mart ---------------------------------------------------------------------------------------


class QualityScore(Base):
    """Score of one rule on one dataset on one day; every larger score is a sum over these rows."""

    __tablename__ = "quality_score"
    __table_args__ = ({"schema": "mart"},)

    day: Mapped[date] = mapped_column(primary_key=True)  # in Asia/Shanghai
    dataset: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(primary_key=True)
    system: Mapped[str]
    entity: Mapped[str]
    department: Mapped[str]
    dimension: Mapped[str]
    severity: Mapped[str]
    rows_checked: Mapped[int]
    rows_failed: Mapped[int]
    weight: Mapped[int] = mapped_column(Integer)


class OpenWorkOrder(Base):
    """Work orders not finished yet, with progress from the MES reports."""

    __tablename__ = "open_work_order"
    __table_args__ = ({"schema": "mart"},)

    plant: Mapped[str] = mapped_column(primary_key=True)
    work_order_code: Mapped[str] = mapped_column(primary_key=True)
    material_code: Mapped[str | None]
    material_name: Mapped[str | None]
    status: Mapped[str | None]
    planned_qty: Mapped[Any | None] = mapped_column(Numeric)
    reported_qty: Mapped[Any | None] = mapped_column(Numeric)
    progress_percent: Mapped[Any | None] = mapped_column(Numeric)
    planned_finish_date: Mapped[date | None]
    is_late: Mapped[bool | None]
    sources: Mapped[str]  # systems that know this order
