"""Workbooks made for tests, and the short ways to read them back."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl

from connectors.base import Page
from connectors.excel.filetypes.cells import address
from connectors.excel.finding.table import read_file
from connectors.excel.safety import sandbox
from schemas.model import Template, TemplateColumn, Text

TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

PARTS = Template(
    name="parts",
    title=Text(zh="零件", en="Parts"),
    description=Text(zh="零件", en="Parts"),
    department="engineering",
    entity="material",
    dataset="workbooks.parts",
    files=("零件*.xlsx", "零件*.csv"),
    version_from=r"_(\d{4}-\d{2})",
    sheets=("零件",),
    key=("编码",),
    columns=(
        TemplateColumn("编码", "material_code", ("料号", "Code"), required=True),
        TemplateColumn("名称", "material_name", ("品名",), required=True),
        TemplateColumn("单价", "plan_price_cny", unit="元"),
        TemplateColumn("日期", "start_date"),
    ),
)


def cells_of(path: Path, sheet: int = 0) -> dict[str, str]:
    """{address: text} of one sheet, as the reader sees it."""
    table = sandbox.read_workbook(path, path.name).sheets[sheet].cells
    columns = (table[name].to_pylist() for name in ("row", "column", "text"))
    return {address(row, column): text for row, column, text in zip(*columns, strict=True)}


def pages_of(path: Path, template: Template = PARTS, page_rows: int = 1000) -> list[Page]:
    return list(read_file(path, template, path.name, page_rows))


def rows_of(path: Path, template: Template = PARTS) -> list[dict[str, object]]:
    return [row for page in pages_of(path, template) for row in page.rows.to_pylist()]


def notes_of(path: Path, template: Template = PARTS) -> dict[str, dict[str, object]]:
    file = pages_of(path, template)[0].file
    assert file is not None
    return {note.code: note.params for note in file.notes}


def save(path: Path, rows: list[list[object]], title: str = "零件") -> Path:
    """A plain workbook with these rows from A1."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def package(path: Path, sheet: str, strings: str | None = None, styles: str | None = None, **extra: str) -> Path:
    """An .xlsx written by hand around the XML of its only sheet; `extra`: part name (with __ for /) -> text."""
    parts = {
        "[Content_Types].xml": "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        '<sheets><sheet name="零件" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="rId3" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
    }
    if strings is not None:
        parts["xl/sharedStrings.xml"] = strings
    if styles is not None:
        parts["xl/styles.xml"] = styles
    parts |= {name.replace("__", "/"): text for name, text in extra.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def sheet_xml(data: str, before: str = "", after: str = "") -> str:
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{data}</sheetData>{after}</worksheet>'
