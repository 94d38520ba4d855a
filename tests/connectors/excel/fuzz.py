"""Structure-aware mutations of good workbooks: parts, XML, binary records, container headers, CSV.

Belongs here: making a mutated file from a seed, the same one every time. Does not belong here: reading
it (test_fuzz.py). `python -m tests.connectors.excel.fuzz FIRST COUNT` tries that many seeds.
"""

from __future__ import annotations

import io
import random
import re
import struct
import sys
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

from connectors.excel.safety import sandbox
from schemas.problems import Problem

CPU_SECONDS, MEMORY = 20, 1 << 30
TOKENS = (
    b"", b"\0", b"-1", b"0", b"1", b"99999999999999999999", b"1e999", b"NaN", b"A1", b"XFD1048577", b"ZZZZ9", b"&amp;",
    b"&#0;", b"&#xD800;", b"&x;", b"]]>", b"<![CDATA[x]]>", b"<!-- x -->", b"<?x?>", b"<!DOCTYPE x>", b"_x0000_",
    b"\xff\xfe", b"\xed\xa0\x80", b"s", b"b", b"e", b"d", b"str", b"inlineStr", b"true", b"<c/>", b"<c>", b"</c>",
    b"<row>", b"</row>", b"</sheetData>", b"x:c", b'"', b"'", b">", b" ", b"\n", "甲".encode(), b"A" * 70_000,
)  # fmt: skip
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_TAG = re.compile(rb"<[^<>]*>")
_VALUE = re.compile(rb'"([^"<]*)"|>([^<]+)<')


@cache
def seeds() -> dict[str, bytes]:
    """{extension: a good file of that kind} with texts, numbers, dates, errors, formulas, merges, hidden parts."""
    return {"xlsx": _xlsx(), "xls": _xls(), "ods": _ods(), "csv": _csv(), "xlsb": _xlsb()}


def _xlsx() -> bytes:
    import openpyxl
    from openpyxl.comments import Comment

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["编码", "名称", "数量", "日期", "合价"])
    for row in range(2, 30):
        sheet.append([f"M{row:04}", f"甲 & <{row}>", row / 8, date(2024, 1, row % 28 + 1), f"=C{row}*2"])
    sheet.append([True, "#N/A", None, 1.1010119900307e17, "_x0041_"])
    sheet.merge_cells("A32:C33")
    sheet.column_dimensions["B"].hidden = True
    sheet.row_dimensions[5].hidden = True
    sheet.auto_filter.ref = "A1:E29"
    sheet["A3"].comment = Comment("x", "y")
    book.create_sheet("二").sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return _with_shared_strings(buffer.getvalue())


def _with_shared_strings(data: bytes) -> bytes:
    """The same package with a few shared, rich and inline strings and cached formula values."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                part = re.sub(rb"(<f>C\d+\*2</f>)<v ?/?>(?:</v>)?", rb"\1<v>8.25</v>", part)
                rows = b"".join(
                    b'<row r="%d"><c r="A%d" t="inlineStr"><is><r><t>a</t></r><rPh><t>b</t></rPh></is></c>'
                    b'<c r="B%d" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="C%d" t="str"><v>x&amp;y</v></c></row>'
                    % ((n,) * 4)
                    for n in range(40, 60)
                )
                part = part.replace(b"</sheetData>", rows + b"</sheetData>")
            new.writestr(name, part)
    return out.getvalue()


def _xls() -> bytes:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("外协")
    for row in range(40):
        sheet.write(row, 0, f"编号{row}")
        sheet.write(row, 1, row / 3)
        sheet.write(row, 2, date(2024, 1, 1), xlwt.easyxf(num_format_str="yyyy-mm-dd"))
        sheet.write(row, 3, xlwt.Formula("1/0"))
        sheet.write(row, 4, True)
    sheet.merge(41, 42, 0, 2)
    sheet.col(2).hidden = True
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _ods() -> bytes:
    rows = "".join(
        f'<table:table-row><table:table-cell office:value-type="float" office:value="{n}"><text:p>{n}</text:p>'
        '</table:table-cell><table:table-cell table:number-columns-repeated="3" office:value-type="string">'
        '<text:p>甲<text:s text:c="2"/>乙</text:p></table:table-cell><table:table-cell office:value-type="time"'
        ' office:time-value="PT30H10M00S"/></table:table-row>'
        for n in range(20)
    )
    content = (
        '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><table:table table:name="零件">'
        f'<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>{rows}'
        "</table:table></office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return buffer.getvalue()


def _csv() -> bytes:
    lines = "".join(f'M{n:04},"甲, ""乙""",{n / 8},2024-01-0{n % 9 + 1}\n' for n in range(60))
    return ("编码,名称,数量,日期\n" + lines).encode("gb18030")


def _xlsb() -> bytes:
    from tests.connectors.excel.hostile import xlsb

    row = b"\x00\x19" + bytes(25)
    cells = b"".join(b"\x02\x0c" + struct.pack("<III", column, 0, column << 2 | 2) for column in range(5))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsb"
        xlsb(path, b"\x81\x01\x00\x91\x01\x00" + row + cells + b"\x92\x01\x00\x82\x01\x00")
        return path.read_bytes()


def mutated(seed: int) -> tuple[str, bytes]:
    """(extension, file) made from one seed."""
    chance = random.Random(seed)  # noqa: S311 - the same file for the same seed
    extension = chance.choice(("xlsx", "xlsx", "xlsx", "xls", "xls", "ods", "csv", "xlsb"))
    data = seeds()[extension]
    for _ in range(chance.choice((1, 1, 2, 5))):
        data = _WAYS[extension](data, chance)
    return extension, data


