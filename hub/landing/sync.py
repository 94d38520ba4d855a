"""Sync one object of one configured system: open the connector, hold the lease, run the load.

Belongs here: wiring configuration, connector, lease and load together. Not here: schedules.
"""

from __future__ import annotations

from collections.abc import Callable

from connectors.config import SystemConfig, open_connector
from hub.landing.dataset import dataset
from hub.landing.lease import lease
from hub.landing.load import Load, LoadResult, Progress
from hub.landing.uploads import load_upload
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
    about = dataset(f"{system.system}.{object_name}", system.plant)
    with lease(system.system, run_id, wait_seconds, on_wait) as held, connect() as connection:
        load = Load(connection, about, held, run_id, settings().landing, progress)
        return load.run(lambda: open_connector(system), object_name)
