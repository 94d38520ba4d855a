"""A database reached through ODBC: the catalogue by pyodbc, rows in bulk by arrow-odbc.

Belongs here: opening, running statements into Arrow. Does not belong here: types (`odbc_types.py`),
drivers and products (`odbc_products.py`), building statements (`query.py`), explaining errors (`explain.py`).

One connection at a time: pyodbc's and arrow-odbc's take turns. A page that arrow-odbc cannot carry (a
text longer than its buffer) is read again by pyodbc, slower but whole; a database we know nothing about
is read by pyodbc alone, because arrow-odbc ends the process over values it does not expect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql

from connectors.erp.database.catalogue import SourceColumn, SourceTable
from connectors.erp.database.encodings import as_stored
from connectors.erp.database.error_codes import READING, family_of, kind_of
from connectors.erp.database.odbc_products import NOT_LISTED, Product, product_of
from connectors.erp.database.odbc_types import MYSQL, source_column
from connectors.erp.database.session import Access
from connectors.erp.database.target import CONNECT_SECONDS, Target, with_driver_path
from connectors.erp.database.transit import asked, columns_of, configured, with_hint
from connectors.erp.database.values import Arrival

TRANSIT_BYTES = 64 * 2**20  # arrow-odbc's buffer between driver and Arrow
MAX_CELL = 16_384  # characters or bytes per value where the database names no limit


class OdbcSession:
    """An autocommitting connection, by pyodbc or arrow-odbc, whichever was needed last."""

    def __init__(self, target: Target, access: Access = Access()) -> None:
        """Connect now. Raises pyodbc.Error."""
        self.target = target
        self.access = access
        self.pace = access.pace
        self._string = with_driver_path(target.odbc or "")
        self._rows: Any = None
        self._bulk: Any = None
        self.product: Product = product_of(self._by_rows(first=True))
        self.dialect: sa.Dialect = self.product.dialect
        self._greet(self._by_rows().execute)

    def reopen(self) -> None:
        """A new connection in place of a broken one."""
        self.close()
        self._by_rows()

    def close(self) -> None:
        self._bulk = None
        if self._rows is not None:
            rows, self._rows = self._rows, None
            rows.close()

    def catalogue(self) -> OdbcCatalogue:
        return OdbcCatalogue(self)

    def cursor(self) -> Any:
        return self._by_rows().cursor()

    def bind(self, column: SourceColumn, value: Any) -> sa.ColumnElement[Any]:
        """A bound text, cast back to the column's type: ODBC bulk parameters are always text, and
        comparing a number with a text would be done in floating point by some databases."""
        name = self.dialect.name
        if column.encoding and isinstance(value, str) and not value.isascii():
            if name == "sqlite":
                return _of_stored(value, column.encoding)
            value = as_stored(value, column.encoding, name)
        text = sa.literal(_as_text(value, column, name), sa.Unicode())
        if isinstance(value, bytes):
            return _of_hex(text, value, name)
        wanted = _cast_type(column, name)
        return text if wanted is None or column.form == "text" else sa.cast(text, wanted)

    def fetch(self, statement: sa.Select[Any], schema: pa.Schema) -> tuple[pa.Table, dict[int, str]]:
        """(rows, {index: row as JSON} of rows with a value not of its declared type)."""
        import arrow_odbc

        arrival = self._arrival(statement, schema, careful=False)
        sql, parameters = self._compile(statement, careful=False)
        if self.product.bulk:
            try:
                wanted = arrival.transit_schema
                return arrival.table(pa.Table.from_batches(self._batches(sql, parameters, wanted), wanted))
            except arrow_odbc.Error as error:
                if kind_of(READING, family_of(self.target, str(error)), error) is not None:
                    raise  # a lock, a time-out, a right: asking again would only press the ERP twice
                # Most likely a value beyond the buffer.
        try:
            return arrival.rows(self.cursor().execute(sql, parameters).fetchall())
        except (ValueError, OverflowError):
            # A date that Python has not: once more, dates as text.
            sql, parameters = self._compile(statement, careful=True)
            rows = self.cursor().execute(sql, parameters).fetchall()
            return self._arrival(statement, schema, careful=True).rows(rows)

    def stream(
        self, statement: sa.Select[Any], schema: pa.Schema, batch_rows: int
    ) -> Iterator[tuple[pa.Table, dict[int, str]]]:
        """All rows in batches, straight from the driver's cursor."""
        sql, parameters = self._compile(statement, careful=False)
        arrival = self._arrival(statement, schema, careful=False)
        cursor = self.cursor().execute(sql, parameters)
        while rows := cursor.fetchmany(batch_rows):
            yield arrival.rows(rows)

    def scalar(self, statement: sa.Select[Any]) -> Any:
        sql, parameters = self._compile(statement, careful=False)
        row = self.cursor().execute(sql, parameters).fetchone()
        return None if row is None else row[0]

    # --- details ----------------------------------------------------------------------------------

    def _by_rows(self, first: bool = False) -> Any:
        """The pyodbc connection; first: its product is not known yet."""
        import pyodbc

        if self._rows is None:
            self._bulk = None
            pyodbc.pooling = False  # a closed connection must be gone: the ERP gives us one place
            self._rows = pyodbc.connect(self._string, timeout=CONNECT_SECONDS, autocommit=True, readonly=True)
            if not first:
                self._greet(self._rows.execute)
        return self._rows

    def _greet(self, execute: Callable[[str], Any]) -> None:
        import pyodbc

        if self.product.name in MYSQL and self._rows is not None:
            # As UTF-16 its driver ends texts at a NUL; the connection's encoding is told in target.py.
            for kind in (pyodbc.SQL_WCHAR, pyodbc.SQL_CHAR):
                self._rows.setdecoding(kind, encoding="utf-8", ctype=pyodbc.SQL_CHAR)
        if self.product.name == "Microsoft SQL Server" and self._rows is not None:
            self._rows.timeout = self.access.pace.statement_seconds  # other drivers refuse this attribute
        for statement in self.product.at_start(self.access):
            self.product.say(execute, statement)

    def _by_arrow(self) -> Any:
        """The arrow-odbc connection."""
        import arrow_odbc

        if self._bulk is None:
            self.close()
            self._bulk = arrow_odbc.connect(self._string, login_timeout_sec=CONNECT_SECONDS)
            self._greet(self._bulk.execute)
        return self._bulk

    def _batches(self, sql: str, parameters: list[Any], schema: pa.Schema) -> Any:
        from arrow_odbc import TextEncoding

        is_mysql = self.product.name in MYSQL
        return self._by_arrow().read_arrow_batches(
            query=sql,
            batch_size=65_535,
            parameters=parameters or None,
            max_bytes_per_batch=TRANSIT_BYTES,
            max_text_size=MAX_CELL,
            max_binary_size=MAX_CELL,
            schema=schema,
            fetch_concurrently=False,  # bounded memory before speed: pages are small
            query_timeout_sec=None if is_mysql else self.access.pace.statement_seconds,
            # Narrow text depends on the process's locale, except in MariaDB's driver, which is told its
            # encoding (target.py) and in UTF-16 cuts long texts off without a word.
            payload_text_encoding=TextEncoding.UTF8 if is_mysql else TextEncoding.UTF16,
        )

    def _arrival(self, statement: sa.Select[Any], schema: pa.Schema, careful: bool) -> Arrival:
        columns = columns_of(statement) if isinstance(statement, sa.Select) else [None] * len(schema)
        return Arrival(schema, columns, self.access.remarks, self.access.timezone, careful, self.access.odd_dates)

    def _compile(self, statement: sa.Select[Any], careful: bool) -> tuple[str, list[Any]]:
        """SQL with ? marks and its parameters in order; the row limit is written out."""
        if isinstance(statement, sa.Select):
            statement = asked(statement, self.dialect, careful)
            if self.access.hints == "nolock" and self.dialect.name == "mssql":
                statement = with_hint(statement, "WITH (NOLOCK)")
        limit = getattr(statement, "_limit_clause", None)
        if limit is not None and isinstance(limit, sa.BindParameter):
            # A bound LIMIT would be sent as text, which no database takes.
            statement._limit_clause = limit.render_literal_execute()
        compiled = statement.compile(dialect=self.dialect, compile_kwargs={"render_postcompile": True})
        return str(compiled), [compiled.params[name] for name in compiled.positiontup or ()]


