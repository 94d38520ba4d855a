"""A database reached through ODBC: the catalogue by pyodbc, rows in bulk by arrow-odbc.

Belongs here: opening, ODBC types, running statements into Arrow. Does not belong here: building
statements (`query.py`), explaining errors (`explain.py`).

Every column is asked for with the type the catalogue says: drivers' own guesses lose digits (psqlODBC
calls float8 a float32, MariaDB's calls 2^64-1 the int64 -1). A page that arrow-odbc cannot carry (a
text longer than its buffer) is read again by pyodbc, slower but whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.engine.default import DefaultDialect

from connectors.erp.catalogue import SourceColumn, SourceTable, decimal_type
from connectors.erp.native import CONNECT_SECONDS, STATEMENT_SECONDS
from connectors.erp.target import Target
from connectors.erp.values import to_table

TRANSIT_BYTES = 64 * 2**20  # arrow-odbc's buffer between driver and Arrow
MAX_CELL = 16_384  # characters or bytes per value where the database names no limit

# SQL_DBMS_NAME -> how its SQL is written.
_DIALECTS: dict[str, Callable[..., sa.Dialect]] = {
    "PostgreSQL": postgresql.dialect,
    "MariaDB": mysql.dialect,
    "MySQL": mysql.dialect,
    "Microsoft SQL Server": mssql.dialect,
    "Oracle": oracle.dialect,
    "SQLite": sqlite.dialect,
}
# Read-only intent and time-outs, said to the database itself: ODBC drivers ignore or refuse the attributes.
_AT_START = {
    "PostgreSQL": (
        "SET default_transaction_read_only = on",
        f"SET statement_timeout = '{STATEMENT_SECONDS}s'",
        "SET lock_timeout = '10s'",
    ),
    "MariaDB": ("SET SESSION TRANSACTION READ ONLY", f"SET SESSION max_statement_time = {STATEMENT_SECONDS}"),
    "MySQL": ("SET SESSION TRANSACTION READ ONLY", f"SET SESSION max_execution_time = {STATEMENT_SECONDS * 1000}"),
    "Microsoft SQL Server": ("SET LOCK_TIMEOUT 10000",),
}
_SYSTEM_SCHEMAS = {"information_schema", "pg_catalog", "pg_toast", "sys", "INFORMATION_SCHEMA", "SYS", "SYSTEM"}

# ODBC type codes (sql.h, sqlext.h).
_INTEGERS = {-6, 5, 4, -5}
_DECIMALS = {2, 3}
_FLOATS = {6, 7, 8}
_TEXTS = {1, 12, -1, -8, -9, -10}
_BINARIES = {-2, -3, -4}


class OdbcSession:
    """One pyodbc connection for the catalogue and one arrow-odbc connection for rows, both autocommit."""

    def __init__(self, target: Target) -> None:
        """Connect now. Raises pyodbc.Error or arrow_odbc.Error."""

        self.target = target
        self.reopen()
        self.dialect: sa.Dialect = _DIALECTS.get(self.product, DefaultDialect)(paramstyle="qmark")

    def reopen(self) -> None:
        """New connections in place of broken ones."""
        import arrow_odbc
        import pyodbc

        pyodbc.pooling = False  # a closed connection must be gone: the ERP gives us one place
        self._connection: Any = pyodbc.connect(
            self.target.odbc, timeout=CONNECT_SECONDS, autocommit=True, readonly=True
        )
        self._bulk: Any = arrow_odbc.connect(self.target.odbc, login_timeout_sec=CONNECT_SECONDS)
        self.product: str = self._connection.getinfo(pyodbc.SQL_DBMS_NAME)
        self.database: str = self._connection.getinfo(pyodbc.SQL_DATABASE_NAME)
        if self.product == "Microsoft SQL Server":
            self._connection.timeout = STATEMENT_SECONDS  # other drivers refuse this attribute
        for statement in _AT_START.get(self.product, ()):
            self._connection.execute(statement)
            self._bulk.execute(statement)

    def close(self) -> None:
        self._bulk = None
        self._connection.close()

    def catalogue(self) -> OdbcCatalogue:
        return OdbcCatalogue(self)

    def cursor(self) -> Any:
        return self._connection.cursor()

    def bind(self, column: SourceColumn, value: Any) -> sa.ColumnElement[Any]:
        """A bound text, cast back to the column's type: ODBC bulk parameters are always text, and
        comparing a number with a text would be done in floating point by some databases."""
        text = sa.literal(_as_text(value, column, self.dialect.name), sa.Unicode())
        wanted = _cast_type(column, self.dialect.name)
        return text if wanted is None or column.as_text else sa.cast(text, wanted)

    def fetch(self, statement: sa.Select[Any], schema: pa.Schema) -> tuple[pa.Table, dict[int, str]]:
        """(rows, {}): a typed database has no value that is not of its declared type."""
        import arrow_odbc

        sql, parameters = self._compile(statement)
        try:
            return pa.Table.from_batches(self._batches(sql, parameters, schema), schema), {}
        except arrow_odbc.Error:
            # Either a value beyond the buffer, or something pyodbc will say with its SQLSTATE.
            rows = self.cursor().execute(sql, parameters).fetchall()
            return to_table(rows, schema)

    def stream(
        self, statement: sa.Select[Any], schema: pa.Schema, batch_rows: int
    ) -> Iterator[tuple[pa.Table, dict[int, str]]]:
        """All rows in batches, straight from the driver's cursor."""
        sql, parameters = self._compile(statement)
        cursor = self.cursor().execute(sql, parameters)
        while rows := cursor.fetchmany(batch_rows):
            yield to_table(rows, schema)

    def scalar(self, statement: sa.Select[Any]) -> Any:
        sql, parameters = self._compile(statement)
        row = self.cursor().execute(sql, parameters).fetchone()
        return None if row is None else row[0]

    def _batches(self, sql: str, parameters: list[Any], schema: pa.Schema) -> Any:
        from arrow_odbc import TextEncoding

        mariadb = self.product in ("MariaDB", "MySQL")
        return self._bulk.read_arrow_batches(
            query=sql,
            batch_size=65_535,
            parameters=parameters or None,
            max_bytes_per_batch=TRANSIT_BYTES,
            max_text_size=MAX_CELL,
            max_binary_size=MAX_CELL,
            schema=schema,
            fetch_concurrently=False,  # bounded memory before speed: pages are small
            query_timeout_sec=None if mariadb else STATEMENT_SECONDS,
            # Narrow text depends on the process's locale, except in MariaDB's driver, which is told its
            # encoding (target.py) and in UTF-16 cuts long texts off without a word.
            payload_text_encoding=TextEncoding.UTF8 if mariadb else TextEncoding.UTF16,
        )

    def _compile(self, statement: sa.Select[Any]) -> tuple[str, list[Any]]:
        """SQL with ? marks and its parameters in order; the row limit is written out."""
        limit = getattr(statement, "_limit_clause", None)
        if limit is not None and isinstance(limit, sa.BindParameter):
            # A bound LIMIT would be sent as text, which no database takes.
            statement._limit_clause = limit.render_literal_execute()
        compiled = statement.compile(dialect=self.dialect, compile_kwargs={"render_postcompile": True})
        return str(compiled), [compiled.params[name] for name in compiled.positiontup or ()]


