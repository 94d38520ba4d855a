"""Streams rows into one .xlsx, .xls or .csv and knows in which cell each value landed.

Belongs here: banners, merged headers, hidden columns, file formats. Does not belong here: what the
rows say (`workbooks.py`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter


@dataclass(frozen=True)
class Layout:
    """One sheet: banner lines, then one or two header rows, then data.

    `columns`: (group, header) from left to right; a group heads neighbouring columns, "" has none.
    """

    title: str
    columns: tuple[tuple[str, str], ...]
    banner: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    @property
    def two_levels(self) -> bool:
        return any(group for group, _ in self.columns)

    @property
    def first_row(self) -> int:
        """1-based row of the first data row."""
        return len(self.banner) + (2 if self.two_levels else 1) + 1

    def letter(self, header: str) -> str:
        return get_column_letter([name for _, name in self.columns].index(header) + 1)


_BOLD = Font(bold=True)
_GREY = PatternFill("solid", start_color="FFD9E1F2")
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)


def new_workbook() -> Workbook:
    """A streaming workbook whose stamps do not depend on the clock."""
    book = Workbook(write_only=True)
    book.properties.created = datetime(2026, 11, 20, 8, 0)
    book.properties.creator = "demo factory"
    return book


def add_sheet(book: Workbook, layout: Layout, rows: Iterable[Sequence[Any]]) -> int:
    """Write one sheet; returns the number of data rows. `rows` are read while they are written."""
    sheet = book.create_sheet(layout.title)
    width = len(layout.columns)
    for header in layout.hidden:
        sheet.column_dimensions[layout.letter(header)].hidden = True
    for column in range(1, width + 1):
        letter = get_column_letter(column)
        if not sheet.column_dimensions[letter].hidden:
            sheet.column_dimensions[letter].width = 18
    sheet.freeze_panes = f"A{layout.first_row}"
    for line in range(1, len(layout.banner) + 1):
        sheet.merged_cells.add(f"A{line}:{get_column_letter(width)}{line}")
    for merged in _header_merges(layout):
        sheet.merged_cells.add(merged)
    for text in layout.banner:
        sheet.append([_styled(sheet, text)])
    for header_row in _header_rows(layout):
        sheet.append([_styled(sheet, text) for text in header_row])
    count = 0
    for row in rows:
        sheet.append(row)
        count += 1
    return count


def _styled(sheet: Any, text: str | None) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font, cell.fill, cell.alignment = _BOLD, _GREY, _CENTRE
    return cell


def _header_rows(layout: Layout) -> list[list[str | None]]:
    names: list[str | None] = [name for _, name in layout.columns]
    if not layout.two_levels:
        return [names]
    top: list[str | None] = []
    for index, (group, name) in enumerate(layout.columns):
        first = index == 0 or layout.columns[index - 1][0] != group
        top.append(name if not group else group if first else None)
    return [top, [name if group else None for group, name in layout.columns]]


def _header_merges(layout: Layout) -> list[str]:
    if not layout.two_levels:
        return []
    top = len(layout.banner) + 1
    merges = []
    groups = [group for group, _ in layout.columns]
    for index, group in enumerate(groups):
        letter = get_column_letter(index + 1)
        if not group:
            merges.append(f"{letter}{top}:{letter}{top + 1}")
        elif index == 0 or groups[index - 1] != group:
            last = index
            while last + 1 < len(groups) and groups[last + 1] == group:
                last += 1
            if last > index:
                merges.append(f"{letter}{top}:{get_column_letter(last + 1)}{top}")
    return merges


def write_xls(path: Path, layout: Layout, rows: Iterable[Sequence[Any]]) -> int:
    """An Excel 97-2003 workbook with one sheet."""
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet(layout.title)
    date_style = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for number, text in enumerate(layout.banner):
        sheet.write_merge(number, number, 0, len(layout.columns) - 1, text)
    for number, header in enumerate(_header_rows(layout), len(layout.banner)):
        for column, name in enumerate(header):
            if name is not None:
                sheet.write(number, column, name)
    count = 0
    for row in rows:
        for column, value in enumerate(row):
            if value is not None:
                style = (date_style,) if isinstance(value, date) else ()
                sheet.write(layout.first_row - 1 + count, column, value, *style)
        count += 1
    book.save(str(path))
    return count


def write_csv(path: Path, layout: Layout, rows: Iterable[Sequence[Any]]) -> int:
    """A GBK file with CRLF line ends, as Chinese Excel saves it."""
    count = 0
    with path.open("w", encoding="gbk", newline="") as file:
        writer = csv.writer(file)
        writer.writerows(_header_rows(layout))
        for row in rows:
            writer.writerow([_csv_text(value) for value in row])
            count += 1
    return count


def _csv_text(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:.2f}" if isinstance(value, float) else value
