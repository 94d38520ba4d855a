"""Marked copies: what is marked shows it, everything else stays byte for byte; LibreOffice opens it."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.styles import Border, Font, Side
from openpyxl.worksheet.datavalidation import DataValidation

from connectors.excel.annotate import Mark, Summary, annotate
from schemas.problems import Problem
from tests.connectors.excel.making import cells_of, package, sheet_xml

SUMMARY = Summary(
    "问题清单", ("工作表", "单元格", "级别", "问题", "建议值"), {"error": "错误", "warning": "警告", "info": "提示"}
)
RED, YELLOW = "FFFFC7CE", "FFFFEB9C"


def owners_workbook(path: Path, comments: bool = False) -> Path:
    """A workbook with formats, a chart, a validation, a formula and a second sheet."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "零件"
    sheet.append(["编码", "单价", "比例", "合价"])
    sheet.append(["A01", 12.5, 0.25, "=B2*2"])
    sheet.append(["A02", 3, 0.5, "=B3*2"])
    sheet["B2"].number_format = "#,##0.00"
    sheet["B2"].border = Border(left=Side(style="thin"))
    sheet["B2"].font = Font(bold=True)
    sheet["C2"].number_format = "0.00%"
    sheet.add_data_validation(DataValidation(type="list", formula1='"A,B"', sqref="A2:A9"))
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=2, max_row=3))
    sheet.add_chart(chart, "G2")
    if comments:
        sheet["A2"].comment = Comment("老王的话", "老王")
    book.create_sheet("说明")["A1"] = "x"
    book.save(path)
    return path


MARKS = [
    Mark("零件", "B2", "warning", "单价偏高", "13.5"),
    Mark("零件", "B2", "error", "单价 < 成本 & 超限"),
    Mark("零件", "A3", "error", "编码应为 A-02", "A-02"),
    Mark("零件", "D2", "info", "公式", "99"),
    Mark("零件", "F9", "error", "空行空格"),
]


def test_a_patched_copy_keeps_all_that_is_not_marked(tmp_path: Path) -> None:
    source, target = owners_workbook(tmp_path / "a.xlsx"), tmp_path / "b.xlsx"
    assert annotate(source, target, MARKS, SUMMARY) == "patched"
    before, after = zipfile.ZipFile(source), zipfile.ZipFile(target)
    changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
    assert changed == {
        "[Content_Types].xml",
        "xl/styles.xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/_rels/sheet1.xml.rels",
    }
    assert "xl/charts/chart1.xml" in after.namelist()


def test_marks_show_and_formats_stay(tmp_path: Path) -> None:
    target = tmp_path / "b.xlsx"
    annotate(owners_workbook(tmp_path / "a.xlsx"), target, MARKS, SUMMARY)
    book = openpyxl.load_workbook(target)
    sheet = book["零件"]
    price = sheet["B2"]
    assert (price.value, price.number_format) == (13.5, "#,##0.00")
    assert (price.font.bold, price.border.left.style) == (True, "thin")
    assert price.fill.fgColor.rgb == RED
    assert price.comment.text == "单价偏高\n单价 < 成本 & 超限"
    assert sheet["A3"].value == "A-02"
    assert sheet["D2"].value == "=B2*2"
    assert sheet["F9"].fill.fgColor.rgb == RED
    assert sheet["C2"].fill.fgColor.rgb not in (RED, YELLOW)
    assert sheet["C2"].number_format == "0.00%"
    assert book.sheetnames == ["零件", "说明", "问题清单"]
    assert [cell.value for cell in book["问题清单"][4]] == ["零件", "A3", "错误", "编码应为 A-02", "A-02"]
    assert len(sheet.data_validations.dataValidation) == 1


