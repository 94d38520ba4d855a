"""One list of a REST API asked for page by page: parameters in, items out.

Belongs here: where paging and filter parameters go, where a reply keeps its rows, how many rows the server
gives at once. Does not belong here: when a list ends (`paging.py`), what items become (`items.py`).
"""

from __future__ import annotations

import copy
import json
import logging
import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.config_models import SystemConfig
from connectors.mes.client import MesClient, Refused
from connectors.mes.config import MesEndpointConfig, MesEnvelope, MesKeysFrom, MesPaging, MesTask, MesUpdated
from connectors.mes.paging import Place, RawPage, SizeRefused, next_address
from connectors.mes.paths import in_reply, put_at, value_at
from connectors.mes.times import in_filter
from connectors.mes.transport import Reply
from schemas.problems import Problem

log = logging.getLogger("waterworks.mes")

_AT_MOST = re.compile(
    r"(?:less than or equal to|not? (?:be )?(?:more|greater|larger) than|at most|maximum(?: is| of)?|\bmax\b|<=|"
    r"\"le\": ?|不能?超过|不得?大于|最大|最多|上限)\D{0,12}(\d+)",
    re.IGNORECASE,
)
_LINK_NEXT = re.compile(r'<([^>]*)>[^,<]*;\s*rel="?next"?', re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """The update times a list is asked for, epoch ms; None for no bound."""

    start: int | None = None
    end: int | None = None


@dataclass
class Lister:
    """A list of one endpoint (or of its `keys_from`). size: rows asked for, lowered when the server refuses."""

    client: MesClient
    path: str
    method: str
    body: dict[str, Any]
    query: dict[str, Any]
    rows: str
    total: str | None
    fields: list[str]
    paging: MesPaging
    envelope: MesEnvelope
    where: dict[str, str]
    one: bool = False
    task: MesTask | None = None
    updated: MesUpdated | None = None
    zone: str = "UTC"
    size: int = 0
    clock: datetime | None = field(default=None, init=False)  # the server's, at the first reply

    @classmethod
    def of(cls, client: MesClient, system: SystemConfig, endpoint: MesEndpointConfig) -> Lister:
        envelope = endpoint.envelope or system.envelope
        paging = endpoint.paging or system.paging
        updated = endpoint.updated
        zone = (updated.zone if updated else None) or endpoint.times_zone or system.timezone
        return cls(
            client, endpoint.path, endpoint.method, endpoint.body, endpoint.query, endpoint.rows or envelope.rows,
            endpoint.total or envelope.total, endpoint.fields, paging, envelope, _where(system, endpoint.object,
            endpoint.path), endpoint.one, endpoint.task, updated, zone, paging.page_size,
        )  # fmt: skip

    @classmethod
    def of_keys(cls, client: MesClient, system: SystemConfig, endpoint: MesEndpointConfig, keys: MesKeysFrom) -> Lister:
        envelope = endpoint.envelope or system.envelope
        paging = keys.paging or endpoint.paging or system.paging
        return cls(
            client, keys.path, keys.method, keys.body, keys.query, keys.rows or endpoint.rows or envelope.rows,
            keys.total or endpoint.total or envelope.total, keys.fields, paging, envelope,
            _where(system, endpoint.object, keys.path), size=paging.page_size,
        )  # fmt: skip

    def page(self, place: Place, span: Span) -> RawPage:
        """The page at a place. Raises SizeRefused, Problem `mes_no_rows` and what `MesClient.ask` raises."""
        if self.paging.kind == "link" and place.cursor is not None:
            reply = self.client.ask(self.method, place.cursor, self.body, {}, self.envelope, self._known(span))
        else:
            body, query = self._parameters(place, span)
            try:
                reply = self.client.ask(self.method, self.path, body, query, self.envelope, self._known(span))
            except Refused as refused:
                smaller = self._smaller(refused, place.size)
                if smaller is None:
                    raise
                log.warning("%s.%s: the server gives at most %s rows at once (%s were asked for)",
                            self.where["system"], self.where["object"], smaller, place.size)  # fmt: skip
                self.size = smaller
                raise SizeRefused(smaller) from None
        if self.clock is None:
            self.clock = reply.now
        if self.task is not None:
            reply = self._finished(self.task, reply)
        return self._rows(reply, place)

    def _known(self, span: Span) -> dict[str, Any]:
        known: dict[str, Any] = {"fields": ",".join(self.fields)} if self.fields else {}
        if self.updated is not None and span.start is not None:
            known["from"] = in_filter(span.start, self.updated, self.zone)
        if self.updated is not None and span.end is not None:
            known["to"] = in_filter(span.end, self.updated, self.zone, end=True)
        return known

    def _parameters(self, place: Place, span: Span) -> tuple[dict[str, Any], dict[str, Any]]:
        body, query = copy.deepcopy(self.body), dict(self.query)
        if self.updated is not None and span.start is not None:
            self._add_filter(self.updated, span, body, query)
        paging, in_query = self.paging, self.paging.place == "query" or self.method == "GET"
        wanted: dict[str, Any] = {}
        if paging.kind == "page":
            wanted[paging.page] = paging.first + place.at // place.size
        elif paging.kind == "offset":
            wanted[paging.offset] = place.at
        elif paging.kind == "cursor" and place.cursor is not None:
            wanted[paging.cursor] = place.cursor
        if paging.kind != "none" and paging.size is not None:
            wanted[paging.size] = place.size
        for name, value in wanted.items():
            if in_query:
                query[name] = value
            else:
                put_at(body, name, value)
        return body, query

    def _add_filter(self, updated: MesUpdated, span: Span, body: dict[str, Any], query: dict[str, Any]) -> None:
        place = updated.place or ("query" if self.method == "GET" else "body")
        wanted: dict[str, Any] = dict(updated.filter)
        if updated.filter_from is not None:
            wanted[updated.filter_from] = "{from}"
        if updated.filter_to is not None and span.end is not None:
            wanted[updated.filter_to] = "{to}"
        for name, template in wanted.items():
            if place == "query":
                query[name] = template
            else:
                put_at(body, name, _joined(value_at(body, name), template))

    def _smaller(self, refused: Refused, size: int) -> int | None:
        """How many rows to ask for instead, if the refusal is about their number."""
        name = self.paging.size
        if name is None or size <= 1 or refused.code != "mes_refused":
            return None
        said = json.dumps(refused.reply.payload, ensure_ascii=False, default=str) + refused.reply.text
        about_size = name.rpartition(".")[2].lower() in said.lower()
        allowed = [int(number) for number in _AT_MOST.findall(said) if 0 < int(number) < size]
        if allowed and (about_size or refused.reply.status in (413, 422)):
            return max(allowed)
        if refused.reply.status in (413, 422) and (about_size or '"loc"' not in said):
            return size // 2
        return None

    def _finished(self, task: MesTask, begun: Reply) -> Reply:
        """The reply of a task's last poll. Raises Problem `mes_task_failed`, `mes_timeout`."""
        number = in_reply(begun.payload, begun.headers, task.id)
        deadline = time.monotonic() + task.longest_seconds
        while True:
            reply = self.client.ask(task.method, task.path, task.body, task.query, self.envelope, {"task": number})
            state = str(in_reply(reply.payload, reply.headers, task.done))
            if state in map(str, task.done_values):
                return reply
            if number is None or state in map(str, task.failed_values):
                raise Problem("mes_task_failed", **self.where, state=self.client.clean(state))
            if time.monotonic() > deadline:
                where = {"system": self.where["system"], "host": self.client.host, "path": self.where["path"]}
                raise Problem("mes_timeout", **where, seconds=f"{task.longest_seconds:g}")
            time.sleep(task.every_seconds)

    def _rows(self, reply: Reply, place: Place) -> RawPage:
        items = in_reply(reply.payload, reply.headers, self.rows)
        total = whole(in_reply(reply.payload, reply.headers, self.total)) if self.total else None
        if self.one:
            return RawPage([] if items is None else [items], None, False)
        if items is None and total == 0:
            items = []  # several servers leave the list out when it is empty
        if not isinstance(items, list):
            raise Problem("mes_no_rows", **self.where, rows=self.rows)
        more = in_reply(reply.payload, reply.headers, self.paging.has_more) if self.paging.has_more else None
        if isinstance(more, str):
            more = more.lower() in ("true", "1", "y")
        return RawPage(items, total, None if more is None else bool(more), self._next(reply, place))

    def _next(self, reply: Reply, place: Place) -> str | None:
        paging = self.paging
        found = in_reply(reply.payload, reply.headers, paging.next) if paging.next else None
        if paging.kind != "link":
            return None if found in (None, "", False) else str(found)
        if paging.next is None and (match := _LINK_NEXT.search(reply.headers.get("link", ""))):
            found = match[1]
        if not found:
            return None
        current = place.cursor or self.client.address(self.path)
        return next_address(current, str(found), self.where)


def _where(system: SystemConfig, name: str, path: str) -> dict[str, str]:
    return {"system": system.system, "object": name, "path": system.base_path + path}


def _joined(fixed: Any, added: Any) -> Any:
    """A fixed condition together with the time filter under the same name."""
    if isinstance(fixed, list) and isinstance(added, list):
        return fixed + added
    if isinstance(fixed, str) and fixed.strip() and isinstance(added, str):
        return f"({fixed}) and ({added})"
    return added


def whole(value: Any) -> int | None:
    """A total written as number or text; None if it is neither."""
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
