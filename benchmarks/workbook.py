"""A workbook of 20 columns read with every value's address: ours beside inflating the file and openpyxl.

Belongs here: the workbook (written as XML, so that formulas have cached values), the contenders, the
proof that both readers saw the same values in the same rows.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.measure import Figures, Meter, isolated
from benchmarks.report import Benchmark, Entry
from schemas.model import Template, TemplateColumn, Text

HEADERS = tuple(
    f"{name}{number}"
    for name, count in (
        ("编码", 1),
        ("名称", 4),
        ("说明", 3),
        ("数量", 4),
        ("单价", 4),
        ("日期", 2),
        ("合价", 1),
        ("启用", 1),
    )
    for number in range(1, count + 1)
)
assert len(HEADERS) == 20
HEADER_ROW = 3
WARM = "warm.xlsx"  # ten rows, which each reader reads first: imports are not what is measured
_WORD = Text("基准", "Benchmark")
TEMPLATE = Template(
    "bench", _WORD, _WORD, "it", "bench", "bench.sheet", ("*.xlsx",),
    tuple(TemplateColumn(header) for header in HEADERS), (HEADERS[0],),
)  # fmt: skip
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
    f' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPES}.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1"'
    f' Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
    '<sheet name="数据" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
    f'<Relationship Id="r3" Type="{_RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill>'
    '<patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2">'
    '<xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def make(path: Path, rows: int) -> None:
    """Two banner lines, the header in row 3, `rows` lines of data with formulas, dates, blanks and errors."""
    strings: dict[str, int] = {}

    def text(column: str, row: int, value: str) -> str:
        return f'<c r="{column}{row}" t="s"><v>{strings.setdefault(value, len(strings))}</v></c>'

    lines = [f'<row r="1">{text("A", 1, "物料价格表（财务部）")}</row>']
    cells = "".join(text(_letter(place), HEADER_ROW, header) for place, header in enumerate(HEADERS))
    lines.append(f'<row r="{HEADER_ROW}">{cells}</row>')
    for number in range(rows):
        row = HEADER_ROW + 1 + number
        parts = []
        for place, header in enumerate(HEADERS):
            at, kind, seed = _letter(place), header[:2], number * 31 + place
            if kind == "编码":
                parts.append(text(at, row, f"M{number:07d}"))
            elif kind in ("名称", "说明"):
                if seed % 9:
                    parts.append(text(at, row, f"{kind}{seed % 3000}"))
            elif kind == "数量":
                parts.append(f'<c r="{at}{row}"><v>{seed % 5000}</v></c>')
            elif kind == "单价":
                parts.append(f'<c r="{at}{row}"><v>{(seed % 90000) / 8}</v></c>')
            elif kind == "日期":
                parts.append(f'<c r="{at}{row}" s="1"><v>{45000 + seed % 700}</v></c>')
            elif kind == "启用":
                parts.append(f'<c r="{at}{row}" t="b"><v>{seed % 2}</v></c>')
            elif seed % 500 == 0:
                parts.append(f'<c r="{at}{row}" t="e"><f>I{row}/0</f><v>#DIV/0!</v></c>')
            else:
                parts.append(f'<c r="{at}{row}"><f>I{row}*4</f><v>{seed % 5000 * 4}</v></c>')
        lines.append(f'<row r="{row}">{"".join(parts)}</row>')
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    shared = "".join(f"<si><t>{escape(value)}</t></si>" for value in strings)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in _PARTS.items():
            package.writestr(name, content)
        package.writestr("xl/worksheets/sheet1.xml", sheet)
        package.writestr("xl/sharedStrings.xml", f'<sst xmlns="{_MAIN}">{shared}</sst>')


def _letter(place: int) -> str:
    return "ABCDEFGHIJKLMNOPQRST"[place]


def digest(rows: list[list[Any]]) -> str:
    """Of [sheet row number, 20 texts] per row; "" for a blank cell."""
    content = "\n".join("\x1f".join(map(str, row)) for row in rows)
    return f"{len(rows)} rows {hashlib.sha256(content.encode()).hexdigest()}"


def inflate(path: Path) -> tuple[Figures, str]:
    """Only the bytes out of the zip file: the least any reader must do."""
    with Meter() as meter, zipfile.ZipFile(path) as package:
        size = sum(len(package.read(name)) for name in package.namelist())
    return meter.figures, f"{size} bytes"


def ours(path: Path) -> tuple[Figures, str]:
    """The whole way of a watched workbook: recognise, child process, values, errors, header, template."""
    from connectors.base import ROW_NO
    from connectors.excel.connector import read_file

    def read(file: Path) -> list[Any]:
        return list(read_file(file, TEMPLATE, file.name, page_rows=50_000))

    read(path.with_name(WARM))
    with Meter() as meter:
        pages = read(path)
    rows = [
        [row[ROW_NO], *("" if row[header] is None else row[header] for header in HEADERS)]
        for page in pages
        for row in page.rows.to_pylist()
    ]
    return meter.figures, digest(rows)


def openpyxl(path: Path) -> tuple[Figures, str]:
    """openpyxl in its fastest mode: read-only, values of formulas."""
    from openpyxl import load_workbook

    def read(file: Path) -> list[tuple[int, Any]]:
        book = load_workbook(file, read_only=True, data_only=True)
        rows = list(enumerate(book.worksheets[0].iter_rows(values_only=True), start=1))
        book.close()
        return rows

    read(path.with_name(WARM))
    with Meter() as meter:
        values = read(path)
    return meter.figures, digest([[number, *map(_shown, row)] for number, row in values if number > HEADER_ROW])


def _shown(value: Any) -> str:
    """A value as our reader lands it: what the cell stores, as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.date().isoformat()
    return format(value, ".15g") if isinstance(value, (int, float)) else str(value)


def run(rows: int = 10_000) -> Benchmark:
    """Raises AssertionError if the two readers saw different values."""
    with tempfile.TemporaryDirectory(prefix="waterworks-bench-") as folder:
        path = Path(folder) / "价格表.xlsx"
        make(path, rows)
        make(path.with_name(WARM), 10)
        runs = {
            "inflate only (no reader can be faster)": isolated(inflate, path),
            "ours: values, addresses, error cells, header found": isolated(ours, path),
            "openpyxl, read-only": isolated(openpyxl, path),
        }
    entries = tuple(Entry(name, rows, figures, result) for name, (figures, result) in runs.items())
    if entries[1].result != entries[2].result:
        raise AssertionError(f"the readers disagree: {entries[1].result} and {entries[2].result}")
    return Benchmark(
        "workbook",
        "Workbook of 20 columns, every value with its cell",
        "Ours counts the child process that opens the file and its start. Both readers saw the same values.",
        entries,
    )
