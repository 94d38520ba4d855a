"""After the loads: what can only be said over all sources together.

Belongs here: the steps and their order. Not here: each of them. A step commits on its own, so that
a failing one leaves the results of those before it.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.landing.dataset import all_mappings
from hub.marts import scores, work_orders
from hub.matching.run import match_all
from hub.settings import settings
from hub.store.engine import connect
from schemas.loader import code_lists, contracts

PUBLISH_LOCK = 7_201_003  # two publishes at once would fight over the same findings


def run_rules(run_id: str) -> None:
    """Decide again the rules over all rows: references, sums, order in time, agreement of sources."""
    from connectors.config import read_systems
    from hub.quality.history import note_versions
    from hub.quality.set_rules import run_set_rules
    from hub.quality.systems import Systems

    systems = Systems.of(read_systems()[0].values())
    with connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (PUBLISH_LOCK,))
        note_versions(connection, contracts(), code_lists())
        row = connection.execute("select coalesce(max(id), 0) from ops.load").fetchone()
        run_set_rules(connection, contracts(), all_mappings(), row[0] if row else 0, systems, code_lists())


def match(run_id: str) -> None:
    """Golden ids for customers, suppliers and materials."""
    with connect() as connection:
        match_all(connection, run_id)


def score(run_id: str) -> None:
    """Issues as the open findings say, and today's quality scores."""
    from connectors.config import read_systems
    from hub.quality import issues

    systems = read_systems()[0].values()
    configured = [f"{item.system}.{item.object}" for system in systems for item in system.objects.values()]
    with connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (PUBLISH_LOCK,))
        issues.refresh(connection, contracts(), all_mappings())
        scores.refresh(connection, contracts(), all_mappings(), configured)


def suggest(run_id: str) -> None:
    """What values that are wrong were probably meant to be, for people to decide on."""
    from connectors.config import read_systems
    from hub.quality.sets.surroundings import Surroundings
    from hub.quality.systems import Systems
    from hub.suggestions.refresh import refresh

    systems = Systems.of(read_systems()[0].values())
    with connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (PUBLISH_LOCK,))
        refresh(connection, Surroundings(contracts(), systems, all_mappings(), code_lists()))


def open_work_orders(run_id: str) -> None:
    """Open work orders with progress."""
    with connect() as connection:
        work_orders.refresh(connection)


def write_data_docs(run_id: str) -> None:
    """Great Expectations Data Docs under the home folder."""
    from hub.quality.gx import publish_data_docs

    with connect() as connection:
        publish_data_docs(connection, contracts(), settings().data_docs)


STEPS: tuple[Callable[[str], None], ...] = (run_rules, match, score, suggest, open_work_orders, write_data_docs)


def publish_all(run_id: str) -> None:
    """All steps in order."""
    for step in STEPS:
        step(run_id)
