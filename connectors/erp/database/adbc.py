"""PostgreSQL read by binary COPY into Arrow: a third of the CPU of the same rows through Python values or ODBC.

Belongs here: which statements go that way and what of the answer is not taken on trust. Does not belong
here: everything else about the connection (`native.py`), the form of numbers (`pg_numeric.py`).

Whatever this way cannot carry exactly (infinite dates, NaN, an unusual type) is asked for again through
the ordinary driver, which also words every error.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import CompileError

from connectors.erp.database.catalogue import SourceColumn
from connectors.erp.database.engines import postgresql_settings
from connectors.erp.database.error_codes import READING, kind_of
from connectors.erp.database.native import NativeSession
from connectors.erp.database.pg_numeric import decoded
from connectors.erp.database.session import Access
from connectors.erp.database.target import CONNECT_SECONDS, Target
from connectors.erp.database.transit import asked, columns_of, transit_of

# The driver lets infinity overflow without a word: what is outside the calendar is not taken from it.
_EPOCH = date(1970, 1, 1).toordinal()
_DAYS = (date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH)
_DAY_US = 86_400_000_000
# The driver's connection asks for every type of the server, 0.09 CPU s: as much as so many rows cost the ordinary way.
_WORTH_CONNECTING = 3_000
# No parameters, so no doubled percent signs; standard strings, so no doubled backslashes.
_DIALECT = postgresql.dialect(paramstyle="named")
_DIALECT._backslash_escapes = False


class PostgresSession(NativeSession):
    """A native session whose rows come through ADBC; the catalogue and single values through psycopg."""

    def __init__(self, target: Target, access: Access) -> None:
        super().__init__(target, access)
        self._bulk: Any = None

    def fetch(self, statement: sa.Select[Any], schema: pa.Schema) -> tuple[pa.Table, dict[int, str]]:
        """As NativeSession.fetch."""
        plain = self.byte_texts or not isinstance(statement, sa.Select)
        table = None if plain else self._carried(statement, schema)
        if table is None:
            return super().fetch(statement, schema)
        return self._arrival(statement, schema, careful=False).table(table)

    def reopen(self) -> None:
        self._close_bulk()
        super().reopen()

    def close(self) -> None:
        self._close_bulk()
        super().close()

    def _carried(self, statement: sa.Select[Any], schema: pa.Schema) -> pa.Table | None:
        """The rows in their transit types; None if they must come the ordinary way."""
        from adbc_driver_manager import Error

        columns = columns_of(statement)
        try:
            compiled = _sent(asked(statement, self.dialect, careful=False), columns).compile(
                dialect=_DIALECT, compile_kwargs={"literal_binds": True}
            )
        except CompileError:
            return None  # a value without a literal form
        if self._bulk is None and self._expected(str(compiled)) < _WORTH_CONNECTING:
            return None
        try:
            with self._connection().cursor() as cursor:
                cursor.execute(str(compiled).replace("%%", "%"))  # doubled for a driver with parameters
                table = cursor.fetch_arrow_table()
        except Error as error:
            self._close_bulk()
            if kind_of(READING, "postgresql", error) is not None:
                raise  # a lock, a time-out, a right: asking again would only press the ERP twice
            return None
        arrays = []
        for field, column, array in zip(schema, columns, table.columns, strict=True):
            trusted = _trusted(array, column, field.type)
            if trusted is None:
                return None
            arrays.append(trusted)
        return pa.table(arrays, names=schema.names)

    def _expected(self, statement: str) -> float:
        """How many rows the server expects; it does not run the statement."""
        with self.engine.connect() as connection:
            plain = connection.execution_options(no_parameters=True)
            plan: Any = plain.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}").scalar()
        return float(plan[0]["Plan"]["Plan Rows"])

    def _connection(self) -> Any:
        import adbc_driver_postgresql.dbapi

        if self._bulk is None:
            self.engine.dispose()  # the ERP gives us one place
            settings = {**postgresql_settings(self.access), "standard_conforming_strings": "on"}
            options = " ".join(f"-c {name}={value}" for name, value in settings.items())
            assert self.target.url is not None
            url = self.target.url.set(drivername="postgresql").update_query_dict(
                {
                    "connect_timeout": str(CONNECT_SECONDS),
                    "application_name": "waterworks",
                    "client_encoding": "UTF8",
                    "options": options,
                }
            )
            self._bulk = adbc_driver_postgresql.dbapi.connect(
                url.render_as_string(hide_password=False).replace("+", "%20"), autocommit=True
            )
        return self._bulk

    def _close_bulk(self) -> None:
        if self._bulk is not None:
            self._bulk.close()
            self._bulk = None


def _sent(statement: sa.Select[Any], columns: list[SourceColumn | None]) -> sa.Select[Any]:
    """The statement with numbers in their binary form: the driver writes them as text, digit by digit."""
    items: list[Any] = []
    for item, column in zip(statement.selected_columns, columns, strict=True):
        inner = item.element if isinstance(item, sa.sql.elements.Label) else item
        items.append(sa.func.numeric_send(inner).label(item.name) if _is_number(column) else item)
    return statement.with_only_columns(*items, maintain_column_froms=True)


def _is_number(column: SourceColumn | None) -> bool:
    return column is not None and pa.types.is_decimal(column.arrow) and transit_of(column, False) == "plain"


def _trusted(arrived: pa.ChunkedArray, column: SourceColumn | None, wanted: pa.DataType) -> pa.ChunkedArray | None:
    """The column, or None if the driver may have changed a value of it on the way."""
    if isinstance(arrived.type, pa.BaseExtensionType):
        return None
    if _is_number(column):
        chunks = [decoded(chunk, wanted) for chunk in arrived.chunks]
        return None if any(chunk is None for chunk in chunks) else pa.chunked_array(chunks, wanted)
    if pa.types.is_float32(arrived.type) and pa.types.is_float64(wanted):
        return arrived.cast(pa.string()).cast(wanted)  # 0.1 stays 0.1 instead of 0.10000000149
    if pa.types.is_date(arrived.type):
        return arrived if _within(arrived.cast(pa.int32()), *_DAYS) else None
    if pa.types.is_timestamp(arrived.type):
        first, last = (day * _DAY_US for day in (_DAYS[0], _DAYS[1] + 1))
        return arrived if _within(arrived.cast(pa.timestamp("us")).cast(pa.int64()), first, last - 1) else None
    return arrived


def _within(values: pa.ChunkedArray, first: int, last: int) -> bool:
    found = pc.min_max(values)
    return not found["min"].is_valid or (first <= found["min"].as_py() and found["max"].as_py() <= last)
