"""Sync one object of one configured system: open the connector, hold the lease, run the load.

Belongs here: wiring configuration, connector, lease and load together. Not here: schedules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from connectors.config import SystemConfig, open_connector
from hub import alerts
from hub.landing.dataset import dataset
from hub.landing.headers import with_decisions
from hub.landing.hours import asked_outside_hours
from hub.landing.lease import lease
from hub.landing.load import Load, Progress
from hub.landing.receive import receive_once
from hub.landing.result import LoadResult
from hub.landing.uploads import load_upload
from hub.quality import issues
from hub.settings import settings
from hub.store.engine import connect
from schemas.problems import Problem

__all__ = ["load_upload", "sync_object"]


def sync_object(
    system: SystemConfig,
    object_name: str,
    run_id: str,
    progress: Progress | None = None,
    wait_seconds: float = 600,
    on_wait: Callable[[Problem], None] | None = None,
) -> LoadResult:
    """Bring the store up to date with one object of one source.

    Raises Problem if the lease or the store cannot be had; problems of the source come back in the
    result (status "failed"), so that the other objects go on.
    """
    receive_once(system, run_id)
    table = system.erp_tables.get(object_name)
    about = dataset(f"{system.system}.{object_name}", system.plant, table is not None and table.mirror)
    with lease(system.system, run_id, wait_seconds, on_wait) as held, connect() as connection:
        load = Load(connection, about, held, run_id, settings().landing, progress)
        result = load.run(lambda: with_decisions(open_connector(system, forced=asked_outside_hours())), object_name)
        issues.follow_load(connection, result.dataset, result.loaded + result.held + result.rejected + result.deleted)
        _tell(connection, system.system, result)
        return result


def _tell(connection: psycopg.Connection[Any], system: str, result: LoadResult) -> None:
    """An alert for a load that brought nothing; the end of one for a load that is well again."""
    if result.problem is None:
        alerts.settle(connection, result.dataset)
    elif result.problem.code != "erp_outside_hours":  # put off as configured is nothing to wake anybody for
        severity: alerts.Severity = "warn" if result.status == "paused" else "error"
        alerts.raise_alert(connection, system, result.dataset, severity, result.problem)
    connection.commit()
    alerts.send_waiting(connection)
