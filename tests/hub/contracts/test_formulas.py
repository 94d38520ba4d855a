"""Conditions as Excel formulas: LibreOffice computes them, DuckDB answers the same condition, and both agree."""

from __future__ import annotations

import csv
import shutil
import subprocess
from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import pytest

from hub.contracts.portable import NotPortableError
from hub.contracts.template.formulas import Cell, formula

CELLS = {
    "qty": Cell("$A{row}", "decimal"),
    "name": Cell("$B{row}", "string"),
    "unit": Cell("$C{row}", "string", {"KG": ("千克", "KG", "kilogram"), "PCS": ("个", "PCS")}),
    "used": Cell("$D{row}", "boolean", {"true": ("是", "yes"), "false": ("否", "no")}),
    "day": Cell("$E{row}", "date"),
    "other": Cell("$F{row}", "decimal"),
}
ROWS: list[tuple[object, ...]] = [
    (5, "不合格", "千克", "是", date(2026, 1, 2), 10),
    (0, 'a"b', "KG", "否", date(2019, 12, 31), None),
    (None, None, None, None, None, None),
    (-3, "ABC", "个", "yes", date(2030, 1, 1), -6),
    (2.5, "abc", None, "no", None, 5),
]
_STANDARD = {"千克": "KG", "KG": "KG", "个": "PCS", "是": True, "yes": True, "否": False, "no": False}
CONDITIONS = [
    "used and qty > 0", "not used", "used is not true", "qty is null", "not (qty > 0 and used)", "unit = 'KG'",
    "unit <> 'KG'", "unit in ('KG', 'PCS')", "unit not in ('KG')", "unit = 'KG' or unit is null", "used = true",
    "name = 'ABC'", "name <> 'ABC'", "name = 'a\"b'", "day >= '2020-01-01'",
    "day between date '2020-01-01' and date '2027-01-01'",
    "abs(qty * 2 - other) <= 0.5", "not (abs(qty * 2 - other) <= 0.5)", "coalesce(qty, 0) = 0", "length(name) > 2",
    "upper(name) = 'ABC'", "name like 'A%'", "name like '%合%'", "name not like '%c'", "qty + other > 14 and true",
    "qty between -5 and 1", "used is false", "day - date '2026-01-01' = 1", "-qty = 3", "trim(name) is not null",
]  # fmt: skip


def test_excel_says_what_sql_says(tmp_path: Path) -> None:
    if shutil.which("soffice") is None:
        pytest.fail("soffice is missing: install libreoffice-calc, it computes the formulas of this test")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for number, row in enumerate(ROWS, start=1):
        for place, value in enumerate(row, start=1):
            sheet.cell(number, place, value)
        here = {name: Cell(cell.ref.format(row=number), cell.type, cell.spellings) for name, cell in CELLS.items()}
        for place, sql in enumerate(CONDITIONS):
            sheet.cell(number, 7 + 2 * place, f"=IF({formula(sql, here)},1,0)")
            sheet.cell(number, 8 + 2 * place, f"=IF({formula(sql, here, fails=True)},1,0)")
    book.save(tmp_path / "a.xlsx")
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/office", "--convert-to", "csv"]
    subprocess.run([*command, "--outdir", tmp_path, tmp_path / "a.xlsx"], check=True, capture_output=True, timeout=180)
    computed = list(csv.reader((tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()))
    with duckdb.connect() as connection:
        connection.execute(
            "create table t (qty decimal(9,3), name text, unit text, used boolean, day date, other decimal(9,3))"
        )
        connection.executemany(
            "insert into t values (?, ?, ?, ?, ?, ?)",
            [(row[0], row[1], _STANDARD.get(str(row[2])), _STANDARD.get(str(row[3])), *row[4:]) for row in ROWS],
        )
        for place, sql in enumerate(CONDITIONS):
            answers = connection.execute(f"select ({sql}) is true, ({sql}) is false from t").fetchall()
            said = [(row[6 + 2 * place] == "1", row[7 + 2 * place] == "1") for row in computed]
            assert said == answers, sql


@pytest.mark.parametrize(
    "sql",
    ["missing = 1", "levenshtein(name, 'a') > 1", "name like 'a%b'", "qty in (select 1)", f"name = '{'x' * 300}'",
     "day > 'tomorrow'", "name ~ '[0-9]'", "qty = = 1"],
)  # fmt: skip
def test_what_excel_cannot_say_is_refused(sql: str) -> None:
    with pytest.raises(NotPortableError):
        formula(sql, CELLS)
