"""Events that sources send by themselves: kept when they arrive, landed like any load.

Belongs here: keeping an event exactly once, deciding which are out of date, and the connector that hands the
waiting ones to a load. Not here: signatures and bodies (connectors/mes/webhook.py), HTTP (portal).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

from connectors.base import Check, Deletions, Discovered, Page
from connectors.config_models import SystemConfig
from connectors.mes.config import MesEndpointConfig
from connectors.mes.items import Item, Refused, Rows, as_text, rejected_table, rows_table
from connectors.mes.webhook import Event
from hub.landing.dataset import dataset
from hub.landing.lease import lease
from hub.landing.load import Load
from hub.landing.result import LoadResult
from hub.settings import settings
from hub.store.engine import connect
from schemas.model import Text
from schemas.problems import Problem


@dataclass(frozen=True)
class _Waiting:
    """One kept event. record: as it came, numbers exact."""

    id: int
    key: str
    stamp: int | None
    is_deletion: bool
    record: dict[str, Any]


def keep(connection: psycopg.Connection[Any], dataset_name: str, events: list[Event]) -> tuple[int, int]:
    """Write events down, each once; returns (new ones, ones known already)."""
    new = 0
    for event in events:
        new += connection.execute(
            "insert into ops.webhook_event (dataset, event_id, source_key, stamp, is_deletion, payload, status)"
            " values (%s, %s, %s, %s, %s, %s::jsonb, 'waiting') on conflict (dataset, event_id) do nothing",
            (
                dataset_name, event.id, event.key, event.stamp, event.is_deletion,
                json.dumps(event.record, ensure_ascii=False, default=as_text).replace("\\u0000", ""),
            ),
        ).rowcount  # fmt: skip
    return new, len(events) - new


def waiting_datasets(connection: psycopg.Connection[Any]) -> list[tuple[str, int]]:
    """[(dataset, newest waiting event)] of everything that has events to land."""
    return connection.execute(
        "select dataset, max(id) from ops.webhook_event where status = 'waiting' group by dataset order by dataset"
    ).fetchall()


def land_events(system: SystemConfig, object_name: str, run_id: str, wait_seconds: float = 600) -> LoadResult | None:
    """Load the waiting events of one object; None if there is nothing that a load could bring.

    Nothing is landed before the object was read once, nor if its rules have changed since and its rows cannot be
    judged again: the next read carries the same records, and vouches for the rules. An event that a later read
    already covers, or that is older than what is known of its record, is marked outdated.
    """
    endpoint = system.mes_endpoints[object_name]
    about = dataset(f"{system.system}.{object_name}", system.plant)
    with lease(system.system, run_id, wait_seconds) as held, connect() as connection:
        row = connection.execute("select position from ops.cursor where dataset = %s", (about.name,)).fetchone()
        if row is None:
            return None
        _outdate(connection, about.name, row[0])
        events = _waiting(connection, about.name)
        connection.commit()
        if not events:
            return None
        load = Load(connection, about, held, run_id, settings().landing, whole=False)
        result = load.run(lambda: _Events(system.system, endpoint, system.timezone, events), object_name)
        if load.load_id == 0:
            return None  # it did not come to reading
        if result.problem is None:
            _mark(connection, events, result.load_id)
    return result


def _outdate(connection: psycopg.Connection[Any], dataset_name: str, position: dict[str, Any]) -> None:
    """Events that tell nothing new: received before the last good read began, or of an older version."""
    connection.execute(
        "update ops.webhook_event e set status = 'outdated' where dataset = %(d)s and status = 'waiting'"
        " and received_at < (select max(started_at) from ops.load l where l.dataset = %(d)s and l.status = 'ok'"
        " and l.kind = 'read' and not exists (select 1 from ops.webhook_event p where p.load_id = l.id))",
        {"d": dataset_name},
    )
    known = dict(
        connection.execute(
            "select distinct on (source_key) source_key, stamp from ops.webhook_event where dataset = %s"
            " and status = 'landed' order by source_key, id desc",
            (dataset_name,),
        ).fetchall()
    )
    read_up_to = position.get("watermark")
    old = [
        event.id
        for event in _all_waiting(connection, dataset_name)
        if not (_is_newer(event.stamp, read_up_to) and _is_newer(event.stamp, known.get(event.key)))
    ]
    connection.execute("update ops.webhook_event set status = 'outdated' where id = any(%s)", (old,))


def _is_newer(stamp: int | None, than: int | None) -> bool:
    """A stamp that is missing on either side decides nothing: then the later arrival counts as newer."""
    return stamp is None or than is None or stamp > than


def _all_waiting(connection: psycopg.Connection[Any], dataset_name: str) -> list[_Waiting]:
    found = connection.execute(
        "select id, source_key, stamp, is_deletion, payload::text from ops.webhook_event"
        " where dataset = %s and status = 'waiting' order by id",
        (dataset_name,),
    )
    return [
        _Waiting(number, key, stamp, is_deletion, json.loads(record, parse_float=Decimal))
        for number, key, stamp, is_deletion, record in found
    ]


def _waiting(connection: psycopg.Connection[Any], dataset_name: str) -> list[_Waiting]:
    """The newest waiting event of every record; those it replaces are marked outdated."""
    newest: dict[str, _Waiting] = {}
    replaced: list[int] = []
    for event in _all_waiting(connection, dataset_name):
        before = newest.get(event.key)
        if before is None or _is_newer(event.stamp, before.stamp):
            if before is not None:
                replaced.append(before.id)
            newest[event.key] = event
        else:
            replaced.append(event.id)
    connection.execute("update ops.webhook_event set status = 'outdated' where id = any(%s)", (replaced,))
    return list(newest.values())


def _mark(connection: psycopg.Connection[Any], events: list[_Waiting], load_id: int) -> None:
    connection.execute(
        "update ops.webhook_event set status = 'landed', load_id = %s where id = any(%s)",
        (load_id, [event.id for event in events]),
    )
    connection.commit()


@dataclass(frozen=True)
class _Events:
    """A connector over waiting events; the cursor of the object's own reads stays where it is."""

    system: str
    endpoint: MesEndpointConfig
    zone: str
    events: list[_Waiting]

    def check(self) -> Check:
        sentence = f"{len(self.events)}"
        return Check(self.system, True, Text(zh=sentence, en=sentence))

    def discover(self) -> list[Discovered]:
        return [Discovered(self.endpoint.object, len(self.events), tuple(self.endpoint.columns))]

    def deletions(self, object_name: str) -> Deletions:
        return "reported"

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        """Pages of events; raises Problem `webhook_too_early` if the object was never read."""
        if position is None:
            raise Problem("webhook_too_early", system=self.system, object=object_name)
        rows = Rows(self.endpoint, self.zone)
        for start in range(0, len(self.events), page_rows):
            part = self.events[start : start + page_rows]
            read = [row for event in part if not event.is_deletion for row in rows.read(event.record)]
            yield Page(
                rows=rows_table([item for item in read if isinstance(item, Item)], self.endpoint),
                position=position,
                rejected=rejected_table([item for item in read if isinstance(item, Refused)]),
                deleted=tuple(event.key for event in part if event.is_deletion),
            )
