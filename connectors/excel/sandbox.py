"""Reads a file in a child process with limits, so that a hostile one can end nothing but that child.

Belongs here: starting the child, its limits, its answer as typed values. Does not belong here: any
parsing of the file. Files of two kilobytes are known that abort a reading library outright.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.excel.cells import MARKS_SCHEMA, SCHEMA
from schemas.problems import Problem

MEMORY = 3 << 30  # address space; about 1 GB of it is libraries that are mapped but hardly used
CPU_SECONDS = 180
WALL_SECONDS = 900
_ROOT = Path(__file__).resolve().parents[2]
# Secrets of source systems stand in the environment; a process that opens strangers' files gets none.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


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
    with tempfile.TemporaryDirectory(prefix="waterworks-read-") as folder:
        request = {
            "path": str(path.resolve()),
            "shown_name": shown_name,
            "folder": folder,
            "head_rows": head_rows,
            "only": list(only) if only is not None else None,
            "memory": memory,
            "cpu_seconds": cpu_seconds,
            "passwords": list(passwords),
        }
        answer = _run(request, shown_name, Path(folder))
        return Book(
            kind=answer["kind"],
            sheets=tuple(_sheet(sheet, Path(folder)) for sheet in answer["sheets"]),
            encoding=answer.get("encoding"),
            delimiter=answer.get("delimiter"),
        )


def _run(request: dict[str, Any], shown_name: str, folder: Path) -> dict[str, Any]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # OpenBLAS and friends reserve address space per thread, which RLIMIT_AS counts.
    environment |= {"PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "connectors.excel.child"],
            input=json.dumps(request).encode(),
            capture_output=True,
            cwd=folder,
            env=environment,
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _stopped(shown_name, "time") from error
    answer_file = folder / "answer.json"
    if done.returncode != 0 or not answer_file.exists():
        raise _stopped(shown_name, _reason(done.returncode, done.stderr))
    answer: dict[str, Any] = json.loads(answer_file.read_text(encoding="utf-8"))
    if "problem" in answer:
        raise Problem(answer["problem"]["code"], **answer["problem"]["params"])
    if "stopped" in answer:
        raise _stopped(shown_name, answer["stopped"])
    return answer


def _reason(code: int, errors: bytes) -> str:
    """What stopped the child: "time", "memory", or what the child died of in technical words."""
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "time"
    text = errors.decode("utf-8", "replace").strip()
    if code == -signal.SIGABRT or "MemoryError" in text or "memory allocation" in text or "bad_alloc" in text:
        return "memory"
    return (text.splitlines() or [f"exit {code}"])[-1][:200]


def _stopped(shown_name: str, reason: str) -> Problem:
    if reason in ("time", "memory"):
        return Problem(f"workbook_out_of_{reason}", file=shown_name)
    return Problem("workbook_reader_failed", file=shown_name, reason=reason)


def _sheet(answer: dict[str, Any], folder: Path) -> Sheet:
    facts = answer["facts"]
    return Sheet(
        name=answer["name"],
        visible=answer["visible"],
        cells=_cells(folder / answer["file"]) if answer["file"] else SCHEMA.empty_table(),
        read=answer["file"] is not None,
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
        marks=_cells(folder / answer["marks"]) if answer.get("marks") else MARKS_SCHEMA.empty_table(),
    )


def _cells(path: Path) -> pa.Table:
    """Memory-mapped: the mapping outlives the file's name, and pages come in as they are used."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
