"""How a place with workbooks and one template read from it look in defs.yaml.

Belongs here: the pydantic models (unknown keys are errors). Does not belong here: reading files, any I/O.
"""

from __future__ import annotations

from connectors.config_base import Config, Name, Title


class ExcelSettings(Config):
    """What a `SourceSystem` document of kind excel may say beside what every system says."""


class WorkbookConfig(Config):
    """One workbook template read from the watched folder; its layout is schemas/templates/<template>.yaml."""

    system: Name
    object: Name
    title: Title | None = None
    template: Name
