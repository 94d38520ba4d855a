"""The columns behind one object, as they are told to whoever watches a source's tables change.

Belongs here: pure functions from (configuration, catalogue) to a `SourceSchema`. Does not belong here: what a
change means (hub/landing/drift.py), statements (`query.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import SourceField, SourceSchema
from connectors.erp.config import ErpTableConfig
from connectors.erp.database.catalogue import Catalogue, SourceTable, find_table
from connectors.erp.names import of_join, unquoted


def source_schema(config: ErpTableConfig, catalogue: Catalogue) -> SourceSchema:
    """Every column of the object's tables, and which of them it names.

    Raises Problem `erp_table_missing` or `erp_table_ambiguous`.
    """
    tables = {"": find_table(catalogue, config.system, config.object, config.table)}
    for join in config.joins:
        tables[join.name] = find_table(catalogue, config.system, config.object, join.table)
    wanted = {_full_name(tables[alias], column) for alias, column in _named(config)}
    main = tables[""].name
    fields = {}
    for table in tables.values():
        for name, column in table.columns.items():
            full = f"{table.name}.{name}"
            reads_all = table.name == main and not config.columns
            fields[full] = SourceField(column.type_name, column.nullable, reads_all or full in wanted)
    # Without a list of columns the object wants whatever its table has: then only memory tells what it lost.
    return SourceSchema(fields, frozenset(wanted) if config.columns else None, config.schema_change)


def _named(config: ErpTableConfig) -> Iterator[tuple[str, str]]:
    """(alias of the table, column) of every column the configuration names."""
    joins = {join.name for join in config.joins}
    for name in (*config.columns, *config.more_columns, *config.key, *config.watermark):
        yield "", name
    if config.rowversion is not None:
        yield "", config.rowversion
    for join in config.joins:
        for left, right in join.match.items():
            yield of_join(left, joins)
            yield join.name, right
        for name in (*join.columns.values(), *join.where):
            yield join.name, name
    for conditions in (config.where, *config.any_of):
        for name in conditions:
            yield of_join(name, joins)
    for item in config.computed.values():
        for name in item.parts:
            yield of_join(name, joins)


def _full_name(table: SourceTable, column: str) -> str:
    """ "table.column" in the database's own spelling; as written if the table has no such column."""
    bare = unquoted(column)
    found = next((name for name in table.columns if name.casefold() == bare.casefold()), bare)
    return f"{table.name}.{found}"
