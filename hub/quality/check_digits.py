"""Numbers that carry their own check digit: as SQL conditions, and what is wrong with one of them.

Belongs here: unified social credit code, resident identity number, EAN, bank card. Not here: repairing a number
(hub/cleansing). The SQL is the same text for DuckDB and PostgreSQL and cannot fail on any value: digits are looked
up in a text instead of being cast. Tests compare it with python-stdnum.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from hub.quality.literals import text

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I O S V Z
_USCC = "[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}"
_DIGITS = "0123456789"
_DOUBLED = "0516273849"  # at index n the digit whose double has the digit sum n (ISO/IEC 7812-1)
# GB/T 2260 provinces, and 83: residence permits of people from Taiwan begin with it. The card of a foreigner with
# permanent residence begins with 9 and the province.
_PROVINCES = "(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_PROVINCE = f"({_PROVINCES}[0-9]|9{_PROVINCES})"
_DAY = (
    "((18|19|20)[0-9]{2}"
    "((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|1[0-9]|2[0-8]))"
    "|((18|19|20)(0[48]|[2468][048]|[13579][26])|2000)0229)"
)


class Checked(NamedTuple):
    """valid: (quoted column, matches(column, regex), day of the run) -> SQL that is true for a right number."""

    valid: Callable[[str, Callable[[str, str], str], date], str]
    lengths: tuple[int, ...]  # that a right number may have
    characters: str  # regex of one character of it


def _weighted(column: str, alphabet: str, weights: list[int]) -> str:
    """The sum of the places of the characters in the alphabet, counted from 0, times the weights."""
    terms = [
        f"(strpos({text(alphabet)}, substr({column}, {place}, 1)) - 1)" + (f" * {weight}" if weight != 1 else "")
        for place, weight in enumerate(weights, start=1)
    ]
    return " + ".join(terms)


def _uscc(column: str, matches: Callable[[str, str], str], today: date) -> str:
    total = _weighted(column, _USCC_ALPHABET, [pow(3, place, 31) for place in range(17)])
    check = f"strpos({text(_USCC_ALPHABET)}, substr({column}, 18, 1)) - 1"
    return f"({matches(column, _USCC)} and (31 - ({total}) % 31) % 31 = {check})"


def _id_card(column: str, matches: Callable[[str, str], str], today: date) -> str:
    """GB 11643-1999: province, county, day of birth, serial number, check character by ISO 7064 MOD 11-2."""
    form = matches(column, f"{_PROVINCE}[0-9]{{3}}{_DAY}[0-9]{{3}}[0-9X]")
    born = f"substr({column}, 7, 8) <= {text(today.strftime('%Y%m%d'))}"
    total = _weighted(column, _DIGITS, [pow(2, 17 - place, 11) for place in range(17)])
    check = f"substr('10X98765432', ({total}) % 11 + 1, 1) = substr({column}, 18, 1)"
    return f"({form} and {born} and {check})"


def _ean(column: str, matches: Callable[[str, str], str], today: date) -> str:
    """GS1 General Specifications 7.9: weights 3 and 1 from the right, before the check digit."""
    filled = f"right('00000' || {column}, 13)"
    total = _weighted(filled, _DIGITS, [1, 3] * 6 + [1])
    return f"({matches(column, '[0-9]{8}|[0-9]{13}')} and ({total}) % 10 = 0)"


def _bank_card(column: str, matches: Callable[[str, str], str], today: date) -> str:
    """ISO/IEC 7812-1 annex B (Luhn): every second digit from the right doubled, digits summed."""
    filled = f"right('000000' || {column}, 19)"
    terms = [
        f"(strpos({text(_DIGITS if place % 2 else _DOUBLED)}, substr({filled}, {place}, 1)) - 1)"
        for place in range(1, 20)
    ]
    return f"({matches(column, '[0-9]{13,19}')} and ({' + '.join(terms)}) % 10 = 0)"


CHECKED = {
    "uscc": Checked(_uscc, (18,), "[0-9A-HJ-NPQRTUWXY]"),
    "id_card": Checked(_id_card, (18,), "[0-9X]"),
    "ean": Checked(_ean, (8, 13), "[0-9]"),
    "bank_card": Checked(_bank_card, tuple(range(13, 20)), "[0-9]"),
}


def what_is_wrong(algorithm: str, value: str, today: date) -> dict[str, object]:
    """Facts about a number that fails: problem, length, and the length it should have.

    problem: old_number (the business licence number used before 2015), old_id_card (15 digits, until 1999), length,
    characters, province, birth_date, check_digit.
    """
    known = CHECKED[algorithm]
    expected = str(known.lengths[0]) if len(known.lengths) == 1 else f"{known.lengths[0]} / {known.lengths[-1]}"
    if algorithm == "bank_card":
        expected = f"{known.lengths[0]}-{known.lengths[-1]}"
    return {"problem": _problem(algorithm, value, known, today), "length": len(value), "expected": expected}


def _problem(algorithm: str, value: str, known: Checked, today: date) -> str:
    if len(value) == 15 and algorithm in ("uscc", "id_card"):
        return "old_number" if algorithm == "uscc" else "old_id_card"
    if len(value) not in known.lengths:
        return "length"
    if re.fullmatch(f"(?:{known.characters})*", value) is None:
        return "characters"
    if algorithm == "uscc" and re.fullmatch(_USCC, value) is None:
        return "characters"
    if algorithm == "id_card":
        if re.match(_PROVINCE, value) is None:
            return "province"
        if re.fullmatch(_DAY, value[6:14]) is None or value[6:14] > today.strftime("%Y%m%d"):
            return "birth_date"
        if "X" in value[:17]:
            return "characters"
    return "check_digit"
