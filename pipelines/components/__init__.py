"""What can stand in pipelines/defs/<system>/defs.yaml: one document per system, table, endpoint, workbook."""

from pipelines.components.erp_table import ErpTable
from pipelines.components.mes_endpoint import MesEndpoint
from pipelines.components.source_system import SourceSystem
from pipelines.components.workbook_template import WorkbookTemplate

__all__ = ["ErpTable", "MesEndpoint", "SourceSystem", "WorkbookTemplate"]
