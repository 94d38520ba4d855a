"""Tables that stand side by side or below each other on one sheet.

Belongs here: where one table ends and the next begins, told from blank columns, repeated headers and what the
columns hold. Does not belong here: which table is a template's (layout.py), rows that are no data (refuse.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.excel.finding.headers import Header, plain
from connectors.excel.safety.sandbox import Sheet

_ALIKE = 0.95  # share of rows two blocks must have in common to be parts of one table


@dataclass(frozen=True)
class Used:
    """Which cells of a sheet are filled, fast to ask."""

    rows: np.ndarray  # int, of each filled cell
    columns: np.ndarray
    last_row: dict[int, int]  # column -> its last filled row

    @classmethod
    def of(cls, sheet: Sheet) -> Used:
        cells = sheet.cells.select(["row", "column"])
        last = cells.group_by("column").aggregate([("row", "max")]) if cells.num_rows else None
        pairs = zip(last["column"].to_pylist(), last["row_max"].to_pylist(), strict=True) if last is not None else ()
        return cls(cells["row"].to_numpy(), cells["column"].to_numpy(), dict(pairs))

    def rows_of(self, columns: Iterable[int], below: int) -> np.ndarray:
        """The rows below `below` that have a cell in one of the columns, sorted."""
        return np.unique(self.rows[np.isin(self.columns, list(columns)) & (self.rows > below)])


def split(headers: Sequence[Header], used: Used, first_row: int) -> list[list[Header]]:
    """The headers of one row in blocks: parted by columns without any cell from `first_row` on, and where the same
    headers begin again."""
    blocks: list[list[Header]] = []
    for header in headers:
        between = range(blocks[-1][-1].column + 1, header.column) if blocks else range(0)
        parted = len(between) > 0 and all(used.last_row.get(column, 0) < first_row for column in between)
        if not blocks or parted:
            blocks.append([])
        blocks[-1].append(header)
    return [part for block in blocks for part in _periods(block)]


def _periods(block: list[Header]) -> list[list[Header]]:
    names = [tuple(plain(level) for level in header.levels[-1:]) for header in block]
    for width in range(2, len(block) // 2 + 1):
        if len(block) % width == 0 and all(names[place] == names[place % width] for place in range(len(names))):
            return [block[start : start + width] for start in range(0, len(block), width)]
    return [block]


def belong_together(one: Sequence[Header], other: Sequence[Header], used: Used, header_row: int) -> bool:
    """Are two blocks one table with a spacer column: filled in (nearly) the same rows?"""
    left = used.rows_of((header.column for header in one), header_row)
    right = used.rows_of((header.column for header in other), header_row)
    both = len(np.intersect1d(left, right, assume_unique=True))
    return both > 0 and both >= _ALIKE * max(len(left), len(right))


def rows_with_words(sheet: Sheet, words: set[str], after: int, share: float = 0) -> list[int]:
    """Rows below `after` in which at least two cells, and this share of all cells, read exactly as one of the words
    (blanks aside)."""
    if not sheet.cells.num_rows or not words:
        return []
    known = pc.is_in(pc.utf8_trim_whitespace(sheet.cells["text"]), pa.array(sorted(words)))
    every = sheet.cells["row"].to_numpy()
    rows = every[known.to_numpy()]
    numbers, counts = np.unique(rows[rows > after], return_counts=True)
    numbers, counts = numbers[counts >= 2], counts[counts >= 2]
    if share and len(numbers):
        filled = np.bincount(every[every > after])[numbers]
        numbers = numbers[counts >= share * filled]
    return [int(row) for row in numbers]


def other_table_below(sheet: Sheet, columns: Sequence[int], header_row: int, last_row: int | None) -> int | None:
    """The row in which a table of another kind begins below this one, None if nothing proves that there is one.

    The proof: after a blank row, a row of nothing but words, each of them once, stands where the columns above hold
    (nearly) only numbers in at least two columns.
    """
    texts, rows, places = sheet.cells["text"], sheet.cells["row"].to_numpy(), sheet.cells["column"].to_numpy()
    mine = np.isin(places, list(columns)) & (rows > header_row)
    if last_row is not None:
        mine &= rows <= last_row
    if not mine.any():
        return None
    index = np.flatnonzero(mine)
    rows, places = rows[index], places[index]
    filled = np.unique(rows)
    starts = filled[1:][np.diff(filled) > 1]  # rows that follow a blank one
    if not len(starts):
        return None
    chosen = texts.take(pa.array(index))
    number = pc.match_substring_regex(chosen, r"^\s*[-+¥￥$]?[\d,]*\.?\d+%?\s*$|^\d{4}[-/.年]\d").to_numpy()
    word = pc.match_substring_regex(chosen, r"\p{L}").to_numpy()
    for start in starts:
        above, here = rows < start, np.flatnonzero(rows == start)
        if len(here) < 2 or number[here].any() or not word[here].all():
            continue
        if len(set(chosen.take(pa.array(here)).to_pylist())) < len(here):
            continue  # "n/a" in several columns is what a record says, no header
        clash = 0
        for column in places[here]:
            held = number[above & (places == column)]
            clash += len(held) >= 3 and held.mean() >= 0.9
        if clash >= 2:
            return int(start)
    return None
