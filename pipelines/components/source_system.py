"""The component `SourceSystem`: one ERP, MES or system of workbooks."""

from __future__ import annotations

import dagster as dg

from connectors.config import load_systems
from connectors.config_models import SourceSystemConfig
from pipelines.components.base import ConfiguredComponent
from pipelines.systems import system_definitions


class SourceSystem(ConfiguredComponent):
    """A source system with all its objects. Builds:

    - job `sync_<system>`: loads every object of the system in one run
    - schedule `nightly_<system>`: that job at 02:00 Asia/Shanghai
    - for kind excel: asset `raw/<system>/_files`, the record of every file in the folder
    - for kind excel: sensor `watch_<system>`, which starts the job when files of its folders change
    - for kind excel: sensors `mail_<system>` and `sftp_<system>`, which start the job when something new came
    """

    model = SourceSystemConfig
    config: SourceSystemConfig

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        return system_definitions(load_systems(context.defs_module_path)[self.config.system])
