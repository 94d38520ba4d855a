"""Text that was read in the wrong encoding, or whose characters arrived as escapes.

Belongs here: finding the text that was meant, as a suggestion. Not here: width and blanks (`text.py`).
Texts that lost bytes on the way (锟斤拷, 上海?) cannot be repaired and are left alone.
"""

from __future__ import annotations

import html
import re

from hub.cleansing.result import Suggestion

_CJK = re.compile("[\u4e00-\u9fff]")
_READABLE = re.compile("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef\x20-\x7e—“”‘’…]+")
# The first UTF-8 byte of each character beyond ASCII that a repaired text consists of.
_READABLE_LEADS = frozenset(
    chr(code).encode()[0] for code in (*range(0x4E00, 0xA000), 0x3000, 0xFF00, *map(ord, "—“”‘’…"))
)
_ENTITY = re.compile(r"&(?:#\d{2,6}|#x[0-9a-f]{2,5}|amp|lt|gt|quot|nbsp|apos);", re.IGNORECASE)
# What Windows-1252 shows for the bytes 80 to 9F; the five it leaves free pass as they are.
_CP1252 = {ord(bytes([byte]).decode("cp1252")): byte for byte in range(128, 160) if byte not in b"\x81\x8d\x8f\x90\x9d"}


def suggested(raw: str) -> Suggestion | None:
    """What a text was before it was misread, if that can be told for sure enough to propose it.

    >>> suggested("涓婃捣").value, suggested("A&amp;B").value, suggested("上海")
    ('上海', 'A&B', None)
    """
    repaired = repair_mojibake(raw)
    if repaired is not None:
        return Suggestion(repaired, "text.mojibake", 0.97)
    if "&" in raw and _ENTITY.search(raw):
        return Suggestion(" ".join(html.unescape(raw).split()), "text.escaped", 0.95)
    return None


def repair_mojibake(raw: str) -> str | None:
    """The Chinese text that was read in the wrong encoding, once or twice, or None.

    Only whole round trips that end in nothing but Chinese and ASCII count: GB 2312 or UTF-8 read as
    Latin-1 or Windows-1252, UTF-8 read as GBK.

    >>> repair_mojibake("ÉÏº£"), repair_mojibake("涓婃捣"), repair_mojibake("ä¸Šæµ·"), repair_mojibake("上海")
    ('上海', '上海', '上海', None)
    """
    if raw.isascii():
        return None
    once = _western(raw) if not _CJK.search(raw) else _chinese(raw)
    if once is None:
        # Misread twice: what comes out first is not Chinese yet.
        between = _decoded(_western_bytes(raw), "utf-8")
        once = _western(between) if between and between != raw else None
    if once is None:
        return None
    return repair_mojibake(once) or once


def _western(raw: str) -> str | None:
    read = _western_bytes(raw)
    for right in ("utf-8", "gb2312"):
        text = _decoded(read, right)
        if text and _is_readable(text, raw):
            return text
    return None


def _chinese(raw: str) -> str | None:
    try:
        text = _decoded(raw.encode("gbk"), "utf-8")
    except UnicodeEncodeError:
        return None
    return text if text and _is_readable(text, raw) else None


def _western_bytes(raw: str) -> bytes | None:
    numbers = [_CP1252.get(ord(char), ord(char)) for char in raw]
    return bytes(numbers) if max(numbers, default=256) < 256 else None


def _decoded(read: bytes | None, encoding: str) -> str | None:
    try:
        return read.decode(encoding) if read else None
    except UnicodeDecodeError:
        return None


def _is_readable(text: str, raw: str) -> bool:
    # One Chinese character alone could be chance; three bytes of UTF-8 that come out as one can not.
    enough = 2 if len(raw) - len(text) < 2 else 1
    return text != raw and len(_CJK.findall(text)) >= enough and _READABLE.fullmatch(text) is not None


def may_begin_mojibake(char: str) -> bool:
    """False if no text whose first character beyond ASCII is this one can be UTF-8 that was read as GBK.

    That character's first GBK byte would have to begin a readable character in UTF-8.

    >>> may_begin_mojibake("涓"), may_begin_mojibake("上")
    (True, False)
    """
    try:
        return char.encode("gbk")[0] in _READABLE_LEADS
    except UnicodeEncodeError:
        return False
