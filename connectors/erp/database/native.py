"""A database reached by its own Python driver through SQLAlchemy (SQLite, PostgreSQL, MySQL/MariaDB, Oracle).

Belongs here: its catalogue, running statements into Arrow. Does not belong here: how a connection is
set up (`engines.py`), ODBC (`odbc.py`), building statements (`query.py`), explaining errors (`explain.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import DataError

from connectors.erp.database.catalogue import SourceColumn, SourceTable
from connectors.erp.database.encodings import as_stored
from connectors.erp.database.engines import engine_of, reads_bytes
from connectors.erp.database.native_types import source_column
from connectors.erp.database.session import Access
from connectors.erp.database.target import Target
from connectors.erp.database.transit import asked, columns_of
from connectors.erp.database.values import Arrival

_NOT_LISTED = {"information_schema", "pg_catalog", "sys", "INFORMATION_SCHEMA"}


class NativeSession:
    """One pooled connection; every statement is its own short transaction that is rolled back."""

    def __init__(self, target: Target, access: Access = Access()) -> None:
        """Connect now. Raises what the driver raises."""
        assert target.url is not None
        self.target = target
        self.access = access
        self.pace = access.pace
        self.engine = engine_of(target.url, access)
        self.dialect = self.engine.dialect
        with self.engine.connect() as connection:
            # A PostgreSQL without an encoding hands out bytes; they are read as Latin-1 and decoded here.
            self.byte_texts = reads_bytes(connection)

    def close(self) -> None:
        self.engine.dispose()

    def reopen(self) -> None:
        """Drop the broken connection; the pool opens a new one."""
        self.engine.dispose()
        self.engine.connect().close()

    def catalogue(self) -> NativeCatalogue:
        encoding = self.access.encoding or ("utf-8" if self.byte_texts else None)
        return NativeCatalogue(self.engine, encoding, self.access.blank_is_null)

    def bind(self, column: SourceColumn, value: Any) -> sa.ColumnElement[Any]:
        """A bound value; types follow the Python value, as the driver would have it."""
        dialect = self.dialect.name
        if column.encoding and isinstance(value, str):
            if dialect == "sqlite":
                return self._of_bytes(value, column.encoding)
            value = as_stored(value, column.encoding, dialect)
        if dialect == "sqlite" and isinstance(value, Decimal):
            value = str(value)  # SQLite compares it by the column's numeric affinity
        if dialect == "mysql" and isinstance(value, datetime):
            return sa.cast(sa.literal(value), mysql.DATETIME(fsp=6))
        return sa.literal(value)

    def fetch(self, statement: sa.Select[Any], schema: pa.Schema) -> tuple[pa.Table, dict[int, str]]:
        """(rows, {index: row as JSON} of rows with a value that is not of its declared type)."""
        try:
            return self._fetched(statement, schema, careful=False)
        except Exception as error:
            if not _is_unreadable(error):
                raise
            return self._fetched(statement, schema, careful=True)

    def stream(
        self, statement: sa.Select[Any], schema: pa.Schema, batch_rows: int
    ) -> Iterator[tuple[pa.Table, dict[int, str]]]:
        """All rows in batches, through a server-side cursor where the driver has one."""
        # A batch cannot be asked for a second time, hence careful from the start.
        arrival = self._arrival(statement, schema, careful=True)
        with self.engine.connect() as connection:
            self._as_bytes(connection)
            options = connection.execution_options(yield_per=batch_rows)
            for rows in options.execute(self._travelling(statement, careful=True)).partitions():
                yield arrival.rows(rows)

    def scalar(self, statement: sa.Select[Any]) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(statement).scalar()

    # --- details ----------------------------------------------------------------------------------

    def _fetched(self, statement: sa.Select[Any], schema: pa.Schema, careful: bool) -> tuple[pa.Table, dict[int, str]]:
        with self.engine.connect() as connection:
            if careful:
                self._as_bytes(connection)
            rows = connection.execute(self._travelling(statement, careful)).fetchall()
        return self._arrival(statement, schema, careful).rows(rows)

    def _travelling(self, statement: sa.Select[Any], careful: bool) -> sa.Select[Any]:
        return asked(statement, self.dialect, careful) if isinstance(statement, sa.Select) else statement

    def _arrival(self, statement: sa.Select[Any], schema: pa.Schema, careful: bool) -> Arrival:
        columns = columns_of(statement) if isinstance(statement, sa.Select) else [None] * len(schema)
        return Arrival(schema, columns, self.access.remarks, self.access.timezone, careful, self.access.odd_dates)

    def _as_bytes(self, connection: sa.Connection) -> None:
        """SQLite: bytes that are no UTF-8 come as lone surrogates instead of an error."""
        if self.dialect.name == "sqlite":
            raw: Any = connection.connection.dbapi_connection
            raw.text_factory = lambda stored: stored.decode("utf-8", "surrogateescape")

    def _of_bytes(self, value: str, encoding: str) -> sa.ColumnElement[Any]:
        """SQLite compares a text with the bytes as they are stored; what is UTF-8 there stays so."""
        try:
            stored = value.encode(encoding)
        except UnicodeEncodeError:
            return sa.literal(value)
        return sa.literal(value) if value.isascii() else sa.cast(sa.literal(stored), sa.Text())


class NativeCatalogue:
    """encoding, blank_is_null: how the texts of every table are meant, as the system says."""

    def __init__(self, engine: sa.Engine, encoding: str | None, blank_is_null: bool) -> None:
        self._engine = engine
        self._inspector = sa.inspect(engine)
        self._dialect = engine.dialect
        self._meant = (encoding, blank_is_null)
        self.default_schema: str | None = None
        self._names: list[tuple[str | None, str]] | None = None

    def names(self) -> list[tuple[str | None, str]]:
        if self._names is None:
            default = self._inspector.default_schema_name
            self._names = []
            for schema in self._schemas(default):
                shown = None if schema == default else self._spelt(schema)
                tables = [*self._inspector.get_table_names(schema), *self._inspector.get_view_names(schema)]
                if self._dialect.name in ("postgresql", "oracle"):
                    tables += self._inspector.get_materialized_view_names(schema)
                self._names += [(shown, str(self._spelt(name))) for name in dict.fromkeys(tables)]
        return self._names

    def table(self, schema: str | None, name: str) -> SourceTable:
        asked_schema, asked_name = self._asked(schema), self._asked(name)
        assert asked_name is not None
        columns = {}
        for column in self._inspector.get_columns(asked_name, asked_schema):
            spelt = self._column(column["name"])
            columns[spelt] = source_column(
                spelt, column["type"], bool(column["nullable"]), self._dialect.name, *self._meant
            )
        key = self._inspector.get_pk_constraint(asked_name, asked_schema).get("constrained_columns") or []
        return SourceTable(schema, name, columns, tuple(self._column(part) for part in key))

    def _schemas(self, default: str | None) -> list[str | None]:
        if self._dialect.name in ("sqlite", "mysql"):
            return [default]
        if self._dialect.name == "oracle":
            return [default, *self._oracle_owners(default)]
        return [schema for schema in self._inspector.get_schema_names() if schema not in _NOT_LISTED]

    def _oracle_owners(self, default: str | None) -> list[str]:
        """Schemas of others with tables this account may see, without Oracle's own."""
        sql = (
            "SELECT DISTINCT t.owner FROM all_tables t JOIN all_users u ON u.username = t.owner"
            " WHERE u.oracle_maintained = 'N'"
        )
        with self._engine.connect() as connection:
            owners = [str(self._asked(owner)) for owner in connection.execute(sa.text(sql)).scalars()]
        return sorted(owner for owner in owners if owner != default)

    def _spelt(self, name: str | None) -> str | None:
        """A name as the database spells it: SQLAlchemy writes Oracle's MATERIALS as materials."""
        return self._dialect.denormalize_name(name) if name and self._dialect.requires_name_normalize else name

    def _column(self, name: str) -> str:
        # MySQL's columns are read from SHOW CREATE TABLE, where SQLAlchemy leaves a backtick doubled.
        return name.replace("``", "`") if self._dialect.name == "mysql" else str(self._spelt(name))

    def _asked(self, name: str | None) -> str | None:
        return self._dialect.normalize_name(name) if name and self._dialect.requires_name_normalize else name


def _is_unreadable(error: Exception) -> bool:
    """True if the server answered and the driver could not make a Python value of the answer."""
    if isinstance(error, DataError):
        return getattr(error.orig, "sqlstate", "-") is None  # psycopg's own words, not the server's
    if isinstance(error, ValueError | OverflowError):
        return True
    return "Could not decode to UTF-8" in str(error)
