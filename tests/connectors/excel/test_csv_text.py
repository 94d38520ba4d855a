"""CSV: encodings, delimiters, quotes; everything stays the text it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.excel.safety import sandbox
from schemas.problems import Problem
from tests.connectors.excel.making import PARTS, cells_of, notes_of, pages_of, rows_of

TEXT = "编码,名称,单价\n00123,轴承,12.50\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode(encoding))
    assert cells_of(path) == {
        "A1": "编码",
        "B1": "名称",
        "C1": "单价",
        "A2": "00123",
        "B2": "轴承",
        "C2": "12.50",
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'编码{delimiter}名称\n1{delimiter}"a{delimiter}b\nc"\n', encoding="utf-8")
    assert cells_of(path)["B2"] == f"a{delimiter}b\nc"


def test_the_delimiter_line_of_excel_is_no_data(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\n编码;名称\n1;a\n", encoding="utf-8")
    assert cells_of(path) == {"A2": "编码", "B2": "名称", "A3": "1", "B3": "a"}


def test_an_unclosed_quote_swallows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = "".join(f"{number},名{number}\n" for number in range(9000))
    path.write_text('编码,名称\n0,"5 寸\n' + lines, encoding="utf-8")
    cells = cells_of(path)
    assert cells["B2"] == '"5 寸'
    assert cells["A9002"] == "8999"


def test_text_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("编码\n".encode() + b"\xff\xff\xff\n")
    with pytest.raises(Problem) as caught:
        sandbox.read_workbook(path, "a.csv")
    assert caught.value.code == "workbook_text_damaged"
    assert caught.value.params["line"] == 2


def test_damaged_utf8_is_not_taken_for_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("编码,名称,供应商\n".encode() + b"A1,\xff,x\n" + "甲,乙,丙丁戊己庚辛壬癸子丑寅卯\n".encode() * 3)
    with pytest.raises(Problem) as caught:
        sandbox.read_workbook(path, "a.csv")
    assert caught.value.params["line"] == 2


def test_rows_and_notes(tmp_path: Path) -> None:
    path = tmp_path / "零件.csv"
    path.write_bytes(TEXT.encode("gbk"))
    assert rows_of(path, PARTS) == [
        {"编码": "00123", "名称": "轴承", "单价": "12.50", "日期": None, "_key": "00123", "_row_no": 2}
    ]
    assert notes_of(path)["note_encoding"] == {"encoding": "GB18030", "delimiter": ","}


def test_titles_totals_and_notes_are_no_data(tmp_path: Path) -> None:
    path = tmp_path / "零件.csv"
    text = "零件总表,,\n编码,名称,单价(元)\nA1,轴承,10\nA2,螺栓,20\n合计,,30\n注：含税,,\n"
    path.write_bytes(text.encode("gbk"))
    assert [(row["编码"], row["单价"], row["_row_no"]) for row in rows_of(path)] == [("A1", "10", 3), ("A2", "20", 4)]
    rejected = [row for page in pages_of(path) for row in page.rejected.to_pylist()]
    assert {row["_row_no"]: row["reason"] for row in rejected} == {
        5: "workbook_reject_total",
        6: "workbook_reject_note",
    }
    assert notes_of(path)["note_unit"] == {"column": "单价", "unit": "元"}


TRADITIONAL = (
    "編號,名稱,供應商,備註\nA1,螺絲,台灣精密工業股份有限公司,訂購後兩週內交貨\nA2,軸承,高雄機械廠,請聯絡倉庫\n"
)


def test_big5_is_told_from_gb18030_by_the_characters_in_daily_use(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TRADITIONAL.encode("big5"))
    assert cells_of(path)["C2"] == "台灣精密工業股份有限公司"
    path.write_bytes(TRADITIONAL.encode("gb18030"))
    assert cells_of(path)["C2"] == "台灣精密工業股份有限公司"


@pytest.mark.parametrize(
    ("field", "record", "encoding"),
    [
        ("+|", "&|", "utf-16-le"),
        ("+|", "&|\r\n", "gbk"),
        ("||", "\n", "utf-8"),
        ("~|", "\r\n", "gbk"),
        ("^", "\n", "utf-8"),
    ],
)
def test_marks_of_several_characters(tmp_path: Path, field: str, record: str, encoding: str) -> None:
    path = tmp_path / "a.txt"
    lines = [
        ["编码", "名称", "备注"],
        ["00123", "轴承,甲", "第一行\n第二行" if "&" in record else "甲"],
        ["A2", "", '5"'],
    ]
    path.write_bytes(record.join(field.join(line) for line in [*lines, []]).encode(encoding))
    cells = cells_of(path)
    assert (cells["A2"], cells["B2"], cells["C2"]) == ("00123", "轴承,甲", lines[1][2])
    assert (cells["A3"], cells["C3"]) == ("A2", '5"')
    assert "B3" not in cells


def test_a_code_kept_as_text_for_excel(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('编码,名称\n="00123","=""0045"""\n', encoding="utf-8")
    assert cells_of(path) == {"A1": "编码", "B1": "名称", "A2": "00123", "B2": "0045"}


