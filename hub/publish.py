"""After the loads: what can only be said over all sources together.

Belongs here: the steps and their order. Not here: each of them. A step commits on its own, so that
a failing one leaves the results of those before it; it does nothing where nothing changed since it last did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from connectors.config import SystemConfig, read_systems
from hub import publish_state
from hub.landing import lease, upkeep
from hub.landing.dataset import all_mappings
from hub.landing.result import LoadResult
from hub.marts import scores, work_orders
from hub.matching.run import match_all
from hub.quality.systems import Systems
from hub.settings import settings
from hub.store.engine import connect, one
from schemas.loader import code_lists, contracts
from schemas.problems import Problem

PUBLISH_LOCK = 7_201_003  # two publishes at once would fight over the same findings

Connection = psycopg.Connection[Any]
Configured = dict[str, SystemConfig]


@dataclass(frozen=True)
class Outcome:
    """skipped: nothing changed since the step last did its work. loads: rows it judged again or moved. told: what
    was put off or could not be decided, in sentences."""

    skipped: bool = False
    loads: tuple[LoadResult, ...] = ()
    told: tuple[Problem, ...] = ()


def decide(run_id: str) -> Outcome:
    """Rows judged again whose rules changed; rules over several rows; then every row put where the findings say.

    Rules about a dataset as a whole (its age, its size) are decided even if nothing else changed: time did.
    """
    from hub.quality.set_rules import SCOPES

    systems = read_systems()[0]
    told: list[Problem] = []
    with _alone(), connect() as connection:
        judged = upkeep.rejudge_waiting(run_id, systems, settings().landing, told=told.append)
        told += [result.problem for result in judged if result.problem is not None]
        steady = lease.still(connection)
        state = publish_state.state_of_rows(connection, systems)
        same = publish_state.done_before(connection, "decide", state)
        connection.commit()
        told += _run_rules(connection, systems, ("dataset",) if same else SCOPES)
        settled = upkeep.settle_all(run_id, systems, settings().landing, steady, told.append)
        if not told and not same:
            publish_state.note_done(connection, "decide", state)
    return Outcome(same and not judged and not settled, (*judged, *settled), tuple(told))


def match(run_id: str) -> Outcome:
    """Golden ids for customers, suppliers and materials."""
    return _unless_same("match", lambda connection, _: match_all(connection, run_id))


def score(run_id: str) -> Outcome:
    """Issues as the open findings say, and today's quality scores."""
    from hub.quality import issues

    def work(connection: Connection, systems: Configured) -> None:
        configured = [f"{item.system}.{item.object}" for system in systems.values() for item in system.objects.values()]
        _wait_for_others(connection)
        issues.refresh(connection, contracts(), all_mappings())
        scores.refresh(connection, contracts(), all_mappings(), configured)

    return _unless_same("score", work)


def suggest(run_id: str) -> Outcome:
    """What values that are wrong were probably meant to be, for people to decide on."""
    from hub.quality.sets.surroundings import Surroundings
    from hub.suggestions.refresh import refresh

    def work(connection: Connection, systems: Configured) -> None:
        _wait_for_others(connection)
        refresh(connection, Surroundings(contracts(), Systems.of(systems.values()), all_mappings(), code_lists()))

    return _unless_same("suggest", work)


def open_work_orders(run_id: str) -> Outcome:
    """Open work orders with progress."""
    return _unless_same("open_work_orders", lambda connection, _: work_orders.refresh(connection))


def write_data_docs(run_id: str) -> Outcome:
    """Great Expectations Data Docs under the home folder."""

    def work(connection: Connection, systems: Configured) -> None:
        from hub.quality.gx import publish_data_docs

        publish_data_docs(connection, contracts(), settings().data_docs)

    return _unless_same("data_docs", work, there=settings().data_docs.exists())


STEPS: tuple[Callable[[str], Outcome], ...] = (decide, match, score, suggest, open_work_orders, write_data_docs)


def publish_all(run_id: str) -> None:
    """All steps in order."""
    for step in STEPS:
        step(run_id)


def _run_rules(connection: Connection, systems: Configured, scopes: tuple[str, ...]) -> list[Problem]:
    """Decide rules over several rows again; returns a Problem for each that could not be decided."""
    from hub.quality.history import note_versions
    from hub.quality.set_rules import run_set_rules

    with connection.transaction():
        note_versions(connection, contracts(), code_lists())
        (newest,) = one(connection.execute("select coalesce(max(id), 0) from ops.load"))
        known = Systems.of(systems.values())
        return run_set_rules(connection, contracts(), all_mappings(), newest, known, code_lists(), scopes=scopes)


def _unless_same(step: str, work: Callable[[Connection, Configured], Any], there: bool = True) -> Outcome:
    """Do the work in one transaction, unless its result is `there` already.

    What changes while it works was not looked at for sure: the state from before is the one that counts.
    """
    systems = read_systems()[0]
    with connect() as connection:
        state = publish_state.state_of_results(connection, systems)
        if there and publish_state.done_before(connection, step, state):
            return Outcome(skipped=True)
        connection.commit()
        work(connection, systems)
        publish_state.note_done(connection, step, state)
    return Outcome()


@contextmanager
def _alone() -> Iterator[None]:
    """No other publish decides anything for the length of the block, which may be many transactions."""
    with connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", (PUBLISH_LOCK,))
        yield


def _wait_for_others(connection: Connection) -> None:
    connection.execute("select pg_advisory_xact_lock(%s)", (PUBLISH_LOCK,))
