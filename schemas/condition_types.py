"""Whether a condition over one row can be decided: its functions exist and its types fit.

Belongs here: asking DuckDB, which decides row rules, over no rows at all. Does not belong here: what the
condition may name (`contract_sql.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from schemas.model import Column

_TYPES = {"string": "varchar", "integer": "bigint", "date": "date", "timestamp": "timestamp", "boolean": "boolean"}


@cache
def database() -> Any:
    """An empty DuckDB that reaches no file and no network. Take a cursor() of it."""
    import duckdb

    return duckdb.connect(config={"enable_external_access": "false", "lock_configuration": "true", "threads": "1"})


def why_not(condition: Any, columns: Mapping[str, Column]) -> str | None:
    """Why a parsed condition (sqlglot expression) is none over these columns, in DuckDB's words; None if it is one."""
    import duckdb

    empty = ", ".join(f'null::{_duckdb_type(column)} as "{name}"' for name, column in columns.items())
    sql = condition.sql("duckdb")
    cursor = database().cursor()
    try:
        ((_, found, *_),) = cursor.execute(f"describe select ({sql}) as answer from (select {empty})").fetchall()
        # As a filter, so that aggregates and window functions are refused as well.
        cursor.execute(f"explain select 1 from (select {empty}) where ({sql})")
    except duckdb.Error as error:
        return " ".join(str(error).split("\nLINE")[0].split())
    return None if found == "BOOLEAN" else f"{sql}: {found}, not BOOLEAN"


def _duckdb_type(column: Column) -> str:
    return f"decimal({column.precision},{column.scale})" if column.type == "decimal" else _TYPES[column.type]
