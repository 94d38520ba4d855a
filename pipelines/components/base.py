"""A component whose attributes are one of the connectors' own configuration models.

So a document means the same to Dagster, to the hub and to the portal, and a typo is refused by the
same rule everywhere. Does not belong here: what a component builds.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import dagster as dg
from pydantic import BaseModel

from connectors.config_base import Config


class ConfiguredComponent(dg.Component):
    """`config`: the validated attributes of the YAML document."""

    model: ClassVar[type[Config]]

    def __init__(self, config: Any) -> None:
        self.config = config

    @classmethod
    def get_model_cls(cls) -> type[BaseModel] | None:
        return getattr(cls, "model", None)

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        return cls(attributes)
