"""One number out of one text, or why it is none: plain, grouped, in brackets, Chinese, with 万 and 亿.

Belongs here: what the digits and signs say. Not here: currencies (`money.py`), units (`quantities.py`),
fitting a number into a column (`numbers.py`).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from hub.cleansing import numerals


class Reading(NamedTuple):
    """value: the number, exact; rule: how it was written. Or reason: why none is sure; guess: what speakers mean."""

    value: Decimal | None
    rule: str | None = None
    reason: str | None = None
    guess: Decimal | None = None


_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
# 0,123 has a decimal comma, or is a slip: no number in groups begins with zero.
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
# Excel shows a number so when its column is too narrow; how many digits it hides, nobody knows.
_SHOWN_SHORT = re.compile(r".*[eE]\+\d{2}", re.ASCII)
_BRACKETED = re.compile(r"\((.+)\)|(.+)-")
_SIGNED = re.compile(r"([+-]|负)\s*(.+)")
_MULTIPLE = re.compile(r"([1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+)\s*(千万|百万|十万|万|亿)", re.ASCII)
_TIMES = {"万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8}
_MINUS = str.maketrans("−‐‑–", "----")

_DIGITS = "0-9零〇一二三四五六七八九十百千万亿两"
_ABOUT = re.compile("[约≈~<>≤≥几余超近多]|左右|上下|以上|以下|以内|大概|不到|\\+$|级$")
_REASONS = (
    ("number.fraction", re.compile(r"[+-]?(?:\d+\s+)?\d+\s*/\s*\d+|.*[½¼¾⅓⅔⅛]|.*分之.*", re.ASCII)),
    ("number.range", re.compile(rf".*[{_DIGITS}][^{_DIGITS}]{{0,3}}(?:[-~—]|±|至|到|\.\.)[^-]*[{_DIGITS}].*|.*±.*")),
    ("number.approximate", re.compile(rf".*(?:{_ABOUT.pattern}).*")),
    ("number.percent", re.compile(r".*[%‰]", re.ASCII)),
    ("number.per_unit", re.compile(r".*\d.*(?:/|每).*", re.ASCII)),
    ("number.comma", re.compile(r"[+-]?[\d.]*,[\d.,]*", re.ASCII)),
    ("number.unit_unknown", re.compile(rf"[+-]?[{_DIGITS}.,]+\s*[^\W\d_].*|[+-]?[{_DIGITS}.,]+\s*[℃°\"'㎏㎡㎜㎝]+.*")),
)


def read(typed: str) -> Reading:
    """The number that a text of normal width says.

    >>> read("1,234.50").value, read("(1,234.50)").value, read("12万5千").value, read("10-20").reason
    (Decimal('1234.50'), Decimal('-1234.50'), Decimal('125000'), 'number.range')
    """
    typed = typed.translate(_MINUS)
    if _PLAIN.fullmatch(typed):
        if _SHOWN_SHORT.fullmatch(typed):
            return Reading(None, reason="number.scientific")
        return Reading(Decimal(typed))
    if _GROUPED.fullmatch(typed):
        return Reading(Decimal(typed.replace(",", "")), "number.grouping")
    return _negative(typed) or _signed(typed) or Reading(None, reason=why(typed))


def why(typed: str) -> str:
    """The reason (rules.yaml) why a text says no number for sure."""
    return next((reason for reason, pattern in _REASONS if pattern.fullmatch(typed)), "number.unread")


def _negative(typed: str) -> Reading | None:
    """Bookkeepers' (1,234.00) and SAP's 1,234.00-; a bare (5) or 5- may be a number in a list or half a range."""
    match = _BRACKETED.fullmatch(typed)
    inner = match and (match[1] or match[2]).strip()
    if not inner or not inner[0].isdigit() or not (_PLAIN.fullmatch(inner) or _GROUPED.fullmatch(inner)):
        return None
    number = -Decimal(inner.replace(",", ""))
    if "," in inner or re.fullmatch(r"\d+\.\d{2}", inner):
        return Reading(number, "number.negative")
    return Reading(None, reason="number.sign")


def _signed(typed: str) -> Reading | None:
    """A Chinese numeral or a multiple of 万 and 亿, perhaps with a sign."""
    match = _SIGNED.fullmatch(typed)
    sign, body = (match[1], match[2]) if match else ("+", typed)
    size = -1 if sign in "-负" else 1
    multiple = _MULTIPLE.fullmatch(body)
    if multiple:
        return Reading(size * Decimal(multiple[1].replace(",", "")).scaleb(_TIMES[multiple[2]]), "number.multiple")
    if re.search(r"\d \d", body, re.ASCII):
        return None
    body = body.replace(" ", "")
    if not numerals.is_numeral(body):
        return None
    try:
        number = numerals.read(body)
    except numerals.Spoken as spoken:
        return Reading(None, reason="number.spoken", guess=size * spoken.meant)
    return None if number is None else Reading(size * number, "number.chinese")
