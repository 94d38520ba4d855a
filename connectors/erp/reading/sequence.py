"""The mark of whole numbers that only grow: identity columns, sequences, change counters.

Belongs here: how far back a read must start. Does not belong here: I/O, time stamps (`watermark.py`).

A number is taken before its transaction commits, so a lower number may become visible after a higher one.
Each read remembers the highest number it saw and when. A number not above one seen at a moment was taken
before that moment; if no transaction is open longer than `overlap_minutes`, all such numbers are visible
to any read that begins so much later. Only after such a read do later ones start beyond them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from connectors.erp.database.clock import Clocks
from connectors.erp.reading.query import MARK, Output, Plan, as_type
from connectors.erp.reading.watermark import since_conditions, stamp_of

MAX_HISTORY = 100


@dataclass(frozen=True)
class Sequence:
    """floor: every number up to it was read when it was surely visible; None = none.
    history: (when, the highest number seen until then), oldest first. ceiling: the lowest number of a row
    left for the next read."""

    type: pa.DataType
    overlap: timedelta
    now: Clocks
    floor: Any = None
    highest: Any = None
    history: tuple[tuple[Clocks, Any], ...] = ()
    ceiling: Any = None

    repeats = True

    @classmethod
    def starting(cls, plan: Plan, now: Clocks, stored: dict[str, Any] | None) -> Sequence:
        kind = stamp_of(plan).column.arrow
        overlap = timedelta(minutes=plan.config.overlap_minutes)
        if stored is None:
            return cls(kind, overlap, now)
        history = tuple((Clocks.from_position(when), as_type(number, kind)) for when, number in stored["history"])
        floor, highest = (
            None if stored[name] is None else as_type(stored[name], kind) for name in ("floor", "highest")
        )
        return cls(kind, overlap, now, floor, highest, history)

    @classmethod
    def going_on(cls, plan: Plan, stored: dict[str, Any]) -> Sequence:
        return cls.starting(plan, Clocks.from_position(stored["clocks"]), stored)

    unusable = False  # without a floor a read gives every row, in pages by number

    def order(self, plan: Plan) -> tuple[Output, ...]:
        return (stamp_of(plan), *plan.key)

    def label(self, plan: Plan) -> tuple[sa.Label[Any], pa.DataType]:
        return stamp_of(plan).expression.label(MARK), self.type

    def conditions(self, plan: Plan) -> list[list[sa.ColumnElement[bool]]]:
        if self.floor is None:
            return since_conditions(plan, lambda raw, column: raw.is_not(None))
        return since_conditions(plan, lambda raw, column: raw > plan.bind(column, self.floor))

    def seen(self, numbers: pa.ChunkedArray) -> Sequence:
        highest = pc.max(numbers).as_py()
        if highest is None or (self.highest is not None and highest <= self.highest):
            return self
        return replace(self, highest=highest)

    def leaving(self, numbers: pa.ChunkedArray) -> Sequence:
        """Below every one of these: their rows are left for the next read."""
        lowest = pc.min(numbers).as_py()
        if lowest is None or (self.ceiling is not None and self.ceiling <= lowest):
            return self
        return replace(self, ceiling=lowest)

    def finished(self, now: Clocks) -> Sequence:
        """At the end of a read: what was seen long enough before it began is settled."""
        highest = self.highest
        if highest is not None and self.ceiling is not None:
            highest = min(highest, self.ceiling - 1)
        history = self.history if highest is None else (*self.history, (now, highest))
        settled = [number for when, number in history if self.now.age(when) >= self.overlap]
        if self.overlap == timedelta(0) and highest is not None:
            settled.append(highest)
        floor = max([*settled, *([] if self.floor is None else [self.floor])], default=None)
        history = tuple((when, number) for when, number in history if floor is None or number > floor)
        while len(history) > MAX_HISTORY:
            history = history[1::2]  # the later of two neighbours settles later: never too early
        return replace(self, floor=floor, history=history)

    def position(self) -> dict[str, Any]:
        def text(value: Any) -> str | None:
            return None if value is None else str(value)

        return {
            "floor": text(self.floor),
            "highest": text(self.highest),
            "history": [[when.position(), text(number)] for when, number in self.history],
            "clocks": self.now.position(),
        }