def test_comments_of_people_stay(tmp_path: Path) -> None:
    source, target = owners_workbook(tmp_path / "a.xlsx", comments=True), tmp_path / "b.xlsx"
    marks = [Mark("零件", "A2", "error", "我们的话"), Mark("零件", "B3", "info", "另一格")]
    assert annotate(source, target, marks, SUMMARY) == "patched"
    sheet = openpyxl.load_workbook(target)["零件"]
    assert sheet["A2"].comment.text.split("\n") == ["老王的话", "我们的话"]
    assert sheet["B3"].comment.text == "另一格"


def test_a_marked_copy_of_a_marked_copy(tmp_path: Path) -> None:
    first, second = tmp_path / "b.xlsx", tmp_path / "c.xlsx"
    annotate(owners_workbook(tmp_path / "a.xlsx"), first, MARKS, SUMMARY)
    assert annotate(first, second, MARKS, SUMMARY) == "patched"
    assert openpyxl.load_workbook(second).sheetnames == ["零件", "说明", "问题清单", "问题清单 2"]


def test_libreoffice_opens_it(tmp_path: Path) -> None:
    if shutil.which("soffice") is None:
        pytest.fail("soffice is missing: install libreoffice-calc, this test checks that marked copies open")
    target = tmp_path / "b.xlsx"
    annotate(owners_workbook(tmp_path / "a.xlsx", comments=True), target, MARKS, SUMMARY)
    home = f"-env:UserInstallation=file://{tmp_path}/office"
    command = ["soffice", "--headless", home, "--convert-to", "ods", "--outdir", str(tmp_path / "out"), str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    content = zipfile.ZipFile(tmp_path / "out" / "b.ods").read("content.xml").decode()
    assert "单价偏高" in content
    assert "老王的话" in content
    assert cells_of(tmp_path / "out" / "b.ods")["B2"] == "13.5"


def test_an_unusual_package_is_marked_by_openpyxl(tmp_path: Path) -> None:
    from tests.connectors.excel.making import save

    source, target = save(tmp_path / "a.xlsx", [["编码"], ["x"]]), tmp_path / "b.xlsx"
    odd = tmp_path / "odd.xlsx"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(odd, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("sheet1.xml"):
                data = data.replace(b"<sheetData>", b"<!-- odd --><sheetData>")
            new.writestr(name, data)
    assert annotate(odd, target, [Mark("零件", "A2", "error", "问题", "y")], SUMMARY) == "openpyxl"
    cell = openpyxl.load_workbook(target)["零件"]["A2"]
    assert (cell.value, cell.fill.fgColor.rgb, cell.comment.text) == ("y", RED, "问题")


def test_csv_and_old_workbooks_become_new_ones(tmp_path: Path) -> None:
    source, target = tmp_path / "价格.csv", tmp_path / "b.xlsx"
    source.write_bytes("编码,公式\n00123,=1+1\n".encode("gbk"))
    assert annotate(source, target, [Mark(None, "A2", "warning", "看看", "00124")], SUMMARY) == "rebuilt"
    sheet = openpyxl.load_workbook(target).worksheets[0]
    assert (sheet["A2"].value, sheet["A2"].fill.fgColor.rgb) == ("00124", YELLOW)
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=1+1", "s")


def test_macros_stay_behind(tmp_path: Path) -> None:
    source, target = owners_workbook(tmp_path / "a.xlsx"), tmp_path / "b.xlsx"
    macro = tmp_path / "m.xlsm"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(macro, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "[Content_Types].xml":
                data = data.replace(
                    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
                    b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
                )
            new.writestr(name, data)
        new.writestr("xl/vbaProject.bin", b"macro")
    assert annotate(macro, target, MARKS, SUMMARY) == "patched"
    with zipfile.ZipFile(target) as made:
        assert "xl/vbaProject.bin" not in made.namelist()
        assert b"macroEnabled" not in made.read("[Content_Types].xml")


def test_a_sheet_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    source = package(tmp_path / "a.xlsx", sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>'))
    with pytest.raises(Problem) as caught:
        annotate(source, tmp_path / "b.xlsx", [Mark("没有", "A1", "error", "x")], SUMMARY)
    assert caught.value.code == "annotate_unreadable"
