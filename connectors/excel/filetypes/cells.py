"""Cells collected as (row, column, text), and the facts noticed on the way.

Belongs here: A1 addresses, the sink that writes cells as Arrow record batches, counted notes.
Does not belong here: reading any format. The long form keeps a stray cell in XFD1048576 as cheap as
any other and gives every value its exact address.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from connectors.excel.filetypes import number_formats as formats
from connectors.excel.safety.spool import Spool

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
MAX_CELLS = 30_000_000
MAX_TEXTS = 400_000_000  # bytes of text in one sheet
SAMPLES = 5
# row and column are 1-based; kind is one of the five below, plus FORMULA where a formula made the value.
SCHEMA = pa.schema([("row", pa.int32()), ("column", pa.int32()), ("text", pa.string()), ("kind", pa.uint8())])
TEXT, NUMBER, BOOLEAN, ERROR, DATE = range(5)  # what the cell stores; DATE: a number shown as date or time
FORMULA = 16
# What is odd about single cells: "errors", "not_calculated", "long_numbers", "sums" (a total over the cells
# above it), "shown" (a code with a number format of its own; `text` is what the cell shows).
MARKS_SCHEMA = pa.schema([("row", pa.int32()), ("column", pa.int32()), ("text", pa.string()), ("mark", pa.string())])
MARKS = ("errors", "not_calculated", "long_numbers", "sums")
MAX_MARKS = 1_000_000  # of one kind; beyond it cells are only counted
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
_BATCH_TEXT = 4_000_000
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
    """How often something was met, and where."""

    count: int = 0
    cells: list[str] = field(default_factory=list)  # the first SAMPLES
    rows: array[int] = field(default_factory=lambda: array("i"))
    columns: array[int] = field(default_factory=lambda: array("i"))

    def add(self, row: int, column: int) -> None:
        self.count += 1
        if len(self.cells) < SAMPLES:
            self.cells.append(address(row, column))
        if self.count <= MAX_MARKS:
            self.rows.append(row)
            self.columns.append(column)

    def add_all(self, rows: Any, columns: Any) -> None:
        """As `add` for two numpy arrays of one length."""
        for row, column in zip(rows[: SAMPLES - len(self.cells)], columns, strict=False):
            self.cells.append(address(int(row), int(column)))
        left = max(MAX_MARKS - self.count, 0)
        self.rows.extend(rows[:left].tolist())
        self.columns.extend(columns[:left].tolist())
        self.count += len(rows)

    def as_json(self) -> dict[str, Any]:
        return {"count": self.count, "cells": self.cells}


@dataclass
class Facts:
    """What a sheet tells beside its values; goes to the parent as JSON and, cell by cell, as a table of marks."""

    hidden_rows: list[int] = field(default_factory=list)  # the first SAMPLES
    hidden_row_count: int = 0
    hidden_spans: list[list[int]] = field(default_factory=list)  # [first, last] of all hidden rows
    hidden_columns: list[list[int]] = field(default_factory=list)  # [first, last]
    merges: list[list[int]] = field(default_factory=list)  # [first row, first column, last row, last column]
    filters: list[list[int]] = field(default_factory=list)  # the same for ranges filtered by a criterion
    errors: Seen = field(default_factory=Seen)
    not_calculated: Seen = field(default_factory=Seen)
    long_numbers: Seen = field(default_factory=Seen)
    sums: Seen = field(default_factory=Seen)
    formulas: Seen = field(default_factory=Seen)  # with a stored result; counted, not marked
    shown: list[tuple[int, int, str]] = field(default_factory=list)
    recalculate: bool = False  # the file asks to be calculated when opened: stored results may be old
    very_hidden: bool = False  # hidden so that Excel's own menu does not show it
    complete: bool = True

    def hide_row(self, row: int) -> None:
        self.hidden_row_count += 1
        if len(self.hidden_rows) < SAMPLES:
            self.hidden_rows.append(row)
        if self.hidden_spans and self.hidden_spans[-1][1] in (row, row - 1):
            self.hidden_spans[-1][1] = row
        else:
            self.hidden_spans.append([row, row])

    def show(self, row: int, column: int, text: str) -> None:
        """A number whose format makes another text of it: format "P"000 shows P007 for 7."""
        if len(self.shown) < MAX_MARKS:
            self.shown.append((row, column, text))

    def as_json(self) -> dict[str, Any]:
        plain = dict(vars(self))
        for name in (*MARKS, "formulas"):
            plain[name] = plain[name].as_json()
        del plain["shown"]
        return plain

    def write_marks(self, target: Spool) -> bool:
        """Writes the marks of single cells (MARKS_SCHEMA); False, and nothing, if there are none."""
        batches = [
            [seen.rows, seen.columns, pa.nulls(len(seen.rows), pa.string()), [mark] * len(seen.rows)]
            for mark in MARKS
            if (seen := getattr(self, mark)).count
        ]
        if self.shown:
            rows, columns, texts = zip(*self.shown, strict=True)
            batches.append([rows, columns, texts, ["shown"] * len(rows)])
        if not batches:
            return False
        with pa.ipc.new_file(target, MARKS_SCHEMA) as writer:
            for arrays in batches:
                typed = [pa.array(values, field.type) for values, field in zip(arrays, MARKS_SCHEMA, strict=True)]
                writer.write_batch(pa.record_batch(typed, schema=MARKS_SCHEMA))
        return True


@dataclass
class Overlay:
    """What a pass of our own over a binary sheet found: texts that replace the library's values."""

    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    kinds: dict[tuple[int, int], int] = field(default_factory=dict)  # of the cells in `texts`
    facts: Facts = field(default_factory=Facts)

    def error(self, row: int, column: int, code: int) -> None:
        self.texts[row, column] = ERRORS.get(code, f"#ERR{code}")
        self.kinds[row, column] = ERROR
        self.facts.errors.add(row, column)

    def number(self, row: int, column: int, value: float, kind: str, epoch_1904: bool) -> None:
        """A number whose format changes what it is; `kind` as formats.kind_of_format() tells it."""
        self.texts[row, column] = formats.formatted(repr(value), kind, epoch_1904)
        self.kinds[row, column] = DATE if kind in (formats.DATE, formats.TIME, formats.ELAPSED) else NUMBER
        if kind.startswith(formats.SHOWN) and (text := formats.shown_text(repr(value), kind)):
            self.facts.show(row, column, text)


