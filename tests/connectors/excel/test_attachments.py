"""Tables inside mails: names as every program writes them, archives within limits, nested mails."""

from __future__ import annotations

import base64
import zipfile
from email.message import EmailMessage
from urllib.parse import quote

import pytest

from connectors.excel.files.inbox.attachments import Unpacked, unpack
from schemas.problems import Problem
from tests.connectors.inputs import csv_bytes, mail, with_file, with_raw_name, zip_bytes

NAME = "客户档案_2026-11.xlsx"
GBK = NAME.encode("gbk")


def found_in(raw: bytes | EmailMessage, passwords: tuple[str, ...] = ()) -> Unpacked:
    return unpack(raw if isinstance(raw, bytes) else raw.as_bytes(), "测试邮件", passwords)


def names_in(raw: bytes | EmailMessage) -> list[str]:
    return [table.name for table in found_in(raw).tables]


@pytest.mark.parametrize(
    "parameter",
    [
        b'filename="' + GBK + b'"',
        b'filename="' + NAME.encode() + b'"',
        b"filename*=UTF-8''" + quote(NAME).encode(),
        b"filename*=gb2312''" + quote(GBK).encode(),
        b"filename*0*=UTF-8''" + quote(NAME[:3]).encode() + b";\r\n filename*1*=" + quote(NAME[3:]).encode(),
        b'filename="=?GBK?B?' + base64.b64encode(GBK) + b'?="',
        b'filename="=?utf-8?Q?' + "".join(f"={byte:02X}" for byte in NAME.encode()).encode() + b'?="',
        # Foxmail cuts a name inside a character.
        b'filename="=?gb18030?B?'
        + base64.b64encode(GBK[:3])
        + b"?=\r\n =?gb18030?B?"
        + base64.b64encode(GBK[3:])
        + b'?="',
        b"filename=" + NAME.encode(),
        b'filename="C:\\\\temp\\\\' + NAME.encode() + b'"',
    ],
    ids=["gbk bytes", "utf-8 bytes", "2231", "2231 gb2312", "2231 parts", "2047 gbk", "2047 q", "cut", "bare", "path"],
)
def test_a_chinese_name_is_read_as_it_was_written(parameter: bytes) -> None:
    assert names_in(with_raw_name(parameter, b"PK")) == [NAME]


def test_an_inline_workbook_without_a_name_gets_one() -> None:
    kind = b"attachment\r\nContent-Type: application/vnd.ms-excel"
    raw = with_raw_name(b"x=1", b"data", kind).replace(b"Content-Type: application/octet-stream\r\n", b"", 1)
    assert names_in(raw) == ["attachment.xls"]


def test_what_is_no_table_is_left_alone() -> None:
    message = mail()
    for name in ("合同.pdf", "照片.jpg", "~$客户档案.xlsx", "说明.docx"):
        with_file(message, name, b"x")
    found = found_in(message)
    assert (found.tables, found.problems) == ([], [])


def test_a_mail_inside_a_mail_is_looked_into() -> None:
    inner = with_file(mail("转发"), NAME, b"PK")
    attached = mail("外层")
    attached.add_attachment(inner)
    as_file = with_file(mail("外层"), "转发.eml", inner.as_bytes())
    assert names_in(attached) == names_in(as_file) == [NAME]


def test_mails_inside_mails_end_somewhere() -> None:
    message = with_file(mail("0"), NAME, b"PK")
    for depth in range(30):
        outer = mail(str(depth))
        outer.add_attachment(message)
        message = outer
    assert [problem.code for problem in found_in(message).problems] == ["mail_too_deep"]
    bottomless = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" * 3000
    assert found_in(bottomless).tables == []


def test_winmail_is_told_in_a_sentence() -> None:
    found = found_in(with_file(mail(), "winmail.dat", b"x\x9f\x3e\x22", "ms-tnef"))
    assert [problem.code for problem in found.problems] == ["mail_tnef"]
    assert "winmail.dat" in found.problems[0].text("zh")


