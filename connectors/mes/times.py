"""Points in time as APIs write them, and back: epoch ms and s, ISO, local text, dates.

Belongs here: pure functions. Everything inside the connector is epoch milliseconds.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connectors.mes.config import MesUpdated

_DOTNET = re.compile(r"^/Date\((-?\d+)(?:[+-]\d{4})?\)/$")
_FORMS = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y%m%d%H%M%S", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日")
DAY = 86_400_000


def to_epoch(value: Any, zone: str, unit: Literal["ms", "s"] = "ms", pattern: str | None = None) -> int | None:
    """Epoch milliseconds of a number in `unit` or of a text; None for null and blank.

    A text without a zone is local time of `zone`. Raises ValueError for anything else.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(value)
    if isinstance(value, str) and not value.strip().lstrip("-").isdigit():
        return _from_text(value.strip(), zone, pattern)
    if isinstance(value, str) and (pattern or len(value.strip()) == 14):
        return _from_text(value.strip(), zone, pattern or "%Y%m%d%H%M%S")
    number = Decimal(value) * (1000 if unit == "s" else 1)
    whole = int(number)
    if not -(2**63) <= whole < 2**63 or (whole != number and unit == "ms"):
        raise ValueError(value)
    return whole


def _from_text(text: str, zone: str, pattern: str | None) -> int:
    if found := _DOTNET.match(text):
        return int(found[1])
    moment = _parsed(text, pattern)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _parsed(text: str, pattern: str | None) -> datetime:
    if pattern is not None:
        return datetime.strptime(text, pattern)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        for form in _FORMS:
            try:
                return datetime.strptime(text, form)
            except ValueError:
                continue
    raise ValueError(text)


def in_filter(epoch_ms: int, updated: MesUpdated, zone: str, end: bool = False) -> int | str:
    """A point in time as the API's filter wants it; `end`: rounded up where the form is coarser."""
    up = 1 if end else 0
    if updated.pattern is None and updated.unit == "ms":
        return epoch_ms
    seconds = (epoch_ms + 999 * up) // 1000
    if updated.pattern is None and updated.unit == "s":
        return seconds
    moment = datetime.fromtimestamp(seconds, ZoneInfo(zone))
    if updated.pattern is not None:
        return moment.strftime(updated.pattern)
    if updated.unit == "date":
        return (moment + timedelta(days=up)).strftime("%Y-%m-%d")
    if updated.unit == "iso_offset":
        return moment.isoformat(timespec="seconds")
    return moment.strftime("%Y-%m-%dT%H:%M:%S" if updated.unit == "iso" else "%Y-%m-%d %H:%M:%S")


def windows(start: int, end: int, max_days: float | None) -> list[tuple[int, int]]:
    """[start, end] cut into pieces of at most `max_days`, oldest first; they share their borders."""
    if max_days is None or end <= start:
        return [(start, end)]
    step = int(max_days * DAY)
    borders = [*range(start, end, step), end]
    return list(pairwise(borders))
