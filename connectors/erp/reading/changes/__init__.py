"""Mode changes: the database's own log says which keys changed, the rows are read from the table.

Belongs here: when a read is full, looking rows up by key, deletions. Does not belong here: the logs of the
databases (`postgres.py`, `mariadb.py`, `sqlserver.py`).

Because rows are read from the table, joins and exact types are the same as in every other mode, and neither
the order of changes nor reading one twice matters: what is found is what is there now. A key that is not
found is gone. A change in a joined table leads to the rows it is joined to. The first read is a full one,
begun after the position in the log was noted; so is one after the log was cut off, with a note.
Position: {"plan": fingerprint of what is read, "log": the log's own, "full": when the last full read began,
"sweep": ranges of one unfinished, "counted": whether rows were counted since}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import KEY, REJECTED_SCHEMA, Page
from connectors.erp.reading.changes.log import ChangeLog, Changes, Values, refuse_odd_keys
from connectors.erp.reading.changes.mariadb import BinaryLog
from connectors.erp.reading.changes.postgres import PostgresLog
from connectors.erp.reading.changes.sqlserver import ChangeTracking
from connectors.erp.reading.incremental import Seen, full_is_due
from connectors.erp.reading.query import matching, rows_count, rows_statement
from connectors.erp.reading.reader import Reader, Rows
from connectors.erp.reading.rows import key_column
from connectors.erp.reading.sweep import OpenSession, Sweep
from schemas.problems import Problem

KEYS_PER_STATEMENT = 500  # databases limit the parameters of a statement, SQL Server to 2100
LOGS: dict[str, Callable[[Reader], ChangeLog]] = {
    "postgresql": PostgresLog,
    "mysql": BinaryLog,
    "mariadb": BinaryLog,
    "mssql": ChangeTracking,
}


def read_changes(
    reader: Reader, stored: dict[str, Any] | None, page_rows: int, open_session: OpenSession
) -> Iterator[Page]:
    """The pages of one read in mode changes. Raises Problem `erp_changes_*` that says what to switch on."""
    log = _log(reader)
    plan = reader.fingerprint("changes")
    known = stored if stored and stored.get("plan") == plan and "log" in stored else {}
    if "sweep" in known:
        yield from _full(reader, known, page_rows, open_session)
        return
    changes = None
    if known and not full_is_due(known["full"], reader.plan.config.full_every):
        changes = log.since(known["log"])
        if changes is None:
            reader.notes.append(Problem("erp_changes_gone", **reader.names()))
    if changes is None or changes.everything:
        begun = datetime.now(UTC).isoformat(timespec="seconds")
        yield from _full(reader, {"plan": plan, "log": log.here(), "begun": begun}, page_rows, open_session)
        return
    yield from _changed(reader, known, changes, page_rows)


def _log(reader: Reader) -> ChangeLog:
    dialect = reader.session.dialect.name
    if dialect not in LOGS:
        raise Problem("erp_changes_unknown", **reader.names(), dialect=dialect)
    refuse_odd_keys(reader)
    return LOGS[dialect](reader)


def _full(reader: Reader, known: dict[str, Any], page_rows: int, open_session: OpenSession) -> Iterator[Page]:
    """Pages are partial: what is gone from the source shows in the total, not in the pages alone."""
    sweep = Sweep(reader, page_rows, known.get("sweep"), open_session, hashed=False)
    keyless = 0
    for rejected in reader.keyless(page_rows):
        keyless += len(rejected)
        yield Page(reader.empty, {**known, "sweep": sweep.state.position()}, rejected, partial=True)
    for step in sweep.steps(keyless):
        assert step.rows is not None
        if step.state.done:
            kept = {"plan": known["plan"], "log": known["log"], "full": known["begun"]}
            position, total = {**kept, "counted": False}, step.state.rows
        else:
            position, total = {**known, "sweep": step.state.position()}, None
        yield Page(step.rows.good, position, step.rows.rejected, partial=True, total=total)


def _changed(reader: Reader, known: dict[str, Any], changes: Changes, page_rows: int) -> Iterator[Page]:
    plan = reader.plan
    seen = Seen()
    for rejected in reader.keyless(page_rows):
        yield Page(reader.empty, known, rejected)
    for join, found in zip(plan.joins, changes.rows[1:], strict=True):
        for some in _slices(list(found), KEYS_PER_STATEMENT):
            for rows, _ in reader.pages(plan.key, page_rows, matching(plan, join.left, some)):
                good, rejected = seen.without(rows)
                seen.add(rows.keys)
                if good.num_rows or rejected.num_rows:
                    yield Page(good, known, rejected)
    keys = list(changes.rows[0])
    for some in _slices(keys, page_rows):
        rows, gone = _looked_up(reader, some)
        good, rejected = seen.without(rows)
        yield Page(good, known, rejected, deleted=tuple(gone))
    total = None
    if not known.get("counted"):
        # The full read may have been landed without its deletions (a crash at its very end): count once more.
        total = int(reader.scalar(rows_count(plan)))
    position = {**known, "log": changes.position, "counted": True}
    yield Page(reader.empty, position, partial=total is not None, total=total)


def _looked_up(reader: Reader, keys: Sequence[Values]) -> tuple[Rows, list[str]]:
    """(the rows that are there, the keys that are not). A key that differs from the row's in a letter the
    database takes for equal is not there."""
    plan = reader.plan
    found = [reader.found(rows_statement(plan, some)) for some in _slices(keys, KEYS_PER_STATEMENT)]
    columns = [
        pa.array(values, part.column.arrow) for part, values in zip(plan.key, zip(*keys, strict=True), strict=True)
    ]
    asked = key_column(pa.table(columns, names=[part.name for part in plan.key]), plan.key)
    there = pa.chunked_array([chunk for rows in found for chunk in rows.keys.chunks], pa.string())
    gone = asked.filter(pc.invert(pc.is_in(asked, value_set=there.combine_chunks())))
    rejected = pa.concat_tables([rows.rejected for rows in found]) if found else REJECTED_SCHEMA.empty_table()
    good = _once(pa.concat_tables([rows.good for rows in found]))
    return Rows(good, rejected, there, (), {}, []), gone.to_pylist()


def _once(rows: pa.Table) -> pa.Table:
    """Under a collation without case one row answers to two keys of the log: it is kept once."""
    if pc.count_distinct(rows[KEY]).as_py() == len(rows):
        return rows
    first: dict[str, int] = {}
    for index, key in enumerate(rows[KEY].to_pylist()):
        first.setdefault(key, index)
    return rows.take(pa.array(sorted(first.values()), pa.int64()))


def _slices(values: Sequence[Values], size: int) -> Iterator[Sequence[Values]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
