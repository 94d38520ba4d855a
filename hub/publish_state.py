"""What a step of publish depends on, so that it need not be done again where nothing changed.

Belongs here: a text that changes whenever the result of a step could, and the record of the last one. Not here:
the steps (publish.py).
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import psycopg

from connectors.config import SystemConfig
from hub.landing.dataset import all_mappings
from hub.landing.digests import SCHEME
from hub.quality.states import dataset_states
from hub.settings import PROJECT
from hub.store.engine import one
from schemas.loader import code_lists, contracts

# Rows that came, went or were judged otherwise, by loads of these kinds; files too, whose rows may only have moved.
_ROWS = """
select (select coalesce(sum(loaded + held + rejected + deleted), 0) from ops.load where kind = any(%(kinds)s)),
       (select coalesce(max(id), 0) from ops.landed_file)"""
_DECISIONS = """
select (select concat_ws(' ', count(*), max(id), count(*) filter (where active)) from quality.remembered_value),
       (select concat_ws(' ', count(*), max(id), count(*) filter (where active)) from quality.correction),
       (select concat_ws(' ', count(decided_at), max(decided_at)) from quality.suggestion)"""
_FINDINGS = """
select max(id), count(*) filter (where resolved_at is null), max(resolved_at)::text,
  (select string_agg(rule, ' ' order by rule) from quality.rule_run where problem is not null) from quality.finding"""
_TODAY = "select (now() at time zone 'Asia/Shanghai')::date::text"


def state_of_rows(connection: psycopg.Connection[Any], systems: dict[str, SystemConfig]) -> str:
    """Everything that rules over several rows look at, but for time: the rows, the rules, the day.

    Rows that only moved between loaded and held are the same rows to these rules.
    """
    return _digest(connection, systems, ["read", "rejudge"], [])


def state_of_results(connection: psycopg.Connection[Any], systems: dict[str, SystemConfig]) -> str:
    """Everything that masters, scores, marts and Data Docs are made of."""
    names = [f"{config.system}.{config.object}" for system in systems.values() for config in system.objects.values()]
    states = dataset_states(connection, contracts(), all_mappings(), names)
    found = one(connection.execute(_FINDINGS))
    known = sorted((name, state.state) for name, state in states.items())
    return _digest(connection, systems, ["read", "rejudge", "settle"], [found, known])


def done_before(connection: psycopg.Connection[Any], step: str, state: str) -> bool:
    """Whether the step was done for exactly this state."""
    row = connection.execute("select state from ops.publish_step where step = %s", (step,)).fetchone()
    return row == (state,)


def note_done(connection: psycopg.Connection[Any], step: str, state: str) -> None:
    """The step was done for this state."""
    connection.execute(
        "insert into ops.publish_step (step, state) values (%s, %s)"
        " on conflict (step) do update set state = excluded.state, done_at = now()",
        (step, state),
    )


@cache
def _code() -> tuple[int, int]:
    """Changes with every new version of what does the work: how many files, and the newest."""
    times = [file.stat().st_mtime_ns for folder in ("hub", "schemas") for file in (PROJECT / folder).rglob("*.py")]
    return len(times), max(times)


def _digest(
    connection: psycopg.Connection[Any], systems: dict[str, SystemConfig], kinds: list[str], further: list[Any]
) -> str:
    parts = [
        one(connection.execute(_TODAY)),
        one(connection.execute(_ROWS, {"kinds": kinds})),
        one(connection.execute(_DECISIONS)),
        sorted(contracts().items()),
        sorted(all_mappings().items()),
        sorted(code_lists().items()),
        sorted((name, repr(system)) for name, system in systems.items()),
        SCHEME,
        _code(),
        *further,
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()
