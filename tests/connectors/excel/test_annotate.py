"""Marked copies: what is marked shows it, everything else stays byte for byte; LibreOffice opens it."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.parsers import expat

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.styles import Border, Font, Side
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

from connectors.excel.marking.annotate import Mark, Summary, annotate, has_macros
from schemas.problems import Problem
from tests.connectors.excel.making import cells_of, package, sheet_xml

SUMMARY = Summary(
    "问题清单", ("工作表", "单元格", "级别", "问题", "建议值"), {"error": "错误", "warning": "警告", "info": "提示"}
)
STYLES = (
    '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="1"><xf numFmtId="0"/></cellXfs></styleSheet>'
)
STRICT_PARTS = {"worksheet": "worksheets/sheet1.xml", "styles": "styles.xml"}
LINK = re.compile(r"<legacyDrawing[^>]*/>")
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
    assert annotate(source, target, MARKS, SUMMARY).way == "patched"
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
    assert after.testzip() is None
    for name in set(before.namelist()) - changed:  # not even deflated again
        assert before.getinfo(name).compress_size == after.getinfo(name).compress_size


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
    assert annotate(source, target, marks, SUMMARY).way == "patched"
    sheet = openpyxl.load_workbook(target)["零件"]
    assert sheet["A2"].comment.text.split("\n") == ["老王的话", "我们的话"]
    assert sheet["B3"].comment.text == "另一格"


def test_a_marked_copy_of_a_marked_copy(tmp_path: Path) -> None:
    first, second = tmp_path / "b.xlsx", tmp_path / "c.xlsx"
    annotate(owners_workbook(tmp_path / "a.xlsx"), first, MARKS, SUMMARY)
    assert annotate(first, second, MARKS, SUMMARY).way == "patched"
    assert openpyxl.load_workbook(second).sheetnames == ["零件", "说明", "问题清单", "问题清单 2"]


def in_libreoffice(target: Path, folder: Path) -> str:
    """What LibreOffice makes of a workbook, as flat OpenDocument XML."""
    if shutil.which("soffice") is None:
        pytest.fail("soffice is missing: install libreoffice-calc, these tests check that marked copies open")
    home = f"-env:UserInstallation=file://{folder}/office"
    command = ["soffice", "--headless", home, "--convert-to", "fods", "--outdir", str(folder / "out"), str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return (folder / "out" / target.with_suffix(".fods").name).read_text(encoding="utf-8")


def test_libreoffice_opens_it_and_shows_the_marks(tmp_path: Path) -> None:
    target = tmp_path / "b.xlsx"
    annotate(owners_workbook(tmp_path / "a.xlsx", comments=True), target, MARKS, SUMMARY)
    content = in_libreoffice(target, tmp_path)
    assert "单价偏高" in content
    assert "老王的话" in content
    assert 'fo:background-color="#ffc7ce"' in content
    assert "draw:object" in content  # the chart
    styles = re.findall(r'<style:style style:name="(ce\d+)".*?</style:style>', content, re.DOTALL)
    red = {name for name in styles if re.search(rf'style:name="{name}".*?#ffc7ce.*?</style:style>', content, re.DOTALL)}
    cell = re.search(r'table:style-name="(ce\d+)"[^>]*office:value="13.5"', content)
    assert cell is not None
    assert cell[1] in red


def test_libreoffice_opens_a_strict_workbook_with_marks(tmp_path: Path) -> None:
    strict = "http://purl.oclc.org/ooxml/"
    sheet = f'<worksheet xmlns="{strict}spreadsheetml/main"><sheetData/></worksheet>'
    source = tmp_path / "a.xlsx"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            + "".join(
                f'<Override PartName="/xl/{part}.xml" ContentType="application/vnd.openxmlformats-officedocument'
                f'.spreadsheetml.{kind}+xml"/>'
                for part, kind in (
                    ("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"), ("styles", "styles")
                )
            )
            + "</Types>",
        )  # fmt: skip
        for folder, targets in (("", {"officeDocument": "xl/workbook.xml"}), ("xl/", STRICT_PARTS)):
            name = f"{folder}_rels/{'workbook.xml' if folder else ''}.rels"
            archive.writestr(
                name,
                '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                + "".join(
                    f'<Relationship Id="r{number}" Type="{strict}officeDocument/relationships/{kind}" Target="{to}"/>'
                    for number, (kind, to) in enumerate(targets.items())
                )
                + "</Relationships>",
            )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{strict}spreadsheetml/main" xmlns:r="{strict}officeDocument/relationships">'
            '<sheets><sheet name="零件" sheetId="1" r:id="r0"/></sheets></workbook>',
        )
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr(
            "xl/styles.xml",
            STYLES.replace("http://schemas.openxmlformats.org/spreadsheetml/2006/main", f"{strict}spreadsheetml/main"),
        )
    target = tmp_path / "b.xlsx"
    assert annotate(source, target, [Mark("零件", "B2", "error", "这里要填", None)], SUMMARY).way == "patched"
    content = in_libreoffice(target, tmp_path)
    assert "这里要填" in content
    assert "#ffc7ce" in content


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
    assert annotate(odd, target, [Mark("零件", "A2", "error", "问题", "y")], SUMMARY).way == "openpyxl"
    cell = openpyxl.load_workbook(target)["零件"]["A2"]
    assert (cell.value, cell.fill.fgColor.rgb, cell.comment.text) == ("y", RED, "问题")


def test_csv_and_old_workbooks_become_new_ones(tmp_path: Path) -> None:
    source, target = tmp_path / "价格.csv", tmp_path / "b.xlsx"
    source.write_bytes("编码,公式\n00123,=1+1\n".encode("gbk"))
    assert annotate(source, target, [Mark(None, "A2", "warning", "看看", "00124")], SUMMARY).way == "rebuilt"
    sheet = openpyxl.load_workbook(target).worksheets[0]
    assert (sheet["A2"].value, sheet["A2"].fill.fgColor.rgb) == ("00124", YELLOW)
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=1+1", "s")


def rewritten(source: Path, target: Path, changes: dict[str, tuple[str, str]], **added: bytes) -> Path:
    """A copy of a package with texts replaced in some parts ({part: (old, new)}) and parts added (__ for /)."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name in changes:
                before, after = changes[name]
                assert before.encode() in data
                data = data.replace(before.encode(), after.encode(), 1)
            new.writestr(name, data)
        for name, data in added.items():
            new.writestr(name.replace("__", "/"), data)
    return target


