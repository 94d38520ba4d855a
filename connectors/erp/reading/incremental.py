"""Modes watermark and rowversion: first everything, then what is marked as new, now and then everything.

Belongs here: when a read is full, the order of pages, what is remembered between reads. Does not belong
here: what a mark means (`watermark.py`, `sequence.py`, `rowversion.py`), full reads (`sweep.py`).

Position: {"plan": fingerprint of what is read and by which mark, "mark": the mark's own, "full": when the last
full read began, "sweep": ranges of a full read that is not finished}. The mark of a full read is taken before
it begins, so that what changes meanwhile is read again. The position moves only when all of an incremental
read has come; a read broken off is begun again where it began. Rows of an incremental read come at most once:
a later version of a row is left for the next read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from connectors.base import KEY, Page
from connectors.erp.database.clock import Clocks, clock_statement
from connectors.erp.reading.query import MARK, Output, Plan
from connectors.erp.reading.reader import Reader, Rows
from connectors.erp.reading.rowversion import SqlServerRowversion, Xmin, is_sql_server_version, is_xmin, refuse
from connectors.erp.reading.sequence import Sequence
from connectors.erp.reading.sweep import OpenSession, Sweep
from connectors.erp.reading.watermark import Watermark, grows, is_temporal, stamp_of


class Mark(Protocol):
    """What tells new rows from old ones; an immutable value, one per read."""

    @property
    def repeats(self) -> bool:
        """True if a row that changes while we read may come twice."""
        ...

    @property
    def unusable(self) -> bool:
        """True if only a full read helps."""
        ...

    def order(self, plan: Plan) -> tuple[Output, ...]: ...

    def label(self, plan: Plan) -> tuple[sa.Label[Any], pa.DataType] | None:
        """The hidden column the mark wants to see of every row."""
        ...

    def conditions(self, plan: Plan) -> list[list[sa.ColumnElement[bool]]]:
        """What an incremental read asks for, one statement after the other."""
        ...

    def seen(self, values: pa.ChunkedArray) -> Mark: ...

    def leaving(self, values: pa.ChunkedArray) -> Mark:
        """The rows with these values are left for the next read."""
        ...

    def finished(self, now: Clocks) -> Mark: ...

    def position(self) -> dict[str, Any]: ...


def read_incrementally(
    reader: Reader, stored: dict[str, Any] | None, page_rows: int, open_session: OpenSession
) -> Iterator[Page]:
    """The pages of one read in mode watermark or rowversion."""
    plan = reader.fingerprint(reader.plan.config.mode, *(mark.name for mark in reader.plan.marks))
    known = stored if stored and stored.get("plan") == plan and "mark" in stored else {}
    if "sweep" in known:
        yield from _full(reader, _going_on(reader, known["mark"]), known, page_rows, open_session)
        return
    mark = _starting(reader, known.get("mark"))
    if not known or mark.unusable or full_is_due(known["full"], reader.plan.config.full_every):
        begun = {**known, "plan": plan, "begun": _now()}
        yield from _full(reader, _starting(reader, None), begun, page_rows, open_session)
        return
    yield from _new_rows(reader, mark, known, page_rows)


def full_is_due(last: str, every_days: int) -> bool:
    """True if the last full read is too long ago, or in the future (a clock was set)."""
    gone = datetime.now(UTC) - datetime.fromisoformat(last)
    return every_days > 0 and not timedelta(0) <= gone < timedelta(days=every_days)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _full(
    reader: Reader, mark: Mark, known: dict[str, Any], page_rows: int, open_session: OpenSession
) -> Iterator[Page]:
    sweep = Sweep(reader, page_rows, known.get("sweep"), open_session, hashed=False, mark=mark.label(reader.plan))
    keyless = 0
    for rejected in reader.keyless(page_rows):
        keyless += len(rejected)
        position = {**known, "mark": mark.position(), "sweep": sweep.state.position()}
        yield Page(reader.empty, position, rejected, partial=sweep.resumed)
    for step in sweep.steps(keyless):
        assert step.rows is not None
        if MARK in step.rows.extra:
            mark = mark.seen(step.rows.extra[MARK])
        if step.state.done:
            mark = mark.finished(_clocks(reader))
            position = {"plan": known["plan"], "mark": mark.position(), "full": known["begun"]}
        else:
            position = {**known, "mark": mark.position(), "sweep": step.state.position()}
        total = step.state.rows if step.state.done else None
        yield Page(step.rows.good, position, step.rows.rejected, partial=step.partial, total=total)


def _new_rows(reader: Reader, mark: Mark, known: dict[str, Any], page_rows: int) -> Iterator[Page]:
    plan = reader.plan
    for rejected in reader.keyless(page_rows):
        yield Page(reader.empty, known, rejected)
    label = mark.label(plan)
    seen = Seen()
    statements = mark.conditions(plan)
    for number, conditions in enumerate(statements, start=1):
        # Rows without a mark cannot be paged by it.
        order = mark.order(plan) if number == 1 else plan.key
        hidden = [] if label is None else [label]
        pages = reader.pages(
            order, page_rows, *conditions, extra=[one for one, _ in hidden], extra_types=[kind for _, kind in hidden]
        )
        for rows, more in pages:
            again = seen.among(rows.keys) if mark.repeats else None
            if label is not None:
                mark = mark.seen(rows.extra[MARK])
            if again is not None and pc.any(again).as_py():
                if label is not None:
                    mark = mark.leaving(rows.extra[MARK].filter(again))
                good, rejected = seen.without(rows)
            else:
                good, rejected = rows.good, rows.rejected
            seen.add(rows.keys)
            if more or number < len(statements):
                yield Page(good, known, rejected)
            else:
                yield Page(good, {**known, "mark": mark.finished(_clocks(reader)).position()}, rejected)


class Seen:
    """The keys of a read so far. Mostly one page: then nothing is ever looked up."""

    def __init__(self) -> None:
        self._chunks: list[pa.Array] = []

    def add(self, keys: pa.ChunkedArray) -> None:
        self._chunks += keys.chunks

    def among(self, keys: pa.ChunkedArray) -> pa.ChunkedArray | None:
        """Which of `keys` came before; None = no key came before."""
        if not self._chunks:
            return None
        return pc.is_in(keys, value_set=pa.concat_arrays(self._chunks))

    def without(self, rows: Rows) -> tuple[pa.Table, pa.Table]:
        """The rows, good and rejected, that did not come before."""
        good, rejected = rows.good, rows.rejected
        if not self._chunks:
            return good, rejected
        known = pa.concat_arrays(self._chunks)
        return (
            good.filter(pc.invert(pc.is_in(good[KEY], value_set=known))),
            rejected.filter(pc.invert(pc.is_in(rejected[KEY], value_set=known))),
        )


# --- the mark a table has ---------------------------------------------------------------------------


def _starting(reader: Reader, stored: dict[str, Any] | None) -> Mark:
    plan, dialect = reader.plan, reader.session.dialect
    first = plan.marks[0]
    if plan.config.mode == "rowversion":
        if is_xmin(first):
            return Xmin.starting(reader.scalar, stored)
        if is_sql_server_version(dialect, first):
            return SqlServerRowversion.starting(reader.scalar, stored)
        if is_temporal(first.column.arrow) or not grows(first.column.arrow):
            raise refuse(plan, first)
        return Sequence.starting(plan, _clocks(reader), stored)
    if is_temporal(stamp_of(plan).column.arrow):
        return Watermark.starting(plan, _clocks(reader), stored)
    return Sequence.starting(plan, _clocks(reader), stored)


def _going_on(reader: Reader, stored: dict[str, Any]) -> Mark:
    """The mark of a full read that was broken off, as it was when that read began."""
    if "xmin" in stored:
        return Xmin.going_on(stored)
    if "rowversion" in stored:
        return SqlServerRowversion.going_on(stored)
    if "history" in stored:
        return Sequence.going_on(reader.plan, stored)
    return Watermark.going_on(reader.plan, stored)


def _clocks(reader: Reader) -> Clocks:
    return Clocks.at(reader.scalar(clock_statement(reader.session.dialect)))
