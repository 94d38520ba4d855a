"""An .xlsx patched part by part: what is not marked, charts and all, stays byte for byte as its owner made it.

Belongs here: putting the patches of one package together. Does not belong here: the surgery on single
parts (sheet_patch.py, styles_patch.py, comments_patch.py, threads_patch.py).
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from connectors.excel.filetypes.cells import column_letters, column_number
from connectors.excel.filetypes.ooxml import WorkbookParts, main_part, plain_xml, read_workbook, relations
from connectors.excel.marking.annotate import Mark, Summary, free_title, note_lines, summary_lines, together
from connectors.excel.marking.comments_patch import (
    MAIN,
    commented,
    merged_comments,
    merged_drawing,
    new_comments,
    new_drawing,
)  # fmt: skip
from connectors.excel.marking.sheet_patch import RELATION, legacy_drawing, link_comments, patch_cells
from connectors.excel.marking.styles_patch import StylesPatch
from connectors.excel.marking.threads_patch import with_person, with_replies
from connectors.excel.marking.zip_copy import ZipCopy
from connectors.excel.safety.package import MAX_SHEET, Package, resolve
from schemas.problems import Problem

_STRICT = "http://purl.oclc.org/ooxml/"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_PERSON_TYPE = "http://schemas.microsoft.com/office/2017/10/relationships/person"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_MACRO_PARTS = ("vbaproject.bin", "vbaproject.bin.rels", "vbaprojectsignature.bin", "vbaprojectsignatureagile.bin")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_LEVEL = 3  # of compression; 6 takes twice the time for 5 % less


def patch(source: Path, target: Path, marks: Sequence[Mark], summary: Summary, shown_name: str) -> tuple[Problem, ...]:
    """Write the marked copy; returns what its owner should know about it.

    Raises ValueError or KeyError for a package that is not built the usual way, and Problems of the reader.
    """
    with Package(source, shown_name) as package:
        changes = _PackagePatch(package, read_workbook(package), target.suffix.lower() == ".xlsm")
        changes.mark(marks)
        new = changes.parts()
        changes.add_summary(marks, summary)
        with source.open("rb") as old, zipfile.ZipFile(old) as archive, target.open("wb") as out:
            copy = ZipCopy(out)
            for entry in archive.infolist():
                name = entry.filename.replace("\\", "/").lstrip("/").lower()
                if name in changes.dropped:
                    continue
                changed = new.pop(name, None)
                if changed is None:
                    copy.copy(old, entry)
                else:
                    copy.add(entry.filename, changed[1].encode(), _LEVEL)
            for name, text in new.values():
                copy.add(name, text.encode(), _LEVEL)
            copy.finish()
    return tuple(changes.notes)


class _PackagePatch:
    """Changed and added parts of one package, by lower-case name."""

    def __init__(self, package: Package, book: WorkbookParts, macros: bool) -> None:
        self.package, self.book, self.keep_macros = package, book, macros
        self.notes: list[Problem] = []
        self.dropped: set[str] = set()  # parts the copy does without
        self._new: dict[str, tuple[str, str]] = {}
        self._numbers = self._free_number()
        self.workbook = main_part(package, "xl/workbook.xml")
        strict = _STRICT in self._text(self.workbook)
        self._main = f"{_STRICT}spreadsheetml/main" if strict else MAIN
        self._relation = f"{_STRICT}officeDocument/relationships" if strict else RELATION
        styles = [part for kind, part in relations(package, self.workbook).values() if kind == "styles"]
        if not styles or styles[0] not in package:
            raise ValueError("workbook without styles")
        self._styles_part = styles[0]
        self._styles = StylesPatch(self._text(self._styles_part))
        if any(name.startswith("_xmlsignatures/") for name in package.names):
            self.notes.append(Problem("note_copy_signature"))

    def parts(self) -> dict[str, tuple[str, str]]:
        """Changed and added parts: lower-case name -> (name, text)."""
        self._set(self._styles_part, self._styles.text())
        if not self.keep_macros:
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
        macros = {part for part in self.package.names if part.rpartition("/")[2] in _MACRO_PARTS}
        if macros:
            self.dropped |= macros
            self.notes.append(Problem("note_copy_macros"))

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

        related = relations(self.package, part) if self._relations_of(part) in self.package else {}
        for cell in self._table_headers(related) & values.keys():
            values[cell] = None  # the table's own part names its columns: another header there makes Excel repair
        text = self._text(part, MAX_SHEET)
        text = patch_cells(text, values, restyle, lambda style: kinds[style] if style < len(kinds) else "general")
        self._set(part, self._comment(part, text, related, comments))

    def _table_headers(self, related: dict[str, tuple[str, str]]) -> set[str]:
        found = set()
        for kind, table in related.values():
            tag = re.search(r"<table\b[^>]*>", self._text(table)) if kind == "table" and table in self.package else None
            reference = re.search(r'\bref="([A-Z]+)([0-9]+):([A-Z]+)[0-9]+"', tag[0]) if tag else None
            if tag and reference and 'headerRowCount="0"' not in tag[0]:
                left, row, right = reference.groups()
                columns = range(column_number(left), column_number(right) + 1)
                found |= {f"{column_letters(column)}{row}" for column in columns}
        return found

    def _comment(self, part: str, text: str, related: dict[str, tuple[str, str]], comments: dict[str, str]) -> str:
        """Adds the comments to the sheet's own parts, or gives it some; the sheet's text with the link to them."""
        of_kind = {kind: target for kind, target in related.values() if target in self.package}
        if "threadedComment" in of_kind:
            self._reply(of_kind["threadedComment"], comments)
        if "comments" in of_kind:
            merged, fresh = merged_comments(self._text(of_kind["comments"]), comments)
            self._set(of_kind["comments"], merged)
        else:
            fresh = list(comments)
            name = f"xl/comments{self._next()}.xml"
            self._set(name, new_comments(comments, self._main))
            self._relate(part, f"ww{name[3:-4]}", "comments", "/" + name)
            self._content_type(f'<Override PartName="/{name}" ContentType="{_SHEET_TYPE}.comments+xml"/>')
        drawing = related.get(legacy_drawing(text) or "", ("", ""))[1]
        if drawing in self.package:  # of comments, or of buttons and other controls
            self._set(drawing, merged_drawing(self._text(drawing), fresh))
            return text
        if legacy_drawing(text) is not None:
            raise ValueError(f"{part}: its drawing is missing")
        shown = fresh if "comments" not in of_kind else commented(self._text(of_kind["comments"]))
        name = f"xl/drawings/vmlDrawing{self._next()}.vml"
        self._set(name, new_drawing(shown, 1025))
        relation = f"ww{name[12:-4]}"
        self._relate(part, relation, "vmlDrawing", "/" + name)
        if not re.search(r'<Default\b[^>]*Extension="vml"', self._text("[Content_Types].xml"), re.IGNORECASE):
            vml = "application/vnd.openxmlformats-officedocument.vmlDrawing"
            self._content_type(f'<Default Extension="vml" ContentType="{vml}"/>')
        return link_comments(text, relation, self._relation)

    def _reply(self, threads: str, comments: dict[str, str]) -> None:
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.00")
        text, replied = with_replies(self._text(threads), comments, moment)
        if not replied:
            return
        self._set(threads, text)
        people = [part for kind, part in relations(self.package, self.workbook).values() if kind == "person"]
        if people and people[0] in self.package:
            self._set(people[0], with_person(self._text(people[0])))
            return
        name = f"xl/persons/person{self._next()}.xml"
        self._set(name, with_person(None))
        self._relate(self.workbook, f"ww{name[11:-4]}", _PERSON_TYPE, "/" + name)
        self._content_type(f'<Override PartName="/{name}" ContentType="application/vnd.ms-excel.person+xml"/>')

    def add_summary(self, marks: Sequence[Mark], summary: Summary) -> None:
        """The list of all marks as the last sheet."""
        number = self._next()
        part = f"xl/worksheets/sheet{number}.xml"
        names = {sheet.name.lower() for sheet in self.book.sheets}
        title = free_title(summary.title, names)
        rows = [summary.headings, *summary_lines(marks, summary), *note_lines(self.notes)]
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
            f'{_HEAD}<worksheet xmlns="{self._main}">'
            f'{columns} customWidth="1"/><col min="5" max="5" width="24" customWidth="1"/></cols>'
            f"<sheetData>{body}</sheetData></worksheet>",
        )
        workbook = self._text(self.workbook)
        ids = [int(found) for found in re.findall(r'<sheet\b[^>]*?\bsheetId="(\d+)"', workbook)]
        if "</sheets>" not in workbook:
            raise ValueError("workbook without <sheets>")
        relation, free_id = f"wwSheet{number}", max(ids, default=0) + 1
        entry = f'<sheet xmlns:r="{self._relation}" name={quoteattr(title)} sheetId="{free_id}" r:id="{relation}"/>'
        self._set(self.workbook, workbook.replace("</sheets>", f"{entry}</sheets>", 1))
        self._relate(self.workbook, relation, "worksheet", "/" + part)
        self._content_type(f'<Override PartName="/{part}" ContentType="{_SHEET_TYPE}.worksheet+xml"/>')

    def _next(self) -> int:
        number = self._numbers
        self._numbers += 1
        return number

    def _relations_of(self, part: str) -> str:
        folder, _, name = part.rpartition("/")
        return f"{folder}/_rels/{name}.rels"

    def _relate(self, part: str, relation: str, kind: str, target: str) -> None:
        name = self._relations_of(part)
        type_ = kind if ":" in kind else f"{self._relation}/{kind}"
        entry = f'<Relationship Id="{relation}" Type="{type_}" Target="{target}"/>'
        if name in self.package or name.lower() in self._new:
            text = self._text(name)
            if "</Relationships>" in text:
                self._set(name, text.replace("</Relationships>", f"{entry}</Relationships>", 1))
                return
            if not re.search(r"<Relationships\b[^>]*/>", text):
                raise ValueError(f"{name} is not built the usual way")
        self._set(name, f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{entry}</Relationships>')

    def _content_type(self, entry: str) -> None:
        text = re.sub(r"<Types\b([^>]*)/>", r"<Types\1></Types>", self._text("[Content_Types].xml"), count=1)
        if "</Types>" not in text:
            raise ValueError("content types are not built the usual way")
        self._set("[Content_Types].xml", text.replace("</Types>", f"{entry}</Types>", 1))  # any order is valid

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
