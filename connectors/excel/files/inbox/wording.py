"""Text of mails and archives as people wrote it, whatever the programs between made of it.

Belongs here: character sets and encoded names. Does not belong here: what is inside (attachments.py).
"""

from __future__ import annotations

import re
import unicodedata
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value

# Programs that say gb2312 or gbk write characters of the larger set.
_LARGER = {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "big5": "big5hkscs", "unknown-8bit": "utf-8"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def plain_bytes(data: bytes, charset: str | None = None) -> str:
    """Text of bytes without a trustworthy label: the label, UTF-8, GBK, and at last Latin-1, which always fits."""
    named = _LARGER.get((charset or "").lower(), charset)
    for encoding in dict.fromkeys(filter(None, (named, "utf-8", "gb18030"))):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1")


def header_text(raw: str) -> str:
    """A header as text: encoded words (RFC 2047, also split inside a character), bare GBK or UTF-8 bytes."""
    raw = _without_surrogates(raw)
    if "=?" not in raw:
        return " ".join(raw.split())
    try:
        parts = decode_header(raw)
    except (ValueError, LookupError):  # a damaged encoded word stays as it is written
        return " ".join(raw.split())
    text = "".join(part if isinstance(part, str) else plain_bytes(part, charset) for part, charset in parts)
    return " ".join(text.split())


def _without_surrogates(raw: str) -> str:
    """Bytes that the parser could not decode, decoded."""
    try:
        raw.encode("utf-8")
    except UnicodeEncodeError:
        return plain_bytes(raw.encode("ascii", "surrogateescape"))
    return raw


def file_name(part: Message) -> str:
    """The name of an attachment; "" if it has none. RFC 2231, RFC 2047 and bare bytes."""
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        raw = next((value for name, value in part.raw_items() if name.lower() == header), None)
        if raw is None:
            continue
        holder = Message()
        holder[header] = _without_surrogates(str(raw)).replace("\r", " ").replace("\n", " ")
        value = holder.get_param(parameter, header=header)
        if isinstance(value, tuple):
            charset = _LARGER.get((value[0] or "").lower(), value[0])
            value = collapse_rfc2231_value((charset, value[1], value[2]))
        if isinstance(value, str) and value.strip():
            return safe_name(header_text(value))
    return ""


def safe_name(name: str) -> str:
    """The last part of a name, without anything that has a meaning to file systems or our own paths."""
    name = unicodedata.normalize("NFC", _CONTROL.sub(" ", name)).replace("\\", "/").rpartition("/")[2]
    name = " ".join(name.split()).strip(" .")
    stem, dot, extension = name.rpartition(".")
    return f"{stem[:100]}{dot}{extension[:10]}" if dot and len(extension) <= 10 else name[:110]
