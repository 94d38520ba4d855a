"""Amounts of money: the currency around a number, 元角分, and amounts in words.

Belongs here: which currency is meant. An amount of another currency than the column's is no number for it:
nothing is ever converted by a rate. Not here: the number itself (`figures.py`).
"""

from __future__ import annotations

import re
from decimal import Decimal

from hub.cleansing import figures
from hub.cleansing.figures import Reading

# What people write before or behind an amount, longest first where one begins with another.
_MARKS = {
    "CNY": (
        "人民币元",
        "人民币",
        "rmb¥",
        "rmb",
        "cny",
        "cn¥",
        "¥",
        "元人民币",
        "元整",
        "元正",
        "圆整",
        "圆正",
        "圓整",
        "圓正",
        "元",
        "圆",
        "圓",
        "块钱",
        "块",
    ),
    "USD": ("us$", "usd", "$", "美元", "美金"),
    "EUR": ("eur", "€", "欧元"),
    "HKD": ("hk$", "hkd", "港币", "港元"),
    "JPY": ("jpy", "jp¥", "日元", "日圆"),
    "GBP": ("gbp", "£", "英镑"),
    "TWD": ("nt$", "twd", "ntd", "新台币", "台币"),
    "KRW": ("krw", "₩", "韩元"),
}
CURRENCIES = frozenset(_MARKS)
NO_CURRENCY = ""  # of a column that measures something else: 5元 is no number of kilograms
_SPLIT = {
    currency: re.compile(
        rf"(?P<sign>[+-]?)\s*(?:(?:{words})\s*:?\s*)*(?P<number>.*?)\s*(?:(?:{words})\s*)*", re.IGNORECASE
    )
    for currency, words in (
        (name, "|".join(map(re.escape, sorted(marks, key=len, reverse=True)))) for name, marks in _MARKS.items()
    )
}
_ANY = re.compile("|".join(re.escape(mark) for marks in _MARKS.values() for mark in marks), re.IGNORECASE)
_BOOKED = re.compile(r",\d{3}|\.\d{2}(?!\d)")
_SMALL = "[0-9零一二三四五六七八九壹贰叁肆伍陆柒捌玖]"
_PARTS = re.compile(rf"(?:(.+?)[元圆圓])?零?(?:({_SMALL})角)?零?(?:({_SMALL})分)?[整正]?")


def read(typed: str, currency: str = "CNY") -> Reading:
    """The amount that a text of normal width says, in `currency`.

    >>> read("人民币叁仟伍佰元整").value, read("12元5角").value, read("$1,200").reason
    (Decimal('3500'), Decimal('12.5'), 'number.other_currency')
    """
    reading = figures.read(typed)
    if reading.value is not None or (not _ANY.search(typed) and not typed.endswith(("角", "分", "整", "正"))):
        return reading
    bare = typed[1:-1] if typed.startswith("(") and typed.endswith(")") else typed
    inner = _amount(bare, currency)
    if inner.value is None or bare is typed:
        return inner
    # (5元) may be a remark; bookkeepers write (1,234.00).
    if inner.value <= 0 or not _BOOKED.search(bare):
        return Reading(None, reason="number.sign")
    return Reading(-inner.value, "number.negative")


def _amount(typed: str, currency: str) -> Reading:
    match = _SPLIT[currency].fullmatch(typed) if currency else None
    if match and match["number"] and match["number"] != typed:
        inner = figures.read(match["sign"] + match["number"])
        if inner.value is not None:
            return inner._replace(rule="number.currency" if inner.rule in (None, "number.grouping") else inner.rule)
        if inner.guess is not None:
            return inner
    parts = _in_parts(typed) if currency == "CNY" else None
    if parts is not None:
        return parts
    others = (pattern for name, pattern in _SPLIT.items() if name != currency)
    if any(_is_other(pattern.fullmatch(typed), typed) for pattern in others):
        return Reading(None, reason="number.other_currency" if currency else "number.unit_unknown")
    return Reading(None, reason=figures.why(typed))


def _is_other(match: re.Match[str] | None, typed: str) -> bool:
    if not match or match["number"] == typed or not match["number"]:
        return False
    return figures.read(match["number"]).value is not None


def _in_parts(typed: str) -> Reading | None:
    """叁元伍角贰分, 12元5角: each part once, jiao and fen as one digit."""
    start = re.match(r"(?:人民币|rmb|¥)\s*:?\s*", typed, re.IGNORECASE)
    match = _PARTS.fullmatch(typed[start.end() :] if start else typed)
    if not match or not any(match.groups()):
        return None
    yuan = figures.read(match[1]).value if match[1] else Decimal(0)
    if yuan is None or yuan < 0:
        return None
    if yuan != yuan.to_integral_value():
        return None
    jiao, fen = (figures.read(part).value if part else Decimal(0) for part in match.groups()[1:])
    if jiao is None or fen is None:
        return None
    return Reading(yuan + jiao / 10 + fen / 100, "number.chinese")
