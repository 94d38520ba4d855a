"""The points of a check that are about one configured table: names, statement, key, watermark, rows.

Belongs here: what is looked at and what it means. Does not belong here: the connection (`check.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.base import CheckPoint, Verdict
from connectors.erp.config import ErpTableConfig
from connectors.erp.database.catalogue import Catalogue, SourceTable, find_column, find_table
from connectors.erp.database.session import Session
from connectors.erp.examine.facts import Index, TableName
from connectors.erp.names import of_join
from connectors.erp.reading.query import Plan
from schemas.model import Text
from schemas.problems import Problem

# Above this a table is not counted or searched for repeated keys: the database's own statistics must do.
LOOK_ROWS = 300_000

Plans = Callable[[Session, Catalogue, ErpTableConfig], Plan]
Point = Callable[[str, Verdict, Problem], CheckPoint]


def object_points(
    config: ErpTableConfig,
    session: Session,
    catalogue: Catalogue,
    plans: Plans,
    known: dict[TableName, list[Index]] | None,
    estimates: dict[TableName, int],
    deadline: float,
) -> Iterator[CheckPoint]:
    """known: indexes of the database, None if it does not tell; deadline: of time.monotonic()."""
    names = {"system": config.system, "object": config.object, "table": config.table}

    def point(name: str, verdict: Verdict, problem: Problem) -> CheckPoint:
        return CheckPoint(name, verdict, Text(problem.text("zh"), problem.text("en")), config.object)

    missing = list(missing_names(config, catalogue))
    if missing:
        yield from (point("columns", "bad", problem) for problem in missing)
        return
    try:
        plan = plans(session, catalogue, config)
    except Problem as problem:
        yield point("statement", "bad", problem)
        return
    yield point("columns", "ok", Problem("erp_check_columns", **names, count=len(plan.outputs)))
    main = find_table(catalogue, config.system, config.object, config.table)
    place = (main.schema if main.schema not in (None, catalogue.default_schema) else "") or "", main.name
    own = None if known is None else known.get(place, [])
    rows = estimates.get(place)
    estimated = rows is not None and rows > LOOK_ROWS
    if not estimated and time.monotonic() < deadline:
        rows = int(session.scalar(_counted(plan)))
    yield from _rows_points(point, names, rows, estimated)
    looking = not estimated and time.monotonic() < deadline
    yield from _key_points(point, names, config, session, plan, main, own, looking)
    if plan.marks:
        yield from _mark_points(point, names, session, plan, own, looking)


def missing_names(config: ErpTableConfig, catalogue: Catalogue) -> Iterator[Problem]:
    """Every table and column of the configuration that the account cannot see, with the nearest names."""
    wanted: dict[str, dict[str, None]] = {"": {}}
    tables = {"": config.table}
    for join in config.joins:
        tables[join.name] = join.table
        wanted[join.name] = dict.fromkeys([*join.match.values(), *join.columns.values(), *join.where])
    written = [*config.where, *(name for part in config.any_of for name in part)]
    written += [part for item in config.computed.values() for part in item.parts]
    written += [left for join in config.joins for left in join.match]
    for name in written:
        alias, column = of_join(name, wanted)
        wanted[alias][column] = None
    wanted[""] |= dict.fromkeys([*config.key, *config.columns])
    for alias, table_name in tables.items():
        try:
            table = find_table(catalogue, config.system, config.object, table_name)
        except Problem as problem:
            yield problem
            continue
        for column in wanted[alias]:
            try:
                find_column(table, config.system, config.object, column)
            except Problem as problem:
                yield problem


def _rows_points(point: Point, names: dict[str, str], rows: int | None, estimated: bool) -> Iterator[CheckPoint]:
    if rows is None:
        yield point("rows", "ok", Problem("erp_check_not_counted", **names))
    elif estimated:
        yield point("rows", "ok", Problem("erp_check_rows_about", **names, rows=f"{rows:,}"))
    elif rows == 0:
        yield point("rows", "warn", Problem("erp_check_empty", **names))
    else:
        yield point("rows", "ok", Problem("erp_check_rows", **names, rows=f"{rows:,}"))


def _key_points(
    point: Point,
    names: dict[str, str],
    config: ErpTableConfig,
    session: Session,
    plan: Plan,
    main: SourceTable,
    own: list[Index] | None,
    looking: bool,
) -> Iterator[CheckPoint]:
    key = {part.column.name.casefold() for part in plan.key}
    shown = ", ".join(config.key)
    unique = [set(map(str.casefold, main.key))] if main.key else []
    unique += [set(map(str.casefold, index.columns)) for index in own or [] if index.unique]
    promised = any(columns <= key for columns in unique)
    # A join that matches twice repeats rows even of a primary key.
    if looking and (not promised or config.joins):
        repeated = session.fetch(_repeated(plan), pa.schema([("value", pa.string()), ("count", pa.string())]))[0]
        if repeated.num_rows:
            value, count = repeated["value"][0].as_py(), repeated["count"][0].as_py()
            yield point("key", "bad", Problem("erp_check_key_repeats", **names, key=shown, value=value, count=count))
            return
    if looking and plan.nullable_key:
        empty = sa.or_(*(part.expression.is_(None) for part in plan.nullable_key))
        if nulls := int(session.scalar(_counted(plan, empty))):
            yield point("key", "warn", Problem("erp_check_key_null", **names, key=shown, count=nulls))
    if promised:
        yield point("key", "ok", Problem("erp_check_key", **names, key=shown))
    elif looking:
        yield point("key", "warn", Problem("erp_check_no_key", **names, key=shown))
    else:
        yield point("key", "warn", Problem("erp_check_key_unproved", **names, key=shown))


def _mark_points(
    point: Point,
    names: dict[str, str],
    session: Session,
    plan: Plan,
    own: list[Index] | None,
    looking: bool,
) -> Iterator[CheckPoint]:
    """The columns that tell what is new: found by an index, filled in, not of the future."""
    column = ", ".join(mark.name for mark in plan.marks)
    leading = {index.columns[0].casefold() for index in own or [] if index.columns}
    fine = True
    if own is not None and not {mark.column.name.casefold() for mark in plan.marks} <= leading:
        fine = False
        yield point("watermark", "warn", Problem("erp_check_watermark_index", **names, column=column))
    if looking:
        unmarked = sa.and_(*(mark.expression.is_(None) for mark in plan.marks))
        if nulls := int(session.scalar(_counted(plan, unmarked))):
            fine = False
            yield point("watermark", "warn", Problem("erp_check_watermark_null", **names, column=column, count=nulls))
        highest = [
            session.scalar(sa.select(sa.func.max(mark.expression)).select_from(plan.source).where(*plan.filters))
            for mark in plan.marks
            if pa.types.is_temporal(mark.column.arrow)
        ]
        tomorrow = f"{datetime.now() + timedelta(days=1):%Y-%m-%d}"
        if future := [str(value) for value in highest if value is not None and str(value)[:10] > tomorrow]:
            fine = False
            value = max(future)
            yield point("watermark", "warn", Problem("erp_check_watermark_future", **names, column=column, value=value))
    if fine:
        yield point("watermark", "ok", Problem("erp_check_watermark", **names, column=column))


def _counted(plan: Plan, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(plan.source).where(*plan.filters, *conditions)


def _repeated(plan: Plan) -> Any:
    """One key that the statement gives more than once, and how often."""
    key = [part.expression for part in plan.key]
    first = sa.cast(sa.func.min(key[0]), sa.Unicode(200))
    statement = sa.select(first.label("value"), sa.cast(sa.func.count(), sa.Unicode(20)).label("count"))
    given = [part.is_not(None) for part in key]
    grouped = statement.select_from(plan.source).where(*plan.filters, *given).group_by(*key)
    return grouped.having(sa.func.count() > sa.literal_column("1")).limit(1)  # ODBC passes no numbers
