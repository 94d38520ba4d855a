"""The statements of one configured object, built from names found in the catalogue and bound values.

Belongs here: SQLAlchemy expressions, no I/O. Does not belong here: running them, conversion of rows.

Pages follow each other by key (`WHERE (k1, k2) > (...)`, written out with OR because SQL Server has no
row values), so every page is one short statement and the order costs nothing on a primary key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.erp.config import ErpTableConfig
from connectors.erp.database.catalogue import Catalogue, SourceColumn, SourceTable, find_column, find_table
from connectors.erp.database.transit import configured, formed
from connectors.erp.names import of_join
from connectors.erp.reading.conditions import NOT_OF_TYPE, computed, condition
from connectors.erp.recipe import Comparison, Condition, Conditions
from schemas.problems import Problem

# Makes a value a bound parameter fit to be compared with a column.
Bind = Callable[[SourceColumn, Any], sa.ColumnElement[Any]]


MARK = "_ww_mark"  # the hidden column that carries what a mark says of each row
XMIN = "xmin"
# Versions a database keeps of every row without being asked: the transaction that wrote it, or its commit.
PSEUDO_COLUMNS = {("postgresql", XMIN): "xid", ("oracle", "ora_rowscn"): "scn"}


@dataclass(frozen=True)
class Output:
    """One output column: its name, where it comes from, the expression selected."""

    name: str
    column: SourceColumn
    expression: sa.ColumnElement[Any]


@dataclass(frozen=True)
class Joined:
    """One joined table: `right`, columns of it, must equal `left`, columns of the main table or of earlier joins."""

    table: SourceTable
    left: tuple[Output, ...]
    right: tuple[SourceColumn, ...]


@dataclass(frozen=True)
class Plan:
    """One configured object, all names resolved.

    marks: the columns that tell what is new (`watermark` or `rowversion`), selected or not.
    table: the main one. source: all tables joined; key_source: what keys can be read from, the main table
    alone if no filter looks at a join (a left join takes no row away).
    """

    config: ErpTableConfig
    outputs: tuple[Output, ...]
    key: tuple[Output, ...]
    marks: tuple[Output, ...]
    table: SourceTable
    joins: tuple[Joined, ...]
    source: sa.FromClause
    key_source: sa.FromClause
    filters: tuple[sa.ColumnElement[bool], ...]
    bind: Bind

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(output.name, output.column.arrow) for output in self.outputs])

    @property
    def nullable_key(self) -> tuple[Output, ...]:
        return tuple(part for part in self.key if part.column.nullable)


def build_plan(config: ErpTableConfig, catalogue: Catalogue, dialect: sa.Dialect, bind: Bind, timezone: str) -> Plan:
    """Resolve every name of the configuration.

    Raises Problem `erp_table_missing`, `erp_table_ambiguous`, `erp_column_missing`, `erp_where_value`.
    """

    def resolve(name: str) -> SourceTable:
        return find_table(catalogue, config.system, config.object, name)

    def column_of(table: SourceTable, name: str) -> SourceColumn:
        column = find_column(table, config.system, config.object, name)
        encoding = config.columns_encoding.get(name) or config.encoding or column.encoding
        return configured(column, encoding, column.blank_is_null, dialect.name)

    main_table = resolve(config.table)
    main = _aliased(main_table, "m")
    source: sa.FromClause = main
    outputs = []
    for name in config.columns or main_table.columns:
        column = column_of(main_table, name)
        outputs.append(_output(config, name, column, main.c[column.name], dialect, timezone))
    joined: dict[str, tuple[SourceTable, sa.FromClause]] = {"": (main_table, main)}
    joins: list[Joined] = []
    for number, join in enumerate(config.joins, start=1):
        table = resolve(join.table)
        right = _aliased(table, f"j{number}")
        conditions = []
        matched: list[tuple[Output, SourceColumn]] = []
        for left_name, right_name in join.match.items():
            alias, name = of_join(left_name, joined)
            left_table, left = joined[alias]
            left_column, right_column = column_of(left_table, name), column_of(table, right_name)
            raw = left.c[left_column.name]
            conditions.append(raw == right.c[right_column.name])
            matched.append((Output(name, left_column, raw), right_column))
        for name, wanted in join.where.items():
            column = column_of(table, name)
            conditions.append(_condition(config, right.c[column.name], column, wanted, bind))
        source = source.outerjoin(right, sa.and_(*conditions))
        joins.append(Joined(table, tuple(one for one, _ in matched), tuple(other for _, other in matched)))
        joined[join.name] = (table, right)
        for output, name in join.columns.items():
            column = column_of(table, name)
            outputs.append(_output(config, output, column, right.c[column.name], dialect, timezone))

    def raw_of(name: str) -> tuple[SourceColumn, sa.ColumnElement[Any]]:
        """`column` of the main table or `alias.column` of a join."""
        alias, bare = of_join(name, joined)
        table, clause = joined[alias]
        column = column_of(table, bare)
        return column, clause.c[column.name]

    def holds(conditions: Conditions) -> list[sa.ColumnElement[bool]]:
        return [
            _condition(config, raw, column, wanted, bind)
            for (column, raw), wanted in ((raw_of(name), wanted) for name, wanted in conditions.items())
        ]

    for name, item in config.computed.items():
        column, expression = computed(name, item, [raw_of(part) for part in item.parts], dialect)
        outputs.append(Output(name, column, expression))
    by_name = {output.name: output for output in outputs}
    for name in config.key:
        column_of(main_table, name)
    marks = []
    for name in _marks(config):
        if kind := PSEUDO_COLUMNS.get((dialect.name, name.lower())):
            column = SourceColumn(name, pa.int64(), kind, False)
            marks.append(Output(name, column, sa.literal_column(f"m.{name.lower()}")))
            continue
        column = column_of(main_table, name)
        marks.append(Output(name, column, formed(main.c[column.name], column, dialect, timezone)))
    filters = holds(config.where)
    if config.any_of:
        filters.append(sa.or_(*(sa.and_(*holds(conditions)) for conditions in config.any_of)))
    return Plan(
        config=config,
        outputs=tuple(outputs),
        key=tuple(_named(by_name, name) for name in config.key),
        marks=tuple(marks),
        table=main_table,
        joins=tuple(joins),
        source=source,
        key_source=source if _filters_joins(config) else main,
        filters=tuple(filters),
        bind=bind,
    )


def page_statement(
    plan: Plan,
    order: Sequence[Output],
    after: Sequence[Any] | None,
    limit: int,
    *conditions: sa.ColumnElement[bool],
    extra: Sequence[sa.Label[Any]] = (),
) -> sa.Select[Any]:
    """The next `limit` rows in `order`, after the row whose order values are `after`.

    `after` may be shorter than `order`: then it names all rows that begin with these values.
    """
    statement = _base(plan, extra).where(*conditions).order_by(*(output.expression for output in order))
    if after is not None:
        statement = statement.where(beyond(plan, order, after))
    return statement.limit(limit)


def keys_statement(plan: Plan, after: Sequence[Any] | None, limit: int) -> sa.Select[Any]:
    """The next `limit` keys, key columns only, ordered by key."""
    columns = [part.expression.label(part.name) for part in plan.key]
    statement = sa.select(*columns).select_from(plan.key_source).where(*plan.filters, *keyed(plan))
    if after is not None:
        statement = statement.where(beyond(plan, plan.key, after))
    return statement.order_by(*(part.expression for part in plan.key)).limit(limit)


def rows_statement(plan: Plan, keys: Sequence[Sequence[Any]]) -> sa.Select[Any]:
    """The rows with these keys, in no order."""
    return _base(plan).where(matching(plan, plan.key, keys))


def matching(plan: Plan, left: Sequence[Output], values: Sequence[Sequence[Any]]) -> sa.ColumnElement[bool]:
    """Rows whose columns `left` have one of these combinations of values."""
    bound = [[plan.bind(one.column, value) for one, value in zip(left, row, strict=True)] for row in values]
    if len(left) == 1:
        return left[0].expression.in_([row[0] for row in bound])
    matches = [sa.and_(*(one.expression == value for one, value in zip(left, row, strict=True))) for row in bound]
    return sa.or_(*matches)


def within(plan: Plan, above: Sequence[Any] | None, to: Sequence[Any] | None) -> list[sa.ColumnElement[bool]]:
    """Conditions: keys beyond `above` and not beyond `to`; None = no such border."""
    found: list[sa.ColumnElement[bool]] = []
    if above is not None:
        found.append(beyond(plan, plan.key, above))
    if to is not None:
        found.append(_up_to(plan, to))
    return found


def keyed(plan: Plan) -> list[sa.ColumnElement[bool]]:
    """Conditions that leave out rows without a key; nothing where the database forbids such rows."""
    return [part.expression.is_not(None) for part in plan.nullable_key]


def keyless_statement(plan: Plan) -> sa.Select[Any]:
    """All rows with a NULL in the key: they cannot be paged, only streamed."""
    return _base(plan).where(sa.or_(*(part.expression.is_(None) for part in plan.nullable_key)))


def rows_count(plan: Plan) -> sa.Select[Any]:
    """How many rows the object has, those without a key among them."""
    return sa.select(sa.func.count()).select_from(plan.key_source).where(*plan.filters)


def bounds_statement(plan: Plan) -> sa.Select[Any]:
    """(lowest, highest) value of the first key column."""
    first = plan.key[0].expression
    return sa.select(sa.func.min(first).label("low"), sa.func.max(first).label("high")).select_from(plan.key_source)


def empty_statement(plan: Plan) -> sa.Select[Any]:
    """The same statement without rows: fails exactly where reading would fail."""
    return _base(plan).where(sa.literal_column("1") == sa.literal_column("0"))


def count_statement(table: SourceTable) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(_aliased(table, "m"))


def _base(plan: Plan, extra: Sequence[sa.Label[Any]] = ()) -> sa.Select[Any]:
    columns = [output.expression.label(output.name) for output in plan.outputs]
    return sa.select(*columns, *extra).select_from(plan.source).where(*plan.filters)


def beyond(plan: Plan, order: Sequence[Output], after: Sequence[Any]) -> sa.ColumnElement[bool]:
    """(o1, o2, ...) > (a1, a2, ...), with o1 >= a1 in front so that an index on o1 is used."""
    bound = [plan.bind(output.column, value) for output, value in zip(order, after, strict=False)]
    steps = []
    for position, value in enumerate(bound):
        equal = [order[before].expression == bound[before] for before in range(position)]
        steps.append(sa.and_(*equal, order[position].expression > value))
    if len(steps) == 1:
        return steps[0]
    return sa.and_(order[0].expression >= bound[0], sa.or_(*steps))


def _up_to(plan: Plan, to: Sequence[Any]) -> sa.ColumnElement[bool]:
    """(k1, k2, ...) <= (t1, t2, ...)."""
    bound = [plan.bind(part.column, value) for part, value in zip(plan.key, to, strict=False)]
    if len(bound) == 1:
        return plan.key[0].expression <= bound[0]
    steps = []
    for position, value in enumerate(bound):
        equal = [plan.key[before].expression == bound[before] for before in range(position)]
        here = plan.key[position].expression
        steps.append(sa.and_(*equal, here <= value if position == len(bound) - 1 else here < value))
    return sa.and_(plan.key[0].expression <= bound[0], sa.or_(*steps))


def _marks(config: ErpTableConfig) -> list[str]:
    if config.mode == "rowversion" and config.rowversion is not None:
        return [config.rowversion]
    return config.watermark if config.mode == "watermark" else []


def _filters_joins(config: ErpTableConfig) -> bool:
    """True if a filter names the column of a join (`alias.column`)."""
    return any("." in name for conditions in (config.where, *config.any_of) for name in conditions)


def _aliased(table: SourceTable, alias: str) -> sa.FromClause:
    # quote=True: a name of the catalogue is always quoted as it is spelt there, whatever it holds.
    columns: list[Any] = [sa.column(sa.quoted_name(name, quote=True)) for name in table.columns]
    schema = sa.quoted_name(table.schema, quote=True) if table.schema else None
    return sa.table(sa.quoted_name(table.name, quote=True), *columns, schema=schema).alias(alias)


def _output(
    config: ErpTableConfig,
    name: str,
    column: SourceColumn,
    raw: sa.ColumnElement[Any],
    dialect: sa.Dialect,
    timezone: str,
) -> Output:
    """An output column as the configuration means it; padding in a key is left alone, pages go by it."""
    encoding = config.columns_encoding.get(name) or config.encoding or column.encoding
    blank = column.blank_is_null if config.blank_is_null is None else config.blank_is_null
    column = configured(column, encoding, blank and name not in config.key, dialect.name)
    return Output(name, column, formed(raw, column, dialect, timezone))


def _named(outputs: dict[str, Output], name: str) -> Output:
    if name in outputs:
        return outputs[name]
    return next(output for key, output in outputs.items() if key.casefold() == name.casefold())


def _condition(
    config: ErpTableConfig, raw: sa.ColumnElement[Any], column: SourceColumn, wanted: Condition, bind: Bind
) -> sa.ColumnElement[bool]:
    def bound(column: SourceColumn, value: Any) -> sa.ColumnElement[Any]:
        return bind(column, as_type(value, column.arrow))

    try:
        return condition(raw, column, wanted, bound)
    except NOT_OF_TYPE as error:
        shown = wanted.model_dump(exclude_unset=True) if isinstance(wanted, Comparison) else wanted
        raise Problem(
            "erp_where_value",
            system=config.system,
            object=config.object,
            column=column.name,
            value=str(shown),
            type=column.type_name,
        ) from error


def as_type(value: Any, wanted: pa.DataType) -> Any:
    """A YAML scalar (or a stored position) as a Python value of the column's type; ValueError if it cannot be."""
    if pa.types.is_binary(wanted):
        return bytes.fromhex(str(value))
    if pa.types.is_integer(wanted):
        return int(value)
    if pa.types.is_decimal(wanted):
        return Decimal(str(value))
    if pa.types.is_floating(wanted):
        return float(value)
    if pa.types.is_boolean(wanted):
        if str(value).lower() not in ("0", "1", "true", "false"):
            raise ValueError(value)
        return str(value).lower() in ("1", "true")
    if pa.types.is_timestamp(wanted):
        return datetime.fromisoformat(str(value))
    if pa.types.is_date(wanted):
        return date.fromisoformat(str(value))
    return str(value)


def as_position(value: Any) -> str:
    """A value as text that `as_type` turns back into the same value."""
    return value.hex() if isinstance(value, bytes) else str(value)
