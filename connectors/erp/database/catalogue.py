"""What a database has: tables, columns with their Arrow types, keys; and finding configured names in it.

Belongs here: shapes and name resolution, shared by native and ODBC connections. Does not belong
here: asking a database for them (`native.py`, `odbc.py`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import pyarrow as pa

from connectors.erp.names import parts, unquoted
from schemas.problems import Problem

MAX_PRECISION = 38  # decimal128; wider numbers travel as exact text


# How the values of a column travel, where their own form would not arrive whole (`transit.py`).
# text: as text, read here; real: as 32-bit float; bytes: as the bytes of the text;
# utc: as the text of a moment in UTC; tagged: as text that says which type SQLite stored.
Transit = Literal["plain", "text", "real", "bytes", "utc", "tagged"]
# How a column is compared, ordered and selected, where that is not the column itself (`transit.py`).
# text: cast to text; number: cast to the number of `arrow`; local: a moment as wall time of the
# configured zone; micro: a time stamp rounded to microseconds.
Form = Literal["plain", "text", "number", "local", "micro"]


@dataclass(frozen=True)
class SourceColumn:
    """arrow: the type its values land as. encoding: what its bytes really are, where the database declares
    them as Latin-1 or not at all. blank_is_null: padding is cut off and an empty text is NULL."""

    name: str
    arrow: pa.DataType
    type_name: str
    nullable: bool = True
    form: Form = "plain"
    transit: Transit = "plain"
    encoding: str | None = None
    blank_is_null: bool = False


@dataclass(frozen=True)
class SourceTable:
    schema: str | None
    name: str
    columns: dict[str, SourceColumn]
    key: tuple[str, ...] = ()


class Catalogue(Protocol):
    """`names`: (schema, table) of every table and view; schema None where the database has none."""

    default_schema: str | None

    def names(self) -> list[tuple[str | None, str]]: ...

    def table(self, schema: str | None, name: str) -> SourceTable: ...


class Remembering:
    """A catalogue that asks for each table once: several parts of one read look at the same tables."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._tables: dict[tuple[str | None, str], SourceTable] = {}
        self.default_schema = catalogue.default_schema

    def names(self) -> list[tuple[str | None, str]]:
        return self._catalogue.names()

    def table(self, schema: str | None, name: str) -> SourceTable:
        if (schema, name) not in self._tables:
            self._tables[schema, name] = self._catalogue.table(schema, name)
        return self._tables[schema, name]


def decimal_type(precision: int | None, scale: int | None) -> pa.DataType:
    """decimal128 where the declared number fits, else text: never a float."""
    if precision is None or not 0 < precision <= MAX_PRECISION or not 0 <= (scale or 0) <= precision:
        return pa.string()
    return pa.decimal128(precision, scale or 0)


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Up to three similar names for a message, "-" if none is similar."""
    by_fold = {candidate.casefold(): candidate for candidate in candidates}
    found = difflib.get_close_matches(name.casefold(), by_fold, n=3, cutoff=0.5)
    return ", ".join(by_fold[item] for item in found) or "-"


def find_table(catalogue: Catalogue, system: str, object_name: str, wanted: str) -> SourceTable:
    """The table `wanted` ("name" or "schema.name"): exact spelling first, then without regard to case.

    Raises Problem `erp_table_missing`, or `erp_table_ambiguous` if several schemas have it.
    """
    wanted_schema: str | None = None
    wanted_name = unquoted(wanted)
    names = catalogue.names()
    found = _called(wanted_name, names)
    if not found and len(path := parts(wanted)) > 1:
        # Only a name that is not a table's own whole name is taken apart at its dots.
        wanted_schema, wanted_name = path[-2], path[-1]
        names = [
            item for item in names if (item[0] or catalogue.default_schema or "").casefold() == wanted_schema.casefold()
        ]
        found = _called(wanted_name, names)
    if len(found) > 1 and not wanted_schema:
        found = [item for item in found if item[0] == catalogue.default_schema] or found
    if not found:
        near = nearest(wanted_name, (name for _, name in names))
        raise Problem("erp_table_missing", system=system, object=object_name, table=wanted, near=near)
    if len(found) > 1:
        listed = ", ".join(f"{schema}.{name}" for schema, name in found)
        raise Problem("erp_table_ambiguous", system=system, object=object_name, table=wanted, found=listed)
    return catalogue.table(*found[0])


def _called(wanted: str, names: Iterable[tuple[str | None, str]]) -> list[tuple[str | None, str]]:
    """Tables spelt exactly so, else those that differ in case only."""
    listed = list(names)
    exact = [item for item in listed if item[1] == wanted]
    return exact or [item for item in listed if item[1].casefold() == wanted.casefold()]


def find_column(table: SourceTable, system: str, object_name: str, wanted: str) -> SourceColumn:
    """The column `wanted`, exact spelling first, then without regard to case.

    Raises Problem `erp_column_missing` with the nearest names.
    """
    if wanted not in table.columns:
        wanted = unquoted(wanted)
    if wanted in table.columns:
        return table.columns[wanted]
    found = [column for name, column in table.columns.items() if name.casefold() == wanted.casefold()]
    if len(found) != 1:
        near = nearest(wanted, table.columns)
        raise Problem(
            "erp_column_missing", system=system, object=object_name, table=table.name, column=wanted, near=near
        )
    return found[0]
