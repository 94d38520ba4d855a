"""The whole store brought up to date with its rules, with decisions, and with what the rules found.

Belongs here: which datasets need it, under the leases of their systems. Not here: judging one dataset again
(rejudge.py), moving its rows (holding.py), deciding rules over several rows (hub/quality).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from connectors.config import SystemConfig
from hub import alerts
from hub.landing.dataset import Dataset, all_mappings, dataset, with_decisions
from hub.landing.holding import settle, unsettled
from hub.landing.known import core_table
from hub.landing.lease import lease
from hub.landing.rejudge import Progress, rejudge
from hub.landing.result import LoadResult
from hub.store.engine import connect
from schemas.problems import Problem

Systems = Mapping[str, SystemConfig]
Told = Callable[[Problem], None]

_MOMENT_SECONDS = 1  # for the lock of one that was killed just now
_ALERTS = ["landed_file_missing", "landed_file_damaged", "landed_rows_missing", "rejudge_failed"]


def rejudge_waiting(
    run_id: str,
    systems: Systems,
    landing: Path,
    only: Callable[[str], bool] | None = None,
    wait_seconds: float = _MOMENT_SECONDS,
    progress: Progress | None = None,
    told: Told | None = None,
) -> list[LoadResult]:
    """Judge every dataset again whose rules or decisions changed since; with `only`, those it names in any case.

    A system that is being synced is passed over: the sync that follows judges first. `told` hears of it.
    """
    results = []
    with connect() as connection:
        for system, group in groupby(_wanted(connection, systems, only), key=lambda item: item.system):
            names = list(group)
            try:
                with lease(system, run_id, wait_seconds) as held:
                    for about in names:
                        with connection.transaction():
                            now = with_decisions(connection, about)
                        result = rejudge(connection, now, held, run_id, landing, only is not None, progress)
                        if result is not None:
                            _alert(connection, system, result)
                            results.append(result)
            except Problem as problem:
                if problem.code not in ("lease_held", "lease_lost"):
                    raise
                _tell(told, problem)
        alerts.send_waiting(connection)
    return results


def settle_all(
    run_id: str, systems: Systems, landing: Path, steady: Mapping[str, int], told: Told | None = None
) -> list[LoadResult]:
    """Put every row where the findings say. steady: `lease.still` from before the rules were decided.

    A system that was written since, or is being written, is left to the publish that follows that sync: its
    findings may be about rows that are other ones now. `told` hears of it.
    """
    results = []
    with connect() as connection:
        names = unsettled(connection)
        waiting = [about for about in _configured(connection, names, systems) if _misplaced(connection, about)]
        connection.commit()
        for system, group in groupby(waiting, key=lambda item: item.system):
            abouts = list(group)
            try:
                with lease(system, run_id, _MOMENT_SECONDS) as held:
                    if held.epoch != steady.get(system, 0) + 1:
                        raise Problem("settle_put_off", system=system)
                    for about in abouts:
                        with connection.transaction():
                            now = with_decisions(connection, about)
                        result = settle(connection, now, held, run_id, landing)
                        results += [result] if result is not None else []
            except Problem as problem:
                if problem.code not in ("lease_held", "lease_lost", "settle_put_off"):
                    raise
                _tell(told, Problem("settle_put_off", system=system))
    return results


def _wanted(connection: psycopg.Connection[Any], systems: Systems, only: Callable[[str], bool] | None) -> list[Dataset]:
    """Datasets to judge again, by system."""
    with connection.transaction():
        judged = dict(connection.execute("select dataset, rules from ops.cursor order by dataset").fetchall())
        return [
            about
            for about in _configured(connection, list(judged), systems)
            if (only is None or only(about.name))
            and (only is not None or with_decisions(connection, about).rules != judged[about.name])
        ]


def _configured(connection: psycopg.Connection[Any], names: list[str], systems: Systems) -> Iterator[Dataset]:
    """The datasets of these names that still have a mapping, ordered by name (and so by system)."""
    for name in sorted(names):
        if name in all_mappings():
            system = systems.get(name.partition(".")[0])
            about = dataset(name, system.plant if system is not None else "")
            yield about if system is not None else dataset(name, _stored_plant(connection, about))


def _stored_plant(connection: psycopg.Connection[Any], about: Dataset) -> str:
    """Where the rows are from that are stored: uploads, and systems that are no longer configured, say no more."""
    row = connection.execute(
        sql.SQL(
            "(select _plant from {} where _dataset = %(d)s limit 1)"
            " union all (select plant from quality.held_row where dataset = %(d)s limit 1) limit 1"
        ).format(core_table(about)),
        {"d": about.name},
    ).fetchone()
    return row[0] if row is not None else ""


def _misplaced(connection: psycopg.Connection[Any], about: Dataset) -> bool:
    """False if the findings only speak of rows that the store does not have (any more)."""
    row = connection.execute(
        sql.SQL(
            "select exists (select from quality.held_row h where h.dataset = %(d)s and not exists (select"
            " from quality.finding f where f.dataset = h.dataset and f.source_key = h.source_key and f.hold"
            " and f.resolved_at is null)) or exists (select from {} c join quality.finding f"
            " on f.dataset = c._dataset and f.source_key = c._source_key and f.hold and f.resolved_at is null"
            " where c._dataset = %(d)s)"
        ).format(core_table(about)),
        {"d": about.name},
    ).fetchone()
    return bool(row is not None and row[0])


def _alert(connection: psycopg.Connection[Any], system: str, result: LoadResult) -> None:
    """An alert for rows that could not be judged again; the end of one for a dataset where they could."""
    with connection.transaction():
        if result.problem is not None:
            alerts.raise_alert(connection, system, result.dataset, "warn", result.problem)
        else:
            connection.execute(
                "update ops.alert set seen_at = now(), seen_by = null where dataset = %s and seen_at is null"
                " and problem ->> 'code' = any(%s)",
                (result.dataset, _ALERTS),
            )


def _tell(told: Told | None, problem: Problem) -> None:
    if told is not None:
        told(problem)
