"""A source system with everything configured for it, whatever its kind.

Belongs here: joining the models of the three kinds. Does not belong here: a model of one kind
(erp/config.py, mes/config.py, excel/config.py), reading files or environment variables.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from connectors.config_base import EnvName, Name, Title
from connectors.erp.config import ErpTableConfig
from connectors.erp.settings import ErpSettings
from connectors.excel.config import ExcelSettings, WorkbookConfig
from connectors.mes.config import MesEndpointConfig, MesSettings


class SourceSystemConfig(ErpSettings, ExcelSettings, MesSettings):
    """A source system as its `SourceSystem` document says it."""

    system: Name
    kind: Literal["erp", "excel", "mes"]
    plant: str
    title: Title
    timezone: str = "Asia/Shanghai"
    url_env: EnvName | None = None
    folder_env: EnvName | None = None

    @model_validator(mode="after")
    def _says_where_it_is(self) -> SourceSystemConfig:
        if self.kind == "excel":
            if not (self.folder_env or self.folders or self.mailbox or self.sftp):
                raise ValueError(
                    "kind excel needs `folder_env: <NAME OF AN ENVIRONMENT VARIABLE>`, `folders:`, `mailbox:` or"
                    " `sftp:`"
                )
        elif self.url_env is None:
            raise ValueError(f"kind {self.kind} needs `url_env: <NAME OF AN ENVIRONMENT VARIABLE>`")
        return self


ObjectConfig = ErpTableConfig | MesEndpointConfig | WorkbookConfig


class SystemConfig(SourceSystemConfig):
    """A source system with everything configured for it. objects: {object name: its configuration}."""

    objects: dict[str, ObjectConfig] = Field(default_factory=dict)

    @property
    def erp_tables(self) -> dict[str, ErpTableConfig]:
        return {name: item for name, item in self.objects.items() if isinstance(item, ErpTableConfig)}

    @property
    def mes_endpoints(self) -> dict[str, MesEndpointConfig]:
        return {name: item for name, item in self.objects.items() if isinstance(item, MesEndpointConfig)}

    @property
    def workbooks(self) -> dict[str, WorkbookConfig]:
        return {name: item for name, item in self.objects.items() if isinstance(item, WorkbookConfig)}
