"""Which texts are standard already: told for whole columns in Arrow, so that Python reads only the others.

Belongs here: one test per standardiser, strict enough that `standardiser(text) == Standard(text)`
holds wherever it says yes; where it says no, nothing is known. Not here: what a standard value is
(the standardisers). No test: `boolean` and what is read out of addresses (few or no values are standard).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from hub.cleansing.codes import listed, lookup
from hub.cleansing.mojibake import may_begin_mojibake
from hub.cleansing.numbers import INTEGER_DIGITS, ONE
from hub.cleansing.registry import CodeLists, code_list, name_for
from hub.cleansing.result import Standard
from hub.cleansing.simplified import traditional
from hub.cleansing.text import SPECIAL_CELLS
from hub.cleansing.uscc import FORM
from schemas.model import Column

# Column of text -> true where it is standard already; a null cell may answer null or false.
Already = Callable[[pa.Array], pa.Array]

# Characters that no step of `text` and `name` changes, neither alone nor side by side.
_PLAIN = "!-~Α-ΡΣ-Ωα-ω、。《》【】「」“”‘’—"
# NFKC narrows these, `text` keeps them. Without ！ and ？, which could end an error cell (#NAME？).
_WIDE_PUNCTUATION = "（），；"
# "E+": perhaps a long code in scientific notation, which is no code any more. "####": a cell that was too narrow.
_LOST = r"E\+|^#{3,}$"
# Signs that a specification may be proposed other ones for.
_SIGNS = r"[*xXØø∅⌀Фф脳✕✖╳″”“'〞寸]|in|m\d|\+| ×|× |[Φφ] "
# Blanks inside a company's Chinese name, marks behind it.
_UNTIDY = "[一-\u9fff)] |公司[ .,;:。，；、*]+$|公司公司"
# Escapes of web pages.
_ESCAPED = rf"{_LOST}|&[#a-zA-Z]"
# Where a text that is standard may still be proposed another one.
_UNLESS = {
    "text": _ESCAPED,
    "name": _ESCAPED,
    "company_name": rf"{_ESCAPED}|{_UNTIDY}",
    "spec": rf"{_ESCAPED}|{_SIGNS}",
    "material_code": rf"{_LOST}|\d[OI]|[OI]\d|[a-z]",
}
# Two of these side by side may be a Chinese character read as Latin-1; one alone cannot.
_LATIN = "[°±·×]"

_PHONE = r"1[3-9]\d{9}|0(?:10|2\d)-[2-9]\d{7}|0[3-9]\d{2}-[2-9]\d{6,7}"
_MONTH_DAY = r"(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31"
_DAY = rf"(?:19|20)\d\d-(?:{_MONTH_DAY})"  # 29 February is left to the standardiser
_MOMENT = rf"{_DAY}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"


def already(column: Column, lists: CodeLists, override: str | None = None, times: Decimal = ONE) -> Already | None:
    """The test for one column, None if there is none; arguments and Problem as of `registry.standardiser`."""
    name = name_for(column, override)
    if name in ("unit", "code_list"):
        return _own_codes(column, lists, name)
    if name not in _PATTERNS or times != ONE:
        return None
    pattern, special = f"^(?:{_PATTERNS[name](column)})$", pa.array(sorted(SPECIAL_CELLS))
    unless = _UNLESS.get(name, _LOST)
    return lambda texts: pc.and_not(
        pc.match_substring_regex(texts, pattern),
        pc.or_(pc.is_in(texts, value_set=special), pc.match_substring_regex(texts, unless)),
    )


def _own_codes(column: Column, lists: CodeLists, name: str) -> Already:
    codes = code_list(column, lists, "unit" if name == "unit" else "")
    spellings = lookup(codes)
    own = sorted(entry.code for entry in codes.codes if listed(entry.code, spellings) == Standard(entry.code))
    known = pa.array(own, pa.string())
    return lambda texts: pc.is_in(texts, value_set=known)


def _text(_: Column) -> str:
    return _words(_PLAIN + _WIDE_PUNCTUATION)


def _name(_: Column) -> str:
    return _words(_PLAIN)


@cache
def _words(characters: str) -> str:
    """Words of these and Chinese characters, one blank between them.

    Left out: the Chinese characters that GBK mojibake can begin with, and the traditional ones.
    """
    chinese = [char for char in map(chr, range(0x4E00, 0xA000)) if not may_begin_mojibake(char)]
    one = f"[{characters}{_ranges([char for char in chinese if char not in traditional()])}]"
    word = f"(?:(?:{_LATIN}?{one})+{_LATIN}?|{_LATIN})"
    return f"{word}(?: {word})*"


def _ranges(characters: list[str]) -> str:
    """Ascending characters as spans of a character class."""
    spans: list[list[str]] = []
    for char in characters:
        if spans and ord(spans[-1][1]) == ord(char) - 1:
            spans[-1][1] = char
        else:
            spans.append([char, char])
    return "".join(f"{first}-{last}" for first, last in spans)


def _code(_: Column) -> str:
    return "[!-~一-\u9fff]+(?: [!-~一-\u9fff]+)*"  # printable ASCII, Chinese


def _integer(_: Column) -> str:
    return _whole(INTEGER_DIGITS)


def _decimal(column: Column) -> str:
    """As `numbers.plain` writes them: no zeros before or behind, no -0, within precision and scale."""
    digits = column.precision - column.scale
    if column.scale < 1 or digits < 1:
        return _whole(digits)
    return rf"{_whole(digits)}|-?(?:0|[1-9]\d{{0,{digits - 1}}})\.\d{{0,{column.scale - 1}}}[1-9]"


def _whole(digits: int) -> str:
    return rf"0|-?[1-9]\d{{0,{digits - 1}}}" if digits > 0 else r"[^\s\S]"


_PATTERNS: dict[str, Callable[[Column], str]] = {
    "text": _text,
    "name": _name,
    "company_name": _name,
    "code": _code,
    "material_code": _code,
    "spec": _text,
    "email": lambda _: r"[a-zA-Z0-9_%+-]+(?:\.[a-zA-Z0-9_%+-]+)*@(?:[a-z0-9]+\.)+[a-z]{2,}",
    "uscc": lambda _: FORM.pattern,
    "phone": lambda _: _PHONE,
    "phone_list": lambda _: _PHONE,
    "date": lambda _: _DAY,
    "timestamp": lambda _: _MOMENT,
    "integer": _integer,
    "decimal": _decimal,
    "percent": _decimal,
}
