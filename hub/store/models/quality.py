"""Tables of schema quality: findings, changes, rows that are not in core, and what people decided about values.

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
        Index("finding_resolved", "resolved_at", "dataset", postgresql_where=text("resolved_at is not null")),
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
    last_seen_at: Mapped[datetime] = now_column()  # when the row was last judged and still broke the rule
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]  # source, upload, steward, rule, deleted
    resolved_load_id: Mapped[int | None]


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


class Issue(Base):
    """What a person works on: one rule that is broken in one dataset of one department.

    Open while closed_at is null; exactly one open issue per rule, dataset and department.
    """

    __tablename__ = "issue"
    __table_args__ = (
        Index("issue_open", "rule", "dataset", "department", unique=True, postgresql_where=text("closed_at is null")),
        Index("issue_rule", "rule", "dataset", "department", "id"),
        {"schema": "quality"},
    )

    id: Mapped[int] = id_column()
    rule: Mapped[str]
    entity: Mapped[str]
    dataset: Mapped[str]
    department: Mapped[str]
    severity: Mapped[str]
    dimension: Mapped[str]
    opened_at: Mapped[datetime] = now_column()
    reopened: Mapped[int] = mapped_column(server_default="0")  # how often it came back within REOPEN_DAYS
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]  # source, upload, steward, rule, deleted: what fixed the last of its findings
    findings: Mapped[int]  # open now
    worst: Mapped[int]  # most findings it ever had


class IssueEvent(Base):
    """What happened to an issue: opened, reopened, closed, moved, and how its findings changed. Append only."""

    __tablename__ = "issue_event"
    __table_args__ = (Index("issue_event_issue", "issue_id", "id"), {"schema": "quality"})

    id: Mapped[int] = id_column()
    issue_id: Mapped[int]
    kind: Mapped[str]  # opened, reopened, closed, changed, moved
    findings: Mapped[int]
    fixed: Mapped[dict[str, Any] | None]  # {"source": 3, "steward": 1}: findings gone since the event before
    detail: Mapped[dict[str, Any] | None]  # moved: {"from": department, "to": department}
    happened_at: Mapped[datetime] = now_column()


class RuleVersion(Base):
    """Every definition a rule has had, so that a change of a trend can be told from a change of the rule."""

    __tablename__ = "rule_version"
    __table_args__ = ({"schema": "quality"},)

    rule: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    definition: Mapped[dict[str, Any] | None]  # null: the rule was taken out of its contract
    changed: Mapped[dict[str, Any] | None]  # {"severity": ["warning", "error"]}; null for the first version


class RuleRun(Base):
    """How the last run of a rule over several rows went, or that a row rule gave no result for rows of a dataset.

    While `problem` is set the rule could not be decided: unknown, never passed. Its findings are still those of
    the last run that got through, so what it holds back stays held.
    """

    __tablename__ = "rule_run"
    __table_args__ = ({"schema": "quality"},)

    rule: Mapped[str] = mapped_column(primary_key=True)
    dataset: Mapped[str] = mapped_column(primary_key=True, server_default="")  # "": of a rule over several rows
    ran_at: Mapped[datetime] = now_column()
    load_id: Mapped[int]
    findings: Mapped[int | None]  # open after the run; null: could not be decided
    milliseconds: Mapped[int]
    problem: Mapped[dict[str, Any] | None]  # {"code", "params"} of schemas.problems


class Suggestion(Base):
    """What a value that is not sure is perhaps meant to be; one line per distinct text of a column, never applied."""

    __tablename__ = "suggestion"
    __table_args__ = (
        Index("suggestion_text", "dataset", "column_name", "raw_value", "value", "row_key", unique=True),
        {"schema": "quality"},
    )

    id: Mapped[int] = id_column()
    dataset: Mapped[str]
    entity: Mapped[str]
    department: Mapped[str]
    column_name: Mapped[str]
    raw_value: Mapped[str]
    value: Mapped[str]
    row_key: Mapped[str] = mapped_column(server_default="")  # source key, where it is about one row and not the text
    rule: Mapped[str]  # a key of hub/cleansing/rules.yaml, "suggestions"
    confidence: Mapped[float]  # 0 to 1
    detail: Mapped[dict[str, Any] | None]  # why: {"similar": .., "seen": .., "by": ..}
    source_key: Mapped[str | None]  # one row where it stands
    cell: Mapped[str | None]
    rows: Mapped[int]  # rows with this text now
    status: Mapped[str]  # open, accepted, dismissed, gone
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    seen_at: Mapped[datetime] = now_column()


class SuggestionRow(Base):
    """One cell that has a suggestion now; counted up per text in quality.suggestion (hub/suggestions/refresh.py)."""

    __tablename__ = "suggestion_row"
    __table_args__ = ({"schema": "quality"},)

    dataset: Mapped[str] = mapped_column(primary_key=True)
    source_key: Mapped[str] = mapped_column(primary_key=True)
    column_name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    raw_value: Mapped[str]  # "" where the source says nothing
    rule: Mapped[str]
    confidence: Mapped[float]
    detail: Mapped[dict[str, Any] | None]
    cell: Mapped[str | None]
    origin: Mapped[str]  # page: of a standardiser, while loading; publish: of a comparison with other rows
    this_row_only: Mapped[bool]


class RememberedValue(Base):
    """A suggestion that somebody accepted: from then on this text of this column means that value."""

    __tablename__ = "remembered_value"
    __table_args__ = (
        Index(
            "remembered_value_active", "department", "entity", "column_name", "raw_value", unique=True,
            postgresql_where=text("active"),
        ),
        {"schema": "quality"},
    )  # fmt: skip

    id: Mapped[int] = id_column()
    department: Mapped[str]
    entity: Mapped[str]
    column_name: Mapped[str]
    raw_value: Mapped[str]
    value: Mapped[str]
    rule: Mapped[str]
    accepted_by: Mapped[str]
    accepted_at: Mapped[datetime] = now_column()
    active: Mapped[bool] = mapped_column(server_default="true")  # people can switch it off
    switched_by: Mapped[str | None]
    switched_at: Mapped[datetime | None]


class Correction(Base):
    """A steward's word on one value of one row; holds as long as the source says what it said then."""

    __tablename__ = "correction"
    __table_args__ = (
        Index(
            "correction_active", "dataset", "source_key", "column_name", unique=True, postgresql_where=text("active")
        ),
        {"schema": "quality"},
    )

    id: Mapped[int] = id_column()
    dataset: Mapped[str]
    source_key: Mapped[str]
    column_name: Mapped[str]
    raw_value: Mapped[str | None]
    value: Mapped[str | None]
    reason: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime] = now_column()
    active: Mapped[bool] = mapped_column(server_default="true")
    switched_by: Mapped[str | None]
    switched_at: Mapped[datetime | None]
    outdated_at: Mapped[datetime | None]  # since when the source says something else, so that it does not hold
    outdated_value: Mapped[str | None]  # what the source says then


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
