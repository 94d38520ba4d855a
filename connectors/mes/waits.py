"""How long to wait: Retry-After, reset headers, pace.

Belongs here: pure functions over headers, and the keeper of the pace. Does not belong here: requests.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.mes.config import MesLimits

_RESETS = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset", "x-ratelimit-reset-ms")
_REMAINING = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")


def server_time(headers: Mapping[str, str]) -> datetime:
    """The server's clock by its Date header (UTC), ours without one."""
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks to wait, None if it does not say. Header names in lower case.

    Retry-After in seconds or as a date; else a reset header: epoch in s or ms, or seconds from now.
    Points in time are taken against the server's own clock.
    """
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    now = server_time(headers)
    if text:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())
    reset = next((value for name in _RESETS if (value := headers.get(name, "").strip())), "")
    try:
        number = float(reset)
    except ValueError:
        return None
    if number > 1e9:
        return max(0.0, number / (1000 if number > 1e11 else 1) - now.timestamp())
    return max(0.0, number)


def exhausted_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server's allowance is renewed, if this reply says that nothing of it is left."""
    left = next((value for name in _REMAINING if (value := headers.get(name, "").strip())), "")
    return (
        asked_wait({name: value for name, value in headers.items() if name != "retry-after"}) if left == "0" else None
    )


class Pace:
    """At most so many requests per second and per minute, over all threads of one conversation."""

    def __init__(self, limits: MesLimits) -> None:
        self._gap = 1 / limits.requests_per_second if limits.requests_per_second else 0.0
        self._per_minute = limits.requests_per_minute
        self._longest = limits.longest_wait_seconds
        self._next = 0.0
        self._minute: deque[float] = deque()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Sleep until the next request may start."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            if self._per_minute is not None:
                allowed = max(1, int(self._per_minute))
                if len(self._minute) >= allowed:
                    start = max(start, self._minute.popleft() + 60)
                self._minute.append(start)
            self._next = start + self._gap
        time.sleep(max(0.0, start - now))

    def hold(self, seconds: float) -> None:
        """No request before so many seconds are over (never more than the longest wait)."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + min(seconds, self._longest))
