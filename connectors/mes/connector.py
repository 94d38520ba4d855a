"""A MES as a source: check, discover, and read lists with an update-time cursor.

Belongs here: what a read yields, and how far its cursor may move. Does not belong here: HTTP
(`transport.py`), tokens (`client.py`), the form of rows (`items.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from connectors.base import Check, Deletions, Discovered, Page
from connectors.config_models import SystemConfig
from connectors.mes.client import MesClient
from connectors.mes.config import MesEndpointConfig
from connectors.mes.items import Item, Refused, read_item, rejected_table, rows_table, value_at
from connectors.mes.paging import MAX_WALKS, RawPage, walk
from connectors.mes.transport import Reply
from schemas.model import Text
from schemas.problems import Problem


class MesConnector:
    """One MES. Construction does no I/O; each call logs in for itself."""

    def __init__(self, system: SystemConfig, base_url: str, login_body: dict[str, Any]) -> None:
        """`login_body`: the login step's body with its secrets filled in. Raises Problem `mes_url_unreadable`."""
        self.system = system.system
        self._config = system
        self._endpoints = system.mes_endpoints
        self._url = base_url
        self._login_body = login_body
        MesClient(system, base_url, login_body).close()

    def check(self) -> Check:
        """Log in and ask every configured endpoint for one record."""
        try:
            with self._client() as client:
                host = client.host
                for endpoint in self._endpoints.values():
                    self._rows(endpoint, self._ask(client, endpoint, self._first(endpoint), {}, size=1))
        except Problem as problem:
            return Check(self.system, False, Text(problem.text("zh"), problem.text("en")))
        count = len(self._endpoints)
        zh = f"MES“{self.system}”（{host}）连接正常，{count} 个配置的接口都能读取。"
        en = f"MES '{self.system}' at {host} answers; all {count} configured endpoints can be read."
        return Check(self.system, True, Text(zh, en))

    def discover(self) -> list[Discovered]:
        """The configured endpoints, each with the total the server states."""
        found = []
        with self._client() as client:
            for name, endpoint in sorted(self._endpoints.items()):
                page = self._rows(endpoint, self._ask(client, endpoint, self._first(endpoint), {}, size=1))
                found.append(Discovered(name, page.total, tuple(endpoint.columns), tuple(endpoint.key)))
        return found

    def deletions(self, object_name: str) -> Deletions:
        return "read" if self._endpoint(object_name).updated is None else "no"

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        """Pages of about `page_rows` rows, at least one; no key comes twice.

        Only the last page moves the cursor: lists are rarely ordered by update time, so no earlier page
        vouches for older records. position: {"watermark": newest update time, as the server counts it}.
        """
        endpoint = self._endpoint(object_name)
        start = (position or {}).get("watermark") if endpoint.updated else None
        with self._client() as client:
            reading = _Reading(endpoint, start)
            for _ in range(MAX_WALKS):
                reading.begin_walk()
                for raw in self._walk(client, endpoint, reading):
                    reading.take(raw)
                    if len(reading.items) >= page_rows:
                        yield reading.page(dict(position or {}))
                if reading.is_whole:
                    yield reading.page(reading.position())
                    return
        raise Problem("mes_rows_missing", **self._where(endpoint), total=reading.total, seen=reading.seen)

    def _walk(self, client: MesClient, endpoint: MesEndpointConfig, reading: _Reading) -> Iterator[RawPage]:
        paging = endpoint.paging or self._config.paging
        filters = reading.filters()

        def fetch(number: int) -> RawPage:
            reply = self._ask(client, endpoint, number, filters)
            reading.note_clock(reply)
            return self._rows(endpoint, reply)

        return walk(fetch, paging.first, paging.max_pages, self._where(endpoint))

    def _ask(
        self,
        client: MesClient,
        endpoint: MesEndpointConfig,
        number: int,
        filters: dict[str, Any],
        size: int | None = None,
    ) -> Reply:
        paging = endpoint.paging or self._config.paging
        place = {paging.page: number, paging.size: size or paging.page_size}
        if paging.place == "query" or endpoint.method == "GET":
            in_query = place | (filters if endpoint.method == "GET" else {})
            body = endpoint.body | ({} if endpoint.method == "GET" else filters)
            return client.ask(endpoint.method, endpoint.path, body, in_query)
        return client.ask(endpoint.method, endpoint.path, endpoint.body | filters | place, {})

    def _rows(self, endpoint: MesEndpointConfig, reply: Reply) -> RawPage:
        """Raises Problem `mes_no_rows` if there is no list where the configuration says."""
        envelope = self._config.envelope
        path = endpoint.rows or envelope.rows
        items = value_at(reply.payload, path)
        total_path = endpoint.total or envelope.total
        total = _whole(value_at(reply.payload, total_path)) if total_path else None
        if items is None and total == 0:
            items = []  # several servers leave the list out when it is empty
        if not isinstance(items, list):
            raise Problem("mes_no_rows", **self._where(endpoint), rows=path)
        return RawPage(items, total)

    def _first(self, endpoint: MesEndpointConfig) -> int:
        return (endpoint.paging or self._config.paging).first

    def _endpoint(self, name: str) -> MesEndpointConfig:
        if name not in self._endpoints:
            raise Problem("source_object_unknown", system=self.system, object=name, known=", ".join(self._endpoints))
        return self._endpoints[name]

    def _where(self, endpoint: MesEndpointConfig) -> dict[str, str]:
        return {"system": self.system, "object": endpoint.object, "path": self._config.base_path + endpoint.path}

    @contextmanager
    def _client(self) -> Iterator[MesClient]:
        client = MesClient(self._config, self._url, self._login_body)
        try:
            yield client
        finally:
            client.close()


