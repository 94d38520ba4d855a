"""A database reached by its own Python driver through SQLAlchemy (SQLite, PostgreSQL, MySQL/MariaDB, ...).

Belongs here: opening read-only with time-outs, its catalogue, running statements into Arrow.
Does not belong here: ODBC (`odbc.py`), building statements (`query.py`), explaining errors (`explain.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from connectors.erp.catalogue import SourceColumn, SourceTable, decimal_type
from connectors.erp.target import Target
from connectors.erp.values import to_table

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 300


class NativeSession:
    """One pooled connection; every statement is its own short transaction that is rolled back."""

    def __init__(self, target: Target) -> None:
        """Connect now. Raises what the driver raises."""
        assert target.url is not None
        self.target = target
        self.engine = _engine(target.url)
        self.dialect = self.engine.dialect
        self.engine.connect().close()

    def close(self) -> None:
        self.engine.dispose()

    def reopen(self) -> None:
        """Drop the broken connection; the pool opens a new one."""
        self.engine.dispose()
        self.engine.connect().close()

    def catalogue(self) -> NativeCatalogue:
        return NativeCatalogue(self.engine)

    def bind(self, column: SourceColumn, value: Any) -> sa.ColumnElement[Any]:
        """A bound value; types follow the Python value, as the driver would have it."""
        if self.dialect.name == "sqlite" and isinstance(value, Decimal):
            value = str(value)  # SQLite compares it by the column's numeric affinity
        if self.dialect.name == "mysql" and isinstance(value, datetime):
            return sa.cast(sa.literal(value), mysql.DATETIME(fsp=6))
        return sa.literal(value)

    def fetch(self, statement: sa.Select[Any], schema: pa.Schema) -> tuple[pa.Table, dict[int, str]]:
        """(rows, {index: row as JSON} of rows with a value that is not of its declared type)."""
        with self.engine.connect() as connection:
            rows = connection.execute(statement).fetchall()
        return to_table(rows, schema)

    def stream(
        self, statement: sa.Select[Any], schema: pa.Schema, batch_rows: int
    ) -> Iterator[tuple[pa.Table, dict[int, str]]]:
        """All rows in batches, through a server-side cursor where the driver has one."""
        with self.engine.connect() as connection:
            result = connection.execution_options(yield_per=batch_rows).execute(statement)
            for rows in result.partitions():
                yield to_table(rows, schema)

    def scalar(self, statement: sa.Select[Any]) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(statement).scalar()


class NativeCatalogue:
    def __init__(self, engine: sa.Engine) -> None:
        self._inspector = sa.inspect(engine)
        self._dialect = engine.dialect.name
        self.default_schema: str | None = None
        self._names: list[tuple[str | None, str]] | None = None

    def names(self) -> list[tuple[str | None, str]]:
        if self._names is None:
            default = self._inspector.default_schema_name
            self._names = []
            for schema in self._schemas(default):
                shown = None if schema == default else schema
                tables = [*self._inspector.get_table_names(schema), *self._inspector.get_view_names(schema)]
                self._names += [(shown, name) for name in tables]
        return self._names

    def table(self, schema: str | None, name: str) -> SourceTable:
        columns = {}
        for column in self._inspector.get_columns(name, schema):
            columns[column["name"]] = self._column(column["name"], column["type"], bool(column["nullable"]))
        key = self._inspector.get_pk_constraint(name, schema).get("constrained_columns") or []
        return SourceTable(schema, name, columns, tuple(key))

    def _schemas(self, default: str | None) -> list[str | None]:
        if self._dialect in ("sqlite", "mysql"):
            return [default]
        system = {"information_schema", "pg_catalog", "sys", "INFORMATION_SCHEMA"}
        return [schema for schema in self._inspector.get_schema_names() if schema not in system]

    def _column(self, name: str, declared: sa.types.TypeEngine[Any], nullable: bool) -> SourceColumn:
        arrow, as_text, zoned = _arrow_type(declared, self._dialect)
        return SourceColumn(name, arrow, str(declared), nullable, as_text, zoned)


def _arrow_type(declared: sa.types.TypeEngine[Any], dialect: str) -> tuple[pa.DataType, bool, bool]:
    """(Arrow type, cast to text in the database, timestamp with time zone)."""
    if isinstance(declared, sa.Boolean):
        return pa.bool_(), False, False
    if isinstance(declared, mysql.BIT):
        return pa.string(), True, False
    if isinstance(declared, sa.Integer):
        # Only BIGINT UNSIGNED goes beyond int64.
        wide = isinstance(declared, mysql.BIGINT) and declared.unsigned
        return (pa.decimal128(20, 0) if wide else pa.int64()), False, False
    if isinstance(declared, sa.Numeric | sa.Float) and dialect == "sqlite":
        return pa.string(), False, False  # SQLite keeps "12 yuan" in a DECIMAL column: what is stored is what lands
    if isinstance(declared, sa.Float):
        return pa.float64(), False, False
    if isinstance(declared, sa.Numeric):
        wanted = decimal_type(declared.precision, declared.scale)
        return wanted, pa.types.is_string(wanted), False
    if isinstance(declared, sa.DateTime | sa.Date):
        if dialect == "sqlite":
            return pa.string(), False, False  # SQLite has no dates: whatever text was stored
        if isinstance(declared, sa.Date):
            return pa.date32(), False, False
        return pa.timestamp("us"), False, bool(declared.timezone)
    if isinstance(declared, sa.LargeBinary | sa.BINARY | sa.VARBINARY):
        return pa.binary(), False, False
    if isinstance(declared, sa.String) and not isinstance(declared, sa.Enum):
        return pa.string(), False, False
    # An enumeration is ordered by position but compared by text: as text, paging agrees with itself.
    return pa.string(), dialect != "sqlite", False


def _engine(url: sa.URL) -> sa.Engine:
    backend = url.get_backend_name()
    arguments: dict[str, Any] = {}
    if backend == "sqlite":
        # mode=ro: a wrong path must be an error, not a new empty database.
        path = quote(str(Path(url.database or "").resolve()))
        url = sa.URL.create("sqlite", database=f"file:{path}", query={"mode": "ro", "uri": "true"})
        arguments = {"timeout": CONNECT_SECONDS}
    elif backend == "postgresql":
        arguments = {
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "waterworks",
            "options": f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_SECONDS}s"
            " -c lock_timeout=10s",
        }
    elif backend == "mysql":
        url = url.update_query_dict({"charset": "utf8mb4"})
        arguments = {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": STATEMENT_SECONDS,
            "init_command": "SET SESSION TRANSACTION READ ONLY",
        }
    return sa.create_engine(url, connect_args=arguments, pool_size=1, max_overflow=0, hide_parameters=True)
