"""Job, schedule and sensor of one source system: one run per system, never one per table.

Belongs here: when a system is read. Not here: reading it (hub/landing), its objects (dataset_assets).
"""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from connectors.config_models import SystemConfig
from pipelines.dataset_assets import mapping_of, set_check_keys
from pipelines.folder_files import folder_files
from pipelines.folder_sensor import folder_sensor
from pipelines.inbox_sensor import inbox_sensors
from pipelines.keys import SYSTEM_TAG, core_key, raw_key, sync_job_name
from pipelines.policy import NIGHTLY, RETRIES, TIMEZONE


def system_definitions(system: SystemConfig) -> dg.Definitions:
    """sync_<system>, nightly_<system> and, for a folder of workbooks, its sensors and raw/<system>/_files."""
    if not system.objects:
        return dg.Definitions()
    job = _sync_job(system)
    schedule = dg.ScheduleDefinition(
        name=f"nightly_{system.system}",
        job=job,
        cron_schedule=NIGHTLY,
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"每天 02:00 同步{system.title.zh}。\n\nSyncs {system.title.en} every night at 02:00.",
    )
    if system.kind != "excel":
        return dg.Definitions(jobs=[job], schedules=[schedule])
    sensors = [folder_sensor(system, job)] if system.folder_env or system.folders else []
    sensors += inbox_sensors(system, job)
    return dg.Definitions(assets=[folder_files(system)], jobs=[job], schedules=[schedule], sensors=sensors)


def _sync_job(system: SystemConfig) -> UnresolvedAssetJobDefinition:
    assets = [raw_key(system.system, "_files")] if system.kind == "excel" else []
    publish_checks = []
    for config in system.objects.values():
        entity = mapping_of(f"{config.system}.{config.object}")[0].entity
        assets += [raw_key(config.system, config.object), core_key(entity, config.system, config.object)]
        publish_checks += set_check_keys(config)
    selection: dg.AssetSelection = dg.AssetSelection.assets(*assets)
    if publish_checks:
        selection = selection - dg.AssetSelection.checks(*publish_checks)
    return dg.define_asset_job(
        sync_job_name(system.system),
        selection=selection,
        description=(
            f"读取{system.title.zh}的全部对象；一个对象出错，其余照常入库。\n\n"
            f"Reads every object of {system.title.en}; if one fails, the others are still loaded."
        ),
        tags={SYSTEM_TAG: system.system},
        op_retry_policy=RETRIES,
        executor_def=dg.in_process_executor,
    )
