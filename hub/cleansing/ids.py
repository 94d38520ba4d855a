"""Numbers with a check digit that are not of companies: identity cards, article numbers, bank cards.

Belongs here: their form. That a check digit is wrong is a finding (rule kind `checksum`); the value stays.
Not here: credit codes of organisations (`uscc.py`).
"""

from __future__ import annotations

import re

from hub.cleansing.result import Standard, Suggestion
from hub.cleansing.text import half_width, preflight_text

_BETWEEN = re.compile(r"[\s\-–—_.·]")
_OLD_ID = re.compile(r"\d{6}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_CHECK = "10X98765432"


def id_card(raw: str) -> Standard:
    """18 characters without blanks, X in upper case; a card of 15 digits is proposed in its form of 18.

    >>> id_card("11010519491231002x").value, id_card("110105491231002").suggestion.value
    ('11010519491231002X', '11010519491231002X')
    """
    answer = _compact(raw, "id_card.form")
    if answer.value and _OLD_ID.fullmatch(answer.value):
        # Cards of 15 digits were issued until 1999, to people born in that century.
        body = answer.value[:6] + "19" + answer.value[6:]
        check = _CHECK[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11]
        return answer._replace(suggestion=Suggestion(body + check, "id_card.eighteen", 0.97))
    return answer


def ean(raw: str) -> Standard:
    """The digits of an article number (EAN-8, EAN-13, UPC, GTIN-14) without blanks and hyphens."""
    return _compact(raw, "ean.form")


def bank_card(raw: str) -> Standard:
    """The digits of a bank card or account without blanks and hyphens."""
    return _compact(raw, "bank_card.form")


def _compact(raw: str, rule: str) -> Standard:
    special = preflight_text(raw)
    if special:
        return special
    value = _BETWEEN.sub("", half_width(raw))
    value = value.upper() if value.isascii() else value
    return preflight_text(value) or Standard(value, None if value == raw else rule)
