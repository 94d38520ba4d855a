"""The time of day behind a date: 13:30, 下午3点半, 01:30 PM, with or without a zone.

Belongs here: reading that text. Not here: the day (`days.py`). Not sure, and so not read: 12 o'clock in the
morning, evening or night without saying which midnight, hours that contradict their 上午 or PM.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hub.cleansing import numerals

ZONE = ZoneInfo("Asia/Shanghai")
# Part of the day -> the hours of the clock face that it goes with, and what is added to them.
_PARTS = {
    "凌晨": (range(6), 0), "早上": (range(4, 12), 0), "早晨": (range(4, 12), 0), "上午": (range(6, 12), 0),
    "中午": (range(11, 13), 0), "下午": (range(1, 8), 12), "傍晚": (range(4, 8), 12), "晚上": (range(5, 12), 12),
    "晚": (range(5, 12), 12),
}  # fmt: skip
_AFTER_NOON = ("中午", "下午", "傍晚", "晚上", "晚")
_CLOCK = re.compile(
    r"(?:T|\s)*(?P<part>凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚)?\s*"
    r"(?P<hour>\d{1,2})\s*(?:(?P<sharp>[点时]整?)|[:点时]\s*(?:(?P<half>半)|(?P<quarter>[一1三3]刻)|"
    r"(?P<minute>\d{1,2})(?:[:分]\s*(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?\s*秒?|分)?))\s*"
    r"(?P<half_day>[AaPp]\.?[Mm]\.?)?\s*"
    r"(?:(?P<zone>Z|(?:GMT|UTC)?[+-]\d{1,2}(?::?\d{2})?|GMT|UTC)(?:\s*\((?:[A-Za-z ]+|中国标准时间)\))?)?",
    re.ASCII,
)
# 8:00-17:00 is a shift and 8:00+1 the next day: behind minutes only +08:00 and zones by name count.
_PERHAPS_NO_ZONE = re.compile(r"-.*|\+\d{1,2}")
_OFFSETS = (timedelta(hours=-11), timedelta(hours=14))
_COMPACT = re.compile(r"[T ]?(\d{2})(\d{2})(\d{2})?(Z)?", re.ASCII)
_CHINESE_HOUR = re.compile("[零一二三四五六七八九十两]+(?=[点时分秒])")


def moment(day: datetime, typed: str, compact: bool = False) -> tuple[datetime, str | None] | None:
    """(local time, rule) of a day and the text behind it; None if that is no time of day for sure.

    compact: digits without separators are a time, too.
    """
    digits = _COMPACT.fullmatch(typed) if compact else None
    if digits:
        return _at(day, int(digits[1]), int(digits[2]), int(digits[3] or 0), 0, digits[4])
    plain = _CHINESE_HOUR.sub(_in_digits, typed) if not typed.isascii() else typed
    match = _CLOCK.fullmatch(plain)
    if not match:
        return None
    if match["zone"] and not match["second"] and _PERHAPS_NO_ZONE.fullmatch(match["zone"]):
        return None
    hour = _hour(int(match["hour"]), match["part"], match["half_day"])
    if hour is None:
        return None
    quarter = {"一": 15, "1": 15, "三": 45, "3": 45}.get((match["quarter"] or " ")[0], 0)
    minute = 30 if match["half"] else quarter or int(match["minute"] or 0)
    micro = int(((match["fraction"] or "") + "000000")[:6])
    done = _at(day, hour, minute, int(match["second"] or 0), micro, match["zone"])
    spoken = match["part"] or match["half_day"] or match["half"] or match["sharp"] or match["quarter"] or plain != typed
    return done and (done[0], done[1] or ("date.clock" if spoken else None))


def _in_digits(match: re.Match[str]) -> str:
    text = match[0].removeprefix("零") or "零"
    try:
        number = numerals.read("二" if text == "两" else text)
    except numerals.Spoken:
        return match[0]
    return match[0] if number is None else str(int(number))


def _hour(hour: int, part: str | None, half_day: str | None) -> int | None:
    if part and half_day:
        return None
    if half_day:
        late = half_day[0] in "Pp"
        if hour > 12:
            return hour if late and hour < 24 else None
        return hour % 12 + (12 if late else 0) if hour else None
    if part:
        hours, added = _PARTS[part]
        if hour in hours:
            return hour + added
        return hour if hour > 12 and part in _AFTER_NOON and hour - 12 in hours else None
    return hour


def _at(
    day: datetime, hour: int, minute: int, second: int, micro: int, zone: str | None
) -> tuple[datetime, str | None] | None:
    try:
        local = day.replace(hour=hour, minute=minute, second=second, microsecond=micro)
        if not zone:
            return local, None
        sign, digits = re.fullmatch(r"(?:Z|GMT|UTC)?([+-]?)([\d:]*)", zone).groups()  # type: ignore[union-attr]
        hours, minutes = (digits[:-2].rstrip(":"), digits[-2:]) if len(digits) > 2 else (digits, "0")
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
        if not _OFFSETS[0] <= offset <= _OFFSETS[1]:
            return None
        aware = local.replace(tzinfo=timezone(offset) if offset else UTC)
        return aware.astimezone(ZONE).replace(tzinfo=None), "timestamp.zone"
    except (ValueError, OverflowError):
        return None
