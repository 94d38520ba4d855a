"""Tables of schema master: match keys, golden ids, the crosswalk.

Belongs here: identity over all sources. Not here: the method (hub/matching), views (master_views.py).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.models.base import Base, id_column, now_column


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
    minted_at: Mapped[datetime] = now_column()
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

    id: Mapped[int] = id_column()
    domain: Mapped[str]
    dataset: Mapped[str]
    source_key: Mapped[str]
    golden_id: Mapped[str] = mapped_column(ForeignKey("master.golden_record.golden_id"))
    reason: Mapped[str]  # alone, uscc, name, code
    run_id: Mapped[str]
    valid_from: Mapped[datetime] = now_column()
    valid_to: Mapped[datetime | None]
