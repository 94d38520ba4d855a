"""The sensor on a folder of workbooks: start a sync when files appeared, changed or went away.

Belongs here: noticing. Not here: which file is which workbook (connectors/excel).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from connectors.config import environment_value
from connectors.config_models import SystemConfig
from schemas.problems import Problem

SUFFIXES = {".xlsx", ".xlsm", ".xls", ".csv"}


def fingerprint(folder: Path) -> str:
    """A hash over path, size and time of every workbook below `folder`; Office lock files don't count."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(("~$", ".")):
            continue
        try:
            facts = path.stat()
        except FileNotFoundError:
            continue  # gone between listing and looking; the next look sees the folder without it
        digest.update(f"{path.relative_to(folder)}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def look(folder: Path, cursor: str | None) -> tuple[str, str | None]:
    """(next cursor, run key of the sync to start or None).

    A change counts when two looks in a row see the same: a file that is still being copied does not.
    The run key carries a number, so that a folder that changes back is synced again.
    """
    before: dict[str, Any] = json.loads(cursor) if cursor else {"seen": None, "synced": None, "number": 0}
    now = fingerprint(folder)
    if now != before["seen"] or now == before["synced"]:
        return json.dumps({**before, "seen": now}), None
    number = before["number"] + 1
    return json.dumps({"seen": now, "synced": now, "number": number}), f"{number}-{now[:16]}"


def folder_sensor(system: SystemConfig, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """`watch_<system>`: every 30 s one look at the folder."""

    @dg.sensor(
        name=f"watch_{system.system}",
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            f"{system.title.zh}的文件夹有变化时开始同步。\n\n"
            f"Starts a sync when the folder of {system.title.en} changes."
        ),
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            folder = Path(environment_value(system.system, system.folder_env))
        except Problem as problem:
            return dg.SkipReason(problem.text("zh"))
        if not folder.is_dir():
            return dg.SkipReason(Problem("watched_folder_missing", system=system.system, folder=str(folder)).text("zh"))
        cursor, run_key = look(folder, context.cursor)
        if run_key is None:
            return dg.SensorResult(skip_reason="no settled change", cursor=cursor)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=run_key)], cursor=cursor)

    return watch
