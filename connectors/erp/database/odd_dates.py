"""Dates that no calendar has, and moments with a zone.

Belongs here: reading the texts and values databases give for dates. Does not belong here: what becomes
of an odd one (`values.py`).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

# MySQL's 0000-00-00 and 2024-02-00, PostgreSQL's infinity, years beyond 9999 or before Christ.
_ODD = re.compile(r"^\s*(0000|\d{4}-00|\d{4}-\d\d-00|[+-]?infinity|[+-]\d|\d{5,}-)|\bBC\s*$", re.IGNORECASE)
# SQL Server writes seven digits of a second, Python reads six.
_SEVENTH_DIGIT = re.compile(r"(\.\d{6})\d+")


class OddDate(ValueError):
    """A date the source really holds and Python cannot; text: as the source writes it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def moment_of(value: object) -> datetime:
    """A naive datetime. Raises OddDate, ValueError (words), TypeError."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, str):
        return datetime.fromisoformat(_SEVENTH_DIGIT.sub(r"\1", _possible(value)))
    raise TypeError("not a time")


def day_of(value: object) -> date:
    """A date. Raises OddDate, ValueError (words), TypeError."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return date.fromisoformat(_possible(value))
    raise TypeError("not a date")


def local_of(text: str, timezone: str) -> datetime:
    """The wall time in `timezone` of a moment written in UTC ("2024-03-05T00:00:00.1234567Z")."""
    moment = datetime.fromisoformat(_SEVENTH_DIGIT.sub(r"\1", text.strip()).replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


def _possible(text: str) -> str:
    if _ODD.search(text):
        raise OddDate(text.strip())
    return text.strip()
