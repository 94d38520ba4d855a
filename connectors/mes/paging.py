"""Walking a list page by page until it ends, although its records move while we walk.

Belongs here: where the next page is, the stop rules, the guards. Does not belong here: HTTP, rows.

A record that is deleted from a page we have seen pulls another one over the border to it, unseen. So every
page but the first begins with the last record of the page before: if that is not where it should be, the list
has moved, and if the new page has nothing in common with what was read, we step back until it has. An API that
takes an offset allows that directly; one that takes a page number does if it honours the size: page 3 of 199
begins at 398. One that does neither is walked twice, unless it states a total that vouches for the first walk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from connectors.mes.config import MesPaging
from schemas.problems import Problem

MAX_WALKS = 3


@dataclass(frozen=True)
class RawPage:
    """Items as the server sent them; total: how many it says there are, None if it does not say.

    more: whether it says that a page follows, None if it does not say. next: next cursor or address.
    """

    items: list[Any]
    total: int | None = None
    more: bool | None = None
    next: str | None = None


@dataclass(frozen=True)
class Place:
    """Where a page begins. at: rows before it; size: rows asked for; reached: rows read before it."""

    at: int = 0
    size: int = 0
    cursor: str | None = None
    reached: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"at": self.at, "size": self.size, "cursor": self.cursor, "reached": self.reached}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Place:
        return cls(int(value["at"]), int(value["size"]), value.get("cursor"), int(value.get("reached", 0)))


@dataclass(frozen=True)
class Read:
    """One page of a walk, and where the next one begins (None: this was the last).

    known: how many items at its beginning are the end of the page before, unmoved.
    """

    page: RawPage
    place: Place
    following: Place | None
    known: int = 0


class SizeRefused(Exception):
    """The server does not give so many rows at once; `size` is what to ask for instead."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class Walk:
    """One walk over a list. `fetch` may raise SizeRefused. key_of: what tells one item from another.

    After the walk: `pages`, and what may have been missed: `unproven` (pages did not overlap),
    `came_back` (records moved to pages that were read already), `shrank` (the total fell), `moved` (any of it).
    """

    def __init__(
        self,
        fetch: Callable[[Place], RawPage],
        paging: MesPaging,
        size: int,
        key_of: Callable[[Any], str],
        where: dict[str, str],
    ) -> None:
        """`where`: parameters of the Problems `mes_page_repeats`, `mes_too_many_pages`, `mes_next_elsewhere`."""
        self._fetch, self._paging, self._key_of, self._where = fetch, paging, key_of, where
        self.size = size
        self.pages = 0
        self.unproven = False
        self.came_back = False
        self.shrank = False
        self.moved = False
        self.smallest_total: int | None = None
        self._seen: set[str] = set()
        by_rows = paging.kind == "offset" or (paging.kind == "page" and paging.size is not None)
        self._overlaps = by_rows and paging.overlap is not False and size > 1
        self._proven = False  # an overlap was once where it should be, so the server counts as we do
        self._last_key: str | None = None
        self._last_total: int | None = None
        self._largest_page = 0
        self._known = 0
        self._ignores_total = False

    def run(self, start: Place | None = None, until: int | None = None) -> Iterator[Read]:
        """Pages from `start` to the end of the list, or until row `until` is passed."""
        place: Place | None = start or Place(size=self.size)
        previous: list[Any] | None = None
        cursors: set[str] = set()
        while place is not None:
            if self.pages >= self._paging.max_pages:
                raise Problem("mes_too_many_pages", **self._where, pages=self._paging.max_pages)
            try:
                page = self._fetch(place)
            except SizeRefused as refused:
                self.size = refused.size
                at = place.at - place.at % self.size if self._paging.kind == "page" else place.at
                place = replace(place, at=at, size=self.size)
                self._overlaps = self._overlaps and self.size > 1
                continue
            self.pages += 1
            self._note_total(page)
            if self._is_same(page, place, previous):
                page = self._fetch(place)  # something between us may have answered twice: once is no proof
                self.pages += 1
                if self._repeats(page, place, previous):
                    return
            self._known = 0
            keys = self._distinct(page, place)
            following = self._after(page, place, keys)
            if following is not None and following.cursor is not None:
                if following.cursor in cursors:
                    raise Problem("mes_page_repeats", **self._where, page=self.pages + 1)
                cursors.add(following.cursor)
            previous = page.items
            self._seen.update(keys)
            self._last_key = keys[-1] if keys else self._last_key
            yield Read(page, place, following, self._known)
            place = following
            if until is not None and place is not None and place.at > until:
                return

    # --- where the next page is --------------------------------------------------------------------

    def _distinct(self, page: RawPage, place: Place) -> list[str]:
        """Keys of a page in order: a record that is sent twice on a page takes one place of the list."""
        keys = [self._key_of(item) for item in page.items]
        return list(dict.fromkeys(keys)) if len(keys) > place.size else keys

    def _after(self, page: RawPage, place: Place, keys: list[str]) -> Place | None:
        kind = self._paging.kind
        if kind == "none":
            return None
        if kind in ("cursor", "link"):
            return self._after_cursor(page, place)
        if self._overlaps and place.at > 0 and self._last_key is not None:
            back = self._check_overlap(page, keys, place)
            if back is not None:
                return back
        count = len(keys)
        reached = place.at + count if self._overlaps else place.reached + count
        if self._is_end(page, place, count, reached):
            return None
        if kind == "page" and self._overlaps and count != place.size:
            self._overlaps = False  # the server gives pages of its own size: only whole pages can be counted
            self.unproven = True
        if not self._overlaps:
            self.unproven = True
            step = place.size if kind == "page" else count
            return Place(place.at + step, place.size, None, reached)
        last = place.at + count - 1
        if last == place.at:  # a single row cannot stand at the end of one page and begin the next
            self.unproven = True
            return Place(reached, self.size, None, reached)
        return self._overlapping(last, reached)

    def _overlapping(self, last: int, reached: int) -> Place:
        """The page that holds row number `last` (0-based) and as much as possible after it."""
        if self._paging.kind == "offset":
            return Place(last, self.size, None, reached)
        sizes = range(self.size, max(1, self.size // 2), -1)
        best = max(sizes, key=lambda size: last - last % size + size)
        if last - last % best + best <= reached:  # small sizes may all end here: this border stays unproven
            self.unproven = True
            return Place(reached - reached % best, best, None, reached)
        return Place(last - last % best, best, None, reached)

    def _check_overlap(self, page: RawPage, keys: list[str], place: Place) -> Place | None:
        """Note how the list moved since the page before; a place further back if a row may be between."""
        expected = place.reached - 1 - place.at
        if expected < 0:
            return None
        if expected < len(keys) and keys[expected] == self._last_key:
            self._proven = True
            self._known = expected + 1 if len(keys) == len(page.items) else 0
            return None
        self.moved = True
        if self._last_key in keys:
            self.came_back = self.came_back or keys.index(self._last_key) > expected
            return None
        if any(key in self._seen for key in keys):
            return None
        if not self._proven:
            # It may never have counted as we do: then whole pages, and a second walk.
            self._overlaps = False
            self.unproven = True
            if self._paging.kind == "page":
                return Place(0, self.size)
            return Place(place.reached, self.size, None, place.reached)
        back = max(0, place.at - self.size + 1)
        return self._overlapping(back, back + 1) if back > 0 else Place(size=self.size)

    def _after_cursor(self, page: RawPage, place: Place) -> Place | None:
        if page.more is False or not page.next or not page.items:
            return None
        return Place(place.at + len(page.items), place.size, page.next, place.reached + len(page.items))

    # --- stop rules ----------------------------------------------------------------------------------

    def _is_end(self, page: RawPage, place: Place, count: int, reached: int) -> bool:
        if not page.items or page.more is False:
            return True
        if page.more:
            return False
        if page.total is not None and not self._ignores_total:
            if place.at == 0 and count == place.size == page.total:
                return False  # some give the number of rows of the page as the total: the next page tells
            if place.at > 0 and page.total == count < reached and count == place.size:
                self._ignores_total = True
            return not self._ignores_total and reached >= page.total
        if self._overlaps and place.at > 0:
            return count < place.size
        # Without a total a short page is the last one, but the first page may be short because the
        # server gives less than asked for.
        return self.pages > 1 and count < self._largest_page

    def _note_total(self, page: RawPage) -> None:
        self._largest_page = max(self._largest_page, len(page.items))
        if page.total is None:
            return
        self.shrank = self.shrank or (self._last_total is not None and page.total < self._last_total)
        self.moved = self.moved or (self._last_total is not None and page.total != self._last_total)
        self._last_total = page.total
        self.smallest_total = min(page.total, self.smallest_total if self.smallest_total is not None else page.total)

    def _is_same(self, page: RawPage, place: Place, previous: list[Any] | None) -> bool:
        """True if this page is the one before."""
        if previous is None or not page.items or place.at == 0 or self._paging.kind in ("cursor", "link"):
            return False
        return page.items == previous[: len(page.items)] and (len(page.items) > 1 or len(previous) == 1)

    def _repeats(self, page: RawPage, place: Place, previous: list[Any] | None) -> bool:
        """True if the server has sent everything and only ignores the page number; a Problem if not everything."""
        if not self._is_same(page, place, previous):
            return False
        if page.total is not None and len(self._seen) < page.total:
            raise Problem("mes_page_repeats", **self._where, page=self.pages)
        return True


def next_address(current: str, target: str, where: dict[str, str]) -> str:
    """The absolute address of a `next` link, which must lead to the same server: the token goes with it.

    Raises Problem `mes_next_elsewhere`.
    """
    address = urljoin(current, target)
    here, there = urlsplit(current), urlsplit(address)
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        raise Problem("mes_next_elsewhere", **where, host=there.hostname or "?")
    return address
