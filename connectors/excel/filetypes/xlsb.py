"""One pass over the binary parts of an .xlsb: error cells, number formats, hidden rows and columns, merges.

Belongs here: the few records calamine does not tell us about. Does not belong here: values in
general (calamine reads them). Runs in the child process.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from connectors.excel.filetypes import number_formats as formats
from connectors.excel.filetypes.biff import AREA, ATTR_SUM, rk_value
from connectors.excel.filetypes.cells import Overlay
from connectors.excel.filetypes.ooxml import main_part, relations
from connectors.excel.safety.package import MAX_SHEET, MAX_SMALL, Package

_ROW, _RK, _ERROR, _REAL, _FORMULA_NUMBER, _FORMULA_ERROR = 0, 2, 3, 5, 9, 11
_FORMULAS = (8, _FORMULA_NUMBER, 10, _FORMULA_ERROR)
_FILTER, _FILTER_COLUMN = 161, 163
_FORMAT, _XF, _COLUMN, _PROPERTIES, _SHEET, _MERGE, _BEGIN_XFS, _END_XFS = 44, 47, 60, 153, 156, 176, 617, 618


class XlsbPass:
    """The workbook parts of an .xlsb; `sheet(name)` scans one sheet."""

    def __init__(self, package: Package) -> None:
        """Raises Problem `workbook_damaged`."""
        self.package = package
        self.epoch_1904 = False
        self.visible: dict[str, bool] = {}
        self._parts: dict[str, str] = {}
        book = main_part(package, "xl/workbook.bin")
        related = relations(package, book)
        try:
            for record, body in self._records(book):
                if record == _PROPERTIES:
                    self.epoch_1904 = bool(struct.unpack_from("<I", body)[0] & 1)
                elif record == _SHEET:
                    relation, end = _wide_string(body, 8)
                    name, _ = _wide_string(body, end)
                    if related.get(relation, ("", ""))[0] == "worksheet":
                        self._parts[name] = related[relation][1]
                        self.visible[name] = struct.unpack_from("<I", body)[0] == 0
            styles = dict(related.values()).get("styles")
            self._kinds = self._style_kinds(styles) if styles and styles in package else []
        except (struct.error, IndexError) as error:
            raise package.damaged(str(error)) from error

    def _records(self, part: str, limit: int = MAX_SMALL) -> Iterator[tuple[int, bytes]]:
        data = self.package.read(part, limit)
        offset = 0
        while offset < len(data):
            record, offset = _variable(data, offset, 2)
            length, offset = _variable(data, offset, 4)
            yield record, data[offset : offset + length]
            offset += length

    def _style_kinds(self, part: str) -> list[str]:
        codes: dict[int, str] = {}
        numbers: list[int] = []
        cell_styles = False
        for record, body in self._records(part):
            if record in (_BEGIN_XFS, _END_XFS):
                cell_styles = record == _BEGIN_XFS
            elif record == _FORMAT:
                codes[struct.unpack_from("<H", body)[0]] = _wide_string(body, 2)[0]
            elif record == _XF and cell_styles:
                numbers.append(struct.unpack_from("<H", body, 2)[0])
        return [
            formats.kind_of_format(codes[number]) if number in codes else formats.BUILTIN.get(number, formats.GENERAL)
            for number in numbers
        ]

    def sheet(self, name: str) -> Overlay:
        """Raises Problem `workbook_damaged`."""
        overlay = Overlay()
        if name not in self._parts:
            return overlay
        row = 0
        filtered: list[int] = []
        try:
            for record, body in self._records(self._parts[name], MAX_SHEET):
                if record in _FORMULAS:
                    self._formula(overlay, row, record, body)
                if record == _ROW:
                    row = struct.unpack_from("<I", body)[0]
                    if body[11] & 0x10:
                        overlay.facts.hide_row(row + 1)
                elif record in (_RK, _REAL, _FORMULA_NUMBER):
                    column, style = struct.unpack_from("<II", body)
                    value = rk_value(struct.unpack_from("<I", body, 8)[0]) if record == _RK else _double(body)
                    self._number(overlay, row, column, style & 0xFFFFFF, value)
                elif record == _FILTER:
                    top, bottom, left, right = struct.unpack_from("<IIII", body)
                    filtered = [top + 1, left + 1, bottom + 1, right + 1]
                elif record == _FILTER_COLUMN and filtered:
                    overlay.facts.filters.append(filtered)
                    filtered = []
                elif record in (_ERROR, _FORMULA_ERROR):
                    overlay.error(row + 1, struct.unpack_from("<I", body)[0] + 1, body[8])
                elif record == _COLUMN:
                    first, last = struct.unpack_from("<II", body)
                    if struct.unpack_from("<H", body, 16)[0] & 1:
                        overlay.facts.hidden_columns.append([first + 1, last + 1])
                elif record == _MERGE:
                    top, bottom, left, right = struct.unpack_from("<IIII", body)
                    overlay.facts.merges.append([top + 1, left + 1, bottom + 1, right + 1])
        except (struct.error, IndexError) as error:
            raise self.package.damaged(str(error)) from error
        return overlay

    def _formula(self, overlay: Overlay, row: int, record: int, body: bytes) -> None:
        """Counts a formula, and tells those that add up the cells above them."""
        column = struct.unpack_from("<I", body)[0]
        overlay.facts.formulas.add(row + 1, column + 1)
        if record != _FORMULA_NUMBER:
            return
        (size,) = struct.unpack_from("<I", body, 18)
        tokens = body[22 : 22 + size]
        if len(tokens) == 17 and tokens[0] & 0x1F == AREA and tokens[13:15] == ATTR_SUM:
            top, bottom, left, right = struct.unpack_from("<IIHH", tokens, 1)
            if left & 0x3FFF == right & 0x3FFF == column and top < bottom < row:
                overlay.facts.sums.add(row + 1, column + 1)

    def _number(self, overlay: Overlay, row: int, column: int, style: int, value: float) -> None:
        kind = self._kinds[style] if style < len(self._kinds) else formats.GENERAL
        if kind != formats.GENERAL:
            overlay.number(row + 1, column + 1, value, kind, self.epoch_1904)


def _double(body: bytes) -> float:
    return float(struct.unpack_from("<d", body, 8)[0])


def _wide_string(body: bytes, offset: int) -> tuple[str, int]:
    length = struct.unpack_from("<I", body, offset)[0]
    if length == 0xFFFFFFFF:
        return "", offset + 4
    end = offset + 4 + 2 * length
    return body[offset + 4 : end].decode("utf-16-le", "replace"), end


def _variable(data: bytes, offset: int, most: int) -> tuple[int, int]:
    """(number, next offset) of a number in 7-bit groups, the low group first."""
    number = 0
    for place in range(most):
        byte = data[offset]
        offset += 1
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            break
    return number, offset
