"""Whether a dataset was read, so that anybody can say how good it is.

Belongs here: the state of each dataset, from its loads and the age its contract allows. Not here: scores
(hub/marts), why a load failed (ops.load.problem).

A dataset whose source was not read is neither good nor bad: it is unknown, whatever stands in the store.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from hub.landing.dataset import UPLOADS
from schemas.model import Contract, Mapping

READ, FAILED, PAUSED, LATE, NEVER = "read", "failed", "paused", "late", "never"
# Allowed age of the newest read where a contract promises none: a night and two hours.
DEFAULT_HOURS = 26.0

# A read that was put off as configured says nothing; one that still runs is told by the one before it.
_READS = """
select d.dataset, last.status, good.read_at, now() as at
from unnest(%(datasets)s::text[]) as d (dataset)
left join lateral (
  select status from ops.load as l where l.dataset = d.dataset and l.kind = 'read' and l.status <> 'running'
    and l.problem ->> 'code' is distinct from 'erp_outside_hours' order by id desc limit 1) as last on true
left join lateral (
  select coalesce(finished_at, started_at) as read_at from ops.load as l where l.dataset = d.dataset
    and l.kind = 'read' and l.status = 'ok' order by id desc limit 1) as good on true"""


@dataclass(frozen=True)
class State:
    """state: READ, or why nobody knows. read_at: when it was last read to its end."""

    state: str
    read_at: datetime | None = None

    @property
    def known(self) -> bool:
        return self.state == READ


def dataset_states(
    connection: psycopg.Connection[Any],
    contracts: MappingABC[str, Contract],
    mappings: MappingABC[str, Mapping],
    configured: Collection[str] = (),
) -> dict[str, State]:
    """The state now of every dataset that was ever loaded or is among `configured` ("<system>.<object>").

    late: the newest read is older than the contract's SLA `latency` allows (hours). What people upload is never
    late, and a refused upload says nothing about the rows that are there.
    """
    states = {}
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        for dataset, status, read_at, at in cursor.execute(_READS, {"datasets": sorted(mappings)}):
            if status is None and dataset not in configured:
                continue
            allowed = allowed_age(contracts.get(mappings[dataset].entity))
            states[dataset] = State(_state(dataset, status, read_at, at, allowed), read_at)
    return states


def allowed_age(contract: Contract | None) -> timedelta:
    """How old the newest read may be before nobody can say how things are."""
    promised = contract.sla.get("latency") if contract else None
    return timedelta(hours=float(promised) if promised is not None else DEFAULT_HOURS)


def _state(dataset: str, status: str | None, read_at: datetime | None, at: datetime, allowed: timedelta) -> str:
    if dataset.startswith(f"{UPLOADS}."):
        return READ if read_at else NEVER
    if status in ("failed", "interrupted"):
        return FAILED
    if status == "paused":
        return PAUSED
    if read_at is None:
        return NEVER
    return LATE if at - read_at > allowed else READ
