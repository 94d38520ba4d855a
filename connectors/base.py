"""What every connector promises to the hub.

Belongs here: the shapes passed between connectors and hub. Not here: any real connector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

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


# read: a read carries every current row, so a missing key means a deletion; keys: `Connector.keys` lists
# every current key; reported: pages carry `deleted`; no: the source cannot tell.
Deletions = Literal["read", "keys", "reported", "no"]


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
    rejected: rows that could not be read as data (REJECTED_SCHEMA).
    unchanged: rows the source proved to be as they were when they were landed; counted, not carried.
    rows + rejected + unchanged = rows read.
    deleted: keys the source itself reports as deleted.
    position: what the cursor is once this page is committed (JSON values); the connector's own, it is
    handed back to the next read, also to the one that follows a read that was broken off.
    partial: the read as a whole does not carry the key of every current row although the object is read
    in full: it continues a broken-off read, or passes over rows the source proved unchanged.
    total: rows the source has, once the connector knows (on the last page of a partial read).
    complete: on every page of a read that carries the key of every current row although `deletions` does not
    say "read" (a periodic look at everything): a missing key means a deletion this time.
    """

    rows: pa.Table
    position: dict[str, Any]
    rejected: pa.Table = field(default_factory=lambda: REJECTED_SCHEMA.empty_table())
    file: SourceFile | None = None
    unchanged: int = 0
    deleted: tuple[str, ...] = ()
    partial: bool = False
    total: int | None = None
    complete: bool = False


Verdict = Literal["ok", "warn", "bad"]


@dataclass(frozen=True)
class CheckPoint:
    """One thing a check looked at. bad: reading fails or gives wrong rows; warn: it works, but somebody
    should know. point: which thing, as a word that stays the same ("login", "clock", "columns", ...);
    object: the configured object it is about, None = the system."""

    point: str
    verdict: Verdict
    sentence: Text
    object: str | None = None


@dataclass(frozen=True)
class Check:
    """The plain answer of a connection check: one sentence, and everything that was looked at, in order.

    ok: no point is bad.
    """

    system: str
    ok: bool
    sentence: Text
    points: tuple[CheckPoint, ...] = ()


@dataclass(frozen=True)
class Discovered:
    """One readable thing in a source: a table, a sheet, an endpoint."""

    name: str
    rows: int | None
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    note: Text | None = None


SchemaPolicy = Literal["evolve", "pause", "fail"]


@dataclass(frozen=True)
class SourceField:
    """One column of a source table. type: as its database writes it ("NUMERIC(20, 4)"); used: the object reads it."""

    type: str
    nullable: bool
    used: bool


@dataclass(frozen=True)
class SourceSchema:
    """The columns behind one object, and what to do when they change.

    fields: {"table.column": field}, in the order of the tables' columns. wanted: columns the configuration
    names, whether they are still there or not; None = whatever the tables have.
    """

    fields: dict[str, SourceField]
    wanted: frozenset[str] | None
    policy: SchemaPolicy = "pause"

    def uses(self, name: str, before: SourceField) -> bool:
        """Whether the object reads a column that has gone."""
        return before.used if self.wanted is None else name in self.wanted


class Connector(Protocol):
    """A source system. Construction does no I/O; every method may raise `Problem`."""

    @property
    def system(self) -> str: ...

    def check(self) -> Check: ...

    def discover(self) -> list[Discovered]: ...

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        """Pages of one configured object, from `position` (None = from the start)."""
        ...

    def deletions(self, object_name: str) -> Deletions:
        """How deletions in the source are found."""
        ...


# (columns behind the object, name of the database where one object has several): may raise Problem.
SchemaWatch = Callable[[SourceSchema, str], None]


@runtime_checkable
class TellsSchema(Protocol):
    """A source that shows the columns of its tables before it reads their rows."""

    def watch_schema(self, watch: SchemaWatch) -> None:
        """Have `watch` called at the beginning of every read; what it raises ends the read before any row."""
        ...


@runtime_checkable
class TellsBurden(Protocol):
    """A source that counts what reading it costs."""

    def burden_json(self) -> dict[str, Any]:
        """{"statements", "seconds", "longest_seconds", "rows", ...} since the connector was made."""
        ...


@runtime_checkable
class TellsRemarks(Protocol):
    """A source that says what it did to values that could not land as they are stored, and what it decided."""

    def remarks(self, object_name: str) -> list[Problem]:
        """Sentences about the reads of the object since the connector was made."""
        ...


@runtime_checkable
class RemembersParts(Protocol):
    """A source read in parts, whose position says which parts there were: one that vanished is no deletion."""

    def from_the_start(self, position: dict[str, Any] | None) -> dict[str, Any] | None:
        """The position that reads everything again and still knows the parts."""
        ...


class ListsKeys(Connector, Protocol):
    """A source that can list the keys of an object without its rows."""

    def keys(self, object_name: str) -> Iterator[pa.Array]:
        """Every current key, in bounded text arrays; asked if `deletions` is "keys", or "read" and a page partial."""
        ...
