"""How a column is asked for, so that its values arrive whole: the SQL side.

Belongs here: the expressions put around a column, per dialect. Does not belong here: what becomes of
the values once they are here (`values.py`), which column needs what (`native.py`, `odbc.py`).

Two layers. The *form* is what a column is for every purpose (compared, ordered, selected): a moment in
local time, an enumeration as its text. The *transit* concerns the select list alone, so that order and
comparison keep the column and its index: drivers turn PostgreSQL's infinity into the year 9999 or today's
date, MariaDB's 2024-00-00 ends the process in arrow-odbc, SQLite's driver cuts texts at a NUL.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle

from connectors.erp.database.catalogue import SourceColumn, Transit

_ORACLE_MOMENT = "SYYYY-MM-DD HH24:MI:SS.FF6"


class SourceType(sa.types.NullType):
    """Marks an expression as a column of the source; renders and converts nothing."""

    cache_ok = True

    def __init__(self, column: SourceColumn | None = None) -> None:
        self.column = column


def marked(expression: sa.ColumnElement[Any], column: SourceColumn) -> sa.ColumnElement[Any]:
    """The expression, recognised by `columns_of` as this column."""
    return sa.type_coerce(expression, SourceType(column))


def formed(
    raw: sa.ColumnElement[Any], column: SourceColumn, dialect: sa.Dialect, timezone: str
) -> sa.ColumnElement[Any]:
    """The column as it is compared, ordered and selected."""
    expression = raw
    if column.form == "text":
        expression = _as_text(raw, column, dialect.name)
    elif column.form == "number":
        expression = sa.cast(raw, _number(column.arrow, dialect.name))
    elif column.form == "micro":
        expression = sa.cast(raw, mssql.DATETIME2(6))
    elif column.form == "local" and dialect.name == "postgresql":
        expression = sa.func.timezone(sa.literal_column(f"'{timezone}'"), raw)
    elif column.form == "local" and dialect.name == "oracle":
        at_zone = raw.op("AT TIME ZONE")(sa.literal_column(f"'{timezone}'"))
        expression = sa.cast(at_zone, oracle.TIMESTAMP())
    return marked(expression, column)


def columns_of(statement: sa.Select[Any]) -> list[SourceColumn | None]:
    """The source's column behind each selected one; None for what is computed."""
    return [item.type.column if isinstance(item.type, SourceType) else None for item in statement.selected_columns]


def asked(statement: sa.Select[Any], dialect: sa.Dialect, careful: bool) -> sa.Select[Any]:
    """The statement with every column selected in its transit form; careful: dates as text, too."""
    items = []
    for item, column in zip(statement.selected_columns, columns_of(statement), strict=True):
        transit = transit_of(column, careful)
        if column is None or transit in ("plain", "real"):
            items.append(item)
        else:
            inner = item.element if isinstance(item, sa.sql.elements.Label) else item
            items.append(_travelling(inner, column, transit, dialect.name).label(item.name))
    return statement.with_only_columns(*items, maintain_column_froms=True)


def transit_of(column: SourceColumn | None, careful: bool) -> Transit:
    """How a column travels; careful: what failed once is asked for as text."""
    if column is None:
        return "plain"
    temporal = pa.types.is_timestamp(column.arrow) or pa.types.is_date(column.arrow)
    return "text" if careful and temporal and column.transit == "plain" else column.transit


def transit_type(column: SourceColumn | None, wanted: pa.DataType, careful: bool) -> pa.DataType:
    """The Arrow type of a column while it travels."""
    transit = transit_of(column, careful)
    if transit == "plain":
        return wanted
    return {"real": pa.float32(), "bytes": pa.binary()}.get(transit, pa.string())


def with_hint(statement: sa.Select[Any], text: str) -> sa.Select[Any]:
    """SQL Server's table hint on every table of the statement."""
    for source in statement.get_final_froms():
        for part in sa.sql.visitors.iterate(source):
            if isinstance(part, sa.sql.selectable.Alias):
                statement = statement.with_hint(part, text, "mssql")
    return statement


def configured(column: SourceColumn, encoding: str | None, blank_is_null: bool, dialect: str) -> SourceColumn:
    """The column as the configuration says its text is meant."""
    if not pa.types.is_string(column.arrow) or column.form != "plain":
        return column
    # Oracle replaces what its declared character set does not know before it leaves the server.
    transit: Transit = "bytes" if encoding and dialect == "oracle" else column.transit
    return replace(column, encoding=encoding, blank_is_null=blank_is_null, transit=transit)


def _as_text(raw: sa.ColumnElement[Any], column: SourceColumn, dialect: str) -> sa.ColumnElement[Any]:
    if dialect == "oracle":
        # A type SQLAlchemy does not know is XMLTYPE more often than not.
        return sa.func.xmltype.getclobval(raw) if column.type_name in ("NULL", "xmltype") else sa.func.to_char(raw)
    # SQL Server can neither compare an NTEXT nor make one of a time.
    return sa.cast(raw, mssql.NVARCHAR() if dialect == "mssql" else sa.UnicodeText())


def _number(arrow: pa.DataType, dialect: str) -> sa.types.TypeEngine[Any]:
    if pa.types.is_decimal(arrow):
        return sa.Numeric(arrow.precision, arrow.scale)
    return mysql.BIGINT(unsigned=True) if dialect == "mysql" else sa.BigInteger()


def _travelling(
    inner: sa.ColumnElement[Any], column: SourceColumn, transit: Transit, dialect: str
) -> sa.ColumnElement[Any]:
    if transit == "bytes":
        return sa.func.utl_raw.cast_to_raw(inner)
    if transit == "utc":
        in_utc = sa.func.switchoffset(inner, sa.literal_column("'+00:00'"))
        return sa.func.convert(sa.literal_column("VARCHAR(33)"), in_utc, sa.literal_column("126"))
    if transit == "tagged":
        return _tagged(inner)
    if dialect == "oracle":
        return sa.func.to_char(sa.cast(inner, oracle.TIMESTAMP()), sa.literal_column(f"'{_ORACLE_MOMENT}'"))
    digits = column.arrow.precision + 3 if pa.types.is_decimal(column.arrow) else 0
    return sa.cast(inner, sa.String(max(digits, 40)))


def _tagged(inner: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """What SQLite stored and its type: r (real), i (integer), b (blob), t (text, in hex against NULs)."""
    word = sa.literal_column
    hexed = sa.func.hex(inner, type_=sa.String())
    return sa.case(
        (sa.func.typeof(inner) == word("'null'"), sa.null()),
        (sa.func.typeof(inner) == word("'real'"), word("'r'", sa.String()) + sa.func.printf(word("'%!.17g'"), inner)),
        (sa.func.typeof(inner) == word("'integer'"), word("'i'", sa.String()) + sa.cast(inner, sa.Text())),
        (sa.func.typeof(inner) == word("'blob'"), word("'b'", sa.String()) + hexed),
        else_=word("'t'", sa.String()) + hexed,
    )
