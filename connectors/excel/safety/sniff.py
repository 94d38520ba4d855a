"""What a file really is, told from its first bytes.

Belongs here: kinds and their marks. Does not belong here: reading (the child process does that),
trust in file extensions.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection
from pathlib import Path

from connectors.excel.filetypes.encodings import utf16_without_mark
from schemas.problems import Problem

XLSX, XLSB, ODS, XLS, CSV, HTML, XML2003 = "xlsx", "xlsb", "ods", "xls", "csv", "html", "xml2003"
KIND_OF_EXTENSION = {
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".xltx": XLSX,
    ".xltm": XLSX,
    ".xlsb": XLSB,
    ".ods": ODS,
    ".xls": XLS,
    ".xlt": XLS,
    ".et": XLS,
    ".csv": CSV,
    ".txt": CSV,
    ".tsv": CSV,
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF_START = re.compile(rb"\x09[\x00\x02\x04\x08](?:\x04|\x06|\x08|\x10)\x00", re.DOTALL)
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body|table|meta)\b", re.IGNORECASE)
_MHTML = re.compile(rb"MIME-Version:\s*1\.0", re.IGNORECASE)
_XML2003 = b"urn:schemas-microsoft-com:office:spreadsheet"
_KNOWN = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7-Zip",
    b"{\\rtf": "RTF",
    b"\x1f\x8b": "gzip",
}


def kind_of(path: Path, shown_name: str) -> str:
    """XLSX, XLSB, ODS, XLS, CSV, HTML or XML2003, by content.

    Raises Problem: `workbook_missing`, `workbook_empty`, `workbook_damaged`, `workbook_unknown_kind`.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise Problem("workbook_missing", file=shown_name, reason=error.strerror or str(error)) from error
    if not start:
        raise Problem("workbook_empty", file=shown_name)
    if start.startswith(b"PK"):
        return _kind_of_zip(path, shown_name)
    if start.startswith(_OLE):
        return XLS
    if _BIFF_START.match(start):
        return XLS
    for mark, name in _KNOWN.items():
        if start.startswith(mark):
            raise Problem("workbook_unknown_kind", file=shown_name, reason=name)
    text = start.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if text.startswith((b"<?xml", b"<Workbook", b"<ss:Workbook")) and _XML2003 in text:
        return XML2003
    if _HTML.match(text) or (text.startswith((b"<?xml", b"<!--")) and _HTML.search(text)) or _MHTML.match(text):
        return HTML
    if text.startswith(b"<?xml"):
        raise Problem("workbook_unknown_kind", file=shown_name, reason="XML")
    if b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")) and not utf16_without_mark(start):
        raise Problem("workbook_unknown_kind", file=shown_name, reason="binary data")
    return CSV


def _kind_of_zip(path: Path, shown_name: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.replace("\\", "/").lstrip("/").lower() for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Problem("workbook_damaged", file=shown_name, reason=str(error) or "zip") from error
    return kind_of_names(names, shown_name)


def kind_of_names(names: Collection[str], shown_name: str) -> str:
    """XLSB, ODS or XLSX, by the lower-case names of a package's parts. Raises Problem `workbook_unknown_kind`."""
    if any(name.endswith("workbook.bin") for name in names):
        return XLSB
    if "content.xml" in names:
        return ODS
    if "[content_types].xml" in names and not any(name.startswith(("word/", "ppt/")) for name in names):
        return XLSX
    raise Problem("workbook_unknown_kind", file=shown_name, reason="zip")