@pytest.mark.parametrize("encoding", [None, "gbk"])
def test_tables_in_an_archive(encoding: str | None) -> None:
    data = csv_bytes()
    entries = {f"销售部/{NAME}": data, "说明.docx": b"x", "销售部/~$锁.xlsx": b"x", "../../逃.csv": b"a"}
    found = found_in(with_file(mail(), "资料.zip", zip_bytes(entries, encoding)))
    assert [table.name for table in found.tables] == [NAME, "逃.csv"]
    assert b"".join(found.tables[0].chunks()) == data
    assert b"".join(found.tables[0].chunks()) == data, "readable again"


def test_archives_have_limits() -> None:
    bomb = zip_bytes({"大.csv": b"0" * (20 << 20)})
    crowd = zip_bytes({f"{number}.csv": b"x" for number in range(301)})
    nested = zip_bytes({"里.zip": zip_bytes({"a.csv": b"x"}), "b.rar": b"x"})
    for data, codes in (
        (bomb, ["mail_zip_too_big"]),
        (crowd, ["mail_zip_too_big"]),
        (nested, ["mail_archive_kind"] * 2),
        (b"PK\x03\x04 nothing", ["mail_zip_damaged"]),
    ):
        found = found_in(with_file(mail(), "包.zip", data))
        assert ([problem.code for problem in found.problems], found.tables) == (codes, [])
    lying = bytearray(zip_bytes({"谎.csv": b"0123456789" * 10}))
    at = lying.rindex(b"PK\x01\x02")
    lying[at + 24 : at + 28] = (7).to_bytes(4, "little")
    [table] = found_in(with_file(mail(), "包.zip", bytes(lying))).tables
    with pytest.raises(Problem, match=r"包\.zip"):
        b"".join(table.chunks())
    found = found_in(with_file(mail(), "包.rar", b"Rar!"))
    assert [problem.code for problem in found.problems] == ["mail_archive_kind"]


def test_a_locked_archive_is_opened_with_a_known_password() -> None:
    locked = _zip_crypto({"客户.csv": csv_bytes()}, b"secret")
    without = found_in(with_file(mail(), "锁.zip", locked))
    assert [problem.code for problem in without.problems] == ["mail_zip_password"]
    assert "锁.zip" in without.problems[0].text("zh")
    [table] = found_in(with_file(mail(), "锁.zip", locked), ("wrong", "secret")).tables
    assert b"".join(table.chunks()) == csv_bytes()


def _zip_crypto(entries: dict[str, bytes], password: bytes) -> bytes:
    """A zip with the traditional encryption (APPNOTE 6.1), which zipfile reads but does not write."""
    import io
    import zlib

    crc_table = []
    for number in range(256):
        value = number
        for _ in range(8):
            value = (value >> 1) ^ 0xEDB88320 if value & 1 else value >> 1
        crc_table.append(value)

    def step(value: int, byte: int) -> int:
        return crc_table[(value ^ byte) & 0xFF] ^ (value >> 8)

    def encrypt(data: bytes, check: int) -> bytes:
        keys = [0x12345678, 0x23456789, 0x34567890]

        def update(byte: int) -> None:
            keys[0] = step(keys[0], byte)
            keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
            keys[2] = step(keys[2], keys[1] >> 24)

        for byte in password:
            update(byte)
        out = bytearray()
        for byte in b"0123456789a" + bytes([check]) + data:
            temp = keys[2] | 2
            out.append(byte ^ (((temp * (temp ^ 1)) >> 8) & 0xFF))
            update(byte)
        return bytes(out)

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            archive.writestr(info, encrypt(data, zlib.crc32(data) >> 24))
    raw = bytearray(stream.getvalue())
    for data in entries.values():
        # Put the flag and the CRC and size of the plain text into both headers.
        crc, size = zlib.crc32(data).to_bytes(4, "little"), len(data).to_bytes(4, "little")
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            start = raw.index(mark)
            raw[start + at] |= 1
            raw[start + at + 8 : start + at + 12] = crc
            raw[start + at + 16 : start + at + 20] = size
    return bytes(raw)
