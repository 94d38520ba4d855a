"""What a column as ODBC's catalogue names it is for us: its Arrow type and how it is asked for.

Belongs here: the mapping per database, no I/O. Does not belong here: SQLAlchemy's types (`native_types.py`).

Drivers' own guesses lose digits (psqlODBC calls float8 a float32, MariaDB's calls 2^64-1 the int64 -1,
PostgreSQL's NaN becomes 0), change dates (infinity becomes today) or end the process (MariaDB's
2024-00-00 in arrow-odbc); hence the transit forms.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa

from connectors.erp.database.catalogue import Form, SourceColumn, Transit, decimal_type
from connectors.erp.database.native_types import MONEY, UNSIGNED

# ODBC type codes (sql.h, sqlext.h, msodbcsql.h).
_INTEGERS = {-6, 5, 4, -5}
_DECIMALS = {2, 3}
_FLOATS = {6, 7, 8}
_TEXTS = {1, 12, -1, -8, -9, -10}
_BINARIES = {-2, -3, -4}
_DATES = {91, 9}
_MOMENTS = {93, 11}
_BIT, _OFFSET_MOMENT = -7, -155

MYSQL = ("MariaDB", "MySQL")
_SIZED_NUMBERS = {"decimal", "numeric", "number"}


def source_column(row: Any, product: str, unbounded: set[str]) -> SourceColumn:
    """A column from a row of SQLColumns. unbounded: numbers without a declared precision."""
    kind = (row.type_name or "").lower()
    column = SourceColumn(row.column_name, pa.string(), _declared(row, kind), row.nullable != 0)
    if product == "SQLite":
        return _sqlite(column, row.data_type)
    arrow, form, transit = _plain(row, kind)
    if product == "PostgreSQL":
        arrow, form, transit = _postgresql(row, kind, arrow, form, transit, unbounded)
    elif product in MYSQL:
        arrow, form, transit = _mysql(row, kind, arrow, form, transit)
    elif product == "Oracle" and row.data_type in _DATES | _MOMENTS:
        arrow, form = pa.timestamp("us"), "local" if "zone" in kind else "plain"
        transit = "text"
    elif row.data_type == _OFFSET_MOMENT:
        arrow, form, transit = pa.timestamp("us"), "plain", "utc"
    elif product == "Microsoft SQL Server":
        form, transit = _sql_server(row, kind, form, transit)
    return replace(column, arrow=arrow, form=form, transit=transit)


def _declared(row: Any, kind: str) -> str:
    """The type with its size, so that a column made narrower shows: 'varchar(80)', 'numeric(20, 4)'."""
    size = row.column_size or 0
    if not kind or "(" in kind:
        return kind or str(row.data_type)
    if row.data_type in _DECIMALS and kind in _SIZED_NUMBERS:
        return f"{kind}({size}, {row.decimal_digits or 0})"
    return f"{kind}({size})" if size > 0 and "char" in kind else kind


def _plain(row: Any, kind: str) -> tuple[pa.DataType, Form, Transit]:
    """By ODBC's type code alone."""
    code = row.data_type
    if code in _INTEGERS:
        return (UNSIGNED if code == -5 and "unsigned" in kind else pa.int64()), "plain", "plain"
    if code in _DECIMALS:
        arrow = decimal_type(row.column_size, row.decimal_digits)
        return arrow, "text" if pa.types.is_string(arrow) else "plain", "plain"
    if code in _FLOATS:
        return pa.float64(), "plain", "plain"
    if code == _BIT:
        return pa.bool_(), "plain", "plain"
    if code in _DATES:
        return pa.date32(), "plain", "plain"
    if code in _MOMENTS:
        return pa.timestamp("us"), "plain", "plain"
    if code in _BINARIES:
        return pa.binary(), "plain", "plain"
    return pa.string(), "plain" if code in _TEXTS else "text", "plain"


def _postgresql(
    row: Any, kind: str, arrow: pa.DataType, form: Form, transit: Transit, unbounded: set[str]
) -> tuple[pa.DataType, Form, Transit]:
    if row.column_name in unbounded:
        return pa.string(), "text", "plain"
    if kind == "money":
        return MONEY, "number", "plain"
    if kind in ("bit", "varbit", "json", "jsonb", "xml", "interval") or kind.startswith("_"):
        return pa.string(), "text", "plain"
    if kind in ("float4", "real"):
        return arrow, "plain", "real"
    if row.data_type in _MOMENTS | _DATES:
        return arrow, "local" if kind in ("timestamptz", "timestamp with time zone") else "plain", "text"
    if pa.types.is_decimal(arrow):
        return arrow, "plain", "text"
    return arrow, form, transit


def _mysql(row: Any, kind: str, arrow: pa.DataType, form: Form, transit: Transit) -> tuple[pa.DataType, Form, Transit]:
    if kind.startswith(("enum", "set")):
        return pa.string(), "text", "plain"
    if kind == "bit":
        return (UNSIGNED if (row.column_size or 1) > 7 else pa.int64()), "number", "plain"
    if kind == "float":
        return arrow, "plain", "real"
    if row.data_type in _MOMENTS | _DATES:
        return arrow, "plain", "text"
    return arrow, form, transit


def _sql_server(row: Any, kind: str, form: Form, transit: Transit) -> tuple[Form, Transit]:
    if kind == "real":
        return "plain", "real"
    if kind == "datetime2" and row.decimal_digits == 7:
        return "micro", "plain"  # a seventh digit would be lost on the way, and pages would repeat rows
    return form, transit


def _sqlite(column: SourceColumn, code: int) -> SourceColumn:
    """As natively: any value may stand in any column, so each travels with its type."""
    arrow = pa.string()
    if code in _INTEGERS:
        arrow = pa.int64()
    elif code == _BIT:
        arrow = pa.bool_()
    elif code in _BINARIES:
        arrow = pa.binary()
    return replace(column, arrow=arrow, transit="tagged")
