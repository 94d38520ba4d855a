"""Data rows below a header: pages of text columns, keys, and rows that are no data.

Belongs here: turning a sheet's cells and a layout into pages. Does not belong here: standard values
and rules (the hub), finding the header (layout.py).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import KEY, REJECTED_SCHEMA, ROW_NO
from connectors.excel.cells import address
from connectors.excel.layout import Layout
from connectors.excel.sandbox import Sheet
from schemas.model import Template
from schemas.problems import Problem

_TOTAL = re.compile(
    r"(?:本页|本月|本年|累计|以上)?(?:合计|总计|小计|共计|总合计|累计|grandtotal|subtotal|total)"
    r"(?:$|[:,(\d]|共|数量|金额|行|\()",
)
_TELLING = r"(?i)[合总小共累]\s*计|total|制表|填表|审核|复核|批准|编制|打印|制单"
_SIGNATURE = re.compile(r"(?:制表|填表|审核|复核|批准|编制|打印|制单)(?:人|日期|时间)?:")


@dataclass
class Counts:
    """What was passed over while reading, for the notes."""

    blank_rows: int = 0
    extra_cells: int = 0
    extra_samples: list[str] = field(default_factory=list)


def schema_of(template: Template) -> pa.Schema:
    """Source columns as text in template order, then KEY and ROW_NO."""
    fields = [(column.source, pa.string()) for column in template.columns]
    return pa.schema([*fields, pa.field(KEY, pa.string(), nullable=False), (ROW_NO, pa.int64())])


class DataRows:
    """The rows below the header of one sheet. `counts` is complete before the first page comes."""

    def __init__(self, sheet: Sheet, layout: Layout, template: Template) -> None:
        self.sheet, self.layout, self.template = sheet, layout, template
        self.counts = Counts()
        rows = sheet.cells["row"].to_numpy()
        columns = sheet.cells["column"].to_numpy()
        below = rows > layout.header_rows[1]
        known = np.isin(columns, list(layout.columns.values()))
        self._texts = pa.concat_arrays([pa.array([], pa.string()), *sheet.cells["text"].chunks])
        filled = pc.not_equal(pc.utf8_trim_whitespace(self._texts), "").to_numpy(zero_copy_only=False)
        self._rows = np.unique(rows[below & known & filled])
        # A cell of blanks makes no row, but within a row it lands as it stands: people must find it again.
        written = pc.not_equal(self._texts, "").to_numpy(zero_copy_only=False)
        place = np.flatnonzero(below & known & written & np.isin(rows, self._rows))
        place = place[np.argsort(rows[place], kind="stable")]
        self._place, self._cell_rows, self._cell_columns = place, rows[place], columns[place]
        self._count_rest(rows, columns, np.flatnonzero(below & ~known & filled))

    def _count_rest(self, rows: np.ndarray, columns: np.ndarray, rest: np.ndarray) -> None:
        if len(self._rows):
            span = int(self._rows[-1]) - self.layout.header_rows[1]
            self.counts.blank_rows = span - len(self._rows)
        named = {header.column for header in self.layout.headers}
        # A value below no header, or in a row without any value of ours: shown, because it is not loaded.
        lost = rest[~(np.isin(columns[rest], list(named)) & np.isin(rows[rest], self._rows))]
        self.counts.extra_cells = len(lost)
        self.counts.extra_samples = [address(int(rows[i]), int(columns[i])) for i in lost[:5]]

    def notes(self) -> list[Problem]:
        counts, found = self.counts, []
        if counts.blank_rows:
            found.append(Problem("note_blank_rows", count=counts.blank_rows))
        if counts.extra_cells:
            found.append(Problem("note_extra_cells", count=counts.extra_cells, cells=", ".join(counts.extra_samples)))
        return found

    def pages(self, page_rows: int) -> Iterator[tuple[pa.Table, pa.Table]]:
        """(rows, rejected) per page; at least one page, perhaps empty."""
        seen: dict[str, int] = {}
        for start in range(0, max(len(self._rows), 1), page_rows):
            numbers = self._rows[start : start + page_rows]
            yield self._page(numbers, seen)

    def _page(self, numbers: np.ndarray, seen: dict[str, int]) -> tuple[pa.Table, pa.Table]:
        table = self._columns(numbers)
        reasons = _reasons(table, self.layout, self.template.key)
        rejected = [place for place, reason in enumerate(reasons) if reason]
        sheet = self.sheet.name or ""
        if rejected:
            lines = table.take(rejected).to_pylist()
            row_numbers = [int(numbers[place]) for place in rejected]
            raw = [json.dumps({k: v for k, v in line.items() if v is not None}, ensure_ascii=False) for line in lines]
            keys = [f"{sheet}!{row}" for row in row_numbers]
            codes = [reasons[place] for place in rejected]
            rejected_table = pa.table([keys, row_numbers, raw, codes], schema=REJECTED_SCHEMA)
            keep = [place for place, reason in enumerate(reasons) if not reason]
            table, numbers = table.take(keep), numbers[keep]
        else:
            rejected_table = REJECTED_SCHEMA.empty_table()
        keys = _keys(table, self.template.key, numbers, seen)
        arrays = [*table.columns, pa.array(keys, pa.string()), pa.array(numbers, pa.int64())]
        return pa.table(arrays, schema=schema_of(self.template)), rejected_table

    def _columns(self, numbers: np.ndarray) -> pa.Table:
        """The template's columns for these row numbers; a column the sheet lacks is all null."""
        if len(numbers):
            low = np.searchsorted(self._cell_rows, numbers[0], "left")
            high = np.searchsorted(self._cell_rows, numbers[-1], "right")
        else:
            low = high = 0
        rows, columns, place = self._cell_rows[low:high], self._cell_columns[low:high], self._place[low:high]
        arrays = []
        for source in (column.source for column in self.template.columns):
            if source not in self.layout.columns:
                arrays.append(pa.nulls(len(numbers), pa.string()))
                continue
            mine = columns == self.layout.columns[source]
            index = np.full(len(numbers), -1, np.int64)
            index[np.searchsorted(numbers, rows[mine])] = place[mine]
            arrays.append(self._texts.take(pa.array(index, mask=index < 0)))
        return pa.table(arrays, names=[column.source for column in self.template.columns])


