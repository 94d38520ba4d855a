"""The encoding of a text file: marks, then strict decoding in the order that was right most often.

Belongs here: bytes to text. Does not belong here: delimiters and records (csv_text.py), tags (html_table.py).
"""

from __future__ import annotations

import codecs
import re

from schemas.problems import Problem

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NAMES = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16",
    "utf-32": "UTF-32", "gb18030": "GB18030", "big5": "Big5", "big5hkscs": "Big5",
}  # fmt: skip
_SAMPLE = 200_000
_READABLE = re.compile("[\t\r\n\x20-\x7e\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\u2010-\u2027\u00b7\u00d7]")
# Lead bytes of the characters in daily use: level one of both standards.
_COMMON_GB, _COMMON_BIG5 = range(0xB0, 0xD8), range(0xA4, 0xC7)


def decode(data: bytes, shown_name: str, declared: str | None = None) -> tuple[str, str]:
    """(text, encoding): byte order mark, what the file itself declares, strict UTF-8, then GB18030 or Big5 by which of
    the two gives characters in daily use, then UTF-16 without a mark.

    Raises Problem `workbook_text_damaged` with the line of the first undecodable byte.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding, shown_name), encoding
    if (unmarked := utf16_without_mark(data)) is not None:
        return _strict(data, unmarked, shown_name), unmarked
    for encoding in filter(None, (_known(declared), "utf-8")):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    if _nearly_utf8(data):
        return _strict(data, "utf-8", shown_name), "utf-8"
    chinese = _big5_or_gb(data)
    if chinese is None:
        for encoding in ("utf-16-le", "utf-16-be"):
            if _share(_lenient(data[:_SAMPLE], encoding)) > 0.9:
                return _strict(data, encoding, shown_name), encoding
    return _strict(data, chinese or "gb18030", shown_name), chinese or "gb18030"


def utf16_without_mark(data: bytes) -> str | None:
    """ "utf-16-le" or "-be" for text of two-byte characters without a mark, told by its zero bytes; else None."""
    head = data[:_SAMPLE]
    if b"\0" not in head or len(data) % 2:
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _lenient(head[: len(head) // 2 * 2], encoding)
        if "\0" not in text and _share(text) > 0.95:
            return encoding
    return None


def _nearly_utf8(data: bytes) -> bool:
    """UTF-8 with a few damaged bytes: as GB 18030 it would read without an error, and every word of it wrong."""
    text = _lenient(data[:_SAMPLE], "utf-8")
    beyond = sum(character > "\x7f" for character in text)
    return beyond >= 20 and text.count("\ufffd") <= 0.05 * beyond


def _big5_or_gb(data: bytes) -> str | None:
    """The Chinese encoding of bytes that are not UTF-8, None if they are in neither."""
    found = []
    for encoding, common in (("gb18030", _COMMON_GB), ("big5hkscs", _COMMON_BIG5)):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        found.append((encoding, _common_share(text[:_SAMPLE], encoding, common)))
    if not found:
        return None
    if len(found) == 2 and found[1][1] > 0.9 and found[0][1] < 0.7:
        return "big5hkscs"
    return found[0][0]


def _common_share(text: str, encoding: str, common: range) -> float:
    """Share of the characters beyond ASCII that are ideographs in daily use."""
    characters = [character for character in text if ord(character) > 0x7F and not _is_mark(character)]
    if not characters:
        return 0.0
    return sum(character.encode(encoding)[0] in common for character in characters) / len(characters)


def _is_mark(character: str) -> bool:
    return "\u3000" <= character <= "\u303f" or "\uff00" <= character <= "\uffef" or character < "\u2e80"


def _share(text: str) -> float:
    return len(_READABLE.findall(text)) / len(text) if text else 0.0


def _lenient(data: bytes, encoding: str) -> str:
    return data.decode(encoding, "replace")


def _known(name: str | None) -> str | None:
    """A declared encoding under Python's name; GB2312 and GBK mean their superset."""
    if not name:
        return None
    try:
        found = codecs.lookup(name.strip().lower()).name
    except LookupError:
        return None
    return "gb18030" if found in ("gb2312", "gbk") else found


def _strict(data: bytes, encoding: str, shown_name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Problem("workbook_text_damaged", file=shown_name, line=line) from error
