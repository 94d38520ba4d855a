"""Numbers of columns: decimals, whole numbers, percentages, fitted to precision and scale.

Belongs here: what a column makes of a number. Nothing goes through float. Not here: reading the text
(`figures.py`, `money.py`, `quantities.py`), ranges (rules).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

from hub.cleansing import figures, money, quantities
from hub.cleansing.figures import Reading
from hub.cleansing.result import Standard, Suggestion, unsure
from hub.cleansing.text import half_width, preflight, with_width

ONE = Decimal(1)
INTEGER_DIGITS = 18  # every such number fits 64 bits
_SPOKEN = 0.9  # how often a numeral that ends as people speak (一百五) is meant so
_LONGEST = 80  # characters of a text that can be one number at all
_SCALED = re.compile("[万亿千百元]")
_OF_HUNDRED = re.compile(r"(.+?)\s*%|百分之(.+)")
_OF_THOUSAND = re.compile(r"(.+?)\s*‰|千分之(.+)")


class Fit(NamedTuple):
    """What a column takes: precision and scale in digits; times: multiplies (10000 where 万元 is read as yuan).

    currency: of its amounts; units: those it understands behind a number (quantities.understood).
    """

    precision: int = 20
    scale: int = 6
    times: Decimal = ONE
    currency: str = "CNY"
    units: Mapping[str, Fraction] = quantities.NO_UNITS


_DEFAULT = Fit()


def decimal(raw: str, fit: Fit = _DEFAULT) -> Standard:
    """An exact decimal in plain notation, rounded half up to the column's scale.

    >>> decimal("￥1,234.50").value, decimal("12,5").reason, decimal("12万5千").value
    ('1234.5', 'number.comma', '125000')
    """
    special = preflight(raw)
    return special or with_width(raw, _fitted(_measured(half_width(raw), fit), fit))


def integer(raw: str, fit: Fit = _DEFAULT) -> Standard:
    """A whole number; "30.0" is one, "30.5" is unsure. A known unit behind it is dropped.

    >>> integer("30").value, integer("30.5").reason
    ('30', 'number.not_whole')
    """
    special = preflight(raw)
    if special:
        return special
    reading = _measured(half_width(raw), fit)
    if reading.value is not None and reading.value != reading.value.to_integral_value():
        return unsure("number.not_whole")
    whole = Fit(INTEGER_DIGITS, 0)
    return with_width(raw, _fitted(reading, whole))


def percent(raw: str, fit: Fit = _DEFAULT) -> Standard:
    """Percent as a number: "5%" and "5" are both 5, "5‰" is 0.5.

    A sign says what the number is: only a bare one is multiplied (100 for a source that writes shares).

    >>> percent("5％")
    Standard(value='5', rule='percent.sign', reason=None, suggestion=None)
    """
    special = preflight(raw)
    if special:
        return special
    typed = half_width(raw)
    if len(typed) > _LONGEST:
        return unsure("number.unread")
    for pattern, rule, size in (
        (_OF_HUNDRED, "percent.sign", ONE),
        (_OF_THOUSAND, "percent.per_mille", Decimal("0.1")),
    ):
        match = pattern.fullmatch(typed)
        if match:
            reading = figures.read(match[1] or match[2])
            if reading.value is not None:
                reading = Reading(reading.value * size, rule)
            return with_width(raw, _fitted(reading, fit))
    return with_width(raw, _fitted(_multiplied(figures.read(typed), fit.times), fit))


def plain(number: Decimal) -> str:
    """Plain notation without trailing zeros: 1E+2 -> "100", 12.50 -> "12.5", -0 -> "0"."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _measured(typed: str, fit: Fit) -> Reading:
    """The number in the column's own unit and currency."""
    if len(typed) > _LONGEST:
        return Reading(None, reason="number.unread")
    reading = money.read(typed, fit.currency)
    if reading.value is None and fit.units:
        cut = quantities.split(typed, fit.units)
        number = figures.read(cut[0]) if cut else reading
        if cut and number.value is not None:
            # The cell names its own unit, so the unit that the header names is not its.
            with localcontext() as wide:
                wide.prec = 60
                product = Fraction(number.value) * cut[1]
                return Reading(Decimal(product.numerator) / Decimal(product.denominator), "number.unit")
    if fit.times != ONE and reading.rule and _SCALED.search(typed):
        return Reading(None, reason="number.unit_twice")
    return _multiplied(reading, fit.times)


def _multiplied(reading: Reading, times: Decimal) -> Reading:
    if times == ONE or not reading.value:
        return reading
    return Reading(reading.value * times, "number.unit")


def _fitted(reading: Reading, fit: Fit) -> Standard:
    if reading.value is None:
        guess = None if reading.guess is None else _rounded(reading.guess, fit)
        suggestion = Suggestion(guess[0], "number.spoken", _SPOKEN) if guess and fit.times == ONE else None
        return unsure(reading.reason or "number.unread", suggestion)
    done = _rounded(reading.value, fit)
    if done is None:
        return unsure("number.too_large")
    return Standard(done[0], reading.rule if done[1] else "number.rounded")


def _rounded(number: Decimal, fit: Fit) -> tuple[str, bool] | None:
    """(plain text within the column's scale, whether nothing was rounded); None if it is too large."""
    digits = fit.precision - fit.scale
    with localcontext() as exact:
        exact.prec = 400
        if number.adjusted() >= digits and number:
            return None
        rounded = number.quantize(ONE.scaleb(-fit.scale), ROUND_HALF_UP)
        if rounded.adjusted() >= digits and rounded != 0:
            return None
        return plain(rounded), rounded == number
