"""One read of one endpoint from beginning to end: spans of time, walks, pages, and where it can go on.

Belongs here: the order of things, positions. Does not belong here: merging (`reading.py`), stop rules
(`paging.py`), requests.

position: {"watermark": epoch ms, "full_at": ISO time of the last complete read, "again": items that still
lack their detail, "resume": where a read that is broken off goes on}. A page in the middle of a read moves
only `resume`: lists are rarely ordered by update time, so no page vouches for older records; where the
configuration says that they are (`updated.sorted`), every page moves the watermark instead.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Page
from connectors.config_models import SystemConfig
from connectors.mes.client import MesClient
from connectors.mes.config import MesEndpointConfig, MesUpdated
from connectors.mes.detail import Details
from connectors.mes.lister import Lister, Span
from connectors.mes.paging import MAX_WALKS, Place, Read, Walk
from connectors.mes.reading import Reading
from connectors.mes.times import DAY, to_epoch, windows
from schemas.problems import Problem

_MINUTE = 60_000


class Pull:
    """One read; `pages()` is walked once."""

    def __init__(
        self,
        client: MesClient,
        system: SystemConfig,
        endpoint: MesEndpointConfig,
        position: dict[str, Any] | None,
        page_rows: int,
    ) -> None:
        self._client, self._endpoint, self._page_rows = client, endpoint, page_rows
        self._position = dict(position or {})
        self._lister = Lister.of(client, system, endpoint)
        self._zone = endpoint.times_zone or system.timezone
        envelope = endpoint.envelope or system.envelope
        self._details = Details(client, endpoint.detail, envelope) if endpoint.detail else None
        updated = endpoint.updated
        resume = self._position.pop("resume", None)
        watermark = self._position.get("watermark") if updated else None
        is_due = updated is None or self._full_is_due() or watermark is None
        self._resume: dict[str, Any] | None = resume if resume and bool(resume["full"]) == is_due else None
        self._full = is_due
        self._start = None if is_due else int(watermark)  # type: ignore[arg-type]
        self._reading = Reading(endpoint, self._zone, self._start, self._resume or {})
        self._began = datetime.now(UTC)
        # A read from `since` on does not vouch for what is older, unless that is asked for now and then.
        whole = updated is not None and (updated.since is None or endpoint.full_every_days is not None)
        self._is_complete = is_due and whole
        self._overlap = updated.overlap_minutes * _MINUTE if updated else 0

    def pages(self) -> Iterator[Page]:
        """Pages of about `page_rows` rows, at least one; no key comes twice."""
        reading = self._reading
        reading.take(self._with_details(self._position.pop("again", [])))
        spans = self._spans()
        for number, span in enumerate(spans):
            yield from self._walks(span, spans[-1].end)
            self._resume = None
            if number + 1 < len(spans) and reading.waiting:
                yield self._page(self._until(span))
        position = self._final(spans)
        yield self._page(position)

    # --- what is asked for -----------------------------------------------------------------------

    def _full_is_due(self) -> bool:
        days = self._endpoint.full_every_days
        if days is None:
            return False
        last = self._position.get("full_at")
        return last is None or datetime.now(UTC) - datetime.fromisoformat(last) >= timedelta(days=days)

    def _spans(self) -> list[Span]:
        """What to ask for, oldest first."""
        updated = self._endpoint.updated
        if updated is None:
            return [Span()]
        if self._resume is not None:
            start, end = self._resume["from"], self._resume["to"]
        else:
            start, end = self._first_moment(updated), self._last_moment(updated)
        if start is None or end is None:
            return [Span(start, end)]
        return [Span(*window) for window in windows(start, end, updated.max_window_days)]

    def _first_moment(self, updated: MesUpdated) -> int | None:
        if self._start is not None:
            return max(0, self._start - self._overlap)
        return None if updated.since is None else to_epoch(updated.since, updated.zone or self._zone)

    def _last_moment(self, updated: MesUpdated) -> int | None:
        """Tomorrow by the server's clock: nothing is newer, and a clock that is a little off does no harm."""
        if not updated.has_end:
            return None
        self._client.log_in()
        ahead = (self._client.clock_ahead_seconds or 0) * 1000
        return int(time.time() * 1000 + ahead) + DAY

    # --- walking -----------------------------------------------------------------------------------

    def _walks(self, span: Span, end: int | None) -> Iterator[Page]:
        """Walk one span until nothing can have been missed."""
        reading, paging = self._reading, self._lister.paging
        lacking: Walk | None = None
        for number in range(MAX_WALKS):
            reading.begin_walk()
            walk = self._walk(span)
            if number == 0 and self._resume is not None:
                continued = yield from self._resumed(walk, span, end)
                if continued:
                    return
            else:
                yield from self._along(walk, span, end, None, None, keep_place=number == 0)
            # A list that moved under overlapping pages may well have promised what was deleted meanwhile.
            lacking = walk if reading.lacks(walk) and (walk.unproven or not walk.moved) else None
            if not reading.must_walk_again(walk, number, paging.verify):
                return
        if lacking is not None:
            raise Problem("mes_rows_missing", **self._lister.where, total=lacking.smallest_total, seen=reading.seen)

    def _walk(self, span: Span) -> Walk:
        return Walk(
            lambda place: self._lister.page(place, span),
            self._lister.paging,
            self._lister.size,
            self._reading.rows.key_of,
            self._lister.where,
        )

    def _resumed(self, walk: Walk, span: Span, end: int | None) -> Generator[Page, None, bool]:
        """Go on at the last page that was committed; returns True if nothing before it needs a look.

        That page is read again. If it is as it was, nothing has crossed its border, and what changed before
        it bears a later stamp. If it is not, or every key is wanted, the pages before it are walked too.
        """
        assert self._resume is not None
        place = Place.from_json(self._resume["place"])
        self._lister.size = min(self._lister.size, place.size) if place.size else self._lister.size
        was = self._resume["digest"]
        moved = False
        for read in walk.run(place):
            moved = moved or (read.place == place and self._digest(read) != was)
            yield from self._taken(read, span, end, keep_place=True)
        if not moved and not self._full:
            return True
        rest = self._walk(span)
        yield from self._along(rest, span, end, None, place.at, keep_place=False)
        walk.shrank = walk.shrank or rest.shrank
        walk.unproven = walk.unproven or rest.unproven
        walk.came_back = walk.came_back or rest.came_back
        return False

    def _along(
        self, walk: Walk, span: Span, end: int | None, start: Place | None, until: int | None, keep_place: bool
    ) -> Iterator[Page]:
        for read in walk.run(start, until):
            yield from self._taken(read, span, end, keep_place)

    def _taken(self, read: Read, span: Span, end: int | None, keep_place: bool) -> Iterator[Page]:
        reading = self._reading
        if reading.clock is None and self._lister.clock is not None:
            reading.clock = int(self._lister.clock.timestamp() * 1000) + 1
        reading.take(self._with_details(read.page.items[read.known :]))
        if keep_place:
            self._resume = self._resume_at(read, span, end)
        if reading.waiting >= self._page_rows and read.following is not None:
            yield self._page(self._on_the_way())

    def _with_details(self, items: list[Any]) -> list[tuple[Any, bool]]:
        return self._details.added_to(items) if self._details is not None else [(item, True) for item in items]

    # --- positions ---------------------------------------------------------------------------------

    def _page(self, position: dict[str, Any]) -> Page:
        page = self._reading.page(position, self._endpoint.updated is None)
        return replace(page, complete=self._is_complete)

    def _on_the_way(self) -> dict[str, Any]:
        updated, reading = self._endpoint.updated, self._reading
        if updated is not None and updated.sorted and reading.in_order and not self._full:
            return self._marked(reading.watermark(self._overlap))
        return self._marked(self._position.get("watermark")) | ({"resume": self._resume} if self._resume else {})

    def _resume_at(self, read: Read, span: Span, end: int | None) -> dict[str, Any] | None:
        if read.place.cursor is not None and self._client.clean(read.place.cursor) != read.place.cursor:
            return None  # the server wrote our token into the address of its next page
        place, digest = read.place.as_json(), self._digest(read)
        bounds = {"from": span.start, "to": span.end if end is None else end, "full": self._full}
        return {"place": place, "digest": digest, **bounds, **self._reading.carried()}

    def _digest(self, read: Read) -> str:
        """What page this was: its keys in order."""
        keys = "\n".join(map(self._reading.rows.key_of, read.page.items))
        return hashlib.sha256(keys.encode()).hexdigest()[:16]

    def _marked(self, watermark: Any) -> dict[str, Any]:
        position = {name: value for name, value in self._position.items() if name == "full_at"}
        if watermark is not None:
            position["watermark"] = watermark
        if self._reading.again:
            position["again"] = list(self._reading.again)
        return position

    def _until(self, span: Span) -> dict[str, Any]:
        """Everything of a span is read: the cursor may move to its end, though not past the server's clock."""
        bounds = [span.end, self._reading.clock, self._reading.held_back]
        return self._marked(min(bound for bound in bounds if bound is not None))

    def _final(self, spans: list[Span]) -> dict[str, Any]:
        watermark = self._reading.watermark(self._overlap)
        if len(spans) > 1 and self._reading.held_back is None:
            started = spans[-1].start or 0
            watermark = min(max(watermark or 0, started), self._reading.clock or started)
        position = self._marked(watermark)
        if self._endpoint.full_every_days is not None and self._full:
            position["full_at"] = self._began.isoformat()
        return position
