"""One pass over the records of an .xls: error cells, number formats, hidden rows and columns.

Belongs here: the few BIFF5/BIFF8 records calamine does not tell us about. Does not belong here:
values in general (calamine reads them). Runs in the child process.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from connectors.excel.filetypes import number_formats as formats
from connectors.excel.filetypes.cells import MAX_COLUMN, MAX_ROW, Overlay
from schemas.problems import Problem

_BOF, _EOF, _FILEPASS, _DATEMODE = 0x0809, 0x000A, 0x002F, 0x0022
_BOUNDSHEET, _FORMAT, _XF = 0x0085, 0x041E, 0x00E0
_FORMULA, _NUMBER, _RK, _MULRK, _BOOLERR = 0x0006, 0x0203, 0x027E, 0x00BD, 0x0205
_FILTERMODE = 0x009B
# Tokens of formulas, alike in both binary formats: a range, and "the sum of it".
AREA, ATTR_SUM = 0x05, b"\x19\x10"
_ARITHMETIC = (b"\x03", b"\x04", b"\x05", b"\x06", b"\x07")
_ROW, _COLINFO = 0x0208, 0x007D


class XlsPass:
    """The globals of an .xls; `sheet(n)` scans its n-th sheet (0-based, in tab order)."""

    def __init__(self, data: bytes, shown_name: str) -> None:
        """Raises Problem `workbook_password`, `workbook_damaged`."""
        self.shown_name = shown_name
        self._data = _stream(data, shown_name)
        self.epoch_1904 = False
        self.visible: list[bool] = []
        self._offsets: list[int] = []
        self._kinds: list[str] = []
        try:
            self._globals()
        except (struct.error, IndexError) as error:
            raise Problem("workbook_damaged", file=shown_name, reason=str(error)) from error

    def _globals(self) -> None:
        codes: dict[int, str] = {}
        numbers: list[int] = []
        wide = False
        for record, body in self._records(0):
            if record == _BOF:
                wide = struct.unpack_from("<H", body)[0] >= 0x0600
            elif record == _FILEPASS:
                raise Problem("workbook_password", file=self.shown_name)
            elif record == _DATEMODE:
                self.epoch_1904 = body[0] == 1
            elif record == _BOUNDSHEET:
                offset, state, kind = struct.unpack_from("<IBB", body)
                if kind == 0:
                    self._offsets.append(offset)
                    self.visible.append(state & 3 == 0)
            elif record == _FORMAT:
                codes[struct.unpack_from("<H", body)[0]] = _format_code(body, wide)
            elif record == _XF:
                numbers.append(struct.unpack_from("<H", body, 2)[0])
        self._kinds = [
            formats.kind_of_format(codes[number]) if number in codes else formats.BUILTIN.get(number, formats.GENERAL)
            for number in numbers
        ]

    def _records(self, offset: int) -> Iterator[tuple[int, bytes]]:
        """Records of one substream, nested ones (charts) left out."""
        depth = 0
        while offset + 4 <= len(self._data):
            record, length = struct.unpack_from("<HH", self._data, offset)
            body = self._data[offset + 4 : offset + 4 + length]
            offset += 4 + length
            if record == _BOF:
                depth += 1
            elif record == _EOF:
                depth -= 1
                if depth <= 0:
                    return
            if depth <= 1:
                yield record, body

    def sheet(self, number: int) -> Overlay:
        """Raises Problem `workbook_damaged`."""
        overlay = Overlay()
        if number >= len(self._offsets):
            return overlay
        try:
            for record, body in self._records(self._offsets[number]):
                self._cell(record, body, overlay)
        except (struct.error, IndexError) as error:
            raise Problem("workbook_damaged", file=self.shown_name, reason=str(error)) from error
        return overlay

    def _cell(self, record: int, body: bytes, overlay: Overlay) -> None:
        if record == _NUMBER:
            row, column, style, value = struct.unpack_from("<HHHd", body)
            self._number(overlay, row, column, style, value)
        elif record == _RK:
            row, column, style, packed = struct.unpack_from("<HHHI", body)
            self._number(overlay, row, column, style, rk_value(packed))
        elif record == _MULRK:
            row, first = struct.unpack_from("<HH", body)
            for place in range((len(body) - 6) // 6):
                style, packed = struct.unpack_from("<HI", body, 4 + place * 6)
                self._number(overlay, row, first + place, style, rk_value(packed))
        elif record == _FORMULA:
            row, column, style = struct.unpack_from("<HHH", body)
            self._formula(overlay, row + 1, column + 1, body)
            if body[12:14] != b"\xff\xff":
                self._number(overlay, row, column, style, struct.unpack_from("<d", body, 6)[0])
            elif body[6] == 2:
                overlay.error(row + 1, column + 1, body[8])
        elif record == _BOOLERR:
            row, column, _, value, is_error = struct.unpack_from("<HHHBB", body)
            if is_error:
                overlay.error(row + 1, column + 1, value)
        elif record == _ROW:
            if struct.unpack_from("<H", body, 12)[0] & 0x20:
                overlay.facts.hide_row(struct.unpack_from("<H", body)[0] + 1)
        elif record == _FILTERMODE:  # the format does not say which rows the filter hides
            overlay.facts.filters.append([0, 1, MAX_ROW, MAX_COLUMN])
        elif record == _COLINFO:
            first, last, _, _, flags = struct.unpack_from("<HHHHH", body)
            if flags & 1:
                overlay.facts.hidden_columns.append([first + 1, last + 1])

    def _formula(self, overlay: Overlay, row: int, column: int, body: bytes) -> None:
        """Counts a formula, and tells totals and results that cannot be: an empty text where figures are added."""
        overlay.facts.formulas.add(row, column)
        (size,) = struct.unpack_from("<H", body, 20)
        tokens = body[22 : 22 + size]
        adds = tokens[-4:-2] == ATTR_SUM
        if adds and len(tokens) == 13 and tokens[0] & 0x1F == AREA:
            top, bottom, left, right = struct.unpack_from("<HHHH", tokens, 1)
            if left & 0x3FFF == right & 0x3FFF == column - 1 and top < bottom < row - 1:
                overlay.facts.sums.add(row, column)
        if body[12:14] == b"\xff\xff" and body[6] == 3 and (adds or tokens[-1:] in _ARITHMETIC):
            overlay.facts.not_calculated.add(row, column)

    def _number(self, overlay: Overlay, row: int, column: int, style: int, value: float) -> None:
        kind = self._kinds[style] if style < len(self._kinds) else formats.GENERAL
        if kind != formats.GENERAL:
            overlay.number(row + 1, column + 1, value, kind, self.epoch_1904)


def rk_value(packed: int) -> float:
    """A number in the 30-bit form of both binary formats."""
    if packed & 2:
        number = float(struct.unpack("<i", struct.pack("<I", packed & 0xFFFFFFFC))[0] >> 2)
    else:
        number = struct.unpack("<d", b"\0\0\0\0" + struct.pack("<I", packed & 0xFFFFFFFC))[0]
    return number / 100 if packed & 1 else number


def _format_code(body: bytes, wide: bool) -> str:
    if not wide:
        return body[3 : 3 + body[2]].decode("latin-1")
    length, flags = struct.unpack_from("<HB", body, 2)
    if flags & 1:
        return body[5 : 5 + 2 * length].decode("utf-16-le", "replace")
    return body[5 : 5 + length].decode("latin-1")


def _stream(data: bytes, shown_name: str) -> bytes:
    """The record stream: inside an OLE container, or the file itself before Excel 5."""
    import olefile  # type: ignore[import-untyped]

    if not data.startswith(olefile.MAGIC):
        return data
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as container:
            if container.exists("EncryptedPackage"):
                raise Problem("workbook_password", file=shown_name)
            for name in ("Workbook", "Book"):
                if container.exists(name):
                    return container.openstream(name).read()
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise Problem("workbook_damaged", file=shown_name, reason=str(error)) from error
    raise Problem("workbook_unknown_kind", file=shown_name, reason="OLE")
