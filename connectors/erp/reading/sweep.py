"""A full comparison by ranges of keys: what did not change stays in the source, what did travels.

Belongs here: which ranges are asked about, read, skipped, and what is remembered of them. Does not
belong here: SQL (`query.py`, `checksum.py`), the arithmetic of ranges (`ranges.py`), threads (`parallel.py`).

Why nothing is lost while the source changes: the checksum remembered of a range is the sum of the hashes
that came with the very rows that were landed, one statement for both. It never describes rows nobody
carried. A later read asks the source for the sum of the range: equal means that the range holds what was
landed, whatever happened in between and however its transactions were ordered; a row changed after its
page was read makes the next sum differ. A range that is skipped keeps its old sum, which still describes
the landed rows. A read broken off goes on with the ranges it did not reach; those it did are compared
again by the next read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.erp.database.session import Session
from connectors.erp.reading.checksum import ROW_SUM, SUM_SCHEMA, Formula, formulas, sum_here, sum_of, sum_statement
from connectors.erp.reading.parallel import side_by_side
from connectors.erp.reading.query import as_position, as_type, bounds_statement, keyed, within
from connectors.erp.reading.ranges import Range, Ranges, joined
from connectors.erp.reading.reader import Reader, Rows
from schemas.problems import Problem

GRAINS = 5  # ranges remembered per page: a changed row costs a fifth of a page at the next read
SKIP_SECONDS = 5.0  # ranges found unchanged are reported at least this often, so that a broken read goes on there
PIECES = 4  # first parallel read: ranges per connection, so that an uneven spread of keys matters less

OpenSession = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Step:
    """One committed piece: rows that travelled or a number that did not, and where the sweep stands then."""

    rows: Rows | None
    unchanged: int
    state: Ranges
    partial: bool


@dataclass(frozen=True)
class _Part:
    """What one job did so far: ranges done and still to do."""

    rows: Rows | None
    unchanged: int
    ranges: tuple[Range, ...]
    last: bool


@dataclass(frozen=True)
class _Job:
    """slot: its place in the line of ranges."""

    slot: int
    above: tuple[str, ...] | None
    items: tuple[Range, ...]


class Sweep:
    """One full comparison of one object, begun anew or gone on with.

    hashed: compare with sums of the last sweep (mode full); the other modes sweep without them, because
    rows landed between two sweeps make old sums meaningless. mark: a further hidden column.
    """

    def __init__(
        self,
        reader: Reader,
        page_rows: int,
        stored: dict[str, Any] | None,
        open_session: OpenSession,
        hashed: bool = True,
        mark: tuple[sa.Label[Any], pa.DataType] | None = None,
    ) -> None:
        self._reader = reader
        self._plan = reader.plan
        self._config = reader.plan.config
        self._page_rows = page_rows
        self._grain = max(1, page_rows // GRAINS)
        self._open_session = open_session
        self._mark = mark
        self._formula = self._usable() if hashed else None
        plan = reader.fingerprint(self._formula.name if self._formula else "")
        known = Ranges.from_position(stored, plan)
        self.resumed = known is not None and not known.done and any(r.read == known.number for r in known.items)
        if known is None:
            self._state = Ranges.first(plan, self._first_borders())
            if self._formula is not None and not self._formula.cheap:
                self._formula = None  # the next read asks for the sums
        elif known.done:
            self._state = replace(known, items=tuple(joined(known.items, self._grain))).next_sweep()
        else:
            self._state = known

    @property
    def state(self) -> Ranges:
        return self._state

    def steps(self, keyless: int) -> Iterator[Step]:
        """Every piece of the sweep; the state of the last one is done. `keyless`: rows without a key."""
        state = replace(self._state, extra=keyless)
        line, jobs = self._jobs(state)
        finished = 0
        partial = self.resumed
        for slot, part in self._parts(jobs):
            line[slot] = part.ranges
            finished += part.last
            partial = partial or part.unchanged > 0
            items = tuple(joined([item for ranges in line for item in ranges], self._grain))
            yield Step(part.rows, part.unchanged, replace(state, items=items, done=finished == len(jobs)), partial)

    # --- jobs -------------------------------------------------------------------------------------

    def _jobs(self, state: Ranges) -> tuple[list[tuple[Range, ...]], list[_Job]]:
        """(all ranges in line, cut into what is done and what is one job; the jobs)."""
        limit = self._page_rows * 2 if self._config.parallel > 1 else None
        line: list[tuple[Range, ...]] = []
        jobs: list[_Job] = []
        above: tuple[str, ...] | None = None
        for before, item in zip([None, *state.items], state.items, strict=False):
            above = None if before is None else before.to
            if item.read == state.number:
                line.append((item,))
                continue
            job = jobs[-1] if jobs and jobs[-1].slot == len(line) - 1 else None
            full = job is not None and limit is not None and sum(one.rows for one in (*job.items, item)) > limit
            if job is None or full or (limit is not None and item.rows == 0):
                jobs.append(_Job(len(line), above, (item,)))
                line.append((item,))
            else:
                jobs[-1] = replace(job, items=(*job.items, item))
                line[-1] = jobs[-1].items
        return line, jobs

    def _parts(self, jobs: Sequence[_Job]) -> Iterator[tuple[int, _Part]]:
        """(slot, what its job did so far), one connection per worker."""
        if self._config.parallel == 1 or len(jobs) == 1:
            for job in jobs:
                for part in self._work(self._reader, job):
                    yield job.slot, part
            return

        def work(session: Session, job: _Job) -> Iterator[tuple[int, _Part]]:
            for part in self._work(replace(self._reader, session=session), job):
                yield job.slot, part

        yield from side_by_side(work, jobs, self._reader.session, self._open_session, self._config.parallel)

    def _work(self, reader: Reader, job: _Job) -> Iterator[_Part]:
        """One job: runs of unchanged ranges are skipped, runs of others read in pages across their borders."""
        number = self._state.number
        items, above = list(job.items), job.above
        done: list[Range] = []
        same: dict[int, bool] = {}

        def unchanged(index: int) -> bool:
            if index not in same:
                before = items[index - 1].to if index else job.above
                same[index] = self._is_unchanged(reader, before, items[index])
            return same[index]

        index = 0
        while index < len(items):
            deadline = time.monotonic() + SKIP_SECONDS
            end = index
            while end < len(items) and time.monotonic() < deadline and unchanged(end):
                end += 1
            if end > index:
                done += [replace(item, read=number) for item in items[index:end]]
                skipped = sum(item.rows for item in items[index:end])
                above, index = items[end - 1].to, end
                yield _Part(None, skipped, (*done, *items[end:]), end == len(items))
                continue
            end, size = index + 1, items[index].rows
            while end < len(items) and size < self._page_rows and not unchanged(end):
                size += items[end].rows
                end += 1
            to = items[end - 1].to
            for rows, more in self._pages(reader, above, to):
                done += self._ranges(rows, None if more else to, more)
                rest = (Range(to), *items[end:]) if more else tuple(items[end:])
                yield _Part(rows, 0, (*done, *rest), not rest)
            above, index = to, end

    def _is_unchanged(self, reader: Reader, above: tuple[str, ...] | None, item: Range) -> bool:
        """Whether the source says the range holds what was landed."""
        formula = self._formula
        if formula is None or item.sum is None:
            return False
        conditions = within(self._plan, self._typed(above), self._typed(item.to))
        try:
            answer, _ = reader.fetch(sum_statement(self._plan, formula, *conditions, *keyed(self._plan)), SUM_SCHEMA)
        except Problem as problem:
            self._give_up(problem)
            return False
        return sum_of(answer) == (item.rows, item.sum)

    def _pages(
        self, reader: Reader, above: tuple[str, ...] | None, to: tuple[str, ...] | None
    ) -> Iterator[tuple[Rows, bool]]:
        border = within(self._plan, None, self._typed(to))
        after = self._typed(above)
        while True:
            formula = self._formula
            hidden = [] if formula is None else [(formula.label(self._plan), pa.int64())]
            hidden += [] if self._mark is None else [self._mark]
            pages = reader.pages(
                self._plan.key,
                self._page_rows,
                *border,
                after=after,
                extra=[label for label, _ in hidden],
                extra_types=[kind for _, kind in hidden],
            )
            try:
                for rows, more in pages:
                    after = rows.last or after
                    yield rows, more
                return
            except Problem as problem:
                if formula is None:
                    raise
                self._give_up(problem)

    def _ranges(self, rows: Rows, to: tuple[str, ...] | None, more: bool) -> list[Range]:
        """The ranges a page was made of, each with the sum of the hashes that came with it."""
        found: list[Range] = []
        number = self._state.number
        for start in range(0, max(rows.count, 1), self._grain):
            count = min(self._grain, rows.count - start)
            hashes = rows.extra.get(ROW_SUM)
            total = None if hashes is None else sum_here(hashes.slice(start, count))
            found.append(Range(self._key_at(rows, start + count - 1) if count > 0 else None, count, total, number))
        if not more:
            found[-1] = replace(found[-1], to=to)
        return found

    def _key_at(self, rows: Rows, index: int) -> tuple[str, ...]:
        return tuple(as_position(column[index].as_py()) for column in rows.key_values)

    def _typed(self, border: tuple[str, ...] | None) -> list[Any] | None:
        if border is None:
            return None
        return [as_type(value, part.column.arrow) for value, part in zip(border, self._plan.key, strict=False)]

    # --- hashing in the source --------------------------------------------------------------------

    def _usable(self) -> Formula | None:
        """The best formula this database takes; None = rows are compared here."""
        if self._config.compare == "here":
            return None
        dialect = self._reader.session.dialect
        for formula in formulas(dialect):
            statement = sum_statement(self._plan, formula, sa.literal_column("1") == sa.literal_column("0"))
            try:
                self._reader.session.fetch(statement, SUM_SCHEMA)
            except Exception as error:  # noqa: BLE001 - any refusal, in any driver's words
                refused: Exception = error  # an older server; the next formula asks for less
                continue
            return formula
        if self._config.compare == "source":
            reason = str(refused) if formulas(dialect) else dialect.name
            raise Problem("erp_compare_impossible", **self._reader.names(), reason=reason[:300])
        return None

    def _give_up(self, problem: Problem) -> None:
        """Hashing failed on the rows themselves (a text beyond the database's limit, a time-out): read them."""
        if self._config.compare == "source" or problem.code not in ("erp_read_failed", "erp_timeout"):
            raise problem
        self._formula = None

    # --- where to begin ---------------------------------------------------------------------------

    def _first_borders(self) -> list[tuple[str, ...]]:
        """Equal pieces of a whole-number key, for a parallel read that knows no ranges yet."""
        kind = self._plan.key[0].column.arrow
        if self._config.parallel == 1 or not pa.types.is_integer(kind):
            return []
        bounds, _ = self._reader.fetch(bounds_statement(self._plan), pa.schema([("low", kind), ("high", kind)]))
        low, high = bounds["low"][0].as_py(), bounds["high"][0].as_py()
        pieces = self._config.parallel * PIECES
        if low is None or high - low < pieces:
            return []
        return [(str(low + (high - low) * piece // pieces),) for piece in range(1, pieces)]
