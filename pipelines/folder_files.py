"""The asset that keeps the record of a watched folder: every file and what became of it.

Belongs here: that step. Not here: deciding what a file is (connectors/excel), writing (hub/landing/files).
"""

from __future__ import annotations

import dagster as dg

from connectors.config_models import SystemConfig
from pipelines.dataset_assets import configured
from pipelines.failures import told_to_dagster
from pipelines.keys import SYSTEM_TAG, raw_key


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
    def files() -> dg.MaterializeResult:
        from hub.landing.files import record_files

        with told_to_dagster():
            return dg.MaterializeResult(metadata={**record_files(configured(name)), "table": "ops.source_file"})

    return files