def _package(data: bytes, chance: random.Random) -> bytes:
    """Another content of one part, or another set of parts, or other bytes in the directory."""
    kind = chance.random()
    if kind < 0.1:
        return _bytes(data, chance)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [(name, archive.read(name)) for name in archive.namelist()]
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError, RuntimeError, EOFError):
        return _bytes(data, chance)
    if not parts:
        return data
    # The sheet is where most of the reader's work is.
    place = chance.randrange(len(parts))
    if chance.random() < 0.5:
        place = next((n for n, (name, _) in enumerate(parts) if "sheet1" in name or "content" in name), place)
    name, content = parts[place]
    if kind < 0.15:
        del parts[place]
    elif kind < 0.2:
        parts.append((chance.choice((name, "../x", "xl/media/x", name.upper())), content))
    elif name.endswith(".bin"):
        parts[place] = (name, _bytes(content, chance))
    else:
        parts[place] = (name, _xml(content, chance))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that is there twice is meant so
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def _xml(data: bytes, chance: random.Random) -> bytes:
    tags, values = list(_TAG.finditer(data)), list(_VALUE.finditer(data))
    kind = chance.random()
    if kind < 0.45 and values:  # an attribute's value or a text
        match = chance.choice(values)
        group = 1 if match[1] is not None else 2
        return data[: match.start(group)] + chance.choice(TOKENS) + data[match.end(group) :]
    if kind < 0.85 and tags:
        match, other = chance.choice(tags), chance.choice(tags)
        new = chance.choice((b"", match[0] * 2, other[0], chance.choice(TOKENS), match[0].replace(b" ", b"\t", 1)))
        return data[: match.start()] + new + data[match.end() :]
    if kind < 0.9:
        return data.decode("utf-8", "replace").encode(chance.choice(("utf-16", "gb18030", "utf-8-sig")))
    if kind < 0.95:
        return data.replace(b'"', b"'")
    return _bytes(data, chance)


def _bytes(data: bytes, chance: random.Random) -> bytes:
    """Bytes changed, cut out, doubled; little-endian fields set to numbers at the edge."""
    if not data:
        return data
    out, place, kind = bytearray(data), chance.randrange(len(data)), chance.random()
    if kind < 0.4:
        width, form = chance.choice(((1, "<B"), (2, "<H"), (4, "<I")))
        place = min(place, max(len(out) - width, 0))
        out[place : place + width] = struct.pack(form, chance.choice(INTERESTING) & (256**width - 1))
    elif kind < 0.6:
        out[place] ^= 1 << chance.randrange(8)
    elif kind < 0.7:
        del out[place:]
    elif kind < 0.8:
        del out[place : place + chance.randrange(1, 64)]
    elif kind < 0.9:
        out[place:place] = out[place : place + chance.randrange(1, 4096)]
    else:
        out[place:place] = chance.choice(TOKENS)
    return bytes(out)


def _compound(data: bytes, chance: random.Random) -> bytes:
    """Fields of the container's header and directory, of the sector table, or of the records in the stream."""
    out, kind = bytearray(data), chance.random()
    if kind < 0.3 and len(out) > 512:
        struct.pack_into("<I", out, chance.choice(range(24, 508, 4)), chance.choice(INTERESTING))
    elif kind < 0.7:
        records = [match.start() for match in re.finditer(rb"[\x00-\xff][\x00\x02\x08][\x00-\x40]\x00", data[512:])]
        place = 512 + chance.choice(records) if records else 0
        struct.pack_into(
            "<H", out, min(place + chance.choice((0, 2, 4, 6)), len(out) - 2), chance.choice(INTERESTING) & 0xFFFF
        )
    else:
        return _bytes(data, chance)
    return bytes(out)


def _text(data: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.5:
        return _bytes(data, chance)
    place = chance.randrange(len(data) + 1)
    token = chance.choice(
        (b'"', b",", b"\t", b"\r", b"\r\n", b"\0", b"\xff", b"sep=;\n", b"<html>", b"PK\x03\x04", b'"' * 99)
    )
    return data[:place] + token + data[place:]


_WAYS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "xlsx": _package, "ods": _package, "xlsb": _package, "xls": _compound, "csv": _text,
}  # fmt: skip


def outcome(seed: int, folder: Path) -> str:
    """ "read" or the Problem's code; whatever else the reader does comes up as its own error.

    Raises AssertionError for a child that died of a fault: a Problem for people, but a fault of ours.
    """
    extension, data = mutated(seed)
    path = folder / f"f{seed}.{extension}"
    path.write_bytes(data)
    try:
        sandbox.read_workbook(path, path.name, cpu_seconds=CPU_SECONDS, memory=MEMORY)
    except Problem as problem:
        told = problem.text("zh"), problem.text("en")
        # calamine gives up on some lying .xls and .xlsb with an abort or a panic: why it runs in a child.
        known = extension in ("xls", "xlsb") and "Error" not in problem.params.get("reason", "")
        stopped = problem.code in ("workbook_reader_failed", "workbook_out_of_memory", "workbook_out_of_time")
        if (stopped and not known) or not all(path.name in text for text in told):
            raise AssertionError(f"seed {seed}: {problem.code} {problem.params}") from problem
        return problem.code
    finally:
        path.unlink()
    return "read"


def main() -> None:
    first, count = int(sys.argv[1]), int(sys.argv[2])
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            try:
                found = outcome(seed, Path(folder))
            except Exception as error:  # noqa: BLE001 - every kind of it is what we are looking for
                found = f"seed {seed}: {type(error).__name__}: {error}"[:300]
                print(found, flush=True)
            counts[found.split(":")[0] if found.startswith("seed") else found] = counts.get(found, 0) + 1
    print({name: number for name, number in sorted(counts.items()) if not name.startswith("seed")})


if __name__ == "__main__":
    main()
