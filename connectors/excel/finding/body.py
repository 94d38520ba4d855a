"""The cells below one header, with what stands in for some of them: sorted by row, quick to ask.

Belongs here: which cells belong to a table, marks and merges laid over them, dates of the 民國 calendar and units
brought to what the template wants. Does not belong here: which rows are data (refuse.py), pages (rows.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.excel.filetypes.cells import address
from connectors.excel.filetypes.number_formats import SCIENTIFIC, scientific
from connectors.excel.finding import roc
from connectors.excel.finding.layout import Layout
from connectors.excel.safety.sandbox import Sheet
from schemas.model import CellType, Template

# What lands for a formula whose result the file does not hold; the hub knows it as an error like Excel's own.
NOT_CALCULATED = "#NOT_CALCULATED!"
SAMPLES = 5
_WIDTH = 16_385


@dataclass
class Changed:
    """Cells that land as another text than they hold, by what was done: (count, first addresses)."""

    counts: dict[str, int] = field(default_factory=dict)
    cells: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, row: int, column: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1
        known = self.cells.setdefault(what, [])
        if len(known) < SAMPLES:
            known.append(address(row, column))

    def named(self, what: str) -> str:
        return ", ".join(self.cells.get(what, ())) or "-"


def _texts_at(sheet: Sheet, place: np.ndarray) -> list[pa.Array]:
    taken = sheet.cells["text"].take(pa.array(place))
    return [chunk.cast(pa.string()) for chunk in taken.chunks]


class Body:
    """All cells of a table below its header. `rows`: the rows that hold a value in a known column."""

    def __init__(self, sheet: Sheet, layout: Layout, template: Template, types: Mapping[str, CellType]) -> None:
        self.changed = Changed()
        self.known = set(layout.columns.values())
        self._types = {layout.columns[source]: kind for source, kind in types.items() if source in layout.columns}
        # Columns of figures and dates, in which no row says in words that it is a total
        self.figures = {column for column, kind in self._types.items() if kind != "text"}
        self._extra: list[str] = []
        self.last_row = layout.last_row
        rows, columns = sheet.cells["row"].to_numpy(), sheet.cells["column"].to_numpy()
        first, last = layout.span
        inside = (rows > layout.header_rows[1]) & (columns >= first) & (columns <= last)
        if layout.last_row is not None:
            inside &= rows <= layout.last_row
        place = np.flatnonzero(inside)
        place = place[np.argsort(rows[place], kind="stable")]
        texts = pa.concat_arrays([pa.array([], pa.string()), *_texts_at(sheet, place)])
        written = pc.not_equal(texts, "")
        self._base = texts if pc.all(written).as_py() is not False else texts.filter(written)
        place = place[written.to_numpy(zero_copy_only=False)]
        self.row_of_cell, self.column_of_cell, self._place = rows[place], columns[place], np.arange(len(place))
        self._texts: pa.Array | None = None
        self._lay_over(sheet, layout, template)
        filled = pc.not_equal(pc.utf8_trim_whitespace(self.texts()), "").to_numpy(zero_copy_only=False)
        self.filled = filled  # per cell: more than blanks
        self.rows = np.unique(self.row_of_cell[filled & np.isin(self.column_of_cell, list(self.known))])
        # Rows that hold something, but nothing in a column that is read
        self.unread = np.setdiff1d(self.row_of_cell[filled], self.rows)

    # --- asking ---------------------------------------------------------------------------------

    def texts(self) -> pa.Array:
        """The text of every cell, in the order of `row_of_cell`."""
        if self._texts is None:
            every = pa.concat_arrays([self._base, pa.array(self._extra, pa.string())]) if self._extra else self._base
            self._texts = every.take(pa.array(self._place))
        return self._texts

    def row(self, row: int) -> dict[int, str]:
        """Column -> text of one row's cells that are not blank, from left to right."""
        wanted = self.row_of_cell.dtype.type(row)  # of another type, every search would copy all row numbers
        low, high = (int(np.searchsorted(self.row_of_cell, wanted, side)) for side in ("left", "right"))
        texts = self.texts().slice(low, high - low).to_pylist()
        return {
            column: text
            for column, text in sorted(zip(self.column_of_cell[low:high].tolist(), texts, strict=True))
            if text.strip()
        }

    def column(self, column: int, numbers: np.ndarray) -> pa.Array:
        """The texts of one column for these rows (sorted), null where a cell is empty."""
        low = np.searchsorted(self.row_of_cell, numbers[0], "left") if len(numbers) else 0
        high = np.searchsorted(self.row_of_cell, numbers[-1], "right") if len(numbers) else 0
        mine = np.flatnonzero(self.column_of_cell[low:high] == column) + low
        mine = mine[np.isin(self.row_of_cell[mine], numbers)]
        index = np.full(len(numbers), -1, np.int64)
        index[np.searchsorted(numbers, self.row_of_cell[mine])] = mine
        return self.texts().take(pa.array(index, mask=index < 0))

    def marked(self, sheet: Sheet, mark: str) -> tuple[np.ndarray, np.ndarray, list[str | None]]:
        """(rows, columns, texts) of the cells of this table with a mark."""
        found = sheet.marks.filter(pc.equal(sheet.marks["mark"], mark)) if sheet.marks.num_rows else sheet.marks
        rows, columns = found["row"].to_numpy(), found["column"].to_numpy()
        mine = np.isin(columns, list(self.known)) & (rows > 0)
        if self.last_row is not None:
            mine &= rows <= self.last_row
        return (
            rows[mine],
            columns[mine],
            [text for text, is_mine in zip(found["text"].to_pylist(), mine, strict=True) if is_mine],
        )

    # --- laying over ----------------------------------------------------------------------------

    def _lay_over(self, sheet: Sheet, layout: Layout, template: Template) -> None:
        below = layout.header_rows[1]
        rows, columns, _ = self.marked(sheet, "not_calculated")
        new = [(r, c, NOT_CALCULATED) for r, c in zip(rows.tolist(), columns.tolist(), strict=True) if r > below]
        rows, columns, texts = self.marked(sheet, "shown")
        for row, column, text in zip(rows.tolist(), columns.tolist(), texts, strict=True):
            if row > below and self._types.get(column) == "text" and text is not None:
                new.append((row, column, text))
        rows, columns, _ = self.marked(sheet, "long_numbers")
        known = self._at(rows, columns)
        for row, column, text in zip(rows.tolist(), columns.tolist(), known, strict=True):
            if row > below and self._types.get(column) == "text" and text is not None:
                new.append((row, column, scientific(text)))
                self.changed.add("digits_lost", row, column)
        self._put(new)
        if template.merged == "fill":
            self._fill_merges(sheet, below)
        self._fill_down(layout, template)
        self._convert(layout, template)
        self._notice(layout)

    def _at(self, rows: np.ndarray, columns: np.ndarray) -> list[str | None]:
        """The texts of single cells, None where there is none."""
        keys = self.row_of_cell.astype(np.int64) * _WIDTH + self.column_of_cell
        order = np.argsort(keys, kind="stable")
        wanted = rows.astype(np.int64) * _WIDTH + columns
        place = np.searchsorted(keys[order], wanted)
        found = [
            order[p] if p < len(order) and keys[order[p]] == w else None for p, w in zip(place, wanted, strict=True)
        ]
        texts = self.texts()
        return [None if p is None else texts[int(p)].as_py() for p in found]

    def _put(self, cells: Iterable[tuple[int, int, str]]) -> None:
        """Replaces or adds cells."""
        cells = list(cells)
        if not cells:
            return
        rows, columns = np.array([c[0] for c in cells]), np.array([c[1] for c in cells])
        new = len(self._base) + len(self._extra) + np.arange(len(cells))
        self._extra += [cell[2] for cell in cells]
        gone = np.isin(
            self.row_of_cell.astype(np.int64) * _WIDTH + self.column_of_cell, rows.astype(np.int64) * _WIDTH + columns
        )
        rows = np.concatenate([self.row_of_cell[~gone], rows])
        order = np.argsort(rows, kind="stable")
        self.row_of_cell = rows[order]
        self.column_of_cell = np.concatenate([self.column_of_cell[~gone], columns])[order]
        self._place = np.concatenate([self._place[~gone], new])[order]
        self._texts = None

    def _fill_merges(self, sheet: Sheet, below: int) -> None:
        filled_rows = set(self.row_of_cell[np.isin(self.column_of_cell, list(self.known))].tolist())
        wanted = [
            (top, left, bottom)
            for top, left, bottom, _ in sheet.merges
            if bottom > top > below and left in self.known and (self.last_row is None or top <= self.last_row)
        ]
        texts = self._at(np.array([top for top, _, _ in wanted], int), np.array([left for _, left, _ in wanted], int))
        new = []
        for (top, left, bottom), text in zip(wanted, texts, strict=True):
            for row in range(top + 1, bottom + 1):
                # A row of which every cell is merged into the one above is part of that record, not one of its own.
                if text is not None and row in filled_rows:
                    new.append((row, left, text))
                    self.changed.add("merged", row, left)
        self._put(new)

    def _fill_down(self, layout: Layout, template: Template) -> None:
        wanted = [c.source for c in template.columns if c.fill_down and c.source in layout.columns]
        for source in wanted:
            column = layout.columns[source]
            rows = np.unique(self.row_of_cell[np.isin(self.column_of_cell, list(self.known - {column}))])
            current, new = None, []
            for row, text in zip(rows.tolist(), self.column(column, rows).to_pylist(), strict=True):
                if text is not None and text.strip():
                    current = text
                elif current is not None:
                    new.append((row, column, current))
                    self.changed.add("filled_down", row, column)
            self._put(new)

    def _convert(self, layout: Layout, template: Template) -> None:
        for source, column in layout.columns.items():
            mine = np.flatnonzero(self.column_of_cell == column)
            if not len(mine):
                continue
            if self._types.get(column) == "date":
                mine = mine[
                    pc.match_substring_regex(self.texts().take(pa.array(mine)), roc.MAYBE).to_numpy(
                        zero_copy_only=False
                    )
                ]
                texts = self.texts().take(pa.array(mine)).to_pylist()
                days = roc.dates(texts, template.calendar)
                new = [(int(self.row_of_cell[p]), column, day) for p, day in zip(mine, days, strict=True) if day]
                for row, place, _ in new:
                    self.changed.add("roc", row, place)
                self._put(new)
            elif source in layout.factors:
                self._multiply(column, mine, layout.factors[source])

    def _multiply(self, column: int, mine: np.ndarray, factor: Decimal) -> None:
        new = []
        for place, text in zip(mine.tolist(), self.texts().take(pa.array(mine)).to_pylist(), strict=True):
            try:
                number = Decimal(text.replace(",", "").strip()) * factor
            except InvalidOperation:
                continue  # no number: it lands as it is and the hub says so
            if number.is_finite():
                new.append((int(self.row_of_cell[place]), column, f"{number.normalize():f}"))
        self._put(new)

    def _notice(self, layout: Layout) -> None:
        """Codes in scientific notation, as a spreadsheet program writes long numbers into CSV."""
        codes = [column for column in self.known if self._types.get(column) == "text"]
        mine = np.flatnonzero(np.isin(self.column_of_cell, codes))
        hit = pc.match_substring_regex(self.texts().take(pa.array(mine)), SCIENTIFIC).to_numpy(zero_copy_only=False)
        lost = set(self.changed.cells.get("digits_lost", ()))
        for place in mine[hit].tolist():
            row, column = int(self.row_of_cell[place]), int(self.column_of_cell[place])
            if address(row, column) not in lost and not self.changed.counts.get("digits_lost"):
                self.changed.add("scientific", row, column)
