"""Limits of rules as people write them: 12.5, 2024-03-05, "today", "today+30d", "today-2y".

Belongs here: reading a limit, with relative days counted from one given day, so that a run gives the same answer
however long it takes. Does not belong here: comparing values with limits (hub/quality).
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from schemas.model import ColumnType

_RELATIVE = re.compile(r"today(?:\s*(?P<sign>[+-])\s*(?P<count>\d{1,5})\s*(?P<unit>[dwmy]))?", re.ASCII)


def resolved(value: Any, column_type: ColumnType, today: date) -> Decimal | date | datetime:
    """The limit as a value of a column of that type; a day without a time stays a date, also for a timestamp.

    Raises ValueError if it cannot be read so.

    >>> str(resolved("today-1m", "date", date(2024, 3, 31)))
    '2024-02-29'
    """
    text = str(value).strip()
    if column_type in ("integer", "decimal"):
        return _number(text)
    if column_type not in ("date", "timestamp"):
        raise ValueError(f"a {column_type} has no limits")
    relative = _RELATIVE.fullmatch(text)
    if relative:
        return _moved(today, relative)
    try:
        return date.fromisoformat(text)
    except ValueError:
        if column_type == "date":
            raise
    return datetime.fromisoformat(text).replace(tzinfo=None)


def is_relative(value: Any) -> bool:
    """Whether the limit moves with the day of the run."""
    return _RELATIVE.fullmatch(str(value).strip()) is not None


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not number.is_finite():
        raise ValueError(text)
    return number


def _moved(today: date, relative: re.Match[str]) -> date:
    """`today` and so many days, weeks, months or years; a day that the month does not have is its last one."""
    if relative["unit"] is None:
        return today
    count = int(relative["count"]) * (-1 if relative["sign"] == "-" else 1)
    try:
        if relative["unit"] in "dw":
            return today + timedelta(days=count * (7 if relative["unit"] == "w" else 1))
        month = today.year * 12 + today.month - 1 + count * (12 if relative["unit"] == "y" else 1)
        year, month = divmod(month, 12)
        return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))
    except (OverflowError, calendar.IllegalMonthError) as error:
        raise ValueError(relative[0]) from error
