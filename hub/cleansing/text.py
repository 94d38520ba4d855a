"""Free text and names: width, blanks, invisible characters.

Belongs here: what concerns characters, whatever they mean. Not here: codes (`codes.py`), text that was
misread (`mojibake.py`), what a company name consists of (`names.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from hub.cleansing import mojibake, simplified
from hub.cleansing.result import BLANK, Standard, unsure

# Zero-width and direction marks, BOM, soft hyphen, fillers, variation selectors, tags, controls: they make
# equal texts differ. As the inside of a character class.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
# Chinese characters that have a twin of equal shape: Kangxi radicals (PDF programs write them), and the
# compatibility block.
_TWINS = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in (*range(0x2F00, 0x2FD6), *range(0xF900, 0xFAFF), *range(0x2F800, 0x2FA1E))
}
# Letters, digits and blank of double width. Chinese punctuation stays: it is right in Chinese text.
_WIDE_SPANS = ((0xFF10, 0xFF1A), (0xFF21, 0xFF3B), (0xFF41, 0xFF5B))
_WIDE: dict[int, int | str] = {code: code - 0xFEE0 for span in _WIDE_SPANS for code in range(*span)}
_WIDE |= _TWINS | dict(zip(map(ord, "　－＋／．％＃＆＊＝＿～＠"), " -+/.%#&*=_~@", strict=True))
_ALL_WIDE: dict[int, int | str] = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_ALL_WIDE |= _TWINS | {ord("　"): " ", ord("￥"): "¥"}
# Where `half_width` may change a text: these characters, or blanks that are outer, doubled or no plain ones.
NOT_LEVEL = (
    f"[\uff01-\uff5e\uffe5\u2f00-\u2fd5\uf900-\ufaff\U0002f800-\U0002fa1d{INVISIBLE}]"
    "|[\t-\r\x85\xa0\u1680\u2000-\u200a\u2028-\u2029\u202f\u205f\u3000]|^ | $|  "
)
# A name's brackets and signs count as well; a whole word in one character becomes letters.
_NAME: dict[int, int | str] = _ALL_WIDE | {ord("㈱"): "(株)", ord("㈲"): "(有)", ord("№"): "No"}
_ERROR_CELLS = frozenset(
    {
        *("#N/A", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA"),
        *("#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#PYTHON!", "#EXTERNAL!", "#ERR"),
        *(f"Err:{number}" for number in range(501, 541)),  # LibreOffice's
    }
)
# What a workbook's reader lands for a formula whose result the file does not hold.
_NOT_CALCULATED = "#NOT_CALCULATED!"
# A cell that was too narrow for its number when somebody printed or exported it.
_HASHES = re.compile("#{3,}")
# A long code that a spreadsheet program took for a number: Excel writes it so from twelve digits on.
_DIGITS_LOST = re.compile(r"[1-9](?:\.\d+)?[eE]\+(?:1[1-9]|[2-9]\d)", re.ASCII)
# Whole cells that people write to say "there is nothing to fill in here".
_PLACEHOLDERS = frozenset(
    {"-", "--", "---", "—", "——", "/", "//", "\\", "无", "暂无", "N/A", "n/a", "NULL", "Null", "null", "None"}
)
SPECIAL_CELLS = _ERROR_CELLS | _PLACEHOLDERS | {_NOT_CALCULATED}


def preflight(raw: str) -> Standard | None:
    """What every column answers alike: blank cells, error cells, placeholders; else None.

    >>> preflight("#N/A").reason, preflight(" 　 "), preflight("无").rule
    ('cell.error', Standard(value=None, rule=None, reason=None, suggestion=None), 'text.placeholder')
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
    if bare[0] == "#" and _HASHES.fullmatch(bare):
        return unsure("cell.too_narrow")
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

    Lossy on purpose (m² becomes m2): for keys, not for values.
    """
    if raw.isascii() and raw.isprintable():
        return " ".join(raw.split())
    return " ".join(unicodedata.normalize("NFKC", _INVISIBLE.sub("", raw)).split())


def half_width(raw: str) -> str:
    """Full-width ASCII to normal width, trimmed, inner blanks collapsed: for numbers, dates, phones, codes.

    Unlike NFKC it leaves 10² and ① alone, which NFKC would turn into 102 and 1.
    """
    if raw.isascii() and raw.isprintable():
        return " ".join(raw.split())
    return " ".join(_INVISIBLE.sub("", raw).translate(_ALL_WIDE).split())


def with_width(raw: str, answer: Standard) -> Standard:
    """The answer to `half_width(raw)`, telling that characters of double width were read, if nothing else is told."""
    if answer.value is None or answer.rule is not None or raw.isascii():
        return answer
    return answer._replace(rule="text.width") if half_width(raw) != " ".join(raw.split()) else answer


def text(raw: str) -> Standard:
    """Free text: letters and digits of normal width, no doubled or outer blanks."""
    return _steps(raw, _WIDE)


def name(raw: str) -> Standard:
    """A company's or person's name: brackets and punctuation of normal width too; case is kept."""
    return _steps(raw, _NAME)


_TELLING = ("text.width", "text.spaces", "text.invisible")


def _steps(raw: str, width: Mapping[int, int | str]) -> Standard:
    special = preflight_text(raw)
    if special:
        return special
    value, applied = raw, []
    if not (raw.isascii() and raw.isprintable()):
        visible = _INVISIBLE.sub("", raw)
        value = unicodedata.normalize("NFC", visible.translate(width))
        applied += ["text.invisible"] if visible != raw else []
        applied += ["text.width"] if value != visible else []
    spaced = " ".join(value.split())
    applied += ["text.spaces"] if spaced != value else []
    # One rule is told: the change that matters most to a reader.
    rule = min(applied, key=_TELLING.index, default=None)
    special = preflight_text(spaced)
    if special:
        return special
    repaired = mojibake.suggested(raw.strip()) or mojibake.suggested(spaced) or simplified.suggested(spaced)
    return Standard(spaced, rule, suggestion=repaired if repaired and repaired.value not in ("", spaced) else None)
