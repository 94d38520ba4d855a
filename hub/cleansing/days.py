"""The day that a text begins with, in every form that means one day for sure.

Belongs here: forms of days and weekdays. Not here: the time behind (`clock.py`). Not sure, and so not read:
two-digit years, day-or-month-first (05/03/2024), months without a day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from hub.cleansing import numerals

YEARS = range(1900, 2101)


class Day(NamedTuple):
    """date: at midnight, or None if there is no such day; rule: how it was written; rest: what stands behind it."""

    date: datetime | None
    rule: str | None
    rest: str


_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"), 1)
    for name in names.split()
}  # fmt: skip
_MONTH = f"(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\\.?"
_SEPARATED = re.compile(r"(\d{4})([-/.])(\d{1,2})([-/.])(\d{1,2})(?!\d)", re.ASCII)
_ERA = re.compile(
    r"(?:(公元)|(民国|民國|R\.?O\.?C\.?))?\s*(\d{2,4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})(?:\s*[日号號]|(?!\d))",
    re.ASCII,
)
_CHINESE = re.compile(
    r"(?:(公元)|(民国|民國))?([零〇○一二三四五六七八九百十]{2,5})年([一二三四五六七八九十正元腊]{1,3})月"
    r"(初?[一二三四五六七八九十廿卅]{1,3})[日号號]"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?=\D|$|\d{4}$|\d{6}$)", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)", re.ASCII)
_DAY_MONTH = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th)?[\s/.-]*({_MONTH})[\s,/.-]*(\d{{4}})(?!\d)", re.ASCII | re.IGNORECASE
)
_MONTH_DAY = re.compile(
    rf"({_MONTH})[\s.-]*(\d{{1,2}})(?:st|nd|rd|th)?[\s,.-]+(\d{{4}})(?!\d)", re.ASCII | re.IGNORECASE
)
_YEAR_MONTH = re.compile(rf"(\d{{4}})[\s/.-]*({_MONTH})[\s/.-]*(\d{{1,2}})(?!\d)", re.ASCII | re.IGNORECASE)

_WEEKDAYS = {
    **{f"{word}{day}": number for word in ("星期", "周", "礼拜") for number, day in enumerate("一二三四五六日")},
    **{f"{word}天": 6 for word in ("星期", "周", "礼拜")},
    **{name: number for number, names in enumerate(
        ("mon monday", "tue tues tuesday", "wed wednesday", "thu thur thurs thursday", "fri friday", "sat saturday",
         "sun sunday")) for name in names.split()},
}  # fmt: skip
_WEEKDAY = re.compile(
    rf"[\s(,]*({'|'.join(sorted(_WEEKDAYS, key=len, reverse=True))})(?![a-z])[\s),.]*", re.IGNORECASE | re.ASCII
)


def first_day(typed: str) -> Day | None:
    """The day at the beginning of a text of normal width; None if it begins with no day in a sure form.

    A weekday before or behind it is read over, but a wrong one makes the day unsure.
    """
    named = _WEEKDAY.match(typed)
    start = named.end() if named else 0
    found = next(_forms(typed[start:]), None)
    if found is None:
        return None
    behind = _WEEKDAY.match(found.rest)
    rest = found.rest[behind.end() :] if behind else found.rest
    if behind and rest:
        rest = " " + rest
    for weekday in filter(None, (named, behind)):
        if found.date and found.date.weekday() != _WEEKDAYS[weekday[1].lower()]:
            return Day(None, "date.weekday", rest)
    rule = "date.weekday" if named or behind else found.rule
    return Day(found.date, rule, rest)


def _forms(typed: str) -> Iterator[Day]:
    if match := _SEPARATED.match(typed):
        if match[2] == match[4]:
            is_iso = match[2] == "-" and len(match[3]) + len(match[5]) == 4
            yield _day(match, (1, 3, 5), None if is_iso else "date.separator")
        return
    if match := _ERA.match(typed):
        # Two and three digits are years only where the era is named.
        if (len(match[3]) == 4 and not match[2]) or (match[2] and len(match[3]) < 4):
            yield _day(match, (3, 4, 5), "date.era" if match[2] else "date.chinese", 1911 if match[2] else 0)
        return
    if match := _CHINESE.match(typed):
        yield from _in_chinese(match)
        return
    if match := _COMPACT.match(typed):
        yield _day(match, (1, 2, 3), "date.compact")
        return
    if match := _YEAR_LAST.match(typed):
        first, second = int(match[1]), int(match[3])
        if first == second or first > 12 >= second:
            yield _day(match, (4, 3, 1), "date.order")
        elif second > 12 >= first:
            yield _day(match, (4, 1, 3), "date.order")
        return
    for pattern, order in ((_DAY_MONTH, (3, 2, 1)), (_MONTH_DAY, (3, 1, 2)), (_YEAR_MONTH, (1, 2, 3))):
        if match := pattern.match(typed):
            yield _day(match, order, "date.month_name")
            return


def _in_chinese(match: re.Match[str]) -> Iterator[Day]:
    year = _number(match[3])
    month, day = _number(match[4]), _number(match[5])
    if year is None or month is None or day is None:
        return
    if (match[2] and year < 1000) or (not match[2] and year >= 1000):
        year += 1911 if match[2] else 0
        yield Day(_date(year, month, day), "date.era" if match[2] else "date.chinese", match.string[match.end() :])


def _number(numeral: str) -> int | None:
    # 〇八月, and years digit by digit; 初 and 正月 are of the lunar calendar.
    plain = numeral.replace("〇", "零").replace("○", "零")
    try:
        number = numerals.read(plain.removeprefix("零") if len(plain) == 2 else plain)
    except numerals.Spoken:
        return None
    return None if number is None else int(number)


def _day(match: re.Match[str], order: tuple[int, int, int], rule: str | None, era: int = 0) -> Day:
    year, month, day = (match[place] for place in order)
    number = _MONTHS.get(month.lower().rstrip("."))
    return Day(_date(int(year) + era, number or int(month), int(day)), rule, match.string[match.end() :])


def _date(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day) if year in YEARS else None
    except ValueError:
        return None
