"""Marks in the XML of one sheet: another style, perhaps another value, a link to its comments.

Belongs here: text surgery on a sheet's XML, everything unmarked stays as it is byte for byte. Does
not belong here: styles, comments, the package (annotate.py).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from xml.sax.saxutils import escape

from connectors.excel.filetypes import number_formats as formats
from connectors.excel.filetypes.cells import column_number, parse_address
from connectors.excel.marking.comments_patch import xml_safe

_ROW = re.compile(r"<row\b([^>]*?)(?:/>|>(.*?)</row>)", re.DOTALL)
_CELL = re.compile(r"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_REFERENCE = re.compile(r'\br="([A-Z]{1,3}[0-9]{1,7})"')
_ROW_NUMBER = re.compile(r'\br="([0-9]{1,7})"')
_STYLE = re.compile(r'\bs="([0-9]+)"')
_TAG = re.compile(r"""<(/?)([A-Za-z][\w:.-]*)((?:[^<>"']|"[^"]*"|'[^']*')*?)(/?)>""")
# Elements between <sheetData> and <legacyDrawing>, by the order the standard prescribes (ISO 29500-1, 18.3.1.99).
_BEFORE_LEGACY = {
    "sheetCalcPr", "sheetProtection", "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate",
    "customSheetViews", "mergeCells", "phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks",
    "printOptions", "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties",
    "cellWatches", "ignoredErrors", "smartTags", "drawing",
}  # fmt: skip
_EMPTY = re.compile(r"<sheetData\s*/>")
_SPANS = re.compile(r' spans="[^"]*"')

# (address, own style) -> new style
Restyle = Callable[[str, int], int]


def patch_cells(
    sheet: str, marks: Mapping[str, str | None], restyle: Restyle, kind_of_style: Callable[[int], str]
) -> str:
    """The sheet with the marked cells restyled, and new values written where a mark has one.

    A cell with a formula keeps it: its new value stays a suggestion in the comment. Raises
    ValueError when the sheet is not built the usual way (cells or rows without addresses).
    """
    by_row: dict[int, dict[str, str | None]] = defaultdict(dict)
    for address, value in marks.items():
        place = parse_address(address)
        if place is None:
            raise ValueError(f"no cell {address}")
        by_row[place[0]][address] = value
    sheet = _EMPTY.sub("<sheetData></sheetData>", sheet, count=1)
    start, end = sheet.find("<sheetData"), sheet.find("</sheetData>")
    if start < 0 or end < 0:
        raise ValueError("sheet without <sheetData>")
    body_start = sheet.index(">", start) + 1
    pieces: list[str] = [sheet[:body_start]]
    position = body_start
    waiting = sorted(by_row)

    def new_row(row: int) -> str:
        cells = "".join(
            _cell("", address, by_row[row][address], restyle, kind_of_style) for address in _sorted(by_row[row])
        )
        return f'<row r="{row}">{cells}</row>'

    for match in _ROW.finditer(sheet, body_start, end):
        number = _ROW_NUMBER.search(match[1])
        if number is None:
            raise ValueError("row without number")
        row = int(number[1])
        while waiting and waiting[0] < row:
            pieces += [sheet[position : match.start()], new_row(waiting.pop(0))]
            position = match.start()
        if waiting and waiting[0] == row:
            waiting.pop(0)
            pieces.append(sheet[position : match.start()])
            attributes = _SPANS.sub("", match[1].rstrip("/"))  # a hint for readers, wrong once a cell is added
            pieces.append(f"<row{attributes}>{_row(match[2] or '', by_row[row], restyle, kind_of_style)}</row>")
            position = match.end()
    pieces.append(sheet[position:end])
    pieces += [new_row(row) for row in waiting]
    pieces.append(sheet[end:])
    return "".join(pieces)


def _row(cells: str, marks: dict[str, str | None], restyle: Restyle, kind_of_style: Callable[[int], str]) -> str:
    pieces: list[str] = []
    position = 0
    waiting = _sorted(marks)
    for match in _CELL.finditer(cells):
        reference = _REFERENCE.search(match[1])
        if reference is None:
            raise ValueError("cell without address")
        address = reference[1]
        while waiting and _column(waiting[0]) < _column(address):
            pieces += [
                cells[position : match.start()],
                _cell("", waiting[0], marks[waiting[0]], restyle, kind_of_style),
            ]
            position = match.start()
            waiting.pop(0)
        if waiting and waiting[0] == address:
            waiting.pop(0)
            pieces += [
                cells[position : match.start()],
                _cell(match[0], address, marks[address], restyle, kind_of_style),
            ]
            position = match.end()
    pieces.append(cells[position:])
    pieces += [_cell("", address, marks[address], restyle, kind_of_style) for address in waiting]
    return "".join(pieces)


def _cell(own: str, address: str, value: str | None, restyle: Restyle, kind_of_style: Callable[[int], str]) -> str:
    match = _CELL.match(own)
    attributes, content = (match[1].rstrip("/"), match[2] or "") if match else ("", "")
    style_match = _STYLE.search(attributes)
    own_style = int(style_match[1]) if style_match else 0
    style = restyle(address, own_style)
    if value is None or "<f" in content:
        attributes = _STYLE.sub("", attributes).rstrip() if style_match else attributes
        if not attributes:
            attributes = f' r="{address}"'
        body = f">{content}</c>" if content else "/>"
        return f'<c{attributes} s="{style}"{body}'
    number = _as_number(value, content, attributes, kind_of_style(own_style))
    if number is not None:
        return f'<c r="{address}" s="{style}"><v>{number}</v></c>'
    text = escape(xml_safe(value))
    return f'<c r="{address}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _as_number(value: str, content: str, attributes: str, kind: str) -> str | None:
    """The stored form if the cell held a number and the new value is one under the same format."""
    if "<v>" not in content or re.search(r'\bt="(?!n")', attributes):
        return None
    if kind == formats.DATE:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        days = (moment - datetime.combine(date(1899, 12, 30), moment.time().min)) / timedelta(days=1)
        return formats.number_text(repr(days)) if days > 60 else None
    if kind == formats.PERCENT and value.endswith("%"):
        value = value[:-1]
        return formats.number_text(repr(float(value) / 100)) if _is_number(value) else None
    return value if kind == formats.GENERAL and _is_number(value) else None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,15}(\.\d{1,10})?", text) is not None and not re.match(r"-?0\d", text)


def link_comments(sheet: str, relation: str, namespace: str = RELATION) -> str:
    """The sheet with <legacyDrawing r:id=relation/> in its proper place."""
    element = f'<legacyDrawing xmlns:r="{namespace}" r:id="{relation}"/>'
    place = sheet.index("</sheetData>") + len("</sheetData>")
    for name, _, end in _top_level(sheet, place):
        if name in _BEFORE_LEGACY:
            place = end
    return sheet[:place] + element + sheet[place:]


def legacy_drawing(sheet: str) -> str | None:
    """The relation of the sheet's own <legacyDrawing>."""
    start = sheet.find("</sheetData>")
    for name, tag, _ in _top_level(sheet, max(start, 0)):
        if name == "legacyDrawing" and (found := re.search(r'\bid="([^"]*)"', tag)):
            return found[1]
    return None


def _top_level(sheet: str, place: int) -> list[tuple[str, str, int]]:
    """(name, opening tag, end of the element) of the elements behind the rows; extensions have such elements inside."""
    found: list[tuple[str, str, int]] = []
    depth, tag = 0, ""
    for match in _TAG.finditer(sheet, place):
        closing, name, _, alone = match.groups()
        if closing:
            depth -= 1
        elif depth == 0:
            tag = match[0]
        if not closing and not alone:
            depth += 1
        if depth < 0:
            break  # </worksheet>
        if depth == 0 and name != "sheetData":
            found.append((name, tag, match.end()))
    return found


def _sorted(marks: Mapping[str, str | None]) -> list[str]:
    return sorted(marks, key=_column)


def _column(address: str) -> int:
    return column_number(address.rstrip("0123456789"))
