"""Finding a template's table in a sheet: header rows by content, columns by name, what else was seen.

Belongs here: pure decisions over one sheet's cells and one template; each is told as a note.
Does not belong here: opening files (sandbox.py), data rows (rows.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from connectors.excel import headers
from connectors.excel.cells import address, column_letters
from connectors.excel.headers import Header
from connectors.excel.sandbox import Sheet
from schemas.model import Template
from schemas.problems import Problem

HEAD_ROWS = 40  # rows looked at for a header, with some to spare below the last possible one
SEARCHED_ROWS = 30
MAX_LEVELS = 3

Grid = dict[int, dict[int, str]]  # row -> column -> text


@dataclass(frozen=True)
class Layout:
    """Where a template's table stands in a sheet. Rows and columns are 1-based."""

    columns: dict[str, int]  # source column -> column, in template order
    header_rows: tuple[int, int]  # first, last
    headers: tuple[Header, ...]  # every header of the table, known or not
    missing: tuple[str, ...]  # required columns that are not there
    nearest: tuple[str, ...]  # for these: "客户代号 (B4) ≈ 客户编码"
    notes: tuple[Problem, ...]

    @property
    def score(self) -> int:
        return len(self.columns)


def head(sheet: Sheet) -> Grid:
    """The sheet's first rows; merged cells above and inside a header repeat their text to the right."""
    rows: Grid = defaultdict(dict)
    cells = sheet.cells
    top = cells.filter(pc.less_equal(cells["row"], HEAD_ROWS)) if cells.num_rows else cells
    for row, column, text in zip(*(top[name].to_pylist() for name in ("row", "column", "text")), strict=True):
        if text.strip():
            rows[row][column] = text
    for first_row, left, last_row, right in sheet.merges:
        text = rows.get(first_row, {}).get(left)
        if text is None or first_row > HEAD_ROWS or right - left > 500:
            continue
        for row in range(first_row, min(last_row, HEAD_ROWS) + 1):
            for column in range(left, right + 1):
                rows[row].setdefault(column, text)
    return dict(rows)


def find(sheet: Sheet, template: Template) -> Layout | None:
    """The best header of this template in the sheet, None if nothing looks like one.

    A layout with `missing` columns is returned too: the caller decides what to say about it.
    """
    grid = head(sheet)
    words = headers.vocabulary(template)
    required = {column.source for column in template.columns if column.required}
    best: tuple[tuple[int, int, int, int], list[Header], dict[str, list[Header]], tuple[int, int]] | None = None
    for last in sorted(row for row in grid if row <= SEARCHED_ROWS):
        for levels in range(1, MAX_LEVELS + 1):
            if last - levels + 1 < 1:
                break
            found = _headers(grid, last - levels + 1, last)
            matched = headers.match(found, words)
            if not matched:
                continue
            rank = (len(matched) + len(required & matched.keys()), -levels, -last, 0)
            if best is None or rank > best[0]:
                best = (rank, found, matched, (last - levels + 1, last))
    if best is None or len(best[2]) < min(2, len(template.columns)):
        return None
    _, found, matched, rows = best
    first = _with_group_rows(sheet, grid, rows, matched)
    if first < rows[0]:
        found = _headers(grid, first, rows[1])
        matched = headers.match(found, words)
    return _layout(sheet, template, found, matched, (first, rows[1]))


def _headers(grid: Grid, first: int, last: int) -> list[Header]:
    columns = sorted({column for row in range(first, last + 1) for column in grid.get(row, {})})
    found = []
    for column in columns:
        texts = [grid[row][column] for row in range(first, last + 1) if column in grid.get(row, {})]
        levels = [text for place, text in enumerate(texts) if place == 0 or text != texts[place - 1]]
        found.append(Header(column, tuple(levels)))
    return found


def _with_group_rows(sheet: Sheet, grid: Grid, rows: tuple[int, int], matched: dict[str, list[Header]]) -> int:
    """The first header row once rows of group titles ("基本信息") above it are counted in."""
    columns = [group[0].column for group in matched.values()]
    first, width = rows[0], max(columns) - min(columns) + 1
    while first > 1 and rows[1] - first + 1 < MAX_LEVELS:
        spans = [
            right - left + 1
            for top, left, bottom, right in sheet.merges
            if top <= first - 1 <= bottom and right > left and left <= max(columns) and right >= min(columns)
        ]
        if not spans or max(spans) >= width or first - 1 not in grid:
            break
        first -= 1
    return first