class OdbcCatalogue:
    def __init__(self, session: OdbcSession) -> None:
        self._session = session
        self._by_catalog = session.product in ("MariaDB", "MySQL")  # there a database is ODBC's catalog
        self.default_schema = {"PostgreSQL": "public", "Microsoft SQL Server": "dbo"}.get(session.product)
        self._names: list[tuple[str | None, str]] | None = None

    def names(self) -> list[tuple[str | None, str]]:
        if self._names is None:
            rows = self._session.cursor().tables(catalog=self._session.database or None).fetchall()
            self._names = [
                (row.table_schem or None, row.table_name)
                for row in rows
                if row.table_type in ("TABLE", "VIEW", "BASE TABLE") and row.table_schem not in _SYSTEM_SCHEMAS
            ]
        return self._names

    def table(self, schema: str | None, name: str) -> SourceTable:
        # "_" in a name is a wildcard of the catalogue functions: keep only exact matches.
        where = {"catalog": self._session.database or None, "schema": schema}
        rows = [row for row in self._session.cursor().columns(table=name, **where) if row.table_name == name]
        unbounded = self._unbounded_numbers(schema, name)
        columns = {row.column_name: _column(row, self._session.product, unbounded) for row in rows}
        return SourceTable(schema, name, columns, self._key(schema, name))

    def _key(self, schema: str | None, name: str) -> tuple[str, ...]:
        rows = self._session.cursor().primaryKeys(table=name, catalog=self._session.database or None, schema=schema)
        return tuple(row.column_name for row in sorted(rows, key=lambda row: row.key_seq) if row.table_name == name)

    def _unbounded_numbers(self, schema: str | None, name: str) -> set[str]:
        """PostgreSQL's `numeric` without precision, which its driver passes off as numeric(28, 6)."""
        if self._session.product != "PostgreSQL":
            return set()
        sql = (
            "SELECT column_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ?"
            " AND data_type = 'numeric' AND numeric_precision IS NULL"
        )
        return {row[0] for row in self._session.cursor().execute(sql, schema, name).fetchall()}


