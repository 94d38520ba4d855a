"""统一社会信用代码, the 18-character registration number of every Chinese organisation.

Belongs here: its form, check digit and the one repair that the check digit can prove.
"""

from __future__ import annotations

import re

from stdnum.cn.uscc import calc_check_digit

from hub.cleansing.result import Standard, Suggestion
from hub.cleansing.text import narrow, preflight, preflight_text

# GB 32100-2015: authority and category (2), region (6 digits), organisation code (9), check digit.
_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_LOOK_ALIKE = str.maketrans("IOSZ", "1052")  # letters that the code never uses


def is_valid(value: str) -> bool:
    """True if the compact form is right and the check digit holds."""
    return bool(_FORM.fullmatch(value)) and calc_check_digit(value[:17]) == value[17]


def uscc(raw: str) -> Standard:
    """NFKC, no blanks or hyphens, upper case; look-alikes are repaired as a suggestion, if the check digit then holds.

    A wrong code keeps its value: that it is wrong is a finding (rule kind `checksum`).
    """
    special = preflight_text(raw)
    if special:
        return special
    value = narrow(re.sub(r"[\s\-–—_.]", "", narrow(raw)).upper()).replace(" ", "")
    suggestion = None
    if not is_valid(value):
        repaired = value.translate(_LOOK_ALIKE)
        if repaired != value and is_valid(repaired):
            suggestion = Suggestion(repaired, "uscc.repaired", 0.98)
    return preflight(value) or Standard(value, None if value == raw else "uscc.form", suggestion=suggestion)
