"""Ours: one load of the table into the store, with the reading options under measurement.

Belongs here: that load. Not here: peers, the table, what is loaded when (erp.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.erp_peers import Done, pids
from benchmarks.erp_table import COLUMNS, CONTRACT, MAPPING, TABLE, WARM, digest
from benchmarks.measure import Meter
from hub.store.postgres import EmbeddedPostgres


def ours(
    home: Path, system: str, url: str, others: Sequence[int], options: dict[str, Any], times: int = 1
) -> list[tuple[Done, dict[str, int]]]:
    """[((figures, digest of the store's rows), counts of the load)], `times` loads one after the other.

    system: the name the rows are stored under; others: further server processes whose CPU counts;
    options: of the table (connectors/erp/config.py).
    """
    from connectors.config_base import Title
    from connectors.config_models import SystemConfig
    from connectors.erp.config import ErpTableConfig
    from connectors.erp.connector import ErpConnector
    from hub.landing.dataset import Dataset
    from hub.landing.lease import lease
    from hub.landing.load import Load
    from hub.store.core_tables import ensure_core_tables
    from hub.store.engine import connect
    from hub.store.migrate import upgrade

    names = [name for name, _, _ in COLUMNS]
    tables = {
        name: ErpTableConfig(system=system, object=name, table=name, key=["id"], columns=names, **options)
        for name in (WARM, TABLE)
    }
    title = Title(zh="宽表", en="Wide")
    configured = SystemConfig(
        system=system, kind="erp", plant="P1", title=title, url_env="WATERWORKS_BENCH_URL", objects=dict(tables)
    )
    upgrade()
    with connect() as connection:
        ensure_core_tables(connection, [CONTRACT])

    def load(name: str) -> dict[str, int]:
        dataset = Dataset(
            f"{system}.{name}", system, "P1", CONTRACT, replace(MAPPING, dataset=f"{system}.{name}"), {}, "bench"
        )
        with lease(system, "benchmark") as held, connect() as connection:
            task = Load(connection, dataset, held, "benchmark", home / "landing")
            result = task.run(lambda: ErpConnector(configured, url), name)
        if result.problem is not None or not result.adds_up:
            raise AssertionError(str(result))
        return {name: getattr(result, name) for name in ("rows_read", "loaded", "unchanged", "deleted")}

    load(WARM)
    done = []
    for _ in range(times):
        with Meter([*pids(EmbeddedPostgres(home)), *others]) as meter:
            counts = load(TABLE)
        with connect() as connection:
            mine = f"(select * from core.{CONTRACT.entity} where _dataset = '{system}.{TABLE}') as mine"
            done.append(((meter.figures, digest(connection, mine)), counts))
    return done