class TooManyCells(Exception):
    """A sheet holds more cells than MAX_CELLS, or more text than MAX_TEXTS. `what` and `limit` tell which."""

    def __init__(self, what: str, limit: str) -> None:
        self.what, self.limit = what, limit


class CellSink:
    """Takes cells one by one or as arrays and writes them as an Arrow IPC file in batches."""

    def __init__(self, target: Spool) -> None:
        """What `target` had before is forgotten."""
        target.restart()
        self.rows: list[int] = []
        self.columns: list[int] = []
        self.texts: list[str] = []
        self.kinds: list[int] = []
        self.count = self.text_size = 0
        self._waiting = 0  # characters not yet written
        self._writer = pa.ipc.new_file(target, SCHEMA)

    def add(self, row: int, column: int, text: str, kind: int = TEXT) -> None:
        self.rows.append(row)
        self.columns.append(column)
        self.texts.append(text)
        self.kinds.append(kind)
        self._waiting += len(text)
        if len(self.rows) >= _BATCH or self._waiting > _BATCH_TEXT:
            self.flush()

    def write(self, rows: Any, columns: Any, texts: pa.Array, kinds: Any) -> None:
        """Many cells at once as arrays of one length. Raises TooManyCells."""
        self.flush()
        self._write([pa.array(rows.astype("i4")), pa.array(columns.astype("i4")), texts, pa.array(kinds)])

    def flush(self) -> None:
        """Raises TooManyCells."""
        if not self.rows:
            return
        values = (self.rows, self.columns, self.texts, self.kinds)
        self._write([pa.array(part, field.type) for part, field in zip(values, SCHEMA, strict=True)])
        self.rows.clear()
        self.columns.clear()
        self.texts.clear()
        self.kinds.clear()
        self._waiting = 0

    def _write(self, arrays: list[pa.Array]) -> None:
        self.count += len(arrays[0])
        self.text_size += arrays[2].nbytes
        if self.count > MAX_CELLS:
            raise TooManyCells(f"> {MAX_CELLS:,}", f"{MAX_CELLS:,}")
        if self.text_size > MAX_TEXTS:
            raise TooManyCells(f"> {MAX_TEXTS // 1_000_000} MB", f"{MAX_TEXTS // 1_000_000} MB")
        self._writer.write_batch(pa.record_batch(arrays, schema=SCHEMA))

    def close(self) -> None:
        self.flush()
        self._writer.close()
