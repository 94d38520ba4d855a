"""The component `ErpTable`: one table (or view) of an ERP."""

from __future__ import annotations

import dagster as dg

from connectors.erp.config import ErpTableConfig
from pipelines.components.base import ConfiguredComponent
from pipelines.dataset_assets import dataset_definitions


class ErpTable(ConfiguredComponent):
    """One table (or view) of an ERP; the dataset is <system>.<object>. Builds:

    - asset `raw/<system>/<object>`: the rows as read, in immutable Parquet files
    - asset `core/<entity>/<system>_<object>`: the rows that passed, merged into core.<entity>
    - one check per rule of the entity's contract on the core asset
    """

    model = ErpTableConfig
    config: ErpTableConfig

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        return dataset_definitions(self.config, "erp")
