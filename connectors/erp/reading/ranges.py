"""What a full comparison remembers: ranges of keys that follow each other, with the count and the
checksum of the rows each had.

Belongs here: the position of a sweep as a value, pure functions. Does not belong here: reading, SQL.

A range begins where the one before it ends (exclusive) and ends at its border `to` (inclusive); the last
one has no border. Checksums are sums modulo 2**64, so neighbouring ranges can be joined by adding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

MODULUS = 2**64
MAX_RANGES = 400  # more are joined: a position is written with every page


@dataclass(frozen=True)
class Range:
    """to: the values of the last key as text (fewer than the key has: all keys that begin so); None = no end.

    sum: checksum of the rows as they were landed, None if nobody asked. read: the number of the sweep
    that last looked at this range, 0 = none.
    """

    to: tuple[str, ...] | None
    rows: int = 0
    sum: int | None = None
    read: int = 0


@dataclass(frozen=True)
class Ranges:
    """number: this sweep's. plan: fingerprint of the statement; with another one the sums say nothing.

    extra: rows without a key, which stand in no range.
    """

    plan: str
    number: int
    done: bool
    items: tuple[Range, ...]
    extra: int = 0

    @classmethod
    def first(cls, plan: str, borders: Sequence[tuple[str, ...]] = ()) -> Ranges:
        """Nothing known; the ranges end at `borders`."""
        return cls(plan, 1, False, (*(Range(to) for to in borders), Range(None)))

    @classmethod
    def from_position(cls, stored: dict[str, Any] | None, plan: str) -> Ranges | None:
        """What a position remembers; None if it is of another plan or of no sweep."""
        if not stored or stored.get("plan") != plan:
            return None
        items = tuple(
            Range(None if to is None else tuple(to), rows, None if total is None else int(total, 16), read)
            for to, rows, total, read in stored["ranges"]
        )
        return cls(plan, stored["read"], stored["done"], items, stored["extra"])

    def position(self) -> dict[str, Any]:
        ranges = [
            [
                None if item.to is None else list(item.to),
                item.rows,
                None if item.sum is None else f"{item.sum:x}",
                item.read,
            ]
            for item in self.items
        ]
        return {"plan": self.plan, "read": self.number, "done": self.done, "extra": self.extra, "ranges": ranges}

    def next_sweep(self) -> Ranges:
        """The same ranges, none of them looked at yet."""
        return replace(self, number=self.number + 1, done=False, extra=0)

    @property
    def rows(self) -> int:
        """Rows of the source, once the sweep is done."""
        return self.extra + sum(item.rows for item in self.items)

    def open(self) -> list[tuple[Range | None, Range]]:
        """(the range before, the range) of every range this sweep has still to look at."""
        before: list[Range | None] = [None, *self.items]
        return [(left, item) for left, item in zip(before, self.items, strict=False) if item.read != self.number]


def joined(items: Sequence[Range], at_most: int) -> list[Range]:
    """Neighbours of the same sweep joined while together they have at most `at_most` rows, and further
    until there are no more than MAX_RANGES."""
    result = _joined(items, at_most)
    while len(result) > MAX_RANGES:
        at_most *= 2
        shorter = _joined(result, at_most)
        if len(shorter) == len(result) and at_most > 2**60:
            break
        result = shorter
    return result


def _joined(items: Sequence[Range], at_most: int) -> list[Range]:
    result: list[Range] = []
    for item in items:
        last = result[-1] if result else None
        if last is not None and last.read == item.read and last.rows + item.rows <= at_most:
            total = None if last.sum is None or item.sum is None else (last.sum + item.sum) % MODULUS
            result[-1] = Range(item.to, last.rows + item.rows, total, item.read)
        else:
            result.append(item)
    return result
