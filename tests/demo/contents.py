"""Reads everything a world holds as plain values, for comparing and hashing."""

from __future__ import annotations

import csv
import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from examples.demo_factory.build import ERP, MES, TRUTH, WORKBOOKS


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of an SQLite file by table, ordered."""
    with closing(sqlite3.connect(path)) as database:
        names = [row[0] for row in database.execute("select name from sqlite_master where type = 'table' order by 1")]
        return {name: database.execute(f'select * from "{name}" order by 1, 2').fetchall() for name in names}


def sheets(path: Path) -> dict[str | None, list[list[Any]]]:
    """Cell values by sheet name (None for a CSV); row 1 is index 0."""
    if path.suffix == ".csv":
        with path.open(encoding="gbk", newline="") as file:
            return {None: [list(row) for row in csv.reader(file)]}
    if path.suffix == ".xls":
        book = CalamineWorkbook.from_path(str(path))
        return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    workbook = load_workbook(path)
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in workbook}


def content_hash(folder: Path) -> str:
    """One hash over every row, cell and line of truth."""
    digest = hashlib.sha256()
    for name in (ERP, MES):
        digest.update(repr(tables(folder / name)).encode())
    for path in sorted((folder / WORKBOOKS).rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode())
            body = path.read_bytes() if path.name.startswith("~$") else repr(sheets(path)).encode()
            digest.update(body)
    digest.update((folder / TRUTH).read_bytes())
    return digest.hexdigest()
