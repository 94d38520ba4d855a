"""Marked copies made with openpyxl: for packages too odd to patch, and for .xls, .xlsb, .ods and .csv.

Belongs here: the two slower ways of `annotate`. Does not belong here: the patch, the wording.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.excel.filetypes.cells import column_letters
from connectors.excel.marking.comments_patch import AUTHOR
from connectors.excel.marking.styles_patch import FILLS
from connectors.excel.safety import sandbox
from schemas.problems import Problem

if TYPE_CHECKING:
    from connectors.excel.marking.annotate import Mark, Summary

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,8})(?:\.\d{1,10})?")  # longer ones are rather phones and codes
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def with_openpyxl(source: Path, target: Path, marks: Sequence[Mark], summary: Summary) -> None:
    """Mark the workbook with openpyxl. Raises its errors and ValueError for marks on no sheet."""
    import openpyxl

    book = openpyxl.load_workbook(source)
    _mark(book, marks, summary, Problem("note_copy_rewritten"))
    book.save(target)


def from_values(source: Path, target: Path, marks: Sequence[Mark], summary: Summary, shown_name: str) -> None:
    """Write every value the reader finds into a new workbook and mark it. Raises the reader's Problems."""
    import openpyxl

    read = sandbox.read_workbook(source, shown_name)
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, sheet in enumerate(read.sheets, start=1):
        made = book.create_sheet(sheet.name or f"Sheet{number}")
        # A CSV has no numbers: "007" and "7" are two codes there.
        numbers = sheet.name is not None
        columns = (sheet.cells[name].to_pylist() for name in ("row", "column", "text"))
        for row, column, text in zip(*columns, strict=True):
            cell = made.cell(row, column)
            if numbers and _NUMBER.fullmatch(text):
                cell.value = float(text) if "." in text else int(text)
            else:
                cell.value = _CONTROL.sub("", text)
                cell.data_type = "s"  # a text that begins with "=" is no formula
        for first, last in sheet.hidden_columns:
            for column in range(first, min(last, 200) + 1):
                made.column_dimensions[column_letters(column)].hidden = True
        for top, left, bottom, right in sheet.merges:
            made.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
    _mark(book, marks, summary, Problem("note_copy_rebuilt"))
    book.save(target)


def _mark(book: Any, marks: Sequence[Mark], summary: Summary, note: Problem) -> None:
    from openpyxl.cell.cell import MergedCell
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    from connectors.excel.marking.annotate import free_title, note_lines, summary_lines, together

    by_sheet: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        by_sheet[mark.sheet if mark.sheet is not None else book.worksheets[0].title].append(mark)
    for name, mine in by_sheet.items():
        if name not in book.sheetnames:
            raise ValueError(f"no sheet {name!r}")
        severities, comments, values = together(mine)
        for address, text in comments.items():
            cell = book[name][address]
            if isinstance(cell, MergedCell):  # covered by a merge: nothing can be shown there
                continue
            cell.fill = copy(PatternFill("solid", fgColor=FILLS[severities[address]]))
            before = f"{cell.comment.text}\n" if cell.comment is not None else ""
            cell.comment = Comment(_CONTROL.sub("", before + text), AUTHOR, height=110, width=290)
            value = values[address]
            if value is not None and cell.data_type != "f":
                numeric = cell.data_type == "n" and cell.value is not None and _NUMBER.fullmatch(value)
                cell.value = float(value) if numeric else _CONTROL.sub("", value)
                if not numeric:
                    cell.data_type = "s"
    titles = {title.lower() for title in book.sheetnames}
    listed = book.create_sheet(free_title(summary.title, titles))
    for line in (summary.headings, *summary_lines(marks, summary), *note_lines([note])):
        listed.append([_CONTROL.sub("", text) for text in line])
    for row in listed.iter_rows():
        for cell in row:
            cell.data_type = "s"
    listed.column_dimensions["D"].width = 70
