"""What the connector needs from an open database, however it was reached.

Belongs here: the protocol. Does not belong here: any real connection (`native.py`, `odbc.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pyarrow as pa
import sqlalchemy as sa

from connectors.erp.catalogue import Catalogue, SourceColumn


class Session(Protocol):
    """One open, read-only connection. Methods raise what the driver raises."""

    dialect: sa.Dialect

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
