"""Text whose bytes are not what the database declares: GBK or Big5 in a Latin-1 column, or in none.

Belongs here: turning such text into what is meant and back, and noticing it; pure functions. Does not
belong here: which column is meant (`settings.py`), Arrow (`values.py`).

The database hands Latin-1 bytes over as letters ("½ð¶û"). Every byte is still there, so the text can be
turned back; it is never guessed: without `encoding:` in the configuration it lands as it came, and is
reported as suspicious.
"""

from __future__ import annotations

from collections.abc import Iterable

# Letters that Windows-1252 (what MySQL and SQL Server mean by latin1) has at 0x80-0x9F -> the byte.
_CP1252 = {
    ord(bytes([byte]).decode("cp1252")): byte
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
# Bytes that could not be decoded at all travel as lone surrogates (PEP 383).
_SURROGATES = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
_TO_BYTES = _CP1252 | _SURROGATES
_TO_CP1252 = {byte: letter for letter, byte in _CP1252.items()}
_GUESSES = ("utf-8", "gbk", "big5")
# Too few texts prove nothing; below this share of them the odd one is a coincidence.
_ENOUGH, _SHARE = 3, 0.6


def bytes_of(text: str) -> bytes | None:
    """The bytes a text was read from, if it was read as Latin-1; None: it holds letters Latin-1 has not."""
    if any(0xDC80 <= ord(letter) <= 0xDCFF for letter in text):
        return text.encode("utf-8", "surrogateescape")
    try:
        return text.translate(_TO_BYTES).encode("latin-1")
    except UnicodeEncodeError:
        return None


def meant(text: str, encoding: str) -> str | None:
    """What the text says in `encoding`; the text itself if it never was Latin-1; None: the bytes are neither."""
    stored = bytes_of(text)
    if stored is None:
        return text
    try:
        return stored.decode(encoding)
    except UnicodeDecodeError:
        return None


def as_stored(text: str, encoding: str, dialect: str) -> str:
    """The reverse of `meant`: how the database shows this text, for comparing with a column."""
    try:
        letters = text.encode(encoding).decode("latin-1")
    except UnicodeEncodeError:
        return text
    return letters.translate(_TO_CP1252) if dialect in ("mysql", "mssql") else letters


def suspected(texts: Iterable[str | None]) -> str | None:
    """The encoding these texts seem to be in although they were read as Latin-1; None: nothing strange."""
    found = dict.fromkeys(_GUESSES, 0)
    strange = 0
    for text in set(texts):
        if text is None or text.isascii():
            continue
        strange += 1
        stored = bytes_of(text)
        if stored is None:
            continue
        for encoding in _GUESSES:
            found[encoding] += _plausible(stored, encoding)
    best = max(_GUESSES, key=lambda encoding: found[encoding])
    return best if found[best] >= _ENOUGH and found[best] >= _SHARE * strange else None


def _plausible(stored: bytes, encoding: str) -> bool:
    """Whether bytes read as common Chinese characters (the frequent half of the character set)."""
    try:
        text = stored.decode(encoding)
    except UnicodeDecodeError:
        return False
    wide = [letter for letter in text if not letter.isascii()]
    if not wide:
        return False
    if encoding == "big5":
        return all(0xA4 <= letter.encode("big5")[0] <= 0xC6 for letter in wide)
    return all(_is_common(letter) for letter in wide)


def _is_common(letter: str) -> bool:
    """Level 1 of GB 2312 (3,755 characters), or its punctuation and full-width letters."""
    try:
        first = letter.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return 0xA1 <= first <= 0xA3 or 0xB0 <= first <= 0xD7