def _whole(value: Any) -> int | None:
    """A total written as number or text; None if it is neither."""
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


class _Reading:
    """What one read has seen: which keys, how many, how new; and what waits to be yielded."""

    def __init__(self, endpoint: MesEndpointConfig, start: Any) -> None:
        self._endpoint = endpoint
        self._start = None if start is None else int(start)
        self._newest = self._start
        self._held_back: int | None = None
        self._clock: int | None = None
        self._content: dict[str, int] = {}  # key -> hash of what was yielded
        self.items: dict[str, Item] = {}
        self._refused: list[Refused] = []
        self.total: int | None
        self.begin_walk()

    @property
    def seen(self) -> int:
        """How many different records this walk brought."""
        return len(self._walked)

    @property
    def is_whole(self) -> bool:
        """False if this walk may have missed a record: fewer came than promised, or the list shrank."""
        return self.total is None or (self.seen >= self.total and not self._shrank)

    def filters(self) -> dict[str, Any]:
        """The update-time filter: from the last watermark minus the overlap; nothing at the first read."""
        updated = self._endpoint.updated
        if updated is None or self._start is None:
            return {}
        per_minute = 60_000 if updated.unit == "ms" else 60
        return {updated.filter_from: max(0, self._start - updated.overlap_minutes * per_minute)}

    def begin_walk(self) -> None:
        """Walk the list from its start, perhaps again; equal refused items are told apart by counting them."""
        self._equal_refused: Counter[str] = Counter()
        self._walked: set[str] = set()
        self._shrank = False
        self.total = None

    def note_clock(self, reply: Reply) -> None:
        """Keep the server's time at the first reply: no later stamp moves the cursor."""
        if self._clock is None and self._endpoint.updated is not None:
            self._clock = int(reply.now.timestamp() * (1000 if self._endpoint.updated.unit == "ms" else 1)) + 1

    def take(self, raw: RawPage) -> None:
        """Add one page. Within what waits the later version of a key wins; after it was yielded, the newer
        version is left for the next read, and the cursor stays before it."""
        self._shrank = self._shrank or (self.total is not None and raw.total is not None and raw.total < self.total)
        self.total = raw.total
        for value in raw.items:
            item = read_item(value, self._endpoint)
            if isinstance(item, Refused):
                self._refuse(item)
                continue
            self._walked.add(item.key)
            content = hash(item.values)
            if item.key in self._content and item.key not in self.items:
                if self._content[item.key] != content and item.stamp is not None:
                    self._held_back = min(item.stamp, self._held_back or item.stamp)
                continue
            self.items[item.key] = item
            self._content[item.key] = content
            if item.stamp is not None:
                self._newest = max(item.stamp, self._newest or item.stamp)

    def _refuse(self, item: Refused) -> None:
        self._equal_refused[item.key] += 1
        number = self._equal_refused[item.key]
        key = item.key if number == 1 else f"{item.key}#{number}"
        self._walked.add(key)
        if key not in self._content:
            self._content[key] = 0
            self._refused.append(replace(item, key=key))

    def page(self, position: dict[str, Any]) -> Page:
        """Everything that waits, as one page."""
        rows = rows_table(list(self.items.values()), self._endpoint)
        rejected = rejected_table(self._refused)
        self.items, self._refused = {}, []
        return Page(rows, position, rejected)

    def position(self) -> dict[str, Any]:
        """The cursor after the whole read; never backwards."""
        bounds = [bound for bound in (self._newest, self._held_back, self._clock) if bound is not None]
        if self._newest is None:
            return {}
        return {"watermark": max(min(bounds), self._start or 0)}
