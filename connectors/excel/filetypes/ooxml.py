"""The parts around the sheets of an .xlsx/.xlsm: workbook, relations, styles.

Belongs here: those three parts as plain values. Does not belong here: cells (sheet_scan.py), shared
strings (shared_strings.py).
Runs in the child process.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.excel.filetypes import number_formats as formats
from connectors.excel.safety.package import Package, resolve

T = TypeVar("T")
_made: dict[Any, Any] = {}  # see _once()
_MOST_PARTS, _MOST_REMEMBERED = 200, 100_000
_TRUE = ("1", "true", "on")
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\b[^>]*\?>")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([^"']*)""")
_UTF8 = (b"utf-8", b"utf8", b"us-ascii")
_ENTITY = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|(lt|gt|amp|quot|apos));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True)
class SheetPart:
    name: str
    part: str
    state: str = "visible"  # or "hidden", "veryHidden"

    @property
    def visible(self) -> bool:
        return self.state == "visible"


@dataclass(frozen=True)
class WorkbookParts:
    sheets: tuple[SheetPart, ...]
    epoch_1904: bool
    formats: list[str]  # cell style number -> kind of format
    strings: str | None  # part name of the shared strings
    recalculate: bool = False  # whoever opens the file is to calculate all formulas anew


def read_workbook(package: Package) -> WorkbookParts:
    """Raises Problem `workbook_damaged` or `workbook_suspicious`."""
    _once(package, "[Content_Types].xml", lambda part: package.parse(part, lambda tag, attributes: None))
    workbook = main_part(package, "xl/workbook.xml")
    listed, epoch_1904, recalculate = _once(package, workbook, lambda part: _listed(package, part))
    related = relations(package, workbook)
    sheets = tuple(
        SheetPart(name=name, part=related[relation][1], state=state)
        for name, relation, state in listed
        if relation in related and related[relation][0] == "worksheet"
    )
    of_kind = dict(related.values())
    styles = of_kind.get("styles")
    strings = of_kind.get("sharedStrings")
    has_styles = styles is not None and styles in package
    return WorkbookParts(
        sheets=sheets,
        epoch_1904=epoch_1904,
        formats=_once(package, styles, lambda part: _style_kinds(package, part)) if styles and has_styles else [],
        strings=strings if strings and strings in package else None,
        recalculate=recalculate,
    )


def _once(package: Package, part: str, make: Callable[[str], T]) -> T:
    """make(part), or what it made of the same bytes in a file before this one: workbooks of a series share parts."""
    data = package.read(part)
    key = (make.__code__, part, data)
    if key not in _made:
        made = make(part)
        if len(data) > _MOST_REMEMBERED:
            return made
        if len(_made) > _MOST_PARTS:
            _made.clear()
        _made[key] = made
    known: T = _made[key]
    return known


def _listed(package: Package, workbook: str) -> tuple[list[tuple[str, str, str]], bool, bool]:
    """([(sheet's name, relation, state)], counts days from 1904, asks to be calculated)."""
    listed: list[tuple[str, str, str]] = []
    epoch_1904 = recalculate = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal epoch_1904, recalculate
        if tag == "sheet":
            listed.append((attributes.get("name", ""), attributes.get("id", ""), attributes.get("state", "visible")))
        elif tag == "workbookPr":  # extensions have an element of the same name without this attribute
            epoch_1904 = epoch_1904 or attributes.get("date1904", "0").lower() in _TRUE
        elif tag == "calcPr":
            recalculate = attributes.get("fullCalcOnLoad", "0").lower() in _TRUE

    package.parse(workbook, start)
    return listed, epoch_1904, recalculate


def main_part(package: Package, usual: str) -> str:
    """The part the package names as its document, else the usual one."""
    if "_rels/.rels" in package:
        for kind, part in relations(package, "").values():
            if kind == "officeDocument" and part in package:
                return part
    return usual


def relations(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """Relation id -> (last word of its type, part name)."""
    folder, _, name = part.rpartition("/")
    path = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
    return _once(package, path, lambda path: _relations(package, path, part))


def _relations(package: Package, path: str, part: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = (kind, resolve(part, attributes.get("Target", "")))

    package.parse(path, start)
    return found


def _style_kinds(package: Package, part: str) -> list[str]:
    codes: dict[int, str] = {}
    ids: list[int] = []
    inside: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        inside.append(tag)
        if tag == "numFmt" and "numFmts" in inside:
            codes[number(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif tag == "xf" and "cellXfs" in inside:
            ids.append(number(attributes.get("numFmtId")))

    def end(tag: str) -> None:
        inside.pop()

    package.parse(part, start, end)
    kinds = {
        id_: formats.kind_of_format(codes[id_]) if id_ in codes else formats.BUILTIN.get(id_, formats.GENERAL)
        for id_ in set(ids)
    }
    return [kinds[id_] for id_ in ids]


def plain_xml(data: bytes) -> str | None:
    """The part as text if it is UTF-8 without comments, CDATA, DOCTYPE or processing instructions."""
    if b"<!" in data or b"\0" in data:
        return None
    declaration = _DECLARATION.match(data)
    if data.count(b"<?") != (declaration is not None):
        return None
    if declaration and (encoding := _ENCODING.search(declaration[0])) and encoding[1].lower() not in _UTF8:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def xml_text(text: str) -> str:
    """XML character data as text: entities, line ends, then Excel's own _xHHHH_ escapes."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "&" in text:
        text = _ENTITY.sub(_entity, text)
    return unescape(text)


def unescape(text: str) -> str:
    """Excel's _x000D_ escapes as characters; NUL stays escaped, because no database stores it."""
    if "_x" in text:
        text = _ESCAPE.sub(lambda match: match[0] if match[1] == "0000" else chr(int(match[1], 16)), text)
        text = formats.safe_text(text)
    return text


def _entity(match: re.Match[str]) -> str:
    hexadecimal, decimal, name = match.groups()
    if name:
        return _NAMED[name]
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def number(text: str | None) -> int:
    """A small whole number from an attribute; 0 where it is missing or no number."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
