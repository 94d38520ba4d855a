"""Cells collected as (row, column, text), and the facts noticed on the way.

Belongs here: A1 addresses, the sink that writes cells as Arrow record batches, counted notes.
Does not belong here: reading any format. The long form keeps a stray cell in XFD1048576 as cheap as
any other and gives every value its exact address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
MAX_CELLS = 30_000_000
SAMPLES = 5
SCHEMA = pa.schema([("row", pa.int32()), ("column", pa.int32()), ("text", pa.string())])  # both 1-based
ERRORS = {  # codes of both binary formats
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
_BATCH = 100_000
_ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


def column_number(letters: str) -> int:
    """1 for "A", 27 for "AA"."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """Letters of a column: "A" for 1, "AA" for 27."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def address(row: int, column: int) -> str:
    return f"{column_letters(column)}{row}"


def parse_address(text: str) -> tuple[int, int] | None:
    """(row, column) of "B7" or "$B$7", None if it is none of a sheet's cells."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    row, column = int(match[2]), column_number(match[1])
    return (row, column) if 1 <= row <= MAX_ROW and column <= MAX_COLUMN else None


@dataclass
class Seen:
    """How often something was met, and where first."""

    count: int = 0
    cells: list[str] = field(default_factory=list)

    def add(self, row: int, column: int) -> None:
        self.count += 1
        if len(self.cells) < SAMPLES:
            self.cells.append(address(row, column))

    def as_json(self) -> dict[str, Any]:
        return {"count": self.count, "cells": self.cells}


@dataclass
class Facts:
    """What a sheet tells beside its values; goes to the parent as JSON."""

    hidden_rows: list[int] = field(default_factory=list)  # the first SAMPLES
    hidden_row_count: int = 0
    hidden_columns: list[list[int]] = field(default_factory=list)  # [first, last]
    merges: list[list[int]] = field(default_factory=list)  # [first row, first column, last row, last column]
    errors: Seen = field(default_factory=Seen)
    not_calculated: Seen = field(default_factory=Seen)
    long_numbers: Seen = field(default_factory=Seen)
    complete: bool = True

    def hide_row(self, row: int) -> None:
        self.hidden_row_count += 1
        if len(self.hidden_rows) < SAMPLES:
            self.hidden_rows.append(row)

    def as_json(self) -> dict[str, Any]:
        plain = dict(vars(self))
        for name in ("errors", "not_calculated", "long_numbers"):
            plain[name] = plain[name].as_json()
        return plain


@dataclass
class Overlay:
    """What a pass of our own over a binary sheet found: texts that replace the library's values."""

    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)

    def error(self, row: int, column: int, code: int) -> None:
        self.texts[row, column] = ERRORS.get(code, f"#ERR{code}")
        self.facts.errors.add(row, column)


class TooManyCells(Exception):
    """A sheet holds more cells than MAX_CELLS."""


class CellSink:
    """Takes cells one by one and writes them to an Arrow IPC file in batches."""

    def __init__(self, path: Path) -> None:
        self.rows: list[int] = []
        self.columns: list[int] = []
        self.texts: list[str] = []
        self.count = 0
        self._writer = pa.ipc.new_file(str(path), SCHEMA)

    def add(self, row: int, column: int, text: str) -> None:
        self.rows.append(row)
        self.columns.append(column)
        self.texts.append(text)
        if len(self.rows) >= _BATCH:
            self.flush()

    def extend(self, rows: list[int], columns: list[int], texts: list[str]) -> None:
        """Many cells at once; the lists are of one length."""
        self.rows += rows
        self.columns += columns
        self.texts += texts
        if len(self.rows) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Raises TooManyCells."""
        if not self.rows:
            return
        self.count += len(self.rows)
        if self.count > MAX_CELLS:
            raise TooManyCells
        arrays = [
            pa.array(self.rows, pa.int32()),
            pa.array(self.columns, pa.int32()),
            pa.array(self.texts, pa.string()),
        ]
        self._writer.write_batch(pa.record_batch(arrays, schema=SCHEMA))
        self.rows.clear()
        self.columns.clear()
        self.texts.clear()

    def close(self) -> None:
        self.flush()
        self._writer.close()
