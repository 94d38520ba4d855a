"""A small .xlsb written record by record: no library here writes that format.

Belongs here: the records the reader must understand ([MS-XLSB], section 2.4). Does not belong here: what it makes of
them (test_xlsb.py).
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
FORMATS = [(0, ""), (170, "00000"), (10, ""), (31, ""), (171, "[h]:mm:ss"), (172, '"P"000')]


def record(number: int, body: bytes = b"") -> bytes:
    head = bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])
    size, length = len(body), b""
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return head + length + body


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def row(number: int, *cells: bytes, hidden: bool = False) -> bytes:
    """`number` is 1-based."""
    flags = b"\0" + (b"\x10" if hidden else b"\0") + b"\0"
    return record(0, struct.pack("<IIH", number - 1, 0, 300) + flags + struct.pack("<I", 0)) + b"".join(cells)


def _cell(kind: int, column: int, style: int, value: bytes) -> bytes:
    return record(kind, struct.pack("<II", column, style) + value)


def text(column: int, value: str) -> bytes:
    return _cell(6, column, 0, wide(value))


def real(column: int, value: float, style: int = 0) -> bytes:
    return _cell(5, column, style, struct.pack("<d", value))


def packed(column: int, value: int, style: int = 0) -> bytes:
    return _cell(2, column, style, struct.pack("<I", value << 2 & 0xFFFFFFFF | 2))


def boolean(column: int, value: bool) -> bytes:
    return _cell(4, column, 0, bytes([value]))


def error(column: int, code: int) -> bytes:
    return _cell(3, column, 0, bytes([code]))


def formula(column: int, value: float) -> bytes:
    tokens = b"\x1e\x05\x00"  # the number 5
    return _cell(9, column, 0, struct.pack("<dHI", value, 0, len(tokens)) + tokens + struct.pack("<I", 0))


def total(column: int, value: float, top: int, bottom: int) -> bytes:
    """=SUM over rows `top` to `bottom` (1-based) of the same column."""
    tokens = b"\x25" + struct.pack("<IIHH", top - 1, bottom - 1, column | 0xC000, column | 0xC000) + b"\x19\x10\0\0"
    return _cell(9, column, 0, struct.pack("<dHI", value, 0, len(tokens)) + tokens + struct.pack("<I", 0))


def write(path: Path, rows: bytes, last_row: int, last_column: int, after: bytes = b"", columns: bytes = b"") -> Path:
    """A workbook with the sheet 零件 of these rows; `after`: records behind them, `columns`: before them."""
    bounds = struct.pack("<IIII", 0, last_row - 1, 0, last_column - 1)
    sheet = record(129) + record(148, bounds) + columns + record(145) + rows + record(146) + after + record(130)
    named = struct.pack("<II", 0, 1) + wide("rId1") + wide("零件")
    book = record(131) + record(153, struct.pack("<II", 0, 0) + wide("")) + record(143) + record(156, named)
    book += record(144) + record(132)
    custom = [(number, code) for number, code in FORMATS if code]
    styles = record(278) + record(615, struct.pack("<I", len(custom)))
    styles += b"".join(record(44, struct.pack("<H", number) + wide(code)) for number, code in custom) + record(616)
    styles += record(617, struct.pack("<I", len(FORMATS)))
    styles += b"".join(record(47, struct.pack("<HHHHHBBI", 0, number, 0, 0, 0, 0, 0, 0)) for number, _ in FORMATS)
    styles += record(618) + record(279)
    links = "".join(
        f'<Relationship Id="rId{place}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for place, (kind, target) in enumerate([("worksheet", "worksheets/sheet1.bin"), ("styles", "styles.bin")], 1)
    )
    root = f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.bin"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="bin" ContentType="x/y"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{root}</Relationships>',
        "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        "xl/workbook.bin": book,
        "xl/styles.bin": styles,
        "xl/worksheets/sheet1.bin": sheet,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path