HTML = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta http-equiv=Content-Type
content="text/html; charset=gb2312"><style>td {mso-number-format:"\\@"}</style>
<!--[if gte mso 9]><xml><x:Name>库存</x:Name></xml><![endif]--></head><body><h3>零件清单</h3>
<table border=1><tr><th rowspan=2>编码</th><th rowspan=2>名称</th><th colspan=2>价格</th></tr>
<tr><th>单价(元)</th><th>日期</th></tr>
<tr><td>00123<td>轴承&nbsp;&amp;座<br>外购</td><td align=right> 1,200.50 </td><td>2024-03-05</tr>
<tr><td>00124</td><td>螺栓</td><td></td><td>2024-03-06</td></tr></table></body></html>"""


def test_a_web_page_under_a_workbooks_name(tmp_path: Path) -> None:
    path = tmp_path / "零件.xls"
    path.write_bytes(HTML.encode("gbk"))
    assert cells_of(path) == {
        "A1": "零件清单",
        "A2": "编码", "B2": "名称", "C2": "价格", "C3": "单价(元)", "D3": "日期",
        "A4": "00123", "B4": "轴承 &座\n外购", "C4": "1,200.50", "D4": "2024-03-05",
        "A5": "00124", "B5": "螺栓", "D5": "2024-03-06",
    }  # fmt: skip
    assert sandbox.read_workbook(path, "零件.xls").sheets[0].name == "库存"
    assert [(row["编码"], row["单价"], row["_row_no"]) for row in rows_of(path)] == [
        ("00123", "1,200.50", 4),
        ("00124", None, 5),
    ]
    assert notes_of(path)["note_wrong_extension"] == {"extension": ".xls", "kind": "html"}


def test_a_single_file_web_page(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    head = b'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="B"\n\n'
    head += b'--B\nContent-Type: text/html; charset="gb2312"\n'
    path.write_bytes(head + b"Content-Transfer-Encoding: 8bit\n\n" + HTML.encode("gbk") + b"\n--B--\n")
    assert cells_of(path)["B5"] == "螺栓"


def test_the_xml_of_excel_2003(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_text(
        """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="c"><NumberFormat ss:Format="00000"/></Style>
<Style ss:ID="p"><NumberFormat ss:Format="Percent"/></Style></Styles>
<Worksheet ss:Name="零件"><Table><Column ss:Index="2" ss:Hidden="1"/>
<Row ss:Index="3"><Cell><Data ss:Type="String">编码</Data></Cell>
<Cell ss:Index="3"><Data ss:Type="String">名称</Data></Cell></Row>
<Row ss:Hidden="1"><Cell ss:StyleID="c"><Data ss:Type="Number">123</Data></Cell>
<Cell ss:StyleID="p" ss:Formula="=1/8"><Data ss:Type="Number">0.125</Data></Cell>
<Cell><Data ss:Type="DateTime">2024-03-05T00:00:00.000</Data></Cell><Cell><Data ss:Type="Boolean">1</Data></Cell>
<Cell><Data ss:Type="Error">#N/A</Data></Cell>
<Cell ss:MergeAcross="1"><Data ss:Type="Number">110101199003072316</Data></Cell>
<Cell><Data ss:Type="String">甲&#10;乙</Data></Cell></Row></Table></Worksheet></Workbook>""",
        encoding="utf-8",
    )
    assert cells_of(path) == {
        "A3": "编码", "C3": "名称", "A4": "00123", "B4": "12.5%", "C4": "2024-03-05", "D4": "TRUE", "E4": "#N/A",
        "F4": "110101199003072316", "H4": "甲\n乙",
    }  # fmt: skip
    sheet = sandbox.read_workbook(path, "a.xls").sheets[0]
    assert (sheet.hidden_rows, sheet.hidden_columns, sheet.merges) == ((4,), ((2, 2),), ((4, 6, 4, 7),))
    assert (sheet.errors["cells"], sheet.long_numbers["cells"]) == (["E4"], ["F4"])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<html><body>Login failed</body></html>", "workbook_html"),
        (b"<html><table><tr><td></td></tr></table></html>", "workbook_html"),
        (b"MIME-Version: 1.0\n\nhello", "workbook_html"),
        (
            b"<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'><x>",
            "workbook_damaged",
        ),
        (
            b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]>"
            b"<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'>&b;</Workbook>",
            "workbook_suspicious",
        ),
        (b"<html>" + b"<table><tr><td>" * 5000, "workbook_suspicious"),
    ],
)
def test_pages_that_hold_no_table(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(content)
    with pytest.raises(Problem) as caught:
        sandbox.read_workbook(path, "a.xls")
    assert caught.value.code == code
