"""The original around a finding, exactly as it was landed: grid cells of a sheet, or one source row.

Belongs here: reading landed Parquet for the screen. Not here: writing it (hub/landing).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.base import KEY, ROW_NO

NEIGHBOURS = 3  # rows shown above and below


@dataclass(frozen=True)
class Grid:
    """A piece of a sheet. header: [(column letter, source column)]; lines: [(row number, [cell text])]."""

    header: list[tuple[str, str]]
    lines: list[tuple[int, list[str | None]]]


def grid(landing: Path, path: str, letters: dict[str, str] | None, row_no: int) -> Grid | None:
    """The rows around `row_no` in the order of the sheet's columns; None if the file is gone."""
    file = landing / path
    if not file.is_file():
        return None
    table = pq.read_table(
        file, filters=[(ROW_NO, ">=", row_no - NEIGHBOURS), (ROW_NO, "<=", row_no + NEIGHBOURS)]
    ).sort_by(ROW_NO)
    known = letters or {}
    names = [name for name in table.column_names if not name.startswith("_")]
    names.sort(key=lambda name: (len(known.get(name, "~~~~")), known.get(name, "~~~~")))
    records = table.to_pylist()
    return Grid(
        header=[(known.get(name, ""), name) for name in names],
        lines=[(record[ROW_NO], [_text(record[name]) for name in names]) for record in records],
    )


def record(landing: Path, paths: list[str], key: str) -> dict[str, str | None] | None:
    """The newest landed version of one source row {source column: text}; None if no file has it."""
    for path in paths:
        file = landing / path
        if not file.is_file():
            continue
        keys = pq.read_table(file, columns=[KEY]).column(0)
        at = pc.index(keys, key).as_py()
        if at >= 0:
            row = pq.read_table(file, filters=[(KEY, "=", key)]).slice(0, 1).to_pylist()[0]
            return {name: _text(item) for name, item in row.items() if not name.startswith("_")}
    return None


def _text(item: Any) -> str | None:
    return None if item is None else str(item)
