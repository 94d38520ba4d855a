"""Gentle to the ERP: throttles, hours, and the meter that shows what reading cost the ERP.

Belongs here: when the next statement may run, and counting. Does not belong here: running statements
(`session.py` wraps a connection in this), time-outs (drivers set them when they connect).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from connectors.erp.settings import Pace, hours_of
from schemas.problems import Problem

TURN_SECONDS = 120  # how long a read waits for another one of this process to give its connection back


class Clock(Protocol):
    """What time it is, and waiting."""

    def monotonic(self) -> float: ...

    def now(self, zone: ZoneInfo) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def monotonic(self) -> float:
        return time.monotonic()

    def now(self, zone: ZoneInfo) -> datetime:
        return datetime.now(zone)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class Burden:
    """What reading cost the ERP.

    busy_seconds: waiting for its answers; paused_seconds: waiting so as not to press it; bytes: of the
    rows in memory; longest_seconds: its longest statement.
    """

    connections: int = 0
    statements: int = 0
    rows: int = 0
    bytes: int = 0
    busy_seconds: float = 0.0
    paused_seconds: float = 0.0
    longest_seconds: float = 0.0

    def add(self, other: Burden) -> None:
        """Count another read in."""
        for name, value in asdict(other).items():
            if name == "longest_seconds":
                self.longest_seconds = max(self.longest_seconds, value)
            else:
                setattr(self, name, getattr(self, name) + value)

    def as_json(self) -> dict[str, Any]:
        """{name: number}, seconds to the millisecond."""
        return {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(self).items()}


class Meter:
    """Lets statements through at the pace of one system or table, and counts them.

    forced: somebody asked for this read now, whatever the hours say. burden: shared by the sessions of a
    connector; safe for several threads.
    """

    def __init__(self, system: str, pace: Pace, timezone: str, burden: Burden, clock: Clock, forced: bool) -> None:
        self.pace = pace
        self.burden = burden
        self.clock = clock
        self._system = system
        self._zone = ZoneInfo(timezone)
        self._forced = forced
        self._lock = threading.Lock()

    def connected(self) -> None:
        with self._lock:
            self.burden.connections += 1

    @contextmanager
    def statement(self) -> Iterator[Counted]:
        """Around one statement, failed ones too: waits for the hours before it, counts, pauses after it.

        Raises Problem `erp_outside_hours` if reading is not allowed now.
        """
        self.wait_for_hours()
        started = self.clock.monotonic()
        counted = Counted()
        try:
            yield counted
        finally:
            taken = self.clock.monotonic() - started
            with self._lock:
                self.burden.add(Burden(0, 1, counted.rows, counted.bytes, taken, 0.0, taken))
        self._pause(self._pause_after(counted, taken))

    def wait_for_hours(self) -> None:
        """Return when reading is allowed. Raises Problem `erp_outside_hours` if that is too far off."""
        if self._forced or not self.pace.hours:
            return
        wait = seconds_until_open(self.pace.hours, self.clock.now(self._zone))
        if wait > self.pace.wait_minutes * 60:
            opens = self.clock.now(self._zone) + timedelta(seconds=wait)
            raise Problem(
                "erp_outside_hours", system=self._system, hours=", ".join(self.pace.hours), opens=f"{opens:%m-%d %H:%M}"
            )
        self._pause(wait)

    def _pause_after(self, counted: Counted, taken: float) -> float:
        if not counted.rows:
            return 0.0
        rest = self.pace.pause_between_pages_seconds
        if self.pace.rows_per_second:
            rest = max(rest, counted.rows / self.pace.rows_per_second - taken)
        return rest

    def _pause(self, seconds: float) -> None:
        if seconds <= 0:
            return
        with self._lock:
            self.burden.paused_seconds += seconds
        self.clock.sleep(seconds)


@dataclass
class Counted:
    """What one statement brought; filled in by whoever runs it."""

    rows: int = 0
    bytes: int = 0


def seconds_until_open(hours: Sequence[str], now: datetime) -> float:
    """0 within one of the hours ("20:00-06:00" goes over midnight), else seconds until the next begins."""
    waits = []
    for text in hours:
        first, last = hours_of(text)
        clock = now.time().replace(tzinfo=None)
        inside = first <= clock < last if first < last else clock >= first or clock < last
        if inside:
            return 0.0
        opens = datetime.combine(now.date(), first, now.tzinfo)
        waits.append((opens - now).total_seconds() % 86_400)
    return min(waits, default=0.0)


_places: dict[tuple[str, int], threading.BoundedSemaphore] = {}
_places_lock = threading.Lock()


@contextmanager
def place(system: str, address: str, pace: Pace) -> Iterator[None]:
    """One of the connections this process may have to a database at a time.

    Raises Problem `erp_connections_in_use` if none is given back within TURN_SECONDS.
    """
    with _places_lock:
        places = _places.setdefault((address, pace.max_connections), threading.BoundedSemaphore(pace.max_connections))
    if not places.acquire(timeout=TURN_SECONDS):
        raise Problem("erp_connections_in_use", system=system, host=address, count=pace.max_connections)
    try:
        yield
    finally:
        places.release()
