"""One row per awkward cell and format: what the cell shows is what lands, at its exact address."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest

from connectors.excel.filetypes.cells import address
from connectors.excel.safety import sandbox
from connectors.excel.safety.sandbox import Sheet
from tests.connectors.excel.fidelity_book import CASES, COLUMN, MERGED, ROW, SAME, Case, write
from tests.connectors.excel.making import cells_of, notes_of, package, rows_of, save, sheet_xml


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The workbook as .xlsx, with macros as .xlsm, and as LibreOffice converts it to .xls and .ods."""
    if shutil.which("soffice") is None:
        pytest.fail("soffice is missing: install libreoffice-calc, it makes the .xls and .ods of this test")
    folder = tmp_path_factory.mktemp("fidelity")
    found = {"xlsx": write(folder / "book.xlsx")}
    found["xlsm"] = with_macros(found["xlsx"], folder / "book.xlsm")
    for kind in ("xls", "ods"):
        found[kind] = convert(found["xlsx"], kind, folder / "home")
    return found


def with_macros(path: Path, target: Path) -> Path:
    """The same workbook as Excel keeps one with macros: another content type, and the macros beside."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "[Content_Types].xml":
                plain = b"officedocument.spreadsheetml.sheet.main+xml"
                assert plain in data
                data = data.replace(b"openxmlformats-" + plain, b"ms-excel.sheet.macroEnabled.main+xml")
            new.writestr(name, data)
        new.writestr("xl/vbaProject.bin", b"macro")
    return target


def convert(path: Path, kind: str, home: Path) -> Path:
    """The workbook as LibreOffice saves it in another format, beside the original."""
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{home}", "--convert-to", kind]
    subprocess.run([*command, "--outdir", str(path.parent), str(path)], check=True, capture_output=True, timeout=300)
    return path.with_suffix(f".{kind}")


@pytest.fixture(scope="module")
def sheets(books: dict[str, Path]) -> dict[str, tuple[Sheet, dict[str, str]]]:
    found = {}
    for kind, path in books.items():
        sheet = sandbox.read_workbook(path, path.name).sheets[0]
        columns = (sheet.cells[name].to_pylist() for name in ("row", "column", "text"))
        found[kind] = sheet, {address(row, column): text for row, column, text in zip(*columns, strict=True)}
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("kind", ["xlsx", "xlsm", "xls", "ods"])
def test_each_cell(sheets: dict[str, tuple[Sheet, dict[str, str]]], kind: str, case: Case) -> None:
    expected = case.xlsx if kind in ("xlsx", "xlsm") else getattr(case, kind)
    if expected == SAME:
        expected = case.xlsx
    elif expected is None and kind in ("xls", "ods"):
        return  # LibreOffice does not carry this one over, so there is nothing to compare
    assert sheets[kind][1].get(f"{COLUMN}{ROW[case.name]}") == expected


def test_marks_name_exactly_the_odd_cells(sheets: dict[str, tuple[Sheet, dict[str, str]]]) -> None:
    marks = sheets["xlsx"][0].marks.to_pylist()
    found = {(mark["mark"], address(mark["row"], mark["column"])) for mark in marks}
    assert found == {(case.mark, f"{COLUMN}{ROW[case.name]}") for case in CASES if case.mark}
    shown = {mark["row"]: mark["text"] for mark in marks if mark["mark"] == "shown"}
    assert shown == {ROW["code format with letters"]: "P007", ROW["code format with a hyphen"]: "001-2345"}


@pytest.mark.parametrize("kind", ["xlsx", "xlsm", "xls", "ods"])
def test_what_is_around_the_cells(
    books: dict[str, Path], sheets: dict[str, tuple[Sheet, dict[str, str]]], kind: str
) -> None:
    sheet = sheets[kind][0]
    top, bottom = MERGED
    assert (top, 3, bottom, 3) in sheet.merges
    assert bottom in sheet.hidden_rows
    assert (5, 6) in sheet.hidden_columns
    assert sheet.errors["count"] == 2
    assert sheet.long_numbers["count"] == 1
    book = sandbox.read_workbook(books[kind], "book")
    assert [(one.name, one.visible) for one in book.sheets] == [("数据", True), ("隐藏", False), ("深藏", False)]
    # OpenDocument has no second degree of hiding, and LibreOffice keeps none
    assert [one.very_hidden for one in book.sheets] == [False, False, kind in ("xlsx", "xlsm")]


@pytest.mark.parametrize("kind", ["xlsx", "xlsm", "xls", "ods"])
def test_kinds_tell_numbers_from_texts(sheets: dict[str, tuple[Sheet, dict[str, str]]], kind: str) -> None:
    from connectors.excel.filetypes import cells

    table = sheets[kind][0].cells
    kinds = {
        row: kind & 15
        for row, column, kind in zip(*(table[n].to_pylist() for n in ("row", "column", "kind")), strict=True)
        if column == 3
    }
    assert kinds[ROW["number stored as text"]] == cells.TEXT
    assert kinds[ROW["whole number"]] == cells.NUMBER
    assert kinds[ROW["true"]] == cells.BOOLEAN
    assert kinds[ROW["error"]] == cells.ERROR
    assert kinds[ROW["builtin Chinese date 31"]] == cells.DATE


def test_the_epoch_of_1904(tmp_path: Path) -> None:
    cells = cells_of(write(tmp_path / "mac.xlsx", epoch_1904=True))
    assert cells[f"{COLUMN}{ROW['builtin date 14']}"] == "2027-03-16"
    assert cells[f"{COLUMN}{ROW['time only']}"] == "13:30:00"


def test_codes_land_as_they_are_shown_and_odd_cells_become_findings(tmp_path: Path) -> None:
    styles = (
        '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="&quot;P&quot;000"/></numFmts>'
        '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>'
    )
    strings = "<sst><si><t>编码</t></si><si><t>名称</t></si><si><t>单价</t></si></sst>"
    head = "".join(f'<c r="{letter}1" t="s"><v>{place}</v></c>' for place, letter in enumerate("ABC"))
    data = [
        '<c r="A2" s="1"><v>7</v></c><c r="B2" t="e"><v>#REF!</v></c><c r="C2" s="1"><v>7</v></c>',
        '<c r="A3"><v>1.1010119900307E+17</v></c><c r="B3"><f>A1</f></c><c r="C3"><f>1+1</f></c>',
    ]
    rows = f'<row r="1">{head}</row>' + "".join(f'<row r="{n}">{line}</row>' for n, line in enumerate(data, start=2))
    path = package(tmp_path / "a.xlsx", sheet_xml(rows), strings, styles)
    assert [(row["编码"], row["名称"], row["单价"]) for row in rows_of(path)] == [
        ("P007", "#REF!", "7"),
        ("1.1010119900307E+17", "#NOT_CALCULATED!", "#NOT_CALCULATED!"),
    ]
    notes = notes_of(path)
    assert notes["note_errors"] == {"count": 1, "cells": "B2"}
    assert notes["note_not_calculated"] == {"count": 2, "cells": "B3, C3"}
    assert notes["note_long_numbers"] == {"count": 1, "cells": "A3"}


def test_results_that_may_be_old_are_told(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [["编码", "名称", "单价"], ["A", "x", 1]])
    book = openpyxl.load_workbook(path)
    book.calculation.fullCalcOnLoad = True
    book.worksheets[0]["D2"] = "=1+1"
    book.save(path)
    assert notes_of(path)["note_stale_formulas"]["count"] == 1


def test_scientific_notation_in_a_column_of_codes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("编码,名称,单价\n1.23457E+17,x,1E+12\nA1,y,2\n", encoding="utf-8")
    assert notes_of(path)["note_scientific"] == {"count": 1, "cells": "A2"}


def test_numbers_stored_as_text_are_told(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [["编码", "名称", "单价"], ["1", "x", "12.5"], ["2", "y", 3]])
    assert notes_of(path)["note_text_numbers"] == {"count": 1, "cells": "C2"}


@pytest.mark.parametrize("kind", ["xlsx", "xlsm", "xls", "ods"])
def test_totals_and_filters_in_every_format(tmp_path: Path, kind: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "零件"
    for line in [["编码", "名称", "单价"], ["A", "x", 1], ["B", "y", 2], ["C", "z", 3]]:
        sheet.append(line)
    sheet["C5"] = "=SUM(C2:C4)"
    sheet.auto_filter.ref = "A1:C4"
    sheet.auto_filter.add_filter_column(0, ["A", "C"])
    sheet.row_dimensions[3].hidden = True
    path = tmp_path / "零件.xlsx"
    book.save(path)
    if kind == "xlsm":
        path = with_macros(path, tmp_path / "零件.xlsm")
    elif kind != "xlsx":
        path = convert(path, kind, tmp_path / "home")
    assert [row["编码"] for row in rows_of(path)] == ["A", "B", "C"]
    notes = notes_of(path)
    assert notes["note_totals"] == {"count": 1, "rows": "5"}
    assert notes["note_filtered_rows"] == {"count": 1, "rows": "3"}


def test_formulas_that_nobody_calculated_in_an_old_xls(tmp_path: Path) -> None:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("零件")
    for column, text in enumerate(["编码", "名称", "单价"]):
        sheet.write(0, column, text)
    for column, text in enumerate(["A", "x"]):
        sheet.write(1, column, text)
    sheet.write(1, 2, xlwt.Formula("B5*2"))
    book.save(str(tmp_path / "a.xls"))
    assert rows_of(tmp_path / "a.xls")[0]["单价"] == "#NOT_CALCULATED!"
