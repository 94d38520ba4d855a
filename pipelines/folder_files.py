"""The asset that keeps the record of a watched folder: every file and what became of it.

Belongs here: that step. Not here: deciding what a file is (connectors/excel), writing (hub/landing/files).
"""

# No `from __future__ import annotations` here: Dagster reads the type of `context` when a step is defined.

import dagster as dg

from connectors.config_models import SystemConfig
from pipelines.dataset_assets import configured
from pipelines.failures import told_to_dagster
from pipelines.keys import SYSTEM_TAG, raw_key
from pipelines.progress import report
from schemas.problems import Problem


def folder_files(system: SystemConfig) -> dg.AssetsDefinition:
    """Asset raw/<system>/_files: one row of ops.source_file per file, also for those no template knows."""
    name = system.system

    @dg.asset(
        key=raw_key(name, "_files"),
        description=(
            f"{system.title.zh}里的每个文件及其去向：当前、旧版本、读不了、没有模板、跳过。\n\n"
            f"Every file of {system.title.en} and what became of it: current, superseded, unreadable, unknown, skipped."
        ),
        tags={SYSTEM_TAG: name},
        kinds={"excel"},
        pool=name,
    )
    def files(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from hub.landing.files import record_files
        from hub.landing.receive import receive_once, state
        from hub.store.engine import connect

        with told_to_dagster():
            now = configured(name)
            received = receive_once(now, context.run.run_id)
            report("received", system=name, files=sum(item.files for item in received))
            counts = record_files(now)
            with connect() as connection:
                inputs = state(connection, name)
            failed = [item["problem"] for item in inputs if item["problem"] is not None]
            for problem in failed:
                report("step_failed", step="received", problem=problem)
            if failed:  # told after the record: the folder's files are seen although the mail server is down
                raise Problem(failed[0]["code"], **failed[0]["params"])
            return dg.MaterializeResult(metadata={**counts, "table": "ops.source_file"})

    return files