def with_macros(folder: Path) -> Path:
    types = {
        "[Content_Types].xml": (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
            "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        )
    }
    return rewritten(owners_workbook(folder / "a.xlsx"), folder / "m.xlsm", types, **{"xl__vbaProject.bin": b"macro"})


def test_macros_stay_behind_in_an_xlsx(tmp_path: Path) -> None:
    source, target = with_macros(tmp_path), tmp_path / "b.xlsx"
    marked = annotate(source, target, MARKS, SUMMARY)
    assert (marked.way, [note.code for note in marked.notes]) == ("patched", ["note_copy_macros"])
    assert has_macros(source)
    assert not has_macros(target)
    with zipfile.ZipFile(target) as made:
        assert b"macroEnabled" not in made.read("[Content_Types].xml")


def test_macros_stay_in_an_xlsm(tmp_path: Path) -> None:
    target = tmp_path / "b.xlsm"
    assert annotate(with_macros(tmp_path), target, MARKS, SUMMARY).notes == ()
    with zipfile.ZipFile(target) as made:
        assert made.read("xl/vbaProject.bin") == b"macro"
        assert b"macroEnabled" in made.read("[Content_Types].xml")


def test_a_broken_signature_is_told(tmp_path: Path) -> None:
    source = rewritten(
        owners_workbook(tmp_path / "a.xlsx"), tmp_path / "s.xlsx", {}, **{"_xmlsignatures__sig1.xml": b"<Signature/>"}
    )
    marked = annotate(source, tmp_path / "b.xlsx", MARKS, SUMMARY)
    assert [note.code for note in marked.notes] == ["note_copy_signature"]
    shown = [row[3].value or "" for row in openpyxl.load_workbook(tmp_path / "b.xlsx")["问题清单"].iter_rows()]
    assert any("签名" in text for text in shown)


# What stands in people's sheets, as XML behind the rows, with what must still be there afterwards.
BEHIND_ROWS = {
    "protection": '<sheetProtection sheet="1" objects="1" scenarios="1"/>',
    "extension inside a rule": '<conditionalFormatting sqref="B2:B3"><cfRule type="dataBar" priority="1"><dataBar>'
    '<cfvo type="min"/><cfvo type="max"/><color rgb="FF638EC6"/></dataBar><extLst><ext uri="{x}"><a xmlns="y"/></ext>'
    "</extLst></cfRule></conditionalFormatting>",
    "extension of the sheet": '<pageMargins left="0.7" right="0.7" top="0.7" bottom="0.7" header="0.3" footer="0.3"/>'
    '<extLst><ext uri="{78C0D931-6437-407d-A8EE-F0AAD7539E65}"><b xmlns="y">1 &gt; 0</b></ext></extLst>',
    "breaks": '<rowBreaks count="1" manualBreakCount="1"><brk id="2" max="16383" man="1"/></rowBreaks>',
    "table parts": '<tableParts count="0"></tableParts>',
}


def children(text: str) -> list[str]:
    """The elements right below the root, in order."""
    found: list[str] = []
    open_tags: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(open_tags) == 1:
            found.append(tag)
        open_tags.append(tag)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: open_tags.remove(tag)
    parser.Parse(text, True)
    return found


@pytest.mark.parametrize("name", BEHIND_ROWS)
def test_the_link_to_the_comments_stands_in_its_place(tmp_path: Path, name: str) -> None:
    """<legacyDrawing> comes after the elements of ISO 29500-1, 18.3.1.99 before it, before those after it."""
    rows = '<row r="1" spans="1:1"><c r="A1" t="s"><v>0</v></c></row>'
    strings = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>x</t></si></sst>'
    source = package(tmp_path / "a.xlsx", sheet_xml(rows, after=BEHIND_ROWS[name]), strings, STYLES)
    marks = [Mark("零件", "A1", "error", "问题", "y"), Mark("零件", "C1", "info", "另一格")]
    assert annotate(source, tmp_path / "b.xlsx", marks, SUMMARY).way == "patched"
    text = zipfile.ZipFile(tmp_path / "b.xlsx").read("xl/worksheets/sheet1.xml").decode()
    assert BEHIND_ROWS[name] in LINK.sub("", text)
    elements = children(text)
    after = elements[elements.index("legacyDrawing") + 1 :]
    assert set(after) <= {"tableParts", "extLst"}
    assert set(elements[: elements.index("legacyDrawing")]).isdisjoint({"tableParts", "extLst"})
    assert cells_of(tmp_path / "b.xlsx") == {"A1": "y"}


def test_a_header_of_a_table_keeps_its_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "零件"
    for row in (["编码", "单价"], ["A", 1]):
        sheet.append(row)
    sheet.add_table(Table(displayName="t1", ref="A1:B2"))
    book.save(tmp_path / "a.xlsx")
    marks = [Mark("零件", "A1", "error", "表头", "料号"), Mark("零件", "A2", "error", "问题", "B")]
    assert annotate(tmp_path / "a.xlsx", tmp_path / "b.xlsx", marks, SUMMARY).way == "patched"
    made = openpyxl.load_workbook(tmp_path / "b.xlsx")["零件"]
    assert (made["A1"].value, made["A2"].value, made["A1"].comment.text) == ("编码", "B", "表头")


THREADS = (
    '<ThreadedComments xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments">'
    '<threadedComment ref="A2" dT="2026-01-01T00:00:00.00" personId="{P}" id="{T}"><text>老王的话</text>'
    "</threadedComment></ThreadedComments>"
)


def test_a_thread_gets_a_reply(tmp_path: Path) -> None:
    source = owners_workbook(tmp_path / "a.xlsx", comments=True)
    link = (
        '<Relationship Id="rIdT" Target="/xl/threadedComments/threadedComment1.xml"'
        ' Type="http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"/></Relationships>'
    )
    name = next(n for n in zipfile.ZipFile(source).namelist() if n.endswith("worksheets/_rels/sheet1.xml.rels"))
    changes = {name: ("</Relationships>", link)}
    added = {"xl__threadedComments__threadedComment1.xml": THREADS.encode()}
    threaded = rewritten(source, tmp_path / "t.xlsx", changes, **added)
    marks = [Mark("零件", "A2", "error", "我们的话"), Mark("零件", "B3", "info", "另一格")]
    assert annotate(threaded, tmp_path / "b.xlsx", marks, SUMMARY).way == "patched"
    with zipfile.ZipFile(tmp_path / "b.xlsx") as made:
        threads = made.read("xl/threadedComments/threadedComment1.xml").decode()
        people = next(made.read(n).decode() for n in made.namelist() if n.startswith("xl/persons/"))
    assert "老王的话" in threads
    assert '<threadedComment ref="A2"' in threads
    assert 'parentId="{T}"><text>我们的话</text>' in threads
    assert "另一格" not in threads
    assert 'displayName="Waterworks"' in people


def test_comments_without_a_drawing_get_one(tmp_path: Path) -> None:
    """Some libraries write comments that Excel does not show; a marked copy shows theirs and ours."""
    comments = (
        '<comments xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><authors><author>w</author></authors>'
        '<commentList><comment ref="A1" authorId="0"><text><t>老王的话</t></text></comment></commentList></comments>'
    )
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="c" Target="../comments1.xml"'
        ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments"/>'
        "</Relationships>"
    )
    source = package(
        tmp_path / "a.xlsx", sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>'), styles=STYLES,
        **{"xl__comments1.xml": comments, "xl__worksheets___rels__sheet1.xml.rels": links},
    )  # fmt: skip
    assert annotate(source, tmp_path / "b.xlsx", [Mark("零件", "B1", "error", "我们的话")], SUMMARY).way == "patched"
    with zipfile.ZipFile(tmp_path / "b.xlsx") as made:
        drawing = next(made.read(n).decode() for n in made.namelist() if n.endswith(".vml"))
    assert drawing.count("<v:shape ") == 2
    assert all(place in drawing for place in ("<x:Column>0</x:Column>", "<x:Column>1</x:Column>"))


def test_a_sheet_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    source = package(tmp_path / "a.xlsx", sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>'))
    with pytest.raises(Problem) as caught:
        annotate(source, tmp_path / "b.xlsx", [Mark("没有", "A1", "error", "x")], SUMMARY)
    assert caught.value.code == "annotate_unreadable"
