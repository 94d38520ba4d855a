"""统一社会信用代码, the 18-character registration number of every Chinese organisation.

Belongs here: its form, check digit and the one repair that the check digit can prove.
"""

from __future__ import annotations

import re

from stdnum.cn.uscc import calc_check_digit

from hub.cleansing.result import Standard, Suggestion
from hub.cleansing.text import half_width, preflight_text

# GB 32100-2015: authority and category (2), region (6 digits), organisation code (9), check digit.
FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_BETWEEN = re.compile(r"[\s\-–—_.·]")
_LOOK_ALIKE = str.maketrans("IOSZ", "1052")  # letters that the code never uses
_LOOK_ALIKE_DIGITS = str.maketrans("IOSZBDGLQ", "105280610")  # in the region, where only digits can stand


def is_valid(value: str) -> bool:
    """True if the compact form is right and the check digit holds."""
    return bool(FORM.fullmatch(value)) and calc_check_digit(value[:17]) == value[17]


def repaired(value: str) -> str | None:
    """The code with digits where letters stand that cannot stand there, if the check digit then holds.

    Letters that may stand where they do are never touched: the check digit (1 of 31) would let a wrong
    repair pass too often.

    >>> repaired("9111OOOO6OOO37341L"), repaired("91110000600037341L")
    ('91110000600037341L', None)
    """
    if len(value) != 18 or is_valid(value):
        return None
    plain = value.translate(_LOOK_ALIKE)
    plain = plain[:2] + plain[2:8].translate(_LOOK_ALIKE_DIGITS) + plain[8:]
    return plain if plain != value and is_valid(plain) else None


def uscc(raw: str) -> Standard:
    """Normal width, no blanks or hyphens, upper case; what `repaired` proves is proposed, never applied.

    A wrong code keeps its value: that it is wrong is a finding (rule kind `checksum`).
    """
    special = preflight_text(raw)
    if special:
        return special
    value = _BETWEEN.sub("", half_width(raw))
    value = value.upper() if value.isascii() else value
    special = preflight_text(value)
    if special:
        return special
    proven = repaired(value)
    return Standard(
        value,
        None if value == raw else "uscc.form",
        suggestion=Suggestion(proven, "uscc.repaired", 0.98) if proven else None,
    )
