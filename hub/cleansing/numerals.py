"""Chinese numerals: 一百二十三, 叁仟伍佰, 12万5千, 二〇二四, 三点五.

Belongs here: the value of a numeral that says one number for sure, and what a spoken one probably means.
Not here: currency and units (`money.py`, `quantities.py`).
"""

from __future__ import annotations

import re
from decimal import Decimal

_DIGITS = {
    **{digit: value for value, digit in enumerate("零一二三四五六七八九")},
    **{digit: value for value, digit in enumerate("零壹贰叁肆伍陆柒捌玖")},
    **dict.fromkeys("两兩", 2),
    **{"貳": 2, "參": 3, "陸": 6},
}
_NUMBER = r"(?:\d+(?:\.\d+)?)"
_FORMAL = str.maketrans({**dict(zip("拾佰仟萬億〇○", "十百千万亿零零", strict=True)), "廿": "二十", "卅": "三十"})
_ONLY = re.compile(rf"[{''.join(_DIGITS)}十百千万亿\d.点]+", re.ASCII)
_COEFFICIENT = f"({_NUMBER}|[{''.join(digit for digit, value in _DIGITS.items() if value)}])"
_SECTION = re.compile(
    rf"(?:{_COEFFICIENT}千)?(零?)(?:{_COEFFICIENT}百)?(零?)(?:{_COEFFICIENT}?(十))?(零?){_COEFFICIENT}?", re.ASCII
)
_GROUPS = (("亿", Decimal(10**8), 8), ("万", Decimal(10**4), 4))
_ONE_NUMBER = re.compile(_NUMBER, re.ASCII)


class Spoken(ValueError):
    """A numeral that ends as people speak (一百五, 3万5): `meant` is what they mean, usually."""

    def __init__(self, meant: Decimal) -> None:
        self.meant = meant


def is_numeral(text: str) -> bool:
    """Whether a narrow text consists of numeral characters, at least one of them Chinese."""
    return bool(_ONLY.fullmatch(text.translate(_FORMAL))) and not text.isascii()


def read(text: str) -> Decimal | None:
    """The number a numeral says; None if it says none for sure.

    Raises Spoken if it ends in a bare digit behind a unit: 一百五 is 150 to speakers, 105 to clerks.

    >>> read("12万5千"), read("叁仟零伍"), read("二〇二四"), read("三点一四"), read("三五")
    (Decimal('125000'), Decimal('3005'), Decimal('2024'), Decimal('3.14'), None)
    """
    plain = text.translate(_FORMAL)
    if not _ONLY.fullmatch(plain):
        return None
    if set(plain) <= _DIGITS.keys():
        return _digit_by_digit(plain)
    return _whole(plain)


def _digit_by_digit(text: str) -> Decimal | None:
    # 三五 may be 35 or "three to five", 一二三 a list; 两 counts, it does not spell.
    if set("两兩") & set(text) or (1 < len(text) < 4 and "零" not in text[1:]) or (len(text) > 1 and text[0] == "零"):
        return None
    return Decimal("".join(str(_DIGITS[digit]) for digit in text))


def _whole(text: str) -> Decimal | None:
    for unit, size, digits in _GROUPS:
        if unit not in text:
            continue
        head, _, tail = text.rpartition(unit)
        times = _head(head) if unit not in head else None
        if not times:
            return None
        rest = _tail(tail, times * size, digits)
        if rest is None or (rest and "." in head) or (rest and "点" in head):
            return None
        return times * size + rest
    return _fraction(text) if "点" in text else _section(text)


def _head(text: str) -> Decimal | None:
    try:
        return Decimal(text) if _ONE_NUMBER.fullmatch(text) else _whole(text)
    except Spoken:
        return None  # 1万3亿


def _tail(text: str, head: Decimal, digits: int) -> Decimal | None:
    """What stands behind 万 or 亿 (`digits` zeros): less than one of it."""
    if not text:
        return Decimal(0)
    bare = text.removeprefix("零")
    if len(text) == 1 and bare:
        if bare in _DIGITS or bare.isdigit():
            raise Spoken(head + _value(bare) * Decimal(10) ** (digits - 1))
        return None
    if text.isascii() and text.isdigit():
        return Decimal(text) if len(text) == digits else None
    try:
        rest = _whole(bare)
    except Spoken as spoken:
        raise Spoken(head + spoken.meant) from None
    if rest is None or rest != rest.to_integral_value() or rest >= Decimal(10) ** digits:
        return None
    if digits == 8 and bare == text and rest < 10**4:
        return None  # 12亿3千 may leave out a 万; who means 3,000 says 零三千
    return rest


def _fraction(text: str) -> Decimal | None:
    whole, _, places = text.partition("点")
    number = _section(whole)
    if number is None or not places or not set(places) <= _DIGITS.keys() or set("两兩") & set(places):
        return None
    return number + Decimal("0." + "".join(str(_DIGITS[digit]) for digit in places))


def _section(text: str) -> Decimal | None:
    """A number below 10,000, or one Arabic number of any size before 千."""
    match = _SECTION.fullmatch(text)
    if not match or text[-1:] in ("零", ""):
        return Decimal(0) if text == "零" else None
    thousands, _, hundreds, _, tens, ten, _, ones = match.groups()
    if ones and not ten and (thousands or hundreds) and not text[: -len(ones)].endswith("零"):
        if len(ones) == 1:
            base = _value(thousands) * 1000 + _value(hundreds) * 100
            raise Spoken(base + _value(ones) * (10 if hundreds else 100))
        return None
    parts = [part for part in (thousands, hundreds, tens, ones) if part]
    if len(parts) > 1 and any(len(part) > 1 for part in parts):
        return None  # 12千5百: no coefficient beside others is more than a digit
    if len(parts) == 1 and len(parts[0]) > 1 and (hundreds or tens or ones):
        return None
    return _value(thousands) * 1000 + _value(hundreds) * 100 + (_value(tens or "1") * 10 if ten else 0) + _value(ones)


def _value(coefficient: str | None) -> Decimal:
    if not coefficient:
        return Decimal(0)
    return Decimal(_DIGITS[coefficient]) if coefficient in _DIGITS else Decimal(coefficient)
