"""What a cell shows is what lands: values, types, formats and addresses, against openpyxl as oracle."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
import xlwt

from connectors.excel.filetypes.number_formats import formatted, kind_of_format, number_text
from connectors.excel.safety import sandbox
from tests.connectors.excel.making import cells_of, package, sheet_xml

CASES: list[tuple[object, str, str | None]] = [
    (5, "General", "5"),
    (5.0, "General", "5"),
    (12.5, "0.00", "12.5"),
    (0.1 + 0.2, "General", "0.3"),
    (1e-7, "General", "0.0000001"),
    (-3, "General", "-3"),
    (123, "00000", "00123"),
    (0.1234, "0.00%", "12.34%"),
    (0.07, "0%", "7%"),
    ("00123", "General", "00123"),
    ("NA", "General", "NA"),
    ("NULL", "General", "NULL"),
    ("  两边空格 ", "General", "  两边空格 "),
    ("多\n行", "General", "多\n行"),
    ("a<b>&\"'", "General", "a<b>&\"'"),
    ("=1+1", "@", None),  # set below as text
    (True, "General", "TRUE"),
    (False, "General", "FALSE"),
    (datetime(2024, 3, 5), "yyyy-mm-dd", "2024-03-05"),
    (datetime(2024, 3, 5, 13, 30), "yyyy-mm-dd hh:mm", "2024-03-05T13:30:00"),
    (date(2024, 3, 5), 'yyyy"年"m"月"d"日"', "2024-03-05"),
    (45000, "[$-804]yyyy年m月d日", "2023-03-15"),
    (time(13, 30), "h:mm", "13:30:00"),
    (timedelta(hours=30), "[h]:mm:ss", "30:00:00"),
    ("#N/A", "General", "#N/A"),
    (None, "General", None),
]


def test_every_case_at_its_exact_address(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    expected = {}
    for row, (value, number_format, text) in enumerate(CASES, start=3):
        cell = sheet.cell(row, 3, value)  # the table begins at C3: nothing may move
        cell.number_format = number_format
        if value == "=1+1":
            cell.data_type, text = "s", "=1+1"
        if text is not None:
            expected[f"C{row}"] = text
    path = tmp_path / "cases.xlsx"
    book.save(path)
    assert cells_of(path) == expected


@pytest.mark.parametrize("number", [27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58])
def test_builtin_chinese_date_formats(tmp_path: Path, number: int) -> None:
    styles = f'<styleSheet><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="{number}"/></cellXfs></styleSheet>'
    sheet = sheet_xml('<row r="1"><c r="A1" s="1"><v>45000</v></c></row>')
    assert cells_of(package(tmp_path / "a.xlsx", sheet, styles=styles)) == {"A1": "2023-03-15"}


def test_1904_epoch(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.worksheets[0]["A1"] = datetime(2024, 3, 5)
    path = tmp_path / "mac.xlsx"
    book.save(path)
    assert cells_of(path) == {"A1": "2024-03-05"}


@pytest.mark.parametrize(
    ("serial", "expected"),
    [("59", "1900-02-28"), ("60", "1900-02-29"), ("61", "1900-03-01"), ("-1", "-1"), ("2958466", "2958466")],
)
def test_the_edges_of_the_calendar(serial: str, expected: str) -> None:
    assert formatted(serial, "date") == expected


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("G/通用格式", "general"),
        ("[Red]0.00", "general"),
        ('0"日"', 'shown:0"日"'),
        ("0.00E+00", "general"),
        ("¥#,##0.00", "general"),
        ("mmm-yy", "date"),
        ("h:mm AM/PM", "time"),
        ("[hh]", "elapsed"),
        ("00000", "zeros:5"),
        ("000-0000", "shown:000-0000"),
        ('0.00"元"', "general"),
        ("[" * 100_000, "general"),
    ],
)
def test_kinds_of_format(code: str, kind: str) -> None:
    assert kind_of_format(code) == kind


def test_long_numbers_keep_the_digits_the_file_has() -> None:
    assert number_text("110101199003072316") == "110101199003072316"
    assert number_text("1.1010119900307E+17") == "110101199003070000"


def test_errors_formulas_and_long_numbers_are_noted(tmp_path: Path) -> None:
    sheet = sheet_xml(
        '<row r="2"><c r="B2" t="e"><v>#DIV/0!</v></c><c r="C2"><f>A1*2</f></c>'
        '<c r="D2"><f>A1*2</f><v>8</v></c><c r="E2"><v>1.1010119900307E+17</v></c></row>'
    )
    path = package(tmp_path / "a.xlsx", sheet)
    read = sandbox.read_workbook(path, "a.xlsx").sheets[0]
    assert cells_of(path) == {"B2": "#DIV/0!", "D2": "8", "E2": "110101199003070000"}
    assert read.errors == {"count": 1, "cells": ["B2"]}
    assert read.not_calculated == {"count": 1, "cells": ["C2"]}
    assert read.long_numbers == {"count": 1, "cells": ["E2"]}


PLAIN = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>'
    '<c r="C1" t="inlineStr"><is><r><t>富</t></r><r><t>文本</t></r><rPh sb="0" eb="1"><t>fu</t></rPh></is></c>'
    '<c r="D1" t="str"><f>"x"</f><v>x&amp;y</v></c></row>'
)
STRINGS = (
    '<sst xmlns="http://x" uniqueCount="4294967295"><si><t xml:space="preserve"> 名 </t><phoneticPr fontId="1"/></si>'
    "<si><r><t>甲_x000D_</t></r><r><t>乙</t></r><rPh><t>yi</t></rPh></si></sst>"
)


@pytest.mark.parametrize("odd", ["plain", "comment", "prefix", "order"])
def test_plain_and_unusual_xml_read_the_same(tmp_path: Path, odd: str) -> None:
    data = PLAIN
    if odd == "comment":
        data = data.replace("<row", "<!-- by hand --><row")
    if odd == "order":
        data = data.replace('r="A1" t="s"', 't="s" r="A1"')
    sheet = sheet_xml(data)
    if odd == "prefix":
        sheet = sheet.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:").replace("xmlns=", "xmlns:x=")
    assert cells_of(package(tmp_path / "a.xlsx", sheet, STRINGS)) == {
        "A1": " 名 ",
        "B1": "甲\r乙",
        "C1": "富文本",
        "D1": "x&y",
    }


def test_cells_without_addresses_are_counted(tmp_path: Path) -> None:
    sheet = sheet_xml("<row><c><v>1</v></c><c/><c><v>3</v></c></row><row><c><v>4</v></c></row>")
    assert cells_of(package(tmp_path / "a.xlsx", sheet)) == {"A1": "1", "C1": "3", "A2": "4"}


def test_old_xls(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("外协")
    sheet.write(2, 1, "编号")
    sheet.write(3, 1, "00123")
    sheet.write(3, 2, 123, xlwt.easyxf(num_format_str="00000"))
    sheet.write(3, 3, 0.5, xlwt.easyxf(num_format_str="0.0%"))
    sheet.write(3, 4, datetime(2024, 3, 5), xlwt.easyxf(num_format_str="yyyy-mm-dd"))
    sheet.write(3, 5, 1.25, xlwt.easyxf(num_format_str="[h]:mm"))
    sheet.write(3, 6, 7)
    sheet.write(3, 7, True)
    sheet.row(3).write(8, xlwt.Formula("1/0"))
    sheet.row(3).set_cell_error(9, 0x2A)
    sheet.col(6).hidden = True
    path = tmp_path / "old.xls"
    book.save(str(path))
    found = cells_of(path)
    found.pop("I4", None)  # xlwt stores no result for a formula
    assert found == {
        "B3": "编号",
        "B4": "00123",
        "C4": "00123",
        "D4": "50%",
        "E4": "2024-03-05",
        "F4": "30:00:00",
        "G4": "7",
        "H4": "TRUE",
        "J4": "#N/A",
    }
    assert sandbox.read_workbook(path, "old.xls").sheets[0].hidden_columns == ((7, 7),)


def test_ods(tmp_path: Path) -> None:
    import zipfile

    content = (
        '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:calcext="c">'
        '<table:table table:name="零件"><table:table-column table:number-columns-repeated="2"/>'
        '<table:table-column table:visibility="collapse"/>'
        '<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
        '<table:table-row><table:table-cell table:number-columns-repeated="2" office:value-type="float"'
        ' office:value="5"><text:p>5</text:p></table:table-cell>'
        '<table:table-cell office:value-type="percentage" office:value="0.125"><text:p>13%</text:p></table:table-cell>'
        '<table:table-cell office:value-type="date" office:date-value="2024-03-05"/>'
        '<table:table-cell office:value-type="string"><text:p>甲<text:s text:c="2"/>乙</text:p><text:p>丙</text:p>'
        "</table:table-cell>"
        '<table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#N/A</text:p>'
        "</table:table-cell>"
        '<table:table-cell office:value-type="float" office:value="7"><text:p>007</text:p></table:table-cell>'
        "</table:table-row></table:table></office:document-content>"
    )
    path = tmp_path / "a.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    assert cells_of(path) == {
        "A3": "5",
        "B3": "5",
        "C3": "12.5%",
        "D3": "2024-03-05",
        "E3": "甲  乙\n丙",
        "F3": "#N/A",
        "G3": "007",
    }
    assert sandbox.read_workbook(path, "a.ods").sheets[0].hidden_columns == ((3, 3),)
