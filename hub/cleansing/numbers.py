"""Numbers as people type them: integers, prices, percentages, Chinese numerals.

Belongs here: reading one text as an exact decimal. Nothing goes through float. Not here: ranges
(rules), units of quantity (a number with an unknown unit behind it is unsure).
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext

from hub.cleansing.result import Standard, unsure
from hub.cleansing.text import half_width, preflight, with_width

ONE = Decimal(1)
INTEGER_DIGITS = 18  # every such number fits 64 bits
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_CURRENCY = re.compile(r"^([+-]?)\s*(?:人民币|rmb|cny|[¥￥])\s*[::]?\s*", re.IGNORECASE)
_CURRENCY_WORD = re.compile(r"\s*(?:元整|元正|圆整|圆|元|rmb|cny)$", re.IGNORECASE)
_MULTIPLE = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(万|亿)", re.ASCII)
_CHINESE = re.compile(r"负?[零〇一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟0-9点.]+")
_HAS_CHINESE = re.compile("[零〇一二三四五六七八九十百千两壹贰叁肆伍陆柒捌玖拾佰仟万亿]")
_TIMES = {"万": Decimal(10_000), "亿": Decimal(100_000_000)}


def decimal(raw: str, precision: int = 20, scale: int = 6, times: Decimal = ONE) -> Standard:
    """An exact decimal in plain notation, rounded half up to `scale` digits.

    `times` multiplies (a column headed 万元 that is stored in yuan: 10000).

    >>> decimal("￥1,234.50").value, decimal("12,5").reason, decimal("12万5千").value
    ('1234.5', 'number.unread', '125000')
    """
    special = preflight(raw)
    if special:
        return special
    number, rule = _read(half_width(raw))
    if number is None:
        return unsure("number.unread")
    return with_width(raw, _fit(*_multiplied(number, times, rule), precision, scale))


def integer(raw: str, suffixes: tuple[str, ...] = (), times: Decimal = ONE) -> Standard:
    """A whole number; "30.0" is one, "30.5" is unsure. A known unit behind it is dropped.

    >>> integer("30天", ("天",)), integer("30.5").reason
    (Standard(value='30', rule='number.unit', reason=None), 'number.not_whole')
    """
    special = preflight(raw)
    if special:
        return special
    typed = half_width(raw)
    suffix = next((ending for ending in suffixes if typed.lower().endswith(ending)), "")
    number, rule = _read(typed[: len(typed) - len(suffix)].strip())
    if number is None:
        return unsure("number.unread")
    number, rule = _multiplied(number, times, "number.unit" if suffix else rule)
    if number != number.to_integral_value():
        return unsure("number.not_whole")
    return with_width(raw, _fit(number, rule, INTEGER_DIGITS, 0))


def percent(raw: str, precision: int = 20, scale: int = 6, times: Decimal = ONE) -> Standard:
    """Percent as a number: "5%" and "5" are both 5.

    >>> percent("5％")
    Standard(value='5', rule='percent.sign', reason=None)
    """
    special = preflight(raw)
    if special:
        return special
    typed = half_width(raw)
    number, rule = _read(typed.removesuffix("%").strip())
    if number is None:
        return unsure("number.unread")
    rule = "percent.sign" if typed.endswith("%") else rule
    return with_width(raw, _fit(*_multiplied(number, times, rule), precision, scale))


def plain(number: Decimal) -> str:
    """Plain notation without trailing zeros: 1E+2 -> "100", 12.50 -> "12.5", -0 -> "0"."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _read(typed: str) -> tuple[Decimal | None, str | None]:
    """(number, rule) of a narrow text; (None, None) if it does not say one number for sure."""
    rule = None
    stripped = _CURRENCY_WORD.sub("", _CURRENCY.sub(r"\1", typed))
    if stripped != typed:
        typed, rule = stripped.strip(), "number.currency"
    if _PLAIN.fullmatch(typed):
        return _exact(typed), rule
    if _GROUPED.fullmatch(typed):
        return _exact(typed.replace(",", "")), rule or "number.grouping"
    multiple = _MULTIPLE.fullmatch(typed)
    if multiple:
        return Decimal(multiple[1]) * _TIMES[multiple[2]], "number.multiple"
    if _CHINESE.fullmatch(typed) and _HAS_CHINESE.search(typed):
        return _chinese(typed), "number.chinese"
    return None, None


def _exact(typed: str) -> Decimal | None:
    try:
        return Decimal(typed)
    except InvalidOperation:
        return None


def _chinese(typed: str) -> Decimal | None:
    """By cn2an in smart mode, which also knows 12万5千 and 三千五; what it refuses is unsure."""
    import cn2an

    try:
        return Decimal(str(cn2an.cn2an(typed, "smart")))
    except (ValueError, KeyError, IndexError, InvalidOperation):
        return None


def _multiplied(number: Decimal, times: Decimal, rule: str | None) -> tuple[Decimal, str | None]:
    return (number, rule) if times == ONE or number == 0 else (number * times, "number.unit")


def _fit(number: Decimal, rule: str | None, precision: int, scale: int) -> Standard:
    with localcontext() as exact:
        exact.prec = 400
        if number.adjusted() >= precision - scale:
            return unsure("number.too_large")
        rounded = number.quantize(ONE.scaleb(-scale), ROUND_HALF_UP)
        if rounded.adjusted() >= precision - scale and rounded != 0:
            return unsure("number.too_large")
        return Standard(plain(rounded), rule if rounded == number else "number.rounded")
