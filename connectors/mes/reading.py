"""What one read of an endpoint has seen: which keys, how many, how new; what waits; how far the cursor may go.

Belongs here: merging by key, the cursor. Does not belong here: HTTP, where pages are.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from connectors.base import Page
from connectors.mes.config import MesEndpointConfig
from connectors.mes.items import Item, Refused, Rows, refuse, rejected_table, rows_table
from connectors.mes.paging import Walk

AGAIN_AT_MOST = 200  # items without their detail are kept in the cursor up to this many


@dataclass(frozen=True)
class _Given:
    """What was yielded under a key."""

    content: int
    stamp: int | None


class Reading:
    """One read. start: the watermark it begins at; carried: what a broken-off read had found out."""

    def __init__(self, endpoint: MesEndpointConfig, zone: str, start: int | None, carried: dict[str, Any]) -> None:
        self._endpoint = endpoint
        self.rows = Rows(endpoint, zone)
        self._start = start
        self.newest: int | None = carried.get("newest", start)
        self.held_back: int | None = carried.get("held_back")
        self.clock: int | None = carried.get("clock")
        self.began = int(carried.get("began") or time.time() * 1000)  # our clock, epoch ms
        self.in_order = True
        self._last_stamp: int | None = None
        self._given: dict[str, _Given] = {}
        self.items: dict[str, Item] = {}
        self._refused: list[Refused] = []
        self._deleted: list[str] = []
        self.again: list[Any] = []
        self.begin_walk()

    @property
    def seen(self) -> int:
        """How many different records this walk brought."""
        return len(self._walked)

    @property
    def waiting(self) -> int:
        return len(self.items) + len(self._refused)

    def begin_walk(self) -> None:
        """Walk the list from its start, perhaps again; equal refused items are told apart by counting them."""
        self._equal_refused: Counter[str] = Counter()
        self._walked: set[str] = set()
        self._new_in_walk = 0

    def must_walk_again(self, walk: Walk, number: int, verify: bool | None) -> bool:
        """True if this walk (0 is the first) may have missed a record."""
        if self.lacks(walk):
            return True
        if number > 0 and self._new_in_walk == 0:
            return False
        if verify is True and number == 0:
            return True
        if walk.unproven:
            return walk.shrank or (walk.smallest_total is None and walk.pages > 1 and verify is not False)
        return walk.came_back and (walk.smallest_total is None or walk.shrank)

    def lacks(self, walk: Walk) -> bool:
        """True if fewer records came than the list had at any moment of the walk."""
        return walk.smallest_total is not None and self.seen < walk.smallest_total

    def take(self, pairs: list[tuple[Any, bool]]) -> None:
        """Add items, each with whether it is whole (its detail came).

        Of two versions of a key the newer wins, by its stamp or else by coming later; a newer version of
        what was yielded already is left for the next read, and the cursor stays before it.
        """
        for value, is_whole in pairs:
            self._walked.add(self._in_walk(self.rows.key_of(value)))
            if not is_whole:
                self._without_detail(value)
                continue
            for row in self.rows.read(value):
                if isinstance(row, Refused):
                    self._refuse(row)
                else:
                    self._add(row)

    def _in_walk(self, key: str) -> str:
        """Items known by their content only may be equal and yet several."""
        if not key.startswith("item-"):
            return key
        self._equal_refused[f"walk {key}"] += 1
        return f"{key}#{self._equal_refused[f'walk {key}']}"

    def _add(self, item: Item) -> None:
        if item.stamp is not None:
            self.in_order = self.in_order and (self._last_stamp is None or item.stamp >= self._last_stamp)
            self._last_stamp = item.stamp
        content = hash((item.values, item.deleted))
        given = self._given.get(item.key)
        if given is not None and item.key not in self.items:
            newer = given.stamp is None or (item.stamp is not None and item.stamp > given.stamp)
            if given.content != content and item.stamp is not None and newer:
                self.held_back = min(item.stamp, self.held_back if self.held_back is not None else item.stamp)
            return
        waiting = self.items.get(item.key)
        if waiting is not None and waiting.stamp is not None and item.stamp is not None and item.stamp < waiting.stamp:
            return
        if given is None:
            self._new_in_walk += 1
        self.items[item.key] = item
        self._given[item.key] = _Given(content, item.stamp)
        if item.stamp is not None:
            self.newest = max(item.stamp, self.newest if self.newest is not None else item.stamp)

    def _without_detail(self, value: Any) -> None:
        """Rejected with its reason, and asked for again at the next read."""
        row = replace(refuse(value, "mes_detail_missing"), key=self.rows.key_of(value))
        if row.key in self._given:
            return
        self._given[row.key] = _Given(0, None)
        self._new_in_walk += 1
        self._refused.append(row)
        if self._endpoint.updated is None:
            return
        stamp = self.rows.stamp(value) if isinstance(value, dict) else None
        if len(self.again) < AGAIN_AT_MOST:
            self.again.append(value)
        elif stamp is not None:
            self.held_back = min(stamp, self.held_back if self.held_back is not None else stamp)

    def _refuse(self, item: Refused) -> None:
        self._equal_refused[item.key] += 1
        number = self._equal_refused[item.key]
        key = item.key if number == 1 else f"{item.key}#{number}"
        if key not in self._given:
            self._given[key] = _Given(0, None)
            self._new_in_walk += 1
            self._refused.append(replace(item, key=key))

    def page(self, position: dict[str, Any], complete: bool) -> Page:
        """Everything that waits, as one page. `complete`: keys that are left out are deletions anyway."""
        rows = rows_table([item for item in self.items.values() if not item.deleted], self._endpoint)
        deleted = () if complete else tuple(item.key for item in self.items.values() if item.deleted)
        rejected = rejected_table(self._refused)
        self.items, self._refused = {}, []
        return Page(rows, position, rejected, deleted=deleted)

    def watermark(self, overlap_ms: int = 0) -> int | None:
        """How far the cursor may move; never backwards, never past the server's clock at the first reply.

        What changed while we read bears a stamp not older than the newest one minus the time reading took,
        whatever the clock that stamps says. The overlap covers that, unless reading took longer.
        """
        if self.newest is None:
            return None
        updated = self._endpoint.updated
        by_stamp = updated is not None and updated.sorted and self.in_order  # then nothing older comes later
        took = 0 if by_stamp else int(time.time() * 1000) - self.began
        newest = self.newest - max(0, took - overlap_ms)
        bounds = [bound for bound in (newest, self.held_back, self.clock) if bound is not None]
        return max(min(bounds), self._start if self._start is not None else min(bounds))

    def carried(self) -> dict[str, Any]:
        """What a read that continues this one must know."""
        return {"newest": self.newest, "held_back": self.held_back, "clock": self.clock, "began": self.began}
