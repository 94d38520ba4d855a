"""Dates and times of columns: the forms that mean one day or one moment for sure.

Belongs here: one text as a date or timestamp, local to Asia/Shanghai, without zone; why it is none. Not here:
the forms of days (`days.py`) and of times (`clock.py`).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from hub.cleansing import clock, days
from hub.cleansing.clock import ZONE
from hub.cleansing.result import Standard, Suggestion, unsure
from hub.cleansing.text import half_width, preflight, with_width

__all__ = ["EPOCH_MS", "ZONE", "date_", "timestamp"]

EPOCH_MS = (315_532_800_000, 4_102_444_800_000)  # 1980 .. 2100: anything else is no time of a factory
_SERIALS = range(29_221, 73_051)  # 1980-01-01 .. 2099-12-31
_EXCEL_ZERO = datetime(1899, 12, 30)

_SERIAL = re.compile(r"(\d{5})(\.\d+)?", re.ASCII)
# Seconds until 2030: 2024030513 is a day with its hour. Milliseconds since 2001: 990305133000 is a day of 1999.
_EPOCH = re.compile(r"(?:/Date\()?(1[0-8]\d{8}|\d{13})(?:[+-]\d{4})?(?:\)/)?", re.ASCII)
_SHORT_YEAR = re.compile(r"(\d{2})([-/.年])(\d{1,2})([-/.月])(\d{1,2})[日号]?", re.ASCII)
_SEVERAL = re.compile(r"\d[^~～—至到、;]*[~～—至到、;][^~～—至到、;]*\d.*|(?:\d{4}-\d+-\d+)\s*-\s*\d.*", re.ASCII)
_REASONS = (
    ("several", _SEVERAL),
    (
        "no_day",
        re.compile(r"\d{4}\s*[-/.年]\s*\d{1,2}\s*月?[份底初]?|\d{4}年?|(?:19|20)\d{2}(?:0[1-9]|1[0-2])", re.ASCII),
    ),
    ("no_day", re.compile(r"[零〇○一二三四五六七八九]{4}年[一二三四五六七八九十]+月")),
    ("two_digit_year", re.compile(r"'?\d{1,2}[-/.年]\s*\d{1,2}[-/.月]\s*\d{1,2}[日号]?(?:\D.*)?|\d{6}", re.ASCII)),
    ("two_digit_year", re.compile(r"\d{1,2}[- ]?[a-z]{3}[- ]?\d{2}(?:\D.*)?", re.IGNORECASE | re.ASCII)),
    ("day_or_month", re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{4}(?:\D.*)?", re.ASCII)),
    ("no_year", re.compile(r"\d{1,2}[-/.月]\d{1,2}[日号]?", re.ASCII)),
)
_LONGEST = 80  # characters of a text that can be a time at all


def date_(raw: str) -> Standard:
    """A day as "2024-03-05".

    >>> date_("2024年3月5日").value, date_("45000").value, date_("24.3.5").reason
    ('2024-03-05', '2023-03-15', 'date.two_digit_year')
    """
    special = preflight(raw)
    if special:
        return special
    typed = half_width(raw)
    serial = _from_serial(typed)
    if serial:
        return Standard(
            serial.date().isoformat(), "date.time_dropped" if serial.time() != datetime.min.time() else "date.serial"
        )
    moment, rule = _read(typed)
    if moment is None:
        return _unsure("date", typed)
    if moment.time() != datetime.min.time():
        rule = "date.time_dropped"
    return with_width(raw, Standard(moment.date().isoformat(), rule))


def timestamp(raw: str) -> Standard:
    """A moment as "2024-03-05T13:30:00", local to Asia/Shanghai; long numbers are epoch seconds or milliseconds.

    >>> timestamp("2024/3/5 13:30").value, timestamp("1709616600000").value, timestamp("2024年3月5日下午3点").value
    ('2024-03-05T13:30:00', '2024-03-05T13:30:00', '2024-03-05T15:00:00')
    """
    special = preflight(raw)
    if special:
        return special
    typed = half_width(raw)
    epoch = _from_epoch(typed)
    if epoch:
        return Standard(epoch.isoformat(), "timestamp.epoch")
    serial = _from_serial(typed) if "." in typed else None
    if serial:
        return Standard(serial.isoformat(), "date.serial")
    moment, rule = _read(typed)
    return with_width(raw, Standard(moment.isoformat(), rule)) if moment else _unsure("timestamp", typed)


def _read(typed: str) -> tuple[datetime | None, str | None]:
    """(moment, rule) of a text of normal width; moment None if it is not one of the sure forms."""
    day = days.first_day(typed) if len(typed) <= _LONGEST else None
    if day is None or day.date is None:
        return None, None
    if not day.rest.strip():
        return day.date, day.rule
    done = clock.moment(day.date, day.rest, compact=day.rule == "date.compact")
    if done is None:
        return None, None
    return done[0], done[1] if done[1] == "timestamp.zone" or day.rule is None else day.rule


def _from_serial(typed: str) -> datetime | None:
    """An Excel serial number, its fraction as time to the second."""
    match = _SERIAL.fullmatch(typed)
    if not match or int(match[1]) not in _SERIALS:
        return None
    seconds = round(float(match[2] or 0) * 86_400)
    return _EXCEL_ZERO + timedelta(days=int(match[1]), seconds=seconds)


def _from_epoch(typed: str) -> datetime | None:
    match = _EPOCH.fullmatch(typed)
    if (
        not match
        or typed.startswith("/") != typed.endswith("/")
        or ("+" in typed or "-" in typed) > typed.startswith("/")
    ):
        return None
    since = int(match[1]) * (1000 if len(match[1]) < 12 else 1)
    if not EPOCH_MS[0] <= since < EPOCH_MS[1]:
        return None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=since)).astimezone(ZONE).replace(tzinfo=None)


def _unsure(family: str, typed: str) -> Standard:
    """Why a text is no day for sure; what a year of two digits probably means."""
    if len(typed) > _LONGEST:
        return unsure(f"{family}.unread")
    short = _SHORT_YEAR.fullmatch(typed)
    suggestion = None
    if short and (short[2] == short[4] or short[2] + short[4] == "年月") and int(short[1]) > 12 and family == "date":
        day = _this_century(*(int(short[place]) for place in (1, 3, 5)))
        if day:
            suggestion = Suggestion(day.isoformat(), "date.century", 0.95 if short[2] == "年" else 0.9)
    reason = next((name for name, pattern in _REASONS if pattern.fullmatch(typed)), None)
    day_found = days.first_day(typed)
    if reason in (None, "day_or_month") and day_found and day_found.date is None:
        reason = "wrong_weekday" if day_found.rule == "date.weekday" else "impossible"
    return unsure(f"date.{reason}" if reason else f"{family}.unread", suggestion)


def _this_century(year: int, month: int, day: int) -> date | None:
    """2013 to 2049: what is entered now; a year like 98 may be of the last century."""
    try:
        return date(2000 + year, month, day) if year < 50 else None
    except ValueError:
        return None