def _layout(
    sheet: Sheet,
    template: Template,
    found: Sequence[Header],
    matched: dict[str, list[Header]],
    rows: tuple[int, int],
) -> Layout:
    columns = {c.source: matched[c.source][0].column for c in template.columns if c.source in matched}
    missing = tuple(c.source for c in template.columns if c.required and c.source not in matched)
    used = {header.column for group in matched.values() for header in group}
    unknown = [header for header in found if header.column not in used]
    nearest = []
    for source in missing:
        header = headers.nearest(source, template, unknown)
        if header is not None:
            nearest.append(f"{header.shown} ({address(rows[1], header.column)}) ≈ {source}")
    return Layout(
        columns=columns,
        header_rows=rows,
        headers=tuple(found),
        missing=missing,
        nearest=tuple(nearest),
        notes=tuple(_notes(sheet, template, matched, unknown, columns, rows)),
    )


def _notes(
    sheet: Sheet,
    template: Template,
    matched: dict[str, list[Header]],
    unknown: Sequence[Header],
    columns: dict[str, int],
    rows: tuple[int, int],
) -> list[Problem]:
    first, last = rows
    notes = [Problem("note_banner", last=first - 1)] if first > 1 else []
    notes.append(Problem("note_header", first=first, last=last, data=last + 1))
    for source, group in matched.items():
        header, column = group[0], template.column(source)
        if headers.plain(header.leaf) != headers.plain(source):
            notes.append(Problem("note_synonym", header=header.shown, column=source))
        if len(group) > 1:
            cells = ", ".join(address(last, other.column) for other in group)
            notes.append(Problem("note_double_column", column=source, cells=cells, used=column_letters(header.column)))
        unit = headers.unit_of(header.leaf)
        if unit is not None and column.unit is not None and not headers.same_unit(unit, column.unit):
            notes.append(Problem("note_unit_differs", column=source, unit=unit, expected=column.unit))
        elif unit is not None:
            notes.append(Problem("note_unit", column=source, unit=unit))
    if unknown:
        named = ", ".join(f"{header.shown} ({column_letters(header.column)})" for header in unknown)
        notes.append(Problem("note_unknown_columns", columns=named))
    absent = [column.source for column in template.columns if not column.required and column.source not in columns]
    if absent:
        notes.append(Problem("note_absent_columns", columns=", ".join(absent)))
    by_column = {
        header.column: header.shown for header in (*unknown, *(h for group in matched.values() for h in group))
    }
    hidden = [
        f"{by_column[column]} ({column_letters(column)})"
        for column in sorted(by_column)
        if any(left <= column <= right for left, right in sheet.hidden_columns)
    ]
    if hidden:
        notes.append(Problem("note_hidden_columns", columns=", ".join(hidden)))
    if not sheet.visible:
        notes.append(Problem("note_hidden_sheet", sheet=sheet.name or ""))
    return notes + _value_notes(sheet, last, columns)


def _value_notes(sheet: Sheet, last: int, columns: dict[str, int]) -> list[Problem]:
    notes = []
    for code, seen in (
        ("note_errors", sheet.errors),
        ("note_not_calculated", sheet.not_calculated),
        ("note_long_numbers", sheet.long_numbers),
    ):
        if seen.get("count"):
            notes.append(Problem(code, count=seen["count"], cells=", ".join(seen["cells"])))
    if sheet.hidden_row_count:
        rows = ", ".join(str(row) for row in sheet.hidden_rows)
        notes.append(Problem("note_hidden_rows", count=sheet.hidden_row_count, rows=rows))
    inside = [merge for merge in sheet.merges if merge[0] > last and set(columns.values()) & {merge[1], merge[3]}]
    if inside:
        cells = ", ".join(f"{address(t, left)}:{address(b, right)}" for t, left, b, right in inside[:5])
        notes.append(Problem("note_merged_cells", count=len(inside), cells=cells))
    return notes
