"""Workbooks of 20 columns: read with every value's address, marked, read by the hundred; ours beside openpyxl.

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
from benchmarks.workbook_limit import limit
from connectors.excel.marking.annotate import Summary
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
REPEATS = 5  # of short jobs, whose figures are then means
MARKS = 2000
MOST_FILES, SMALL_ROWS = 500, 200
TIMES = 20
WARM = "warm.xlsx"  # ten rows, which each reader reads first: imports are not what is measured
_WORD = Text("基准", "Benchmark")
TEMPLATE = Template(
    "bench", _WORD, _WORD, "it", "bench", "bench.sheet", ("*.xlsx",),
    tuple(TemplateColumn(header) for header in HEADERS), (HEADERS[0],),
)  # fmt: skip
_SUMMARY = Summary(
    "问题清单", ("工作表", "单元格", "级别", "问题", "建议值"), {"error": "错误", "warning": "警告", "info": "提示"}
)
Run = tuple[str, int, tuple[Figures, Any]]  # contender, rows, (figures, what it saw)
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
                    parts.append(text(at, row, f"{kind}-{seed % 3000}"))
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


def cells(path: Path) -> tuple[Figures, str]:
    """Every cell with its address, type, error and formula, from the child process that opens the file."""
    from connectors.excel.filetypes.cells import FORMULA
    from connectors.excel.safety import sandbox

    sandbox.read_workbook(path.with_name(WARM), WARM)
    with Meter() as meter:
        for _ in range(REPEATS):
            sheet = sandbox.read_workbook(path, path.name).sheets[0]
    formulas = sum(kind >= FORMULA for kind in sheet.cells["kind"].to_pylist())
    return _per_round(meter.figures), f"{sheet.cells.num_rows} cells {sheet.errors['count']} errors {formulas} formulas"


def _per_round(figures: Figures) -> Figures:
    return Figures(figures.cpu / REPEATS, figures.wall / REPEATS, figures.peak_mb)


def many(folder: Path) -> tuple[Figures, int]:
    """Every cell of every small file of a folder."""
    from connectors.excel.safety import sandbox

    sandbox.read_workbook(folder.parent / WARM, WARM)
    with Meter() as meter:
        found = sum(sandbox.read_workbook(path, path.name).sheets[0].cells.num_rows for path in folder.iterdir())
    return meter.figures, found


def many_openpyxl(folder: Path) -> tuple[Figures, int]:
    """The same with openpyxl, read-only, values of formulas."""
    from openpyxl import load_workbook

    load_workbook(folder.parent / WARM, read_only=True).close()
    found = 0
    with Meter() as meter:
        for path in folder.iterdir():
            book = load_workbook(path, read_only=True, data_only=True)
            found += sum(value is not None for row in book.worksheets[0].iter_rows(values_only=True) for value in row)
            book.close()
    return meter.figures, found


def _marks(rows: int) -> list[Any]:
    from connectors.excel.marking.annotate import Mark

    chosen = range(0, rows * 20, max(rows * 20 // MARKS, 1))
    return [
        Mark(
            "数据",
            f"{_letter(n % 19)}{HEADER_ROW + 1 + n // 20}",
            "error",
            f"第 {n} 处：请检查",
            "12" if n % 3 else None,
        )
        for n in list(chosen)[:MARKS]
    ]


def marked(path: Path, rows: int) -> tuple[Figures, int]:
    """A copy with marked cells, everything else byte for byte as it was."""
    from connectors.excel.marking.annotate import annotate

    marks = _marks(rows)
    annotate(path.with_name(WARM), path.with_name("warm-marked.xlsx"), marks[:1], _SUMMARY)
    with Meter() as meter:
        for _ in range(REPEATS):
            annotate(path, path.with_name("marked.xlsx"), marks, _SUMMARY)
    return _per_round(meter.figures), _comments(path.with_name("marked.xlsx"))


def marked_openpyxl(path: Path, rows: int) -> tuple[Figures, int]:
    """The same marks by openpyxl, which reads and writes everything anew."""
    from connectors.excel.marking.rebuild import with_openpyxl

    marks = _marks(rows)
    with_openpyxl(path.with_name(WARM), path.with_name("warm-openpyxl.xlsx"), marks[:1], _SUMMARY)
    with Meter() as meter:
        with_openpyxl(path, path.with_name("openpyxl.xlsx"), marks, _SUMMARY)
    return meter.figures, _comments(path.with_name("openpyxl.xlsx"))


def _comments(path: Path) -> int:
    with zipfile.ZipFile(path) as package:
        parts = [name for name in package.namelist() if "comment" in name.lower() and name.endswith(".xml")]
        return sum(package.read(name).count(b"<comment ") for name in parts)


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
    """Raises AssertionError if two contenders saw different values."""
    with tempfile.TemporaryDirectory(prefix="waterworks-bench-") as folder:
        path = Path(folder) / "价格表.xlsx"
        make(path, rows)
        make(path.with_name(WARM), 10)
        name, figures, seen = limit(path)
        runs = [(name, rows, (figures, seen))]
        runs += [
            ("ours: every cell with address, type, error, formula", rows, isolated(cells, path)),
            ("ours: to pages of a template, header found", rows, isolated(ours, path)),
            ("openpyxl, read-only, values only", rows, isolated(openpyxl, path)),
        ]
        runs += _marked_copies(path, rows) + _small_files(path, rows)
        big = path.with_name("大表.xlsx")
        make(big, rows * TIMES)
        runs.append((f"ours: {TIMES} times the rows, every cell", rows * TIMES, isolated(big_one, big)))
    entries = tuple(Entry(name, count, figures, result) for name, count, (figures, result) in runs)
    pairs = [(2, 3), (4, 5), (6, 7)] + ([(0, 1)] if "cells" in str(entries[0].result) else [])
    for one, other in pairs:
        if entries[one].result != entries[other].result:
            raise AssertionError(f"{entries[one]} and {entries[other]} disagree")
    return Benchmark(
        "workbook",
        "Workbook of 20 columns, every value with its cell",
        "All figures include the child process that opens the files, which a first small file has started. Contenders"
        " of one job saw the same cells. The last column compares with the limit, also for the other jobs.",
        entries,
    )


def _marked_copies(path: Path, rows: int) -> list[Run]:
    return [
        (f"ours: a copy with {MARKS} marks, the rest byte for byte", rows, isolated(marked, path, rows)),
        ("openpyxl: the same marks", rows, isolated(marked_openpyxl, path, rows)),
    ]


def _small_files(path: Path, rows: int) -> list[Run]:
    folder = path.with_name("small")
    folder.mkdir()
    count = min(MOST_FILES, rows // 20)
    for number in range(count):
        make(folder / f"{number}.xlsx", SMALL_ROWS)
    return [
        (f"ours: {count} files of {SMALL_ROWS} rows", count * SMALL_ROWS, isolated(many, folder)),
        ("openpyxl: the same files", count * SMALL_ROWS, isolated(many_openpyxl, folder)),
    ]


def big_one(path: Path) -> tuple[Figures, str]:
    """One big workbook, once."""
    from connectors.excel.safety import sandbox

    sandbox.read_workbook(path.with_name(WARM), WARM)
    with Meter() as meter:
        sheet = sandbox.read_workbook(path, path.name).sheets[0]
    return meter.figures, f"{sheet.cells.num_rows} cells"
