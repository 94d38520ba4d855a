"""The sensor on the folders of a system: start a sync when files appeared, changed or went away.

Belongs here: noticing. Not here: which file is which workbook (connectors/excel), mail and SFTP
(inbox_sensor.py).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from connectors.config import environment_value
from connectors.config_models import SystemConfig
from connectors.excel.files.folder import list_folder
from connectors.excel.files.versions import Seen
from schemas.problems import Problem

LIST_SECONDS = 20.0  # of the minute that Dagster gives a look
_RESTLESS_LOOKS = 10  # so many looks in a row at a folder in which something always moves
_CALM_SECONDS = 120


def fingerprint(files: Iterable[Seen]) -> str:
    """A hash over path, size and time of every table; what programs leave lying about does not count."""
    digest = hashlib.sha256()
    for file in files:
        if file.is_table and not file.is_lock and not file.is_hidden:
            digest.update(f"{file.path}\0{file.size}\0{file.modified_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def look(files: Sequence[Seen], cursor: str | None) -> tuple[str, str | None]:
    """(next cursor, run key of the sync to start or None).

    A change counts when two looks in a row see the same: a file that is still being copied does not. If
    that never happens, because some program writes a file all the time, only calm files are looked at.
    The run key carries a number, so that a folder that changes back is synced again.
    """
    before: dict[str, Any] = json.loads(cursor) if cursor else {"seen": None, "synced": None, "number": 0}
    restless = before.get("restless", 0)
    if restless >= _RESTLESS_LOOKS:
        files = [file for file in files if abs(time.time() - file.modified_ns / 1e9) > _CALM_SECONDS]
    now = fingerprint(files)
    if now != before["seen"]:
        return json.dumps({**before, "seen": now, "restless": min(restless + 1, _RESTLESS_LOOKS)}), None
    if now == before["synced"]:
        return json.dumps({**before, "restless": max(restless - 1, 0)}), None
    number = before["number"] + 1
    after = {"seen": now, "synced": now, "number": number, "restless": max(restless - 1, 0)}
    return json.dumps(after), f"{number}-{now[:16]}"


def folder_sensor(system: SystemConfig, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """`watch_<system>`: one look at every folder each `every_seconds`; a share that does not answer is skipped."""

    @dg.sensor(
        name=f"watch_{system.system}",
        job=job,
        minimum_interval_seconds=system.every_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            f"{system.title.zh}的文件夹有变化时开始同步。\n\n"
            f"Starts a sync when the folder of {system.title.en} changes."
        ),
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            files = [file for name, folder in folders(system) for file in list_folder(folder, name, LIST_SECONDS).files]
        except Problem as problem:
            # A share that comes back as it was is no change, so the cursor stays.
            return dg.SkipReason(problem.text("zh"))
        cursor, run_key = look(files, context.cursor)
        if run_key is None:
            return dg.SensorResult(skip_reason="no settled change", cursor=cursor)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=run_key)], cursor=cursor)

    return watch


def folders(system: SystemConfig) -> list[tuple[str, Path]]:
    """(name before its paths, folder) of each watched folder. Raises Problem `environment_unset`."""
    own = [("", system.folder_env)] if system.folder_env else []
    named = [*own, *((folder.name, folder.env) for folder in system.folders)]
    return [(name, Path(environment_value(system.system, variable))) for name, variable in named]
