"""The mark of mode watermark: time stamps, where a read starts, and how far the cursor may move.

Belongs here: arithmetic on time stamps of any column type, the conditions they become. Does not belong
here: I/O, numbers (`sequence.py`), the row versions of a database (`rowversion.py`).

Stamps lie: they are often the start of a transaction that commits minutes later, and the clock they were
taken from may be set. Every read therefore starts `overlap_minutes` before the last watermark, no stamp
later than the source's clock counts, and a source clock that lost time against ours since the last read
makes the overlap that much longer. What lies beyond all that is found by the next full comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from connectors.erp.config import ErpTableConfig
from connectors.erp.database.clock import Clocks
from connectors.erp.reading.query import MARK, Output, Plan, as_type
from schemas.problems import Problem


@dataclass(frozen=True)
class Watermark:
    """value: the highest stamp so far, as the column's Python type (text columns: ISO text).

    now: the clocks when this read began; lost: how much time the source's clock lost since the last read.
    start: stamps of this read begin here. ceiling: the stamp of a row left for the next read; `value`
    never passes it.
    """

    type: pa.DataType
    overlap: timedelta
    now: Clocks
    value: Any = None
    begin: Any = None
    ceiling: Any = None

    repeats = True  # a row stamped anew while we read comes again

    @classmethod
    def starting(cls, plan: Plan, now: Clocks, stored: dict[str, Any] | None) -> Watermark:
        """From the stored position (None at the first read, which is full)."""
        kind = stamp_of(plan).column.arrow
        overlap = timedelta(minutes=plan.config.overlap_minutes)
        text = (stored or {}).get("watermark")
        if text is None or stored is None:
            return cls(kind, overlap, now)
        value = as_type(text, kind)
        before = Clocks.from_position(stored["clocks"])
        return cls(kind, overlap, now, value, _earlier(value, before.source, overlap + now.lost_since(before)))

    @classmethod
    def going_on(cls, plan: Plan, stored: dict[str, Any]) -> Watermark:
        """That of a full read broken off: its clocks are those of its beginning."""
        kind = stamp_of(plan).column.arrow
        text = stored.get("watermark")
        value = None if text is None else as_type(text, kind)
        return cls(
            kind, timedelta(minutes=plan.config.overlap_minutes), Clocks.from_position(stored["clocks"]), value, None
        )

    @property
    def unusable(self) -> bool:
        """True if there is nothing to start from, so that only a full read helps."""
        return self.begin is None

    def order(self, plan: Plan) -> tuple[Output, ...]:
        return (stamp_of(plan), *plan.key)

    def label(self, plan: Plan) -> tuple[sa.Label[Any], pa.DataType]:
        """The hidden column a read selects beside its rows."""
        return stamp_of(plan).expression.label(MARK), self.type

    def conditions(self, plan: Plan) -> list[list[sa.ColumnElement[bool]]]:
        """What to read, one statement after the other: rows stamped since `begin`, rows without a stamp."""
        return since_conditions(plan, lambda raw, column: raw >= plan.bind(column, self.begin))

    def seen(self, stamps: pa.ChunkedArray) -> Watermark:
        """With the highest stamp of a page that is not in the future; never backwards."""
        limit = self.now.source
        if pa.types.is_string(self.type):
            readable = [text for text in stamps.to_pylist() if _is_iso(text) and _parsed(text) <= limit]
            highest = max(readable, key=_parsed, default=None)
        else:
            past = stamps
            if pa.types.is_timestamp(self.type):
                past = stamps.filter(pc.less_equal(stamps, pa.scalar(limit, self.type)))
            elif pa.types.is_date(self.type):
                past = stamps.filter(pc.less_equal(stamps, pa.scalar(limit.date(), self.type)))
            highest = pc.max(past).as_py()
        if highest is None or (self.value is not None and _order(highest) <= _order(self.value)):
            return self
        return replace(self, value=highest)._lowered()

    def leaving(self, stamps: pa.ChunkedArray) -> Watermark:
        """Not beyond any of these stamps: their rows are left for the next read."""
        left = [value for value in stamps.to_pylist() if value is not None]
        if pa.types.is_string(self.type):
            left = [text for text in left if _is_iso(text)]
        lowest = min([*left, *([] if self.ceiling is None else [self.ceiling])], key=_order, default=None)
        return replace(self, ceiling=lowest)._lowered()

    def finished(self, now: Clocks) -> Watermark:
        """At the end of a read."""
        return self

    def _lowered(self) -> Watermark:
        if self.value is None or self.ceiling is None or _order(self.value) <= _order(self.ceiling):
            return self
        return replace(self, value=self.ceiling)

    def position(self) -> dict[str, Any]:
        """{"watermark": text, "clocks": [source, ours]}; no watermark while nothing was read."""
        found: dict[str, Any] = {} if self.value is None else {"watermark": str(self.value)}
        return {**found, "clocks": self.now.position()}


def stamp_of(plan: Plan) -> Output:
    """The one value that marks a row: the first of its mark columns that is not NULL.

    Raises Problem `erp_watermark_type` if the columns are of types that do not grow, or of several types.
    """
    first = plan.marks[0]
    for mark in plan.marks:
        kind = mark.column.arrow
        if not grows(kind) or kind != first.column.arrow:
            raise wrong_type(plan.config, mark)
    nullable = all(mark.column.nullable for mark in plan.marks)
    expressions = [mark.expression for mark in plan.marks]
    joined = expressions[0] if len(expressions) == 1 else sa.func.coalesce(*expressions)
    return Output(MARK, replace(first.column, nullable=nullable), joined)


def since_conditions(plan: Plan, is_new: Any) -> list[list[sa.ColumnElement[bool]]]:
    """[rows whose mark `is_new(expression, column)`, rows without a mark where there may be any].

    Written per column, not over coalesce(...), so that an index on a column can be used.
    """
    steps = []
    for index, mark in enumerate(plan.marks):
        empty = [before.expression.is_(None) for before in plan.marks[:index]]
        steps.append(sa.and_(*empty, is_new(mark.expression, mark.column)))
    found = [[sa.or_(*steps), stamp_of(plan).expression.is_not(None)]]
    if stamp_of(plan).column.nullable:
        found.append([mark.expression.is_(None) for mark in plan.marks])
    return found


def grows(kind: pa.DataType) -> bool:
    """True for types whose values can tell earlier from later."""
    return is_temporal(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)


def is_temporal(kind: pa.DataType) -> bool:
    """Stamps, also those kept as text."""
    return pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_string(kind)


def wrong_type(config: ErpTableConfig, mark: Output) -> Problem:
    return Problem(
        "erp_watermark_type",
        system=config.system,
        object=config.object,
        column=mark.column.name,
        type=mark.column.type_name,
    )


def _earlier(value: Any, clock: datetime, by: timedelta) -> Any:
    """Where to start: `by` before the watermark, or before the source's clock at the last read if that was
    earlier (it had been set back)."""
    if isinstance(value, datetime):
        return min(value, clock) - by
    if isinstance(value, date):
        return min(value, clock.date()) - timedelta(days=by.days + 1)
    return _like(value, min(_parsed(value), clock) - by)


def _order(value: Any) -> Any:
    return _parsed(value) if isinstance(value, str) else value


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text.strip()).replace(tzinfo=None)


def _is_iso(text: str | None) -> bool:
    try:
        return text is not None and _parsed(text) is not None
    except ValueError:
        return False


def _like(sample: str, moment: datetime) -> str:
    """`moment` written as `sample` is, so that text compares as time does."""
    if len(sample.strip()) <= 10:
        return moment.date().isoformat()
    return moment.isoformat(sep="T" if "T" in sample else " ", timespec="seconds")
