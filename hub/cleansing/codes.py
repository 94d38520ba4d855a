"""Codes: material codes, document numbers, codes of a code list; and the key that codes match by.

Belongs here: what makes two spellings of a code equal. Not here: units (`units.py`), tax numbers
(`uscc.py`). An O typed for a 0 is never repaired in the value: it is a finding, and a match key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hub.cleansing.result import Standard, Suggestion, unsure
from hub.cleansing.text import half_width, narrow, preflight, preflight_text
from schemas.model import CodeList

_SEPARATORS = re.compile(r"[-_ .·/]")
_LOOK_ALIKE = re.compile(r"(?<=\d)[OI]+(?=[\d\W_]|$)|(?<![A-Z0-9])[OI]+(?=\d)")
_SIZE = re.compile(r"(?<=\d)[×*X](?=\d)")


def code(raw: str) -> Standard:
    """Normal width, no invisible characters or outer blanks. Case, inner blanks, zeros and look-alikes stay.

    >>> code("ａ-1００2 ")
    Standard(value='a-1002', rule='code.width', reason=None, suggestion=None)
    """
    special = preflight_text(raw)
    if special:
        return special
    value = half_width(raw)
    if value == raw:
        return Standard(value)
    special = preflight_text(value)
    if special:
        return special
    return Standard(value, "code.spaces" if value == " ".join(raw.split()) else "code.width")


def material_code(raw: str) -> Standard:
    """As `code`; upper case, and digits where letters look like them, are only proposed.

    >>> material_code("m-1002").suggestion.value, material_code("01.O1.0001").suggestion.value
    ('M-1002', '01.01.0001')
    """
    answer = code(raw)
    if answer.value is None:
        return answer
    upper = answer.value.upper() if answer.value.isascii() else answer.value
    repaired = digits_for_letters(upper)
    if repaired != upper:
        return answer._replace(suggestion=Suggestion(repaired, "code.look_alike", 0.9))
    return answer._replace(suggestion=Suggestion(upper, "code.case", 0.9)) if upper != answer.value else answer


def material_match_key(value: str) -> str:
    """The form under which two material codes are compared; never shown, never stored as value.

    Separators go, 10×20 = 10*20 = 10X20, O and I inside digit runs count as 0 and 1, leading zeros
    of an all-digit code do not count (Excel strips them).

    >>> material_match_key("a-1O.02"), material_match_key("00123"), material_match_key("10*20")
    ('A1002', '123', '10X20')
    """
    key = digits_for_letters(_SIZE.sub("X", narrow(value).upper()))
    key = digits_for_letters(_SEPARATORS.sub("", key))
    return key.lstrip("0") or "0" if key.isdigit() else key


def digits_for_letters(code: str) -> str:
    """O and I that stand in a run of digits as 0 and 1: what was probably meant, never what is stored.

    >>> digits_for_letters("BOLT-1O0"), digits_for_letters("01.O1.0001I")
    ('BOLT-100', '01.01.00011')
    """
    return _LOOK_ALIKE.sub(lambda run: run[0].translate({79: 48, 73: 49}), code)


def lookup(codes: CodeList) -> dict[str, str]:
    """{spelling key: code} of a code list: its codes, titles and aliases.

    A spelling that two codes share leads to neither: it would be a guess.
    """
    found: dict[str, str | None] = {}
    for entry in codes.codes:
        for spelling in (entry.code, entry.title.zh, entry.title.en, *entry.aliases):
            for key in (exact_key(spelling), spelling_key(spelling)):
                found[key] = entry.code if found.get(key, entry.code) == entry.code else None
    # A code always means itself, whatever another entry's alias says.
    found |= {exact_key(entry.code): entry.code for entry in codes.codes}
    return {key: value for key, value in found.items() if value is not None}


def exact_key(spelling: str) -> str:
    """Width and blanks do not count, case does (first looked up: T is not t everywhere)."""
    return "=" + narrow(spelling).replace(" ", "")


def spelling_key(spelling: str) -> str:
    """Width, blanks and case do not count."""
    return narrow(spelling).replace(" ", "").casefold()


def listed(raw: str, spellings: Mapping[str, str], family: str = "code") -> Standard:
    """The code that a spelling means, by `lookup(...)`; unsure if the list does not know it."""
    special = preflight(raw)
    if special:
        return special
    found = spellings.get(exact_key(raw)) or spellings.get(spelling_key(raw))
    if found is None:
        return unsure(f"{family}.unknown")
    return Standard(found, None if found == raw else f"{family}.alias")
