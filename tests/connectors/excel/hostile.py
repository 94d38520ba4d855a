"""Generates the hostile workbooks of the reliability study: about 70 files, each with what must become of it.

Belongs here: making files. Does not belong here: reading them (test_corpus.py). Big ones are written as
streams, so that making them costs little memory.
"""

# ruff: noqa: E501 - the corpus is a table: one file per line
from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.connectors.excel.making import MAIN, package, save, sheet_xml

READ = "read"  # it must be read; anything else is the code of the Problem, or several that are right
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MB = 1 << 20
Make = Callable[[Path], object]
ONE = '<row r="1"><c r="A1"><v>1</v></c></row>'
SHEET = "xl/worksheets/sheet1.xml"


def streamed(path: Path, parts: dict[str, Iterable[bytes]], sheet: str = sheet_xml(ONE)) -> None:
    """A package whose extra or replaced parts are written piece by piece."""
    package(path, sheet)
    with zipfile.ZipFile(path) as old:
        kept = {name: old.read(name) for name in old.namelist() if name not in parts}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in kept.items():
            archive.writestr(name, data)
        for name, pieces in parts.items():
            with archive.open(name, "w", force_zip64=False) as part:
                for piece in pieces:
                    part.write(piece)


def around(head: str, piece: bytes, times: int, tail: str) -> Iterable[bytes]:
    yield head.encode()
    for _ in range(times):
        yield piece
    yield tail.encode()


def sheet_of(rows: Iterable[bytes], before: str = "") -> Iterable[bytes]:
    yield f'<worksheet xmlns="{MAIN}">{before}<sheetData>'.encode()
    yield from rows
    yield b"</sheetData></worksheet>"


def strings(*items: str, attributes: str = "") -> str:
    return f'<sst xmlns="{MAIN}"{attributes}>{"".join(items)}</sst>'


def entities(name: str, levels: int, times: int) -> str:
    return "".join(f'<!ENTITY {name}{n} "{f"&{name}{n - 1};" * times if n else "boom"}">' for n in range(levels))


def cell(value: str, kind: str = "str") -> str:
    return f'<row r="1"><c r="A1" t="{kind}"><v>{value}</v></c></row>'


def with_doctype(doctype: str, body: str = ONE) -> Make:
    return lambda path: package(path, f"<!DOCTYPE x {doctype}>{sheet_xml(body)}")


def with_part(name: str, text: str) -> Make:
    return lambda path: package(path, sheet_xml(ONE), **{name.replace("/", "__"): text})


def raw_utf16(path: Path) -> None:
    sheet = f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [{entities("a", 10, 10)}]>{sheet_xml(cell("&a9;"))}'
    streamed(path, {SHEET: [sheet.encode("utf-16")]})


def plain_utf16(path: Path) -> None:
    sheet = f'<?xml version="1.0" encoding="UTF-16"?>{sheet_xml(cell("甲"))}'
    streamed(path, {SHEET: [sheet.encode("utf-16")]})


def lying_directory(path: Path, field: int, value: int) -> None:
    package(path, sheet_xml(ONE))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + field, value)
    path.write_bytes(data)


def overlapping(path: Path) -> None:
    """One kernel of zeros, listed a thousand times (Fifield, "A better zip bomb")."""
    package(path, sheet_xml(ONE))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kernel", b"\0" * (8 * MB))
        kernel = archive.filelist[-1]
        for number in range(1000):
            copy = zipfile.ZipInfo(f"k{number}")
            for name in ("header_offset", "compress_size", "file_size", "CRC", "compress_type"):
                setattr(copy, name, getattr(kernel, name))
            archive.filelist.append(copy)
            archive.NameToInfo[copy.filename] = copy


def duplicate(path: Path) -> None:
    package(path, sheet_xml(ONE))
    with zipfile.ZipFile(path, "a") as archive:
        archive.filelist[-1].filename = "renamed"
        del archive.NameToInfo[SHEET]
        archive.writestr(SHEET, sheet_xml(cell("zwei")))
        archive.filelist[-2].filename = SHEET


