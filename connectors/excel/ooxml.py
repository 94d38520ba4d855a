"""The parts around the sheets of an .xlsx/.xlsm: workbook, relations, styles, shared strings.

Belongs here: those four parts as plain values. Does not belong here: cells (sheet_scan.py).
Runs in the child process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.excel import formats
from connectors.excel.package import MAX_PART, Package, resolve

_TRUE = ("1", "true", "on")
_SIMPLE_STRING = re.compile(r"<si\b[^>]*?(?:/>|>(.*?)</si>)", re.DOTALL)
_PHONETIC = re.compile(r"<rPh\b.*?</rPh>", re.DOTALL)
_SIMPLE_TEXT = re.compile(r"<t(?: [^>]*)?(?:/>|>([^<]*)</t>)")
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
    package.parse("[Content_Types].xml", lambda tag, attributes: None)
    workbook = main_part(package, "xl/workbook.xml")
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
    related = relations(package, workbook)
    sheets = tuple(
        SheetPart(name=name, part=related[relation][1], state=state)
        for name, relation, state in listed
        if relation in related and related[relation][0] == "worksheet"
    )
    of_kind = dict(related.values())
    styles = of_kind.get("styles")
    strings = of_kind.get("sharedStrings")
    return WorkbookParts(
        sheets=sheets,
        epoch_1904=epoch_1904,
        formats=_style_kinds(package, styles) if styles and styles in package else [],
        strings=strings if strings and strings in package else None,
        recalculate=recalculate,
    )


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


def shared_strings(package: Package, part: str | None) -> list[str]:
    """All shared strings, rich text joined, phonetic guides left out. The count the part claims is ignored."""
    if part is None:
        return []
    data = package.read(part, MAX_PART)
    simple = _simple_strings(data)
    if simple is not None:
        return simple
    found: list[str] = []
    pieces: list[str] = []
    state = {"text": False, "phonetic": False}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "si":
            pieces.clear()
        elif tag == "rPh":
            state["phonetic"] = True
        elif tag == "t":
            state["text"] = not state["phonetic"]

    def end(tag: str) -> None:
        if tag == "si":
            found.append(unescape("".join(pieces)))
        elif tag == "rPh":
            state["phonetic"] = False
        elif tag == "t":
            state["text"] = False

    package.parse(part, start, end, lambda text: pieces.append(text) if state["text"] else None, MAX_PART)
    return found


def _simple_strings(data: bytes) -> list[str] | None:
    """The strings of a part in plain, common XML (ten times faster than an XML parser); None if it is not."""
    text = plain_xml(data)
    if text is None:
        return None
    items = _SIMPLE_STRING.findall(text)
    if len(items) != text.count("<si>") + text.count("<si ") + text.count("<si/>") or ":si" in text:
        return None
    found: list[str] = []
    for item in items:
        if item.startswith("<t>") and item.endswith("</t>") and item.count("<") == 2:
            found.append(xml_text(item[3:-4]))
            continue
        if "<rPh" in item:
            item = _PHONETIC.sub("", item)
        found.append("".join(xml_text(piece) for piece in _SIMPLE_TEXT.findall(item)))
    return found


def plain_xml(data: bytes) -> str | None:
    """The part as text if it is UTF-8 without comments, CDATA, DOCTYPE or processing instructions."""
    if b"<!" in data or b"\0" in data or data.count(b"<?") > 1 or b"'" in data[:100]:
        return None
    declaration = data[:100].lower()
    if b"encoding=" in declaration and b"utf-8" not in declaration:
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
