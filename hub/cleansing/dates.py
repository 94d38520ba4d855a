"""Dates and times: the forms that mean one day for sure.

Belongs here: reading one text. Times are local to Asia/Shanghai, without zone. Not sure, and so
not read: two-digit years (24.3.5), day-or-month-first (05/03/2024), months without a day.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.cleansing.result import Standard, unsure
from hub.cleansing.text import half_width, preflight, with_width

ZONE = ZoneInfo("Asia/Shanghai")
EPOCH_MS = (315_532_800_000, 4_102_444_800_000)  # 1980 .. 2100: anything else is no time of a factory
_YEARS = range(1900, 2101)
_SERIALS = range(29_221, 73_051)  # 1980-01-01 .. 2099-12-31
_EXCEL_ZERO = date(1899, 12, 30)

_DAY = re.compile(r"(\d{4})([-/.年])(\d{1,2})([-/.月])(\d{1,2})[日号]?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(\.0+)?", re.ASCII)
_TIME = re.compile(
    r"[T ]?(\d{1,2})[:时点](\d{1,2})(?:[:分](\d{1,2})(?:\.(\d{1,9}))?)?[秒分]?\s*(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_COMPACT_TIME = re.compile(r"(\d{2})(\d{2})(\d{2})", re.ASCII)
_CHINESE = re.compile("([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]+)月([一二三四五六七八九十廿]+)[日号]")
_DIGITS = {**{digit: value for value, digit in enumerate("〇一二三四五六七八九")}, "零": 0, "○": 0}
_RULES = {"-": None, "/": "date.separator", ".": "date.separator", "年": "date.chinese"}


def date_(raw: str) -> Standard:
    """A day as "2024-03-05".

    >>> date_("2024年3月5日"), date_("45000").value, date_("24.3.5").reason
    (Standard(value='2024-03-05', rule='date.chinese', reason=None), '2023-03-15', 'date.unread')
    """
    special = preflight(raw)
    if special:
        return special
    typed = half_width(raw)
    serial = _SERIAL.fullmatch(typed)
    if serial and int(serial[1]) in _SERIALS:
        day = _EXCEL_ZERO + timedelta(days=int(serial[1]))
        return Standard(day.isoformat(), "date.serial")
    moment, rule, day_only = _read(typed)
    if moment is None:
        return unsure("date.unread")
    if not day_only and moment.time() != datetime.min.time():
        rule = "date.time_dropped"
    return with_width(raw, Standard(moment.date().isoformat(), rule))


def timestamp(raw: str) -> Standard:
    """A moment as "2024-03-05T13:30:00", local to Asia/Shanghai; 13 digits are epoch milliseconds.

    >>> timestamp("2024/3/5 13:30").value, timestamp("1709616600000").value
    ('2024-03-05T13:30:00', '2024-03-05T13:30:00')
    """
    special = preflight(raw)
    if special:
        return special
    typed = half_width(raw)
    if typed.isascii() and re.fullmatch(r"\d{12,13}", typed) and EPOCH_MS[0] <= int(typed) < EPOCH_MS[1]:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(typed))
        return Standard(moment.astimezone(ZONE).replace(tzinfo=None).isoformat(), "timestamp.epoch")
    read, rule, _ = _read(typed)
    return with_width(raw, Standard(read.isoformat(), rule)) if read else unsure("timestamp.unread")


def _read(typed: str) -> tuple[datetime | None, str | None, bool]:
    """(moment, rule, day only) of a narrow text; moment None if it is not one of the sure forms."""
    rule: str | None
    parts: tuple[int, int, int]
    chinese = _CHINESE.match(typed)
    compact = _COMPACT.match(typed)
    written = _DAY.match(typed)
    if chinese:
        year = int("".join(str(_DIGITS[digit]) for digit in chinese[1]))
        parts, rule, rest = (year, _small(chinese[2]), _small(chinese[3])), "date.chinese", typed[chinese.end() :]
    elif written and (written[2] == written[4] or (written[2], written[4]) == ("年", "月")):
        parts = int(written[1]), int(written[3]), int(written[5])
        rule, rest = _RULES[written[2]], typed[written.end() :]
        if rule is None and len(written[3]) + len(written[5]) < 4:
            rule = "date.separator"
    elif compact:
        parts = int(compact[1]), int(compact[2]), int(compact[3])
        rule, rest = "date.compact", typed[compact.end() :]
    else:
        return None, None, True
    try:
        day = datetime(*parts) if parts[0] in _YEARS else None
    except ValueError:
        return None, None, True
    if day is None or not rest.strip():
        return day, rule, True
    return _with_time(day, rest, rule)


def _with_time(day: datetime, rest: str, rule: str | None) -> tuple[datetime | None, str | None, bool]:
    compact = _COMPACT_TIME.fullmatch(rest) if rule == "date.compact" else None
    if compact:
        clock, fraction, zone = [int(part) for part in compact.groups()], "", None
    else:
        written = _TIME.fullmatch(rest) if not rest[0].isdigit() or rule == "date.chinese" else None
        if not written:
            return None, None, True
        clock = [int(part or 0) for part in written.groups()[:3]]
        fraction, zone = (written[4] or ""), written[5]
    try:
        micro = int((fraction + "000000")[:6])
        moment = day.replace(hour=clock[0], minute=clock[1], second=clock[2], microsecond=micro)
    except ValueError:
        return None, None, True
    if zone:
        aware = datetime.fromisoformat(moment.isoformat() + zone.replace("Z", "+00:00"))
        return aware.astimezone(ZONE).replace(tzinfo=None), "timestamp.zone", False
    return moment, rule, False


def _small(numeral: str) -> int:
    """一 .. 三十一, 廿一; 0 (no such day) for anything else."""
    numeral = numeral.replace("廿", "二十")
    has_ten = "十" in numeral
    tens, _, ones = numeral.rpartition("十") if has_ten else ("", "", numeral)
    if len(tens) > 1 or len(ones) > 1 or (tens and tens not in _DIGITS):
        return 0
    return (_DIGITS.get(tens, 1) if has_ten else 0) * 10 + _DIGITS.get(ones, 0)
