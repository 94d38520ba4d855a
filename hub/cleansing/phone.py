"""Telephone numbers: mobiles, fixed lines with extension, 400/800 numbers of mainland China, and foreign ones.

Canonical: "13812345678", "021-12345678", "021-12345678-801", "4001234567", "+85223456789". No digit is ever
added, dropped or moved. A fixed line without area code is unsure, and so are several numbers where one is asked for.
"""

from __future__ import annotations

import re

from hub.cleansing.result import Standard, Suggestion, unsure
from hub.cleansing.text import half_width, preflight_text

BETWEEN = ";"  # of several numbers in their standard form
_LABEL = re.compile(r"^(?:电话|手机号?|联系电话|固话|座机|TEL|PHONE|MOBILE|MOB)\s*[.::]\s*", re.IGNORECASE)
_DASHES = str.maketrans("‐‑–—―−", "------")
_PREFIX = re.compile(r"^(?:\+|00)\s?86[\s-]*|^86[\s-]*(?=1[3-9]\d[\d\s-]{8,}$)|^\(\+?86\)[\s-]*")
_EXTENSION = re.compile(r"[\s,;(-]*(?:转|分机号?|EXT\.?|X|#)[\s.:]*(\d{1,6})\)?$", re.IGNORECASE | re.ASCII)
_FIXED = re.compile(
    r"\(?(0?(?:10|2[0-9]|[3-9](?!00)\d{2}))\)?[\s-]*([2-9]\d{2,3}[\s-]?\d{4})(?:[\s]*[-*(][\s]*(\d{1,6})\)?)?", re.ASCII
)
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_AMERICAN = re.compile(r"\(?1\)?[\s(-].*")  # 1-650-253-0000 has the eleven digits of a mobile
_SERVICE = re.compile(r"[48]00\d{7}", re.ASCII)
_WITH_EXTENSION = re.compile(r"([48]00\d{7}|1[3-9]\d{9})-(\d{1,6})", re.ASCII)
_LOCAL = re.compile(r"[2-9]\d{2,3}[\s-]?\d{4}(?:-\d{1,6})?", re.ASCII)
_FOREIGN = re.compile(r"(?:\+|00)[1-9][\d\s().-]{5,20}", re.ASCII)
_SEPARATORS = re.compile(
    r"\s*[/;,、|]\s*|\s+(?=(?:1[3-9]\d{9}|0\d{2,3}-\d{7,8})(?:\D|$))|(?<=\d)\s*(?:或|和|及)\s*(?=\d)"
)
_TAIL = re.compile(r"\d{1,4}", re.ASCII)


def phone(raw: str) -> Standard:
    """One number in canonical form.

    >>> phone("（021）5888 1234转8012").value, phone("+86 138-1234-5678").value, phone("58881234").reason
    ('021-58881234-8012', '13812345678', 'phone.no_area_code')
    """
    special = preflight_text(raw)
    if special:
        return special
    number = half_width(raw)
    value = _one(number)
    if value is None:
        return unsure(_why(number))
    return Standard(value, None if value == raw else "phone.form")


def phone_list(raw: str) -> Standard:
    """One or several numbers, each in canonical form, in their order, between semicolons; all or none.

    A number that is written as an ending of the one before (65551234/35) is only proposed in full.

    >>> phone_list("13812345678/0512-6555 1234").value, phone_list("0512-65551234/35").suggestion.value
    ('13812345678;0512-65551234', '0512-65551234;0512-65551235')
    """
    special = preflight_text(raw)
    if special:
        return special
    typed = half_width(raw)
    parts = [part for part in _SEPARATORS.split(typed) if part] if _one(typed) is None else [typed]
    numbers = [_one(part) for part in parts]
    if all(numbers) and numbers:
        value = BETWEEN.join(dict.fromkeys(number for number in numbers if number))
        return Standard(value, None if value == raw else "phone.form")
    completed = _completed(parts, numbers)
    suggestion = Suggestion(BETWEEN.join(completed), "phone.completed", 0.9) if completed else None
    return unsure("phone.unread" if len(parts) > 1 else _why(typed), suggestion)


def _completed(parts: list[str], numbers: list[str | None]) -> list[str] | None:
    """The numbers where a short one takes what it lacks from the fixed line before it."""
    done: list[str] = []
    for part, number in zip(parts, numbers, strict=True):
        if number is None:
            area, _, line = done[-1].partition("-") if done else ("", "", "")
            digits = re.sub(r"[\s-]", "", part)
            if not line.isdigit():
                return None
            if _TAIL.fullmatch(digits):
                number = f"{area}-{line[: len(line) - len(digits)]}{digits}"
            elif _LOCAL.fullmatch(part) and len(digits) == len(line):
                number = f"{area}-{digits}"
            else:
                return None
        done.append(number)
    return done or None


def _why(number: str) -> str:
    parts = [part for part in _SEPARATORS.split(number) if part]
    if len(parts) > 1 and _one(parts[0]) is not None:
        return "phone.several"
    return "phone.no_area_code" if _LOCAL.fullmatch(number) else "phone.unread"


def _one(typed: str) -> str | None:
    """The canonical form of a text of normal width that is one number for sure."""
    number = _LABEL.sub("", typed).translate(_DASHES)
    prefixed = bool(_PREFIX.match(number))
    if _FOREIGN.fullmatch(number) and not prefixed:
        return _foreign(number)
    number = _PREFIX.sub("", number)
    extension = _EXTENSION.search(number)
    if extension:
        number = number[: extension.start()]
    return _mainland(number.strip(), prefixed, extension[1] if extension else None)


def _mainland(number: str, prefixed: bool, extension: str | None) -> str | None:
    standard = _WITH_EXTENSION.fullmatch(number)
    if standard and not extension:
        number, extension = standard.groups()
    digits = re.sub(r"[\s()-]", "", number)
    if (_MOBILE.fullmatch(digits) and not _AMERICAN.fullmatch(number)) or _SERVICE.fullmatch(digits):
        return f"{digits}-{extension}" if extension else digits
    fixed = _FIXED.fullmatch(number)
    # Abroad-style numbers drop the 0 of the area code; without +86 that would be a guess.
    if not fixed or (not fixed[1].startswith("0") and not prefixed) or (fixed[3] and extension):
        return None
    area = fixed[1] if fixed[1].startswith("0") else f"0{fixed[1]}"
    subscriber = re.sub(r"\D", "", fixed[2])
    if len(area) == 3 and len(subscriber) == 7:
        return None  # Beijing and the cities of 02x have had eight digits since the nineties: one is missing
    suffix = fixed[3] or extension
    return f"{area}-{subscriber}-{suffix}" if suffix else f"{area}-{subscriber}"


def _foreign(number: str) -> str | None:
    """With its country code, if such a number can exist there (numbering plans of the phonenumbers library)."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(re.sub(r"^00", "+", number), None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    value = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    # A (0) that is dialled at home only must not vanish silently.
    return value if re.sub(r"\D", "", value) == re.sub(r"\D", "", number).removeprefix("00") else None
