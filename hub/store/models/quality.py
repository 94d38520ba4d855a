"""Tables of schema quality: findings, changes, and rows that are not in core.

Belongs here: what is wrong with which row. Not here: scores (mart.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.models.base import Base, id_column, now_column


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

    id: Mapped[int] = id_column()
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
    first_seen_at: Mapped[datetime] = now_column()
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

    id: Mapped[int] = id_column()
    dataset: Mapped[str]
    source_key: Mapped[str]
    entity: Mapped[str]
    was: Mapped[str]  # loaded, held, rejected
    record: Mapped[dict[str, Any]]
    load_id: Mapped[int]
    deleted_at: Mapped[datetime] = now_column()