def symlink(path: Path) -> None:
    package(path, sheet_xml(ONE))
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("xl/media/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")


def polyglot(path: Path) -> None:
    package(path, sheet_xml(ONE))
    path.write_bytes(b"<html><body><script>alert(1)</script></body></html>" + path.read_bytes())


def many_sheets(path: Path, count: int) -> None:
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/>' for n in range(count)
    )
    listed = "".join(f'<sheet name="s{n}" sheetId="{n + 1}" r:id="rId{n}"/>' for n in range(count))
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{relations}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="x">{links}</Relationships>',
    }
    streamed(path, {name: [text.encode()] for name, text in parts.items()})


def styles(count: int, code: str = "0.00") -> str:
    cells = "".join('<xf numFmtId="200" applyNumberFormat="1"/>' for _ in range(count))
    formats = f'<numFmts count="1"><numFmt numFmtId="200" formatCode="{code}"/></numFmts>'
    return f'<styleSheet xmlns="{MAIN}">{formats}<cellXfs count="{count}">{cells}</cellXfs></styleSheet>'


def compound(sectors: int, header: dict[int, int], body: bytes = b"") -> bytes:
    """A compound file header (MS-CFB 2.2) with fields set by their offset, and sectors of 512 bytes."""
    data = bytearray(512)
    data[:8] = OLE
    struct.pack_into("<HHHHH", data, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<I", data, 56, 4096)
    for offset, value in {44: 1, 48: 1, 60: 0xFFFFFFFE, 68: 0xFFFFFFFE, 76: 0, **header}.items():
        struct.pack_into("<I", data, offset, value)
    for entry in range(1, 109):
        struct.pack_into("<I", data, 76 + 4 * entry, 0xFFFFFFFF)
    return bytes(data) + body.ljust(512 * sectors, b"\0")


def looping_fat(path: Path) -> None:
    """A sector chain that comes back to itself: 0 is the table, 1 the directory, which goes on at 1."""
    fat = struct.pack("<II", 0xFFFFFFFD, 1) + b"\xff" * 504
    entry = bytearray(128)
    entry[:22] = "Root Entry\0".encode("utf-16-le")
    struct.pack_into("<HBBIII", entry, 64, 22, 5, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    path.write_bytes(compound(2, {}, fat + bytes(entry)))


def biff(path: Path, *records: tuple[int, bytes]) -> None:
    """An .xls of Excel 5's kind without a container around its records."""
    path.write_bytes(b"".join(struct.pack("<HH", kind, len(body)) + body for kind, body in records))


def real_xls(path: Path) -> bytes:
    import xlwt

    book = xlwt.Workbook()
    book.add_sheet("s").write(0, 0, "x" * 5000)
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(buffer.getvalue())
    return buffer.getvalue()


def xls_with(path: Path, offset: int, value: int) -> None:
    data = bytearray(real_xls(path))
    struct.pack_into("<I", data, offset, value)
    path.write_bytes(data)


def ods(path: Path, content: Iterable[bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        with archive.open("content.xml", "w") as part:
            for piece in content:
                part.write(piece)


def table(inside: str) -> list[bytes]:
    head = '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><table:table table:name="s">'
    return [f"{head}{inside}</table:table></office:document-content>".encode()]


FILLED = '<table:table-cell{} office:value-type="string"><text:p>x</text:p></table:table-cell>'


def xlsb(path: Path, sheet: bytes) -> None:
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    listed = struct.pack("<II", 0, 1) + wide("rId1") + wide("s")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", b"\x9c\x01" + bytes([len(listed)]) + listed)
        link = f'<Relationship Id="rId1" Type="{relations}/worksheet" Target="worksheets/sheet1.bin"/>'
        archive.writestr("xl/_rels/workbook.bin.rels", f"<Relationships>{link}</Relationships>")
        archive.writestr("xl/worksheets/sheet1.bin", sheet)


def big_line(path: Path, line: bytes, times: int) -> None:
    with path.open("wb") as file:
        for _ in range(times):
            file.write(line)


def coloured_column(path: Path) -> None:
    """The commonest real file of this kind: a header, ten rows, and a column coloured to the last row."""
    rows = (
        b'<row r="%d"><c r="A%d" s="1"/><c r="B%d" s="1"/><c r="C%d" s="1"/></row>' % (n, n, n, n)
        for n in range(12, 1_000_001)
    )
    data = (f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>'.encode() for n in range(1, 12))
    streamed(path, {SHEET: sheet_of((*data, *rows))})


TEXT = "workbook_suspicious", "workbook_too_big"
DAMAGED = "workbook_damaged", "workbook_suspicious"
CORPUS: dict[str, tuple[str, Make, str | tuple[str, ...]]] = {
    # name: (extension, make, what must become of it)
    "good": ("xlsx", lambda p: save(p, [["编码", "名称"], *[[f"M{n}", n] for n in range(5000)]]), READ),
    "1 GiB of blanks": ("xlsx", lambda p: streamed(p, {SHEET: around(f'<worksheet xmlns="{MAIN}"><sheetData>', b" " * MB, 1024, "</sheetData></worksheet>")}), (READ, *TEXT)),
    "500 MB cell": ("xlsx", lambda p: streamed(p, {SHEET: around('<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>', b"x" * MB, 500, "</v></c></row></sheetData></worksheet>")}), TEXT),
    "500 MB inline string": ("xlsx", lambda p: streamed(p, {SHEET: around('<worksheet><sheetData><row><c t="inlineStr"><is><t>', b"x" * MB, 500, "</t></is></c></row></sheetData></worksheet>")}), TEXT),
    "500 MB shared string": ("xlsx", lambda p: streamed(p, {"xl/sharedStrings.xml": around("<sst><si><t>", b"x" * MB, 500, "</t></si></sst>")}), TEXT),
    "500 MB odd shared string": ("xlsx", lambda p: streamed(p, {"xl/sharedStrings.xml": around("<x:sst xmlns:x='y'><x:si><x:t>", b"x" * MB, 500, "</x:t></x:si></x:sst>")}), TEXT),
    "500 MB formula": ("xlsx", lambda p: streamed(p, {SHEET: around('<worksheet><sheetData><row><c><f>', b"x" * MB, 500, "</f></c></row></sheetData></worksheet>")}), TEXT),
    "500 MB attribute": ("xlsx", lambda p: streamed(p, {SHEET: around('<worksheet><sheetData><row><c s="', b"x" * MB, 500, '"/></row></sheetData></worksheet>')}), TEXT),
    "500 MB before the rows": ("xlsx", lambda p: streamed(p, {SHEET: around('<worksheet><cols>', b'<col min="1" max="1"/>' * 40000, 600, "</cols><sheetData/></worksheet>")}), (READ, *TEXT)),
    "500 MB of merges": ("xlsx", lambda p: streamed(p, {SHEET: around('<worksheet><sheetData/><mergeCells>', b'<mergeCell ref="A1:B2"/>' * 40000, 520, "</mergeCells></worksheet>")}), (READ, *TEXT)),
    "bomb of styles": ("xlsx", lambda p: streamed(p, {"xl/styles.xml": around("<styleSheet><cellXfs>", b'<xf numFmtId="0"/>' * 50000, 300, "</cellXfs></styleSheet>")}), TEXT),
    "bomb of relations": ("xlsx", lambda p: streamed(p, {"xl/_rels/workbook.xml.rels": around("<Relationships>", b'<Relationship Id="a" Type="b/c" Target="d"/>' * 20000, 200, "</Relationships>")}), TEXT),
    "3 M short rows": ("xlsx", lambda p: streamed(p, {SHEET: sheet_of(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 3_000_001))}), (READ, *TEXT)),
    "3 M rows without numbers": ("xlsx", lambda p: streamed(p, {SHEET: sheet_of(b"<row><c><v>1</v></c></row>" * 1000 for _ in range(3000))}), TEXT),
    "1 M full rows": ("xlsx", lambda p: streamed(p, {SHEET: sheet_of(b'<row r="%d"><c r="A%d" t="str"><v>%s</v></c></row>' % (n, n, b"x" * 900) for n in range(1, 1_000_001))}), TEXT),
    "size lies small": ("xlsx", lambda p: lying_directory(p, 24, 9), "workbook_damaged"),
    "size lies big": ("xlsx", lambda p: lying_directory(p, 24, 0xF0000000), (READ, "workbook_damaged", *TEXT)),
    "offset lies": ("xlsx", lambda p: lying_directory(p, 42, 0x7FFFFFFF), DAMAGED),
    "overlapping entries": ("xlsx", overlapping, TEXT),
    "20,001 entries": ("xlsx", lambda p: package(p, sheet_xml(ONE), **{f"x{n}": "" for n in range(20_001)}), "workbook_suspicious"),
    "stray XFD1048576": ("xlsx", lambda p: package(p, sheet_xml(ONE + '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>')), READ),
    "stray A1048576": ("xlsx", lambda p: package(p, sheet_xml(ONE + '<row r="1048576"><c r="A1048576"><v>2</v></c></row>')), READ),
    "coloured column": ("xlsx", coloured_column, READ),
    "row 99999999999": ("xlsx", lambda p: package(p, sheet_xml('<row r="99999999999"><c><v>1</v></c></row>')), "workbook_suspicious"),
    "row -1": ("xlsx", lambda p: package(p, sheet_xml('<row r="-1"><c r="A-1"><v>1</v></c></row>')), TEXT),
    "row of a thousand digits": ("xlsx", lambda p: package(p, sheet_xml(f'<row r="{"9" * 1000}"><c><v>1</v></c></row>')), (READ, *TEXT)),
    "cell ZZZZZZZZ3": ("xlsx", lambda p: package(p, sheet_xml('<row r="3"><c r="ZZZZZZZZ3"><v>1</v></c></row>')), "workbook_suspicious"),
    "cell XFE1": ("xlsx", lambda p: package(p, sheet_xml('<row r="1"><c r="XFE1"><v>1</v></c></row>')), "workbook_suspicious"),
    "20,000 cells in a row": ("xlsx", lambda p: package(p, sheet_xml(f"<row>{'<c><v>1</v></c>' * 20_000}</row>")), "workbook_suspicious"),
    "uniqueCount lies": ("xlsx", lambda p: package(p, sheet_xml(cell("0", "s")), strings("<si><t>x</t></si>", attributes=' count="4294967295" uniqueCount="4294967295"')), READ),
    "string 4294967295": ("xlsx", lambda p: package(p, sheet_xml(cell("4294967295", "s")), strings("<si><t>x</t></si>")), "workbook_damaged"),
    "string of digits": ("xlsx", lambda p: package(p, sheet_xml(cell("9" * 5000, "s")), strings("<si><t>x</t></si>")), "workbook_damaged"),
    "5000 sheets": ("xlsx", lambda p: many_sheets(p, 5000), (READ, *TEXT)),
    "100 k styles": ("xlsx", lambda p: package(p, sheet_xml('<row r="1"><c r="A1" s="99999"><v>1</v></c></row>'), styles=styles(100_000)), READ),
    "style 4294967295": ("xlsx", lambda p: package(p, sheet_xml('<row r="1"><c r="A1" s="4294967295"><v>1</v></c></row>'), styles=styles(1)), READ),
    "format of 100,000 brackets": ("xlsx", lambda p: package(p, sheet_xml('<row r="1"><c r="A1" s="0"><v>1</v></c></row>'), styles=styles(1, "[" * 100_000)), READ),
    "entity bomb": ("xlsx", with_doctype(f"[{entities('a', 10, 10)}]", cell("&a9;")), "workbook_suspicious"),
    "entity bomb, quadratic": ("xlsx", with_doctype(f'[<!ENTITY a "{"x" * 50_000}">]', cell("&a;" * 5000)), "workbook_suspicious"),
    "entity bomb in UTF-16": ("xlsx", raw_utf16, "workbook_suspicious"),
    "honest UTF-16": ("xlsx", plain_utf16, READ),
    "parameter entities": ("xlsx", with_doctype('[<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]'), "workbook_suspicious"),
    "external file": ("xlsx", with_doctype('[<!ENTITY a SYSTEM "file:///etc/passwd">]', cell("&a;")), "workbook_suspicious"),
    "external DTD": ("xlsx", with_doctype('SYSTEM "http://127.0.0.1:9/x.dtd"'), "workbook_suspicious"),
    "DTD in content types": ("xlsx", with_part("[Content_Types].xml", '<!DOCTYPE Types SYSTEM "http://127.0.0.1:9/x"><Types/>'), "workbook_suspicious"),
    "DTD in shared strings": ("xlsx", lambda p: package(p, sheet_xml(ONE), f"<!DOCTYPE sst>{strings()}"), "workbook_suspicious"),
    "DTD in styles": ("xlsx", lambda p: package(p, sheet_xml(ONE), styles="<!DOCTYPE styleSheet><styleSheet/>"), "workbook_suspicious"),
    "deep": ("xlsx", lambda p: package(p, "<a>" * 100_000), DAMAGED),
    "CDATA and comments": ("xlsx", lambda p: package(p, sheet_xml("<!-- x -->" + cell("<![CDATA[<v>]]>"))), READ),
    "macro": ("xlsm", with_part("xl/vbaProject.bin", "macro"), READ),
    "XLM macro sheet": ("xlsm", with_part("xl/macrosheets/sheet1.xml", "<xm:macrosheet/>"), READ),
    "OLE object": ("xlsx", with_part("xl/embeddings/oleObject1.bin", "\xd0\xcf"), READ),
    "dde formula": ("xlsx", lambda p: package(p, sheet_xml('<row r="1"><c r="A1" t="str"><f>cmd|\'/c calc\'!A0</f><v>=cmd|x</v></c></row>')), READ),
    "traversal": ("xlsx", with_part("../../etc/x", "x"), "workbook_suspicious"),
    "absolute name": ("xlsx", with_part("/etc/x", "x"), (READ, *TEXT)),
    "backslash traversal": ("xlsx", with_part("..\\..\\x", "x"), "workbook_suspicious"),
    "duplicate entry": ("xlsx", duplicate, "workbook_suspicious"),
    "symlink": ("xlsx", symlink, (READ, *TEXT)),
    "html polyglot": ("xlsx", polyglot, ("workbook_html", "workbook_text_damaged", *DAMAGED)),
    "html": ("xls", lambda p: p.write_text("<html><table><tr><td>1</td></tr></table></html>"), (READ, "workbook_html")),
    "bad numbers and dates": ("xlsx", lambda p: package(p, sheet_xml("".join(f'<row r="{n}"><c r="A{n}" s="0"><v>{v}</v></c></row>' for n, v in enumerate(("1e999", "-1e999", "NaN", "", "abc", "1e308", "2958466", "-1", "0x10", "1" * 400, "1e-400", "٣"), 1))), styles=f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>'), READ),
    "bad ISO dates": ("xlsx", lambda p: package(p, sheet_xml(cell("9999-99-99T99:99:99", "d"))), READ),
    "NUL escape": ("xlsx", lambda p: package(p, sheet_xml(cell("a_x0000_b_xD800_c"))), READ),
    "unknown type": ("xlsx", lambda p: package(p, sheet_xml(cell("1", "zzz"))), READ),
    "xls FAT count lies": ("xls", lambda p: p.write_bytes(compound(2, {44: 0x7FFFFFFF})), (*DAMAGED, "workbook_unknown_kind")),
    "xls DIFAT count lies": ("xls", lambda p: p.write_bytes(compound(2, {68: 0, 72: 0x7FFFFFFF})), DAMAGED),
    "xls mini FAT lies": ("xls", lambda p: xls_with(p, 64, 0xFFFFFFF0), (READ, *DAMAGED)),
    "xls directory lies": ("xls", lambda p: xls_with(p, 48, 0x00FFFFFF), DAMAGED),
    "xls sector size lies": ("xls", lambda p: xls_with(p, 30, 0x0006001F), (READ, *DAMAGED, "workbook_unknown_kind")),
    "CFB loop": ("xls", looping_fat, (*DAMAGED, "workbook_unknown_kind")),
    "CFB without streams": ("xls", lambda p: p.write_bytes(compound(0, {})), DAMAGED),
    "BIFF record lies": ("xls", lambda p: biff(p, (0x0809, b"\0\5\5\0" + bytes(4)), (0x0085, b"\xff\xff\xff\x7f\0\0\1s"), (0x000A, b"")), (READ, *DAMAGED)),
    "BIFF short records": ("xls", lambda p: biff(p, (0x0809, b"\0\5\5\0"), (0x00E0, b""), (0x0085, b"\0")), DAMAGED),
    "BIFF endless": ("xls", lambda p: big_line(p, b"\x09\x08\x04\x00\0\5\5\0" * 131072, 60), (READ, *DAMAGED)),
    "xlsb stray row": ("xlsb", lambda p: xlsb(p, b"\x81\x01\x00\x91\x01\x00\x00\x19" + struct.pack("<I", 0x7FFFFFFF) + bytes(21) + b"\x02\x0c" + struct.pack("<III", 0x7FFFFFFF, 0, 4)), (READ, *DAMAGED, "workbook_out_of_memory")),
    "xlsb length lies": ("xlsb", lambda p: xlsb(p, b"\x00\xff\xff\xff\x7f" + bytes(5)), (READ, *DAMAGED)),
    "ods repeated rows": ("ods", lambda p: ods(p, table(f'<table:table-row table:number-rows-repeated="1048576">{FILLED.format("")}</table:table-row>')), "workbook_suspicious"),
    "ods repeated cells": ("ods", lambda p: ods(p, table(f'<table:table-row>{FILLED.format(" table:number-columns-repeated=" + chr(34) + "999999999" + chr(34))}</table:table-row>')), "workbook_suspicious"),
    "ods rows times cells": ("ods", lambda p: ods(p, table(f'<table:table-row table:number-rows-repeated="99999">{FILLED.format(" table:number-columns-repeated=" + chr(34) + "16000" + chr(34))}</table:table-row>')), TEXT),
    "ods empty rows": ("ods", lambda p: ods(p, table('<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>')), READ),
    "ods 500 MB text": ("ods", lambda p: ods(p, around(table("")[0].decode().removesuffix("</table:table></office:document-content>") + '<table:table-row><table:table-cell office:value-type="string"><text:p>', b"x" * MB, 500, "</text:p>")), TEXT),
    "ods DTD": ("ods", lambda p: ods(p, [b'<!DOCTYPE x [<!ENTITY a "b">]>', *table("")]), "workbook_suspicious"),
    "csv of one 500 MB line": ("csv", lambda p: big_line(p, b"x" * MB, 500), TEXT),
    "csv of one 400 MB quoted field": ("csv", lambda p: big_line(p, b'"' + b"y\n" * (MB // 2), 400), (*TEXT, "workbook_out_of_memory")),
    "csv of 100 k columns": ("csv", lambda p: p.write_bytes(b"x," * 100_000 + b"\n"), TEXT),
    "csv of 20 M short lines": ("csv", lambda p: big_line(p, b"1\n" * (MB // 2), 40), (READ, *TEXT)),
    "csv with NUL": ("csv", lambda p: p.write_bytes(b"a,b\n1,\0\n"), (READ, "workbook_unknown_kind")),
    "csv of no encoding": ("csv", lambda p: p.write_bytes(b"a,b\n1,\xff\xff\xfe\x81\n"), "workbook_text_damaged"),
    "encrypted zip": ("xlsx", lambda p: lying_directory(p, 8, 0x00080001), "workbook_password"),
    "gzip": ("xlsx", lambda p: p.write_bytes(b"\x1f\x8b" + zlib.compress(b"x")), "workbook_unknown_kind"),
    "empty": ("xlsx", lambda p: p.write_bytes(b""), "workbook_empty"),
    "only PK": ("xlsx", lambda p: p.write_bytes(b"PK\x03\x04"), "workbook_damaged"),
}  # fmt: skip
