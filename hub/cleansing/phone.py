"""Telephone numbers of mainland China: mobiles, fixed lines with extension, 400/800 numbers.

Canonical: "13812345678", "021-12345678", "021-12345678-801", "4001234567". A cell with two
numbers, a fixed line without area code or a foreign number is unsure.
"""

from __future__ import annotations

import re

from hub.cleansing.result import Standard, unsure
from hub.cleansing.text import half_width, preflight_text

_PREFIX = re.compile(r"^(?:\+|00)86[\s-]*|^86[\s-]*(?=1[3-9]\d[\d\s-]{8,}$)")
_EXTENSION = re.compile(r"[\s,;]*(?:转|分机号?|ext\.?|#)[\s.:]*(\d{1,6})$", re.IGNORECASE | re.ASCII)
_AREA = r"(0?(?:10|2[0-9]|[3-9]\d{2}))"
_FIXED = re.compile(rf"\(?{_AREA}\)?[\s-]*([2-9]\d{{2,3}}[\s-]?\d{{4}})(?:-(\d{{1,6}}))?", re.ASCII)
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_SERVICE = re.compile(r"[48]00\d{7}", re.ASCII)


def phone(raw: str) -> Standard:
    """One number in canonical form.

    >>> phone("（021）5888 1234转8012").value, phone("+86 138-1234-5678").value, phone("58881234").reason
    ('021-58881234-8012', '13812345678', 'phone.unread')
    """
    special = preflight_text(raw)
    if special:
        return special
    number = half_width(raw)
    prefixed = bool(_PREFIX.match(number))
    number = _PREFIX.sub("", number)
    extension = _EXTENSION.search(number)
    if extension:
        number = number[: extension.start()]
    value = _canonical(number.strip(), prefixed, extension[1] if extension else None)
    if value is None:
        return unsure("phone.unread")
    return Standard(value, None if value == raw else "phone.form")


def _canonical(number: str, prefixed: bool, extension: str | None) -> str | None:
    digits = re.sub(r"[\s()-]", "", number)
    if _MOBILE.fullmatch(digits) or _SERVICE.fullmatch(digits):
        return f"{digits}-{extension}" if extension else digits
    fixed = _FIXED.fullmatch(number)
    # Abroad-style numbers drop the 0 of the area code; without +86 that would be a guess.
    if not fixed or (not fixed[1].startswith("0") and not prefixed) or (fixed[3] and extension):
        return None
    area = fixed[1] if fixed[1].startswith("0") else f"0{fixed[1]}"
    subscriber = re.sub(r"\D", "", fixed[2])
    suffix = fixed[3] or extension
    return f"{area}-{subscriber}-{suffix}" if suffix else f"{area}-{subscriber}"