def _column(row: Any, product: str, unbounded: set[str]) -> SourceColumn:
    code, kind = row.data_type, (row.type_name or "").lower()
    arrow, as_text, zoned = pa.string(), False, False
    if kind.startswith(("enum", "set")) or (kind == "bit" and product in ("MariaDB", "MySQL")):
        as_text = True
    elif code in _INTEGERS:
        arrow = pa.decimal128(20, 0) if code == -5 and "unsigned" in kind else pa.int64()
    elif code in _DECIMALS:
        arrow = pa.string() if row.column_name in unbounded else decimal_type(row.column_size, row.decimal_digits)
        as_text = pa.types.is_string(arrow)
    elif code in _FLOATS:
        arrow = pa.float64()
    elif code == -7:
        arrow = pa.bool_()
    elif code in (91, 9):
        arrow = pa.date32()
    elif code in (93, 11):
        arrow, zoned = pa.timestamp("us"), kind in ("timestamptz", "timestamp with time zone")
    elif code in _BINARIES:
        arrow = pa.binary()
    elif code not in _TEXTS:
        as_text = True
    return SourceColumn(row.column_name, arrow, kind or str(code), row.nullable != 0, as_text, zoned)


def _as_text(value: Any, column: SourceColumn, dialect: str) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ", timespec="microseconds")
        # SQL Server's old datetime takes milliseconds, in its language-neutral form only with a T.
        return text.replace(" ", "T")[:-3] if dialect == "mssql" and column.type_name == "datetime" else text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _cast_type(column: SourceColumn, dialect: str) -> sa.types.TypeEngine[Any] | None:
    """What a text parameter is cast to before it is compared; None: a text column."""
    arrow = column.arrow
    if pa.types.is_integer(arrow):
        return sa.BigInteger()
    if pa.types.is_decimal(arrow):
        return sa.Numeric(arrow.precision, arrow.scale)
    if pa.types.is_floating(arrow):
        return sa.Double()
    if pa.types.is_boolean(arrow):
        return mssql.BIT() if dialect == "mssql" else sa.Boolean()
    if pa.types.is_date(arrow):
        return sa.Date()
    if pa.types.is_timestamp(arrow):
        if dialect == "mysql":
            return mysql.DATETIME(fsp=6)
        if dialect == "mssql" and column.type_name != "datetime":
            return mssql.DATETIME2(6)
        return sa.DateTime()
    return None
