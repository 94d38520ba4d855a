"""Workbooks of the tests that look for tables: made from rows, read as codes and refused rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from schemas.model import Template
from tests.connectors.excel.making import PARTS, pages_of, rows_of

HEAD = ["编码", "名称", "单价（元）", "日期"]


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    """A workbook with these sheets, each from A1; None leaves a cell out."""
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for title, rows in sheets.items():
        fill(made.create_sheet(title), rows)
    made.save(path)
    return path


def fill(sheet: Worksheet, rows: list[list[Any]], top: int = 1, left: int = 1) -> None:
    for row, line in enumerate(rows, start=top):
        for column, value in enumerate(line, start=left):
            if value is not None:
                sheet.cell(row, column, value)


def made(path: Path, build: Callable[[Worksheet], None], title: str = "零件") -> Path:
    """A workbook whose only sheet `build` makes."""
    whole = openpyxl.Workbook()
    whole.worksheets[0].title = title
    build(whole.worksheets[0])
    whole.save(path)
    return path


def codes(path: Path, template: Template = PARTS) -> list[object]:
    return [row["编码"] for row in rows_of(path, template)]


def refused(path: Path, template: Template = PARTS) -> dict[int, str]:
    return {row["_row_no"]: row["reason"] for page in pages_of(path, template) for row in page.rejected.to_pylist()}
