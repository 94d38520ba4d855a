"""Tables of schema mart: what people read.

Belongs here: results that can be recomputed. Not here: how (hub/marts).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Integer, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.models.base import Base, now_column


class QualityScore(Base):
    """Score of one rule on one dataset on one day; every larger score is a sum over these rows.

    Rows of past days are refused any change by a trigger of the store, like those of DatasetDay.
    """

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
    column_name: Mapped[str] = mapped_column(server_default="")  # entity column; '' for a rule over the whole row
    within_threshold: Mapped[bool] = mapped_column(server_default="true")
    unknown: Mapped[str | None]  # why nobody can say: failed, paused, late, never, cannot_run; then nothing is counted


class DatasetDay(Base):
    """How a dataset stood on one day. A dataset that was not read has no score that day: it is unknown."""

    __tablename__ = "dataset_day"
    __table_args__ = ({"schema": "mart"},)

    day: Mapped[date] = mapped_column(primary_key=True)  # in Asia/Shanghai
    dataset: Mapped[str] = mapped_column(primary_key=True)
    entity: Mapped[str]
    department: Mapped[str]
    state: Mapped[str]  # read, failed, paused, late, never
    read_at: Mapped[datetime | None]  # when it was last read to its end
    rows_loaded: Mapped[int]
    rows_held: Mapped[int]
    rows_rejected: Mapped[int]
    findings: Mapped[int]  # open when the day was taken
    opened: Mapped[int]  # findings that are new since the day before was taken
    fixed: Mapped[dict[str, Any] | None]  # resolved since the day before was taken, by whom: {"source": 12, "rule": 1}
    taken_at: Mapped[datetime] = now_column()


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
