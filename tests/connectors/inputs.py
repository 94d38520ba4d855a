"""Mails and tables for tests of inputs."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage

import openpyxl

from tests.input_servers import new_message_id

CUSTOMERS = [
    ["客户编码", "客户名称", "简称", "统一社会信用代码", "联系人", "电话", "地址"],
    ["C001", "苏州恒达精密机械有限公司", "恒达", "", "王工", "0512-65550001", "苏州"],
    ["C002", "无锡精工轴承有限公司", "精工", "", "李工", "0510-82220002", "无锡"],
]


def csv_bytes(encoding: str = "gbk", rows: list[list[str]] | None = None) -> bytes:
    return "\r\n".join(",".join(row) for row in rows or CUSTOMERS).encode(encoding)


def xlsx_bytes(rows: list[list[str]] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "客户"
    for row in rows or CUSTOMERS:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def zip_bytes(entries: dict[str, bytes], encoding: str | None = None) -> bytes:
    """A zip; with `encoding` the names stand in it as old Windows programs write them, without the UTF-8 flag."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, data) in enumerate(entries.items()):
            if encoding is None:
                archive.writestr(name, data)
                continue
            entry = _Bytes(str(number))
            entry.own = name.encode(encoding)
            archive.writestr(entry, data)
    return stream.getvalue()


class _Bytes(zipfile.ZipInfo):
    """An entry whose name is written as these very bytes."""

    __slots__ = ("own",)
    own: bytes

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.own, self.flag_bits & ~0x800


def mail(subject: str = "客户档案", sender: str = "王工 <wang@supplier.example>", text: str = "请查收") -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "hub@factory.example"
    message["Subject"] = subject
    message["Date"] = "Tue, 03 Nov 2026 09:30:00 +0800"
    message["Message-ID"] = new_message_id()
    message.set_content(text)
    return message


def with_file(message: EmailMessage, name: str, data: bytes, kind: str = "octet-stream") -> EmailMessage:
    message.add_attachment(data, maintype="application", subtype=kind, filename=name)
    return message


def with_raw_name(parameter: bytes, data: bytes, disposition: bytes = b"attachment") -> bytes:
    """A mail as old programs write it; `parameter`: everything after "Content-Disposition: attachment;"."""
    import base64

    return b"\r\n".join(
        [
            b"From: =?GBK?B?zfW5pA==?= <wang@supplier.example>",
            b"Subject: =?gb2312?B?v827p7W1sLg=?=",
            b"Date: Tue, 03 Nov 2026 09:30:00 +0800",
            f"Message-ID: {new_message_id()}".encode(),
            b"MIME-Version: 1.0",
            b'Content-Type: multipart/mixed; boundary="xx"',
            b"",
            b"--xx",
            b"Content-Type: application/octet-stream",
            b"Content-Transfer-Encoding: base64",
            b"Content-Disposition: " + disposition + b"; " + parameter,
            b"",
            base64.b64encode(data),
            b"--xx--",
            b"",
        ]
    )
