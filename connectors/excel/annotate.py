"""A copy of a workbook with marked cells: coloured, commented, corrected where a value is suggested.

Belongs here: putting the patches of one package together, and the two other ways (openpyxl for odd
packages, a new workbook for .xls and .csv). Does not belong here: wording of marks (the portal).
An .xlsx is patched part by part: what is not marked, charts and all, stays as its owner made it.
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from connectors.excel import rebuild, sniff
from connectors.excel.cells import parse_address
from connectors.excel.comments_patch import merged_comments, merged_drawing, new_comments, new_drawing
from connectors.excel.ooxml import WorkbookParts, main_part, plain_xml, read_workbook, relations
from connectors.excel.package import MAX_SHEET, Package, resolve
from connectors.excel.sheet_patch import link_comments, patch_cells
from connectors.excel.styles_patch import StylesPatch
from schemas.problems import Problem

_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(frozen=True)
class Mark:
    """One cell to mark. `sheet` None = the only sheet (CSV). `new_value` None = leave the value."""

    sheet: str | None
    cell: str  # "D12"
    severity: Literal["error", "warning", "info"]
    comment: str
    new_value: str | None = None


@dataclass(frozen=True)
class Summary:
    """The sheet that lists all marks: its name, its column titles, the words for the severities."""

    title: str
    headings: tuple[str, str, str, str, str]  # sheet, cell, severity, what, new value
    severities: dict[str, str]


Way = Literal["patched", "openpyxl", "rebuilt"]


def annotate(source: Path, target: Path, marks: Sequence[Mark], summary: Summary, shown_name: str = "") -> Way:
    """Write the marked copy of `source` (any kind the reader reads) to `target`, an .xlsx.

    Several marks of one cell share a comment; the gravest gives the colour, the last new value
    counts. Returns how it was made: "patched" (all else untouched), "openpyxl" (an unusual package;
    charts and the like may be lost), "rebuilt" (.xls, .xlsb, .ods, .csv: values only).
    Raises Problem `annotate_unreadable` and those of the reader.
    """
    shown_name = shown_name or source.name
    if sniff.kind_of(source, shown_name) != sniff.XLSX:
        rebuild.from_values(source, target, marks, summary, shown_name)
        return "rebuilt"
    try:
        _patch(source, target, marks, summary, shown_name)
        return "patched"
    except (ValueError, KeyError) as odd:
        try:
            rebuild.with_openpyxl(source, target, marks, summary)
        except (ValueError, LookupError, TypeError, AttributeError, OSError, zipfile.BadZipFile) as error:
            reason = f"{odd}; {error}"[:200]
            raise Problem("annotate_unreadable", file=shown_name, reason=reason) from error
        return "openpyxl"


def _patch(source: Path, target: Path, marks: Sequence[Mark], summary: Summary, shown_name: str) -> None:
    with Package(source, shown_name) as package:
        book = read_workbook(package)
        patch = _PackagePatch(package, book)
        patch.mark(marks)
        patch.add_summary(marks, summary)
        new = patch.parts()
        with (
            zipfile.ZipFile(source) as archive,
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as out,
        ):
            for entry in archive.infolist():
                name = entry.filename.replace("\\", "/").lstrip("/")
                if name.lower().endswith("/vbaproject.bin"):
                    continue
                changed = new.pop(name.lower(), None)
                content = archive.read(entry) if changed is None else changed[1].encode()
                out.writestr(zipfile.ZipInfo(entry.filename, entry.date_time), content, zipfile.ZIP_DEFLATED)
            for name, text in new.values():
                out.writestr(name, text)


class _PackagePatch:
    """Changed and added parts of one package, by lower-case name."""

    def __init__(self, package: Package, book: WorkbookParts) -> None:
        self.package, self.book = package, book
        self._new: dict[str, tuple[str, str]] = {}
        self._numbers = self._free_number()
        self.workbook = main_part(package, "xl/workbook.xml")
        styles = [part for kind, part in relations(package, self.workbook).values() if kind == "styles"]
        if not styles or styles[0] not in package:
            raise ValueError("workbook without styles")
        self._styles_part = styles[0]
        self._styles = StylesPatch(self._text(self._styles_part))

    def parts(self) -> dict[str, tuple[str, str]]:
        self._set(self._styles_part, self._styles.text())
        self._without_macros()
        return self._new

    def _without_macros(self) -> None:
        """The copy is named .xlsx, and Excel opens nothing under that name that says it has macros."""
        types = self._text("[Content_Types].xml")
        if "macroEnabled" not in types and ".template.main" not in types:
            return
        types = re.sub(r"application/vnd\.ms-excel\.\w+\.macroEnabled\.main", f"{_SHEET_TYPE}.sheet.main", types)
        types = re.sub(r"<Override\b[^>]*vbaProject[^>]*?/>", "", types)
        self._set("[Content_Types].xml", types.replace(f"{_SHEET_TYPE}.template.main", f"{_SHEET_TYPE}.sheet.main"))
        name = self._relations_of(self.workbook)
        self._set(name, re.sub(r'<Relationship\b[^>]*/vbaProject"[^>]*?/>', "", self._text(name)))

    def mark(self, marks: Sequence[Mark]) -> None:
        by_sheet: dict[str, list[Mark]] = defaultdict(list)
        for mark in marks:
            by_sheet[mark.sheet if mark.sheet is not None else self.book.sheets[0].name].append(mark)
        parts = {sheet.name: sheet.part for sheet in self.book.sheets}
        for sheet, mine in by_sheet.items():
            if sheet not in parts:
                raise ValueError(f"no sheet {sheet!r}")
            self._mark_sheet(parts[sheet], mine)

    def _mark_sheet(self, part: str, marks: Sequence[Mark]) -> None:
        severities, comments, values = together(marks)
        kinds = self.book.formats

        def restyle(address: str, own: int) -> int:
            return self._styles.style(own, severities[address])

        text = self._text(part, MAX_SHEET)
        text = patch_cells(text, values, restyle, lambda style: kinds[style] if style < len(kinds) else "general")
        related = relations(self.package, part) if self._relations_of(part) in self.package else {}
        of_kind = dict(related.values())
        if "comments" in of_kind and "vmlDrawing" in of_kind and "<legacyDrawing " in text:
            merged, fresh = merged_comments(self._text(of_kind["comments"]), comments)
            drawing = merged_drawing(self._text(of_kind["vmlDrawing"]), fresh, 900_000)
            self._set(of_kind["comments"], merged)
            self._set(of_kind["vmlDrawing"], drawing)
        elif "comments" in of_kind or "<legacyDrawing " in text or "vmlDrawing" in of_kind:
            raise ValueError(f"{part}: comments without their drawing")
        else:
            text = self._add_comments(part, text, comments)
        self._set(part, text)

    def _add_comments(self, part: str, text: str, comments: dict[str, str]) -> str:
        number = self._numbers
        self._numbers += 1
        names = f"xl/comments{number}.xml", f"xl/drawings/vmlDrawing{number}.vml"
        self._set(names[0], new_comments(comments))
        self._set(names[1], new_drawing(list(comments), 1025))
        self._relate(part, f"wwComments{number}", "comments", "/" + names[0])
        self._relate(part, f"wwDrawing{number}", "vmlDrawing", "/" + names[1])
        self._content_type(f'<Override PartName="/{names[0]}" ContentType="{_SHEET_TYPE}.comments+xml"/>')
        if not re.search(r'<Default\b[^>]*Extension="vml"', self._text("[Content_Types].xml"), re.IGNORECASE):
            vml = "application/vnd.openxmlformats-officedocument.vmlDrawing"
            self._content_type(f'<Default Extension="vml" ContentType="{vml}"/>')
        return link_comments(text, f"wwDrawing{number}")

    def add_summary(self, marks: Sequence[Mark], summary: Summary) -> None:
        """The list of all marks as the last sheet."""
        number = self._numbers
        self._numbers += 1
        part = f"xl/worksheets/sheet{number}.xml"
        names = {sheet.name.lower() for sheet in self.book.sheets}
        title = free_title(summary.title, names)
        rows = [summary.headings, *summary_lines(marks, summary)]
        body = "".join(
            f'<row r="{row}">'
            + "".join(
                f'<c r="{letter}{row}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
                for letter, text in zip("ABCDE", line, strict=True)
            )
            + "</row>"
            for row, line in enumerate(rows, start=1)
        )
        columns = '<cols><col min="1" max="3" width="14" customWidth="1"/><col min="4" max="4" width="70"'
        self._set(
            part,
            f'{_HEAD}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            f'{columns} customWidth="1"/><col min="5" max="5" width="24" customWidth="1"/></cols>'
            f"<sheetData>{body}</sheetData></worksheet>",
        )
        workbook = self._text(self.workbook)
        ids = [int(found) for found in re.findall(r'<sheet\b[^>]*?\bsheetId="(\d+)"', workbook)]
        if "</sheets>" not in workbook:
            raise ValueError("workbook without <sheets>")
        relation, free_id = f"wwSheet{number}", max(ids, default=0) + 1
        entry = f'<sheet xmlns:r="{_RELATION}" name={quoteattr(title)} sheetId="{free_id}" r:id="{relation}"/>'
        self._set(self.workbook, workbook.replace("</sheets>", f"{entry}</sheets>", 1))
        self._relate(self.workbook, relation, "worksheet", "/" + part)
        self._content_type(f'<Override PartName="/{part}" ContentType="{_SHEET_TYPE}.worksheet+xml"/>')

    def _relations_of(self, part: str) -> str:
        folder, _, name = part.rpartition("/")
        return f"{folder}/_rels/{name}.rels"

    def _relate(self, part: str, relation: str, kind: str, target: str) -> None:
        name = self._relations_of(part)
        entry = f'<Relationship Id="{relation}" Type="{_RELATION}/{kind}" Target="{target}"/>'
        if name in self.package or name.lower() in self._new:
            text = self._text(name)
            if "</Relationships>" in text:
                self._set(name, text.replace("</Relationships>", f"{entry}</Relationships>", 1))
                return
            if not re.search(r"<Relationships\b[^>]*/>", text):
                raise ValueError(f"{name} is not built the usual way")
        self._set(name, f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{entry}</Relationships>')

    def _content_type(self, entry: str) -> None:
        text = self._text("[Content_Types].xml")
        if "</Types>" not in text:
            raise ValueError("content types are not built the usual way")
        # Defaults come first by custom; any order is valid.
        self._set("[Content_Types].xml", text.replace("</Types>", f"{entry}</Types>", 1))

    def _free_number(self) -> int:
        used = [int(found) for name in self.package.names for found in re.findall(r"(\d{1,6})\.(?:xml|vml)$", name)]
        return max(used, default=0) + 1

    def _text(self, part: str, limit: int = 300_000_000) -> str:
        if part.lower() in self._new:
            return self._new[part.lower()][1]
        text = plain_xml(self.package.read(part, limit))
        if text is None:
            raise ValueError(f"{part} is not plain XML")
        return text

    def _set(self, part: str, text: str) -> None:
        name = resolve("", part)
        self._new[name.lower()] = (self._new.get(name.lower(), (name,))[0], text)


def together(marks: Sequence[Mark]) -> tuple[dict[str, str], dict[str, str], dict[str, str | None]]:
    """({cell: gravest severity}, {cell: comment}, {cell: new value}) of one sheet's marks.

    Raises ValueError for a mark on no cell.
    """
    order = ["error", "warning", "info"]
    severities: dict[str, str] = {}
    comments: dict[str, list[str]] = defaultdict(list)
    values: dict[str, str | None] = {}
    for mark in marks:
        if parse_address(mark.cell) is None or not mark.cell.isupper():
            raise ValueError(f"no cell {mark.cell!r}")
        known = severities.get(mark.cell, "info")
        severities[mark.cell] = min(known, mark.severity, key=order.index)
        if mark.comment not in comments[mark.cell]:
            comments[mark.cell].append(mark.comment)
        values[mark.cell] = mark.new_value if mark.new_value is not None else values.get(mark.cell)
    return severities, {cell: "\n".join(texts)[:30_000] for cell, texts in comments.items()}, values


def summary_lines(marks: Sequence[Mark], summary: Summary) -> list[tuple[str, str, str, str, str]]:
    """One line per mark, the texts safe to show in a cell."""
    return [
        (
            mark.sheet or "",
            mark.cell,
            summary.severities.get(mark.severity, mark.severity),
            mark.comment[:32_000],
            mark.new_value or "",
        )
        for mark in marks
    ]


def free_title(title: str, taken: set[str]) -> str:
    """A sheet name Excel accepts (31 characters, none of []:*?/\\) that is not taken."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", title)[:28]
    name, number = plain, 2
    while name.lower() in taken:
        name, number = f"{plain} {number}", number + 1
    return name
