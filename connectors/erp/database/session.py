"""An open connection as the connector sees it, and opening one.

Belongs here: the protocol, the options of a connection, and the wrapper that keeps the pace. Does not
belong here: any real connection (`native.py`, `odbc.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import pyarrow as pa
import sqlalchemy as sa

from connectors.erp.database.catalogue import Catalogue, SourceColumn
from connectors.erp.database.pace import Burden, Clock, Meter, SystemClock, place
from connectors.erp.database.remarks import Remarks
from connectors.erp.database.target import Target
from connectors.erp.settings import ErpSettings, Pace


class Session(Protocol):
    """One open, read-only connection. Methods raise what the driver raises."""

    dialect: sa.Dialect
    pace: Pace

    def catalogue(self) -> Catalogue: ...

    def bind(self, column: SourceColumn, value: Any) -> sa.ColumnElement[Any]:
        """The value as a bound parameter that compares exactly with the column."""
        ...

    def fetch(self, statement: sa.Select[Any], schema: pa.Schema) -> tuple[pa.Table, dict[int, str]]:
        """(all rows as `schema`, {index: row as JSON} of rows with a value not of its declared type)."""
        ...

    def stream(
        self, statement: sa.Select[Any], schema: pa.Schema, batch_rows: int
    ) -> Iterator[tuple[pa.Table, dict[int, str]]]: ...

    def scalar(self, statement: sa.Select[Any]) -> Any: ...

    def reopen(self) -> None:
        """A new connection in place of a broken one."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Access:
    """How a database is read, whatever the driver. remarks: shared by everything read with this access."""

    timezone: str = "Asia/Shanghai"
    pace: Pace = field(default_factory=Pace)
    encoding: str | None = None
    blank_is_null: bool = False
    odd_dates: Literal["empty", "reject"] = "empty"
    hints: Literal["none", "nolock", "snapshot"] = "none"
    remarks: Remarks = field(default_factory=Remarks)

    @classmethod
    def of(cls, settings: ErpSettings, timezone: str, table_pace: Pace | None = None) -> Access:
        """As a system (and one of its tables) says."""
        return cls(
            timezone,
            settings.pace.overridden(table_pace),
            settings.encoding,
            settings.blank_is_null,
            settings.odd_dates,
            settings.hints,
        )


@contextmanager
def opened(
    system: str,
    target: Target,
    access: Access,
    burden: Burden,
    *,
    clock: Clock | None = None,
    forced: bool = False,
) -> Iterator[Session]:
    """A session at the pace of `access`, closed at the end. Raises what the driver raises, and Problems
    `erp_outside_hours` and `erp_connections_in_use`."""
    from connectors.erp.database.adbc import PostgresSession
    from connectors.erp.database.native import NativeSession
    from connectors.erp.database.odbc import OdbcSession

    meter = Meter(system, access.pace, access.timezone, burden, clock or SystemClock(), forced)
    meter.wait_for_hours()
    with place(system, target.host, access.pace):
        meter.connected()
        inner: Session
        if target.url is None:
            inner = OdbcSession(target, access)
        elif target.url.get_backend_name() == "postgresql":
            inner = PostgresSession(target, access)
        else:
            inner = NativeSession(target, access)
        session = PacedSession(inner, meter)
        try:
            yield session
        finally:
            session.close()


class PacedSession:
    """A session every statement of which is counted and throttled."""

    def __init__(self, session: Session, meter: Meter) -> None:
        self._session = session
        self._meter = meter
        self.dialect = session.dialect
        self.pace = meter.pace
        self.bind: Callable[[SourceColumn, Any], sa.ColumnElement[Any]] = session.bind

    def catalogue(self) -> Catalogue:
        with self._meter.statement():
            return self._session.catalogue()

    def fetch(self, statement: sa.Select[Any], schema: pa.Schema) -> tuple[pa.Table, dict[int, str]]:
        with self._meter.statement() as counted:
            table, bad = self._session.fetch(statement, schema)
            counted.rows, counted.bytes = table.num_rows, table.nbytes
        return table, bad

    def stream(
        self, statement: sa.Select[Any], schema: pa.Schema, batch_rows: int
    ) -> Iterator[tuple[pa.Table, dict[int, str]]]:
        batches = self._session.stream(statement, schema, batch_rows)
        while True:
            with self._meter.statement() as counted:
                batch = next(batches, None)
                if batch is not None:
                    counted.rows, counted.bytes = batch[0].num_rows, batch[0].nbytes
            if batch is None:
                return
            yield batch

    def scalar(self, statement: sa.Select[Any]) -> Any:
        with self._meter.statement():
            return self._session.scalar(statement)

    def reopen(self) -> None:
        self._meter.connected()
        self._session.reopen()

    def close(self) -> None:
        self._session.close()
