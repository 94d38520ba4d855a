"""A workbook of awkward cells written as raw XML, so that everything the format knows is really there.

Belongs here: the parts, one case per row. Does not belong here: what readers make of it (test_fidelity_table.py).
Libraries that write workbooks leave out builtin formats, phonetic guides, formulas without results and the like.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
FIRST_ROW, COLUMN = 3, "C"  # the table begins at C3: no address may move
# Custom number formats by id; builtin ones (up to 163) are not written to the file.
CUSTOM = {
    170: "00000",
    171: "0.00%",
    172: 'yyyy"年"m"月"d"日"',
    173: "[$-804]yyyy年m月d日",
    174: "[h]:mm:ss",
    175: '"¥"#,##0.00',
    176: '"P"000',
    177: "0.00E+00",
    178: "h:mm:ss",
    179: "[$-404]e/m/d",
    180: "[Red][<0]0.00;0.00",
    181: "000-0000",
}
SAME = "the same"


@dataclass(frozen=True)
class Case:
    """One cell. `xml`: attributes and content with {r} for its address. Then the text that each format shows:
    SAME as .xlsx, or what it is after LibreOffice converted the workbook; None = no cell."""

    name: str
    xml: str
    xlsx: str | None
    xls: str | None = SAME
    ods: str | None = SAME
    mark: str | None = None  # kind of mark the cell gets in .xlsx
    style: int = 0  # number format id


def _n(value: str, style: int = 0) -> str:
    return f'<c r="{{r}}" s="{{s}}"><v>{value}</v></c>'


def _s(text: str) -> str:
    return f'<c r="{{r}}" s="{{s}}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


CASES = (
    Case("error", '<c r="{r}" t="e"><v>#N/A</v></c>', "#N/A", mark="errors"),
    Case("error of a formula", '<c r="{r}" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!", mark="errors"),
    Case("text NA", _s("NA"), "NA"),
    Case("text NULL", _s("NULL"), "NULL"),
    Case("text that looks like an error", _s("#N/A"), "#N/A"),
    Case("whole number", _n("5"), "5"),
    Case("decimal", _n("0.30000000000000004"), "0.3"),
    Case("tiny", _n("1E-7"), "0.0000001"),
    Case("leading zeros by format", _n("123"), "00123", style=170),
    Case("leading zeros as text", _s("00123"), "00123"),
    Case("number stored as text", _s("12"), "12"),
    Case("code format with letters", _n("7"), "7", mark="shown", style=176),
    Case("code format with a hyphen", _n("12345"), "12345", mark="shown", style=181),
    Case("percent", _n("0.1234"), "12.34%", style=171),
    Case("builtin percent", _n("0.5"), "50%", style=9),
    Case("currency", _n("1234.5"), "1234.5", style=175),
    Case("colour and condition", _n("-1.5"), "-1.5", style=180),
    *(Case(f"builtin Chinese date {n}", _n("45000"), "2023-03-15", xls=None, ods=None, style=n) for n in
      (27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58)),
    *(Case(f"builtin Chinese time {n}", _n("0.5625"), "13:30:00", xls=None, ods=None, style=n) for n in
      (32, 33, 34, 35, 55, 56)),
    Case("builtin date 14", _n("45000"), "2023-03-15", style=14),
    Case("date and time", _n("45000.5625"), "2023-03-15T13:30:00", style=22),
    Case("date with Chinese letters", _n("45000"), "2023-03-15", style=172),
    Case("date of a Chinese locale", _n("45000"), "2023-03-15", style=173),
    Case("date in years of the Republic", _n("45000"), "2023-03-15", style=179),
    Case("time only", _n("0.5625"), "13:30:00", style=178),
    Case("30 hours", _n("1.25"), "30:00:00", style=174),
    Case("date cell", '<c r="{r}" t="d"><v>2014-02-14T08:27:48.765Z</v></c>', "2014-02-14T08:27:48.765",
         xls=None, ods=None),
    Case("true", '<c r="{r}" t="b"><v>1</v></c>', "TRUE"),
    Case("formula with its result", '<c r="{r}"><f>3+5</f><v>8</v></c>', "8"),
    Case("formula without a result", '<c r="{r}"><f>3*7</f></c>', None, xls="21", ods="21", mark="not_calculated"),
    Case("formula with an empty text", '<c r="{r}" t="str"><f>""</f><v></v></c>', None),
    Case("text of a formula", '<c r="{r}" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>', "ab"),
    Case("shared string", '<c r="{r}" t="s"><v>0</v></c>', "共享"),
    Case("rich text with a phonetic guide", '<c r="{r}" t="s"><v>1</v></c>', "富文本"),
    Case("rich inline text",
         '<c r="{r}" t="inlineStr"><is><r><t>甲</t></r><r><rPr><b/></rPr><t>乙</t></r></is></c>', "甲乙"),
    Case("line break", _s("第一行\n第二行"), "第一行\n第二行"),
    Case("escaped return", '<c r="{r}" t="s"><v>2</v></c>', "甲\r\n乙", xls=None, ods=None),
    Case("a NUL", '<c r="{r}" t="s"><v>3</v></c>', "a_x0000_b", xls=None, ods=None),
    Case("outer blanks", _s("  两边 "), "  两边 "),
    Case("18 digits typed as a number", _n("1.1010119900307E+17"), "110101199003070000", mark="long_numbers", style=1),
    Case("18 digits as text", _s("110101199003072316"), "110101199003072316"),
    Case("dynamic array", '<c r="{r}" cm="1"><f t="array" ref="{r}:{r}">1*1</f><v>1</v></c>', "1",
         xls=None, ods=None),
    Case("with comment and link", _s("有批注"), "有批注"),
)  # fmt: skip
ROW = {case.name: FIRST_ROW + place for place, case in enumerate(CASES)}
LAST_ROW = FIRST_ROW + len(CASES) - 1
MERGED = (LAST_ROW + 1, LAST_ROW + 3)  # a merged cell over three rows, the last of them hidden


def write(path: Path, epoch_1904: bool = False) -> Path:
    """The workbook: sheet 数据 with the cases, a hidden and a very hidden sheet."""
    formats = sorted({case.style for case in CASES})
    rows = []
    for case in CASES:
        row = ROW[case.name]
        cell = case.xml.replace("{r}", f"{COLUMN}{row}").replace("{s}", str(formats.index(case.style)))
        rows.append(f'<row r="{row}">{cell}</row>')
    top, bottom = MERGED
    rows.append(f'<row r="{top}"><c r="C{top}"><v>77</v></c><c r="D{top}"><v>1</v></c></row>')
    rows.append(f'<row r="{bottom}" hidden="1"><c r="D{bottom}"><v>2</v></c></row>')
    comment = ROW["with comment and link"]
    sheet = (
        f'<worksheet xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><cols><col min="5" max="6" width="9" hidden="1"/></cols>'
        f"<sheetData>{''.join(rows)}</sheetData>"
        f'<mergeCells count="1"><mergeCell ref="C{top}:C{bottom}"/></mergeCells>'
        f'<hyperlinks><hyperlink ref="C{comment}" r:id="rId1" tooltip="tip"/></hyperlinks>'
        '<legacyDrawing r:id="rId3"/></worksheet>'
    )
    plain = f'<worksheet xmlns="{_MAIN}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData></worksheet>'
    parts = {
        "[Content_Types].xml": _types(),
        "_rels/.rels": _relations(
            f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        ),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<workbookPr{' date1904=' + chr(34) + '1' + chr(34) if epoch_1904 else ''}/><sheets>"
        '<sheet name="数据" sheetId="1" r:id="rId1"/><sheet name="隐藏" sheetId="2" state="hidden" r:id="rId2"/>'
        '<sheet name="深藏" sheetId="3" state="veryHidden" r:id="rId3"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(
            *(
                f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
                for n in (1, 2, 3)
            ),
            f'<Relationship Id="rId4" Type="{_OFFICE}/styles" Target="styles.xml"/>',
            f'<Relationship Id="rId5" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>',
        ),
        "xl/styles.xml": _styles(formats),
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}" count="4" uniqueCount="4"><si><t>共享</t></si>'
        '<si><r><t>富</t></r><r><rPr><b/></rPr><t>文本</t></r><rPh sb="0" eb="1"><t>フ</t></rPh>'
        '<phoneticPr fontId="0"/></si>'
        "<si><t>甲_x000D_\n乙</t></si><si><t>a_x0000_b</t></si></sst>",
        "xl/worksheets/sheet1.xml": sheet,
        "xl/worksheets/sheet2.xml": plain,
        "xl/worksheets/sheet3.xml": plain,
        "xl/worksheets/_rels/sheet1.xml.rels": _relations(
            f'<Relationship Id="rId1" Type="{_OFFICE}/hyperlink" Target="http://127.0.0.1/" TargetMode="External"/>',
            f'<Relationship Id="rId2" Type="{_OFFICE}/comments" Target="../comments1.xml"/>',
            f'<Relationship Id="rId3" Type="{_OFFICE}/vmlDrawing" Target="../drawings/vmlDrawing1.vml"/>',
        ),
        "xl/comments1.xml": f'<comments xmlns="{_MAIN}"><authors><author>a</author></authors><commentList>'
        f'<comment ref="C{comment}" authorId="0"><text><t>批注的话</t></text></comment></commentList></comments>',
        "xl/drawings/vmlDrawing1.vml": '<xml xmlns:v="urn:schemas-microsoft-com:vml"/>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text if text.startswith("<?") else _HEAD + text)
    return path


def _types() -> str:
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in (1, 2, 3)
    )
    others = {
        "workbook": "sheet.main", "styles": "styles", "sharedStrings": "sharedStrings", "comments1": "comments",
    }  # fmt: skip
    rest = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{_TYPE}.{kind}+xml"/>' for part, kind in others.items()
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
        f"{sheets}{rest}</Types>"
    )


def _relations(*lines: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(lines)}</Relationships>'


def _styles(formats: list[int]) -> str:
    quoted = {
        number: code.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
        for number, code in CUSTOM.items()
    }
    custom = "".join(f'<numFmt numFmtId="{number}" formatCode="{code}"/>' for number, code in quoted.items())
    cells = "".join(
        f'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        for number in formats
    )
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="{len(CUSTOM)}">{custom}</numFmts>'
        '<fonts count="1"><font><sz val="11"/><name val="Arial"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(formats)}">{cells}</cellXfs></styleSheet>'
    )
