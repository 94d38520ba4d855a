"""List → detail: more fields per record, asked for by its id, some at a time.

Belongs here: which ids a request carries, matching replies to items, one bad id among many good ones.
Does not belong here: paging, rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from connectors.mes.client import MesClient
from connectors.mes.config import MesDetail, MesEnvelope
from connectors.mes.items import as_text
from connectors.mes.paths import in_reply, value_at
from schemas.problems import Problem

# A refusal of one id says something about that record; these say that the server or the way to it is down.
_ABOUT_ALL = {"mes_unreachable", "mes_timeout", "mes_login_refused", "mes_token_refused", "mes_access_needed",
              "mes_rate_limited", "environment_unset", "mes_placeholder_unknown"}  # fmt: skip
_ALL_BAD = 10  # so many refused and none given: it is not about the records


class Details:
    """Details of one endpoint; remembers whether any came."""

    def __init__(self, client: MesClient, detail: MesDetail, envelope: MesEnvelope) -> None:
        self._client, self._detail, self._envelope = client, detail, envelope
        self._given = 0
        self._refused = 0

    def added_to(self, items: list[Any]) -> list[tuple[Any, bool]]:
        """(item with its detail, True), or (item as it was, False) where no detail came; order kept.

        Raises Problem if the server cannot be asked at all, or refuses everything.
        """
        step = self._detail.batch
        groups = [items[at : at + step] for at in range(0, len(items), step)]
        with ThreadPoolExecutor(self._detail.parallel) as pool:
            return [pair for pairs in pool.map(self._group, groups) for pair in pairs]

    def _group(self, items: list[Any]) -> list[tuple[Any, bool]]:
        ids = [value_at(item, self._detail.id) if isinstance(item, dict) else None for item in items]
        wanted = [one for one in ids if one is not None]
        found = self._ask(wanted) if wanted else {}
        return [self._laid(item, found.get(as_text(one) or "")) for item, one in zip(items, ids, strict=True)]

    def _laid(self, item: Any, detail: Any) -> tuple[Any, bool]:
        if not isinstance(detail, dict):
            return item, False
        return (item | {self._detail.at: detail} if self._detail.at else item | detail), True

    def _ask(self, ids: list[Any]) -> dict[str, Any]:
        """{id: detail} of what the server gives; a batch that is refused is asked for one by one."""
        detail = self._detail
        known = {"id": quote(as_text(ids[0]) or "", safe="") if "{id}" in detail.path else ids[0], "ids": ids}
        if detail.batch > 1:
            known = {"ids": ids, "id": ids[0]}
        try:
            reply = self._client.ask(detail.method, detail.path, detail.body, detail.query, self._envelope, known)
        except Problem as problem:
            if problem.code in _ABOUT_ALL:
                raise
            if len(ids) > 1:
                return {key: found for one in ids for key, found in self._ask([one]).items()}
            self._refused += 1
            if self._given == 0 and self._refused >= _ALL_BAD:
                raise
            return {}
        self._given += 1
        found = in_reply(reply.payload, reply.headers, detail.rows)
        if detail.batch == 1:
            if isinstance(found, list):
                found = found[0] if found else None
            return {as_text(ids[0]) or "": found}
        return dict(self._by_id(found))

    def _by_id(self, found: Any) -> Iterator[tuple[str, Any]]:
        for one in found if isinstance(found, list) else []:
            key = value_at(one, self._detail.key)
            if key is not None:
                yield as_text(key) or "", one