def _reasons(table: pa.Table, layout: Layout, key: tuple[str, ...]) -> list[str]:
    """Per row: the code of why it is no data, "" for data. Only rows with a telling word are looked at closely."""
    like_header = np.zeros(table.num_rows, np.int64)
    telling = np.zeros(table.num_rows, bool)
    by_column = {header.column: header for header in layout.headers}
    for source, column in layout.columns.items():
        texts = pc.utf8_trim_whitespace(table[source])
        written = [level.strip() for level in by_column[column].levels]
        like_header += pc.fill_null(pc.is_in(texts, pa.array(written)), False).to_numpy()
        telling |= pc.fill_null(pc.match_substring_regex(texts, _TELLING), False).to_numpy()
    reasons = [""] * table.num_rows
    for place in np.flatnonzero((like_header >= 2) | telling):
        line = table.slice(int(place), 1).to_pylist()[0]
        filled = [(source, line[source]) for source in layout.columns if line[source] is not None]
        if like_header[place] >= 2 and like_header[place] * 2 > len(filled):
            reasons[place] = "workbook_reject_header"
        else:
            reasons[place] = _reason(filled, key)
    return reasons


def _reason(filled: list[tuple[str, str]], key: tuple[str, ...]) -> str:
    for place, (source, text) in enumerate(filled[:3]):
        core = "".join(unicodedata.normalize("NFKC", text).lower().split())
        others = [other for other, _ in filled if other in key and other != source]
        if _TOTAL.match(core) and not others and (source in key or place == 0):
            return "workbook_reject_total"
        if place == 0 and len(filled) <= 3 and _SIGNATURE.match(core):
            return "workbook_reject_signature"
    return ""


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
