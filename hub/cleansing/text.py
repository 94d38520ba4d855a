"""Free text and names: width, blanks, invisible characters, mojibake.

Belongs here: what concerns characters, whatever they mean. Not here: codes (`codes.py`), what a
company name consists of (`names.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from hub.cleansing.result import BLANK, Standard, Suggestion, unsure

# Zero-width characters, BOM, soft hyphen, direction marks: they make equal texts differ.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]|[\x00-\x08\x0e-\x1f\x7f]")
# Letters, digits and blank of double width. Chinese punctuation stays: it is right in Chinese text.
_WIDE_SPANS = ((0xFF10, 0xFF1A), (0xFF21, 0xFF3B), (0xFF41, 0xFF5B))
_WIDE = {code: code - 0xFEE0 for span in _WIDE_SPANS for code in range(*span)}
_WIDE |= str.maketrans("　－＋／．％＃＆＊＝＿～＠", " -+/.%#&*=_~@")
_ALL_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0xFFE5: ord("¥"), ord("　"): ord(" ")}
_ERROR_CELLS = frozenset(
    {
        *("#N/A", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA"),
        *("#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#PYTHON!", "#EXTERNAL!", "#ERR"),
        *(f"Err:{number}" for number in range(501, 541)),  # LibreOffice's
    }
)
# What a workbook's reader lands for a formula whose result the file does not hold.
_NOT_CALCULATED = "#NOT_CALCULATED!"
# A long code that a spreadsheet program took for a number: Excel writes it so from twelve digits on.
_DIGITS_LOST = re.compile(r"[1-9](?:\.\d+)?[eE]\+(?:1[1-9]|[2-9]\d)", re.ASCII)
# Whole cells that people write to say "there is nothing to fill in here".
_PLACEHOLDERS = frozenset(
    {"-", "--", "---", "—", "——", "/", "//", "\\", "无", "暂无", "N/A", "n/a", "NULL", "Null", "null", "None"}
)
SPECIAL_CELLS = _ERROR_CELLS | _PLACEHOLDERS | {_NOT_CALCULATED}
_CJK = re.compile("[\u4e00-\u9fff]")
_READABLE = re.compile("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef\x20-\x7e]+")
# The first UTF-8 byte of each character beyond ASCII that _READABLE lets through.
_READABLE_LEADS = frozenset(chr(code).encode()[0] for code in (*range(0x4E00, 0xA000), 0x3000, 0xFF00))


def preflight(raw: str) -> Standard | None:
    """What every column answers alike: blank cells, error cells, placeholders; else None.

    >>> preflight("#N/A").reason, preflight(" 　 "), preflight("无").rule
    ('cell.error', Standard(value=None, rule=None, reason=None), 'text.placeholder')
    """
    bare = narrow(raw) if len(raw) < 32 else raw.strip()
    if not bare:
        return BLANK
    if bare in _ERROR_CELLS:
        return unsure("cell.error")
    if bare == _NOT_CALCULATED:
        return unsure("cell.not_calculated")
    if bare in _PLACEHOLDERS:
        return Standard(None, "text.placeholder")
    return None


def preflight_text(raw: str) -> Standard | None:
    """As `preflight`, for columns of text: also codes that lost their last digits.

    >>> preflight_text("1.10101E+17").reason, preflight_text("E+17")
    ('cell.digits_lost', None)
    """
    if "+" in raw and _DIGITS_LOST.fullmatch(raw.strip()):
        return unsure("cell.digits_lost")
    return preflight(raw)


def narrow(raw: str) -> str:
    """NFKC without invisible characters, trimmed, inner blanks collapsed to one.

    Lossy on purpose (m² becomes m2): for keys and names, not for free text or numbers.
    """
    return " ".join(unicodedata.normalize("NFKC", _INVISIBLE.sub("", raw)).split())


def half_width(raw: str) -> str:
    """Full-width ASCII to normal width, trimmed, inner blanks collapsed: for numbers, dates, phones.

    Unlike NFKC it leaves 10² and ① alone, which NFKC would turn into 102 and 1.
    """
    return " ".join(_INVISIBLE.sub("", raw).translate(_ALL_WIDE).split())


def with_width(raw: str, answer: Standard) -> Standard:
    """The answer to `half_width(raw)`, telling that characters of double width were read, if nothing else is told."""
    if answer.value is None or answer.rule is not None or raw.isascii():
        return answer
    return answer._replace(rule="text.width") if half_width(raw) != " ".join(raw.split()) else answer


def repair_mojibake(raw: str) -> str | None:
    """The Chinese text that was read in the wrong encoding, or None.

    Only whole round trips that end in nothing but Chinese and ASCII count:
    GB 2312 read as Latin-1, UTF-8 read as GBK.

    >>> repair_mojibake("ÉÏº£"), repair_mojibake("涓婃捣"), repair_mojibake("上海")
    ('上海', '上海', None)
    """
    for wrong, right in (("latin-1", "gb2312"), ("gbk", "utf-8")):
        if wrong == "latin-1" and _CJK.search(raw):
            continue
        try:
            text = raw.encode(wrong).decode(right)
        except UnicodeError:
            continue
        if text != raw and len(_CJK.findall(text)) >= 2 and _READABLE.fullmatch(text):
            return text
    return None


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


def text(raw: str) -> Standard:
    """Free text: letters and digits of normal width, no doubled or outer blanks."""
    if raw and raw.isascii() and raw.isprintable() and raw == " ".join(raw.split()):
        return preflight_text(raw) or Standard(raw)
    return preflight_text(raw) or _steps(raw, lambda value: value.translate(_WIDE))


def name(raw: str) -> Standard:
    """A company's or person's name: NFKC (brackets too), trimmed; case is kept."""
    return preflight_text(raw) or _steps(raw, lambda value: unicodedata.normalize("NFKC", value))


_TELLING = ("text.width", "text.spaces", "text.invisible")


def _steps(raw: str, width: Callable[[str], str]) -> Standard:
    steps = (
        ("text.invisible", lambda before: _INVISIBLE.sub("", before)),
        ("text.spaces", lambda before: " ".join(before.split())),
        ("text.width", width),
    )
    value, applied = raw, []
    # One step can make work for another (㈱ brings blanks).
    while True:
        start = value
        for step, change in steps:
            after = change(value)
            if after != value:
                applied.append(step)
            value = after
        if value == start:
            break
    # One rule is told: the change that matters most to a reader.
    rule = min(applied, key=_TELLING.index, default=None)
    repaired = repair_mojibake(raw.strip()) or repair_mojibake(value)
    suggestion = Suggestion(repaired, "text.mojibake", 0.97) if repaired else None
    return preflight(value) or Standard(value, rule, suggestion=suggestion)
