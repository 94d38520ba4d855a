"""Reads a file in a child process with limits, so that a hostile one can end nothing but that child.

Belongs here: what the child is asked, its answer as typed values. Does not belong here: any parsing of
the file (child.py), keeping children (readers.py). Files of two kilobytes are known that abort a
reading library outright.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.excel.filetypes.cells import MARKS_SCHEMA, SCHEMA
from connectors.excel.safety import readers
from schemas.problems import Problem

MEMORY = 3 << 30  # address space; about 1 GB of it is libraries that are mapped but hardly used
CPU_SECONDS = 180
WALL_SECONDS = 900


@dataclass(frozen=True)
class Sheet:
    """One sheet as read. `cells`: cells.SCHEMA (row, column, text), blank cells left out."""

    name: str | None  # None for CSV
    visible: bool
    cells: pa.Table
    read: bool  # False if it was not asked for
    complete: bool  # False if only the head was read
    hidden_rows: tuple[int, ...] = ()  # the first few
    hidden_row_count: int = 0
    hidden_columns: tuple[tuple[int, int], ...] = ()
    merges: tuple[tuple[int, int, int, int], ...] = ()  # first row, first column, last row, last column
    errors: dict[str, Any] = field(default_factory=dict)  # {"count", "cells": first few addresses}
    not_calculated: dict[str, Any] = field(default_factory=dict)
    long_numbers: dict[str, Any] = field(default_factory=dict)
    formulas: dict[str, Any] = field(default_factory=dict)
    hidden_spans: tuple[tuple[int, int], ...] = ()  # all hidden rows, first and last of each run
    filters: tuple[tuple[int, int, int, int], ...] = ()  # ranges that a filter hides rows of
    recalculate: bool = False
    very_hidden: bool = False
    marks: pa.Table = field(default_factory=lambda: MARKS_SCHEMA.empty_table())  # what is odd about single cells


@dataclass(frozen=True)
class Book:
    """One file as read."""

    kind: str  # sniff.XLSX, ...
    sheets: tuple[Sheet, ...]
    encoding: str | None = None  # CSV only
    delimiter: str | None = None
    cpu_seconds: float = 0.0  # what the child spent on it
    peak_mb: float = 0.0  # the most memory the child ever had, for this file or one before


def read_workbook(
    path: Path,
    shown_name: str,
    head_rows: int | None = None,
    only: Sequence[str] | None = None,
    memory: int = MEMORY,
    cpu_seconds: int = CPU_SECONDS,
    passwords: Sequence[str] = (),
) -> Book:
    """The cells of all sheets (or of those named in `only`), or of the first `head_rows` rows.

    `head_rows` and `only` save time where the format allows it; other formats are read whole.
    `passwords`: tried in turn on a protected workbook.
    Raises Problem: `workbook_*` for a file that cannot be read, `workbook_reader_stopped` when the
    child went beyond its limits or was killed by a fault in a reading library.
    """
    request = {
        "path": str(path.absolute()),
        "shown_name": shown_name,
        "head_rows": head_rows,
        "only": list(only) if only is not None else None,
        "memory": memory,
        "cpu_seconds": cpu_seconds,
        "passwords": list(passwords),
    }
    while True:
        with readers.reader() as child, child.job_folder() as folder:
            used = not child.fresh
            try:
                answer = child.ask(request | {"folder": str(folder)}, WALL_SECONDS)
            except readers.OutOfTime as error:
                raise _stopped(shown_name, "time") from error
            except readers.Died as death:
                if used and death.code == 0:
                    continue  # it had waited so long for a file that it ended; a new one reads this file
                raise _stopped(shown_name, _reason(death.code, death.errors)) from death
            if "sheets" in answer:
                return _book(answer, folder)
        # Raised out here, because a child that found a problem is in order and reads the next file.
        if "problem" in answer:
            raise Problem(answer["problem"]["code"], **answer["problem"]["params"])
        raise _stopped(shown_name, answer["stopped"])


def _book(answer: dict[str, Any], folder: Path) -> Book:
    return Book(
        kind=answer["kind"],
        sheets=tuple(_sheet(sheet, answer["results"], folder) for sheet in answer["sheets"]),
        encoding=answer.get("encoding"),
        delimiter=answer.get("delimiter"),
        cpu_seconds=answer["cpu_seconds"],
        peak_mb=answer["peak_mb"],
    )


def _reason(code: int, errors: str) -> str:
    """What stopped the child: "time", "memory", or what the child died of in technical words."""
    if code == -signal.SIGXCPU:
        return "time"
    memory = ("MemoryError", "memory allocation", "bad_alloc", "capacity overflow")
    if code in (-signal.SIGABRT, -signal.SIGKILL) or any(word in errors for word in memory):
        return "memory"  # SIGKILL: the system ran out of it
    return (errors.splitlines() or [f"exit {code}"])[-1][:200]


def _stopped(shown_name: str, reason: str) -> Problem:
    if reason in ("time", "memory"):
        return Problem(f"workbook_out_of_{reason}", file=shown_name)
    return Problem("workbook_reader_failed", file=shown_name, reason=reason)


def _sheet(answer: dict[str, Any], results: list[bytes | str], folder: Path) -> Sheet:
    facts = answer["facts"]
    return Sheet(
        name=answer["name"],
        visible=answer["visible"],
        cells=SCHEMA.empty_table() if answer["cells"] is None else _table(results[answer["cells"]], folder),
        read=answer["cells"] is not None,
        complete=facts["complete"],
        hidden_rows=tuple(facts["hidden_rows"]),
        hidden_row_count=facts["hidden_row_count"],
        hidden_columns=tuple((first, last) for first, last in facts["hidden_columns"]),
        merges=tuple((top, left, bottom, right) for top, left, bottom, right in facts["merges"]),
        errors=facts["errors"],
        not_calculated=facts["not_calculated"],
        long_numbers=facts["long_numbers"],
        formulas=facts["formulas"],
        hidden_spans=tuple((first, last) for first, last in facts["hidden_spans"]),
        filters=tuple((top, left, bottom, right) for top, left, bottom, right in facts["filters"]),
        recalculate=facts["recalculate"],
        very_hidden=facts["very_hidden"],
        marks=MARKS_SCHEMA.empty_table() if answer["marks"] is None else _table(results[answer["marks"]], folder),
    )


def _table(result: bytes | str, folder: Path) -> pa.Table:
    """Of bytes or of a file, which is mapped: the mapping outlives its name, and pages come in as they are used."""
    source = pa.memory_map(str(folder / result)) if isinstance(result, str) else pa.BufferReader(result)
    return pa.ipc.open_file(source).read_all()
