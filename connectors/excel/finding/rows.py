"""Data rows below a header: pages of text columns, keys, and rows that are no data.

Belongs here: turning the cells of a table (body.py) into pages, and what is to be said about its rows. Does not
belong here: which rows are no data (refuse.py), standard values and rules (the hub), finding the header (layout.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import KEY, REJECTED_SCHEMA, ROW_NO
from connectors.excel.filetypes import cells
from connectors.excel.filetypes.cells import address
from connectors.excel.finding import refuse
from connectors.excel.finding.body import Body
from connectors.excel.finding.layout import Layout
from connectors.excel.safety.sandbox import Sheet
from schemas.model import CellType, Template
from schemas.problems import Problem

_SAMPLES = 5
_MOST_ROWS = 20  # row numbers named in one note
_NUMBER = r"^\s*[-+]?[\d,]*\.?\d+\s*$"
# What was done to cells -> the note that says so.
_CHANGED = {
    "merged": "note_merged_filled",
    "filled_down": "note_filled_down",
    "roc": "note_roc_dates",
    "digits_lost": "note_long_numbers",
    "scientific": "note_scientific",
}
_REFUSED = {
    refuse.TOTAL: "note_totals",
    refuse.HEADER: "note_repeated_headers",
    refuse.SIGNATURE: "note_signatures",
    refuse.NOTE: "note_remarks",
    refuse.SECTION: "note_sections",
    refuse.HIDDEN: "note_hidden_rows_skipped",
}


def schema_of(template: Template) -> pa.Schema:
    """Source columns as text in template order, then KEY and ROW_NO."""
    fields = [(column.source, pa.string()) for column in template.columns]
    return pa.schema([*fields, pa.field(KEY, pa.string(), nullable=False), (ROW_NO, pa.int64())])


class DataRows:
    """The rows below the header of one table. Everything is decided before the first page comes.

    `types`: what the cells of each source column hold. `file_name`: for columns that take it. `seen`: keys and how
    often they came, shared by the tables that are read as one.
    """

    def __init__(
        self,
        sheet: Sheet,
        layout: Layout,
        template: Template,
        types: Mapping[str, CellType],
        file_name: str = "",
        seen: dict[str, int] | None = None,
    ) -> None:
        self.sheet, self.layout, self.template = sheet, layout, template
        self._types, self._file_name = types, file_name
        self._seen = seen if seen is not None else {}
        self.body = Body(sheet, layout, template, types)
        self.refused = refuse.reasons(self.body, sheet, layout, template)
        # Between the records, a row without any value of ours is refused; below the last one it may be a numbering
        # that was filled in ahead, and is only told.
        last = self.body.rows[-1] if len(self.body.rows) else 0
        unread = self.body.unread[self.body.unread < last]
        self.refused = dict.fromkeys(unread.tolist(), refuse.UNREAD) | self.refused
        self.numbers = np.union1d(self.body.rows, unread)  # of all rows that are loaded or rejected

    def notes(self) -> list[Problem]:
        """What was passed over, changed or looks odd in the rows."""
        found = [*self._passed_over(), *self._hidden()]
        changed = self.body.changed
        for what, code in _CHANGED.items():
            if changed.counts.get(what):
                found.append(Problem(code, count=changed.counts[what], cells=changed.named(what)))
        return [*found, *self._merges(), *self._numbers_as_text()]

    def _passed_over(self) -> Iterator[Problem]:
        for code, note in _REFUSED.items():
            refused = sorted(row for row, reason in self.refused.items() if reason == code)
            if refused:
                more = " …" if len(refused) > _MOST_ROWS else ""
                named = ", ".join(str(row) for row in refused[:_MOST_ROWS]) + more
                yield Problem(note, count=len(refused), rows=named)
        if len(self.body.unread):
            yield Problem("note_unread_rows", count=len(self.body.unread), rows=_ranges(self.body.unread))
        rows = self.numbers
        if len(rows) and (blank := int(rows[-1]) - self.layout.header_rows[1] - len(rows)):
            yield Problem("note_blank_rows", count=blank)
        extra = self._extra_cells()
        if extra:
            yield Problem("note_extra_cells", count=len(extra), cells=", ".join(extra[:_SAMPLES]))

    def _extra_cells(self) -> list[str]:
        """Values below no header, or in a row without any value of ours: shown, because they are not loaded."""
        table = self.sheet.cells
        rows, columns = table["row"].to_numpy(), table["column"].to_numpy()
        last = self.layout.last_row or cells.MAX_ROW
        named = [header.column for header in self.layout.headers if header.column not in self.body.known]
        ours = list(self.body.known | self.layout.beside)
        below = (rows > self.layout.header_rows[1]) & (rows <= last) & ~np.isin(columns, ours)
        lost = np.flatnonzero(below & ~(np.isin(columns, named) & np.isin(rows, self.body.rows)))
        filled = pc.not_equal(pc.utf8_trim_whitespace(table["text"].take(pa.array(lost))), "")
        lost = lost[filled.to_numpy()] if len(lost) else lost
        return [address(int(rows[place]), int(columns[place])) for place in lost]

    def _hidden(self) -> Iterator[Problem]:
        by_hand, filtered = refuse.hidden_rows(self.sheet, self.body.rows)
        policy = self.template.hidden
        for rows, word, note in (
            (by_hand, policy.rows, "note_hidden_rows"),
            (filtered, policy.filtered, "note_filtered_rows"),
        ):
            if len(rows) and word == "warn":
                yield Problem(note, count=len(rows), rows=", ".join(str(row) for row in rows[:_SAMPLES].tolist()))

    def _merges(self) -> Iterator[Problem]:
        inside = [
            merge
            for merge in self.sheet.merges
            if merge[0] > self.layout.header_rows[1] and self.body.known & {merge[1], merge[3]}
        ]
        if inside and self.template.merged == "first":
            named = ", ".join(f"{address(t, left)}:{address(b, right)}" for t, left, b, right in inside[:_SAMPLES])
            yield Problem("note_merged_cells", count=len(inside), cells=named)

    def _numbers_as_text(self) -> Iterator[Problem]:
        """Numbers that the workbook holds as text ("number stored as text"); CSV knows nothing else."""
        kinds = self.sheet.cells["kind"] if "kind" in self.sheet.cells.column_names else None
        if kinds is None or self.sheet.name is None:
            return
        numbers = [
            self.layout.columns[s] for s, kind in self._types.items() if kind == "number" and s in self.layout.columns
        ]
        table = self.sheet.cells
        mine = np.isin(table["column"].to_numpy(), numbers) & np.isin(table["row"].to_numpy(), self.body.rows)
        mine &= (kinds.to_numpy() & ~np.uint8(cells.FORMULA)) == cells.TEXT
        place = np.flatnonzero(mine)
        if len(place):
            place = place[pc.match_substring_regex(table["text"].take(pa.array(place)), _NUMBER).to_numpy()]
        if len(place):
            named = [address(table["row"][int(p)].as_py(), table["column"][int(p)].as_py()) for p in place[:_SAMPLES]]
            yield Problem("note_text_numbers", count=len(place), cells=", ".join(named))

    def pages(self, page_rows: int) -> Iterator[tuple[pa.Table, pa.Table]]:
        """(rows, rejected) per page; at least one page, perhaps empty."""
        rows = self.numbers
        for start in range(0, max(len(rows), 1), page_rows):
            yield self._page(rows[start : start + page_rows])

    def _page(self, numbers: np.ndarray) -> tuple[pa.Table, pa.Table]:
        table = self._columns(numbers)
        rejected = [place for place, row in enumerate(numbers.tolist()) if row in self.refused]
        sheet = self.sheet.name or ""
        if rejected:
            lines = table.take(rejected).to_pylist()
            row_numbers = [int(numbers[place]) for place in rejected]
            values = [
                self._unread(row) if self.refused[row] == refuse.UNREAD else line
                for row, line in zip(row_numbers, lines, strict=True)
            ]
            raw = [json.dumps({k: v for k, v in line.items() if v is not None}, ensure_ascii=False) for line in values]
            keys = [f"{sheet}!{row}" for row in row_numbers]
            codes = [self.refused[row] for row in row_numbers]
            rejected_table = pa.table([keys, row_numbers, raw, codes], schema=REJECTED_SCHEMA)
            keep = np.setdiff1d(np.arange(len(numbers)), rejected)
            table, numbers = table.take(pa.array(keep)), numbers[keep]
        else:
            rejected_table = REJECTED_SCHEMA.empty_table()
        keys = _keys(table, self.template.key, numbers, self._seen)
        arrays = [*table.columns, pa.array(keys, pa.string()), pa.array(numbers, pa.int64())]
        return pa.table(arrays, schema=schema_of(self.template)), rejected_table

    def _unread(self, row: int) -> dict[str, str]:
        """Header -> text of a row that holds nothing in the columns that are read."""
        shown = {header.column: header.shown for header in self.layout.headers}
        return {shown.get(column) or cells.column_letters(column): text for column, text in self.body.row(row).items()}

    def _columns(self, numbers: np.ndarray) -> pa.Table:
        """The template's columns for these row numbers; a column the sheet lacks is all null."""
        arrays = []
        for column in self.template.columns:
            if column.origin != "cell":
                name = self.sheet.name if column.origin == "sheet" else self._file_name
                arrays.append(pa.array([name] * len(numbers), pa.string()))
            elif column.source not in self.layout.columns:
                arrays.append(pa.nulls(len(numbers), pa.string()))
            else:
                arrays.append(self.body.column(self.layout.columns[column.source], numbers))
        return pa.table(arrays, names=[column.source for column in self.template.columns])


def _ranges(numbers: np.ndarray) -> str:
    """Sorted row numbers in short: "7, 12-911"."""
    parts = [part.tolist() for part in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)]
    named = [str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts[:_MOST_ROWS]]
    return ", ".join(named) + (f" … {parts[-1][-1]}" if len(parts) > _MOST_ROWS else "")


def _keys(table: pa.Table, key: tuple[str, ...], numbers: np.ndarray, seen: dict[str, int]) -> list[str]:
    """The rows' source keys: business key text, "@<row>" where it is blank, "#2" for the second of its kind."""
    parts = [[(text or "").strip() for text in table[source].to_pylist()] for source in key]
    keys = []
    for place, row in enumerate(numbers):
        texts = [part[place] for part in parts]
        name = "|".join(texts) if any(texts) else f"@{row}"
        again = seen.get(name, 0) + 1
        while again > 1 and f"{name}#{again}" in seen:  # somebody's own code may end in "#2"
            again += 1
        seen[name] = again
        shown = name if again == 1 else f"{name}#{again}"
        seen.setdefault(shown, 1)
        keys.append(shown)
    return keys
