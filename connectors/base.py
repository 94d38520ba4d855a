"""What every connector promises to the hub.

Belongs here: the shapes passed between connectors and hub. Not here: any real connector.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from schemas.model import Text
from schemas.problems import Problem

# Reserved columns a connector adds to the source's own columns.
KEY = "_key"  # string, never null, unique within one full read: identifies the row in its source
ROW_NO = "_row_no"  # int64, 1-based sheet or line number; null where the source has none

REJECTED_SCHEMA = pa.schema(
    [
        (KEY, pa.string()),  # position in the source: "sheet!17", "page 3 item 5"
        (ROW_NO, pa.int64()),
        ("raw", pa.string()),  # JSON text of what was read
        ("reason", pa.string()),  # code of a sentence in schemas/problems.yaml
    ]
)


@dataclass(frozen=True)
class SourceFile:
    """The spreadsheet a page was read from; lets any value be named by its cell."""

    path: str  # relative to the watched folder, or the name the user gave the upload
    sheet: str | None  # None for CSV
    sha256: str
    columns: dict[str, str]  # source column name -> column letter ("D")
    header_row: int  # 1-based; the last header row
    notes: tuple[Problem, ...] = ()  # what was found and decided (banner rows, hidden columns, ...)


@dataclass(frozen=True)
class Page:
    """One bounded piece of a read.

    rows: the source's columns (source names, source types; workbooks: all text) + KEY + ROW_NO.
    rejected: rows that could not be read as data (REJECTED_SCHEMA). rows + rejected = rows read.
    position: what the cursor is once this page is committed (JSON values).
    """

    rows: pa.Table
    position: dict[str, Any]
    rejected: pa.Table = field(default_factory=lambda: REJECTED_SCHEMA.empty_table())
    file: SourceFile | None = None


@dataclass(frozen=True)
class Check:
    """The plain answer of a connection check."""

    system: str
    ok: bool
    sentence: Text


@dataclass(frozen=True)
class Discovered:
    """One readable thing in a source: a table, a sheet, an endpoint."""

    name: str
    rows: int | None
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    note: Text | None = None


class Connector(Protocol):
    """A source system. Construction does no I/O; every method may raise `Problem`."""

    @property
    def system(self) -> str: ...

    def check(self) -> Check: ...

    def discover(self) -> list[Discovered]: ...

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        """Pages of one configured object, from `position` (None = from the start)."""
        ...

    def is_complete(self, object_name: str) -> bool:
        """True if a read returns every current row, so that a missing key means a deletion."""
        ...