class OdbcCatalogue:
    def __init__(self, session: OdbcSession) -> None:
        self._session = session
        self._product = session.product
        self.default_schema = self._product.default_schema
        self._names: list[tuple[str | None, str]] | None = None

    def names(self) -> list[tuple[str | None, str]]:
        if self._names is None:
            rows = self._session.cursor().tables(catalog=self._product.database or None).fetchall()
            self._names = [
                (row.table_schem or None, row.table_name)
                for row in rows
                if (row.table_type or "").strip() in ("TABLE", "VIEW", "BASE TABLE", "SYNONYM")
                and row.table_schem not in NOT_LISTED
            ]
        return self._names

    def table(self, schema: str | None, name: str) -> SourceTable:
        # "_" in a name is a wildcard of the catalogue functions: keep only exact matches.
        where = {"catalog": self._product.database or None, "schema": schema}
        rows = [
            row
            for row in self._session.cursor().columns(table=name, **where)
            if row.table_name == name and (schema is None or row.table_schem in (schema, None))
        ]
        unbounded = self._unbounded_numbers(schema, name)
        access = self._session.access
        meant = (access.encoding, access.blank_is_null, self._session.dialect.name)
        columns = {
            row.column_name: configured(source_column(row, self._product.name, unbounded), *meant) for row in rows
        }
        return SourceTable(schema, name, columns, self._key(schema, name))

    def _key(self, schema: str | None, name: str) -> tuple[str, ...]:
        import pyodbc

        try:
            rows = self._session.cursor().primaryKeys(table=name, catalog=self._product.database or None, schema=schema)
            found = [row for row in rows if row.table_name == name]
        except pyodbc.Error as error:
            if error.args and error.args[0] in ("IM001", "HYC00"):
                return ()  # the driver has no such function; a key is only a proposal here
            raise
        return tuple(row.column_name for row in sorted(found, key=lambda row: row.key_seq))

    def _unbounded_numbers(self, schema: str | None, name: str) -> set[str]:
        """PostgreSQL's `numeric` without precision, which its driver passes off as numeric(28, 6)."""
        if self._product.name != "PostgreSQL":
            return set()
        sql = (
            "SELECT column_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ?"
            " AND data_type = 'numeric' AND numeric_precision IS NULL"
        )
        return {row[0] for row in self._session.cursor().execute(sql, schema, name).fetchall()}


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


def _of_stored(value: str, encoding: str) -> sa.ColumnElement[Any]:
    """SQLite compares bytes; its driver would send the text as UTF-8."""
    try:
        return sa.literal_column(f"CAST(X'{value.encode(encoding).hex()}' AS TEXT)", sa.Unicode())
    except UnicodeEncodeError:
        return sa.literal(value, sa.Unicode())


def _of_hex(text: sa.ColumnElement[Any], value: bytes, dialect: str) -> sa.ColumnElement[Any]:
    """Bytes from their hexadecimal text."""
    if dialect == "postgresql":
        return sa.func.decode(text, sa.literal_column("'hex'"))
    if dialect == "mssql":
        return sa.func.convert(sa.literal_column(f"VARBINARY({max(len(value), 1)})"), text, sa.literal_column("2"))
    if dialect == "oracle":
        return sa.func.hextoraw(text)
    if dialect == "mysql":
        return sa.func.unhex(text)
    return sa.literal_column(f"X'{value.hex()}'")


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
