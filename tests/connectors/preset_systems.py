"""The systems that presets are tried with: their configuration, and their catalogue without a database."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa

from connectors.config import SystemConfig
from connectors.erp.config import ErpTableConfig
from connectors.erp.presets import presets
from tests.connectors import preset_databases
from tests.connectors.preset_databases import GALAXY, K3, Rows, u8

SYSTEMS: dict[str, tuple[str, Rows]] = {
    "k3x": ("kingdee_k3", K3),
    "galaxy": ("kingdee_galaxy", GALAXY),
    "u8": ("yonyou_u8", u8()),
}


def system_of(name: str) -> SystemConfig:
    preset = SYSTEMS[name][0]
    tables = {
        item.object: ErpTableConfig(system=name, object=item.object, preset=preset)
        for item in presets()[preset].objects.values()
    }
    title = {"zh": name, "en": name}
    return SystemConfig(
        system=name, kind="erp", plant="P1", title=title, url_env="WATERWORKS_PRESET_URL", objects=dict(tables)
    )


class Catalogue:
    """The catalogue of a preset's database without the database: every column a bigint or a text."""

    default_schema = None

    def __init__(self, preset: str, rows: Rows, table: Any, column: Any) -> None:
        self._tables = {}
        for name, (columns, key) in preset_databases._shapes(preset, rows).items():
            numbers = {c for c in columns if any(isinstance(row.get(c), int | Decimal) for row in rows.get(name, []))}
            found = {
                c: column(c, pa.int64() if c in numbers else pa.string(), "number" if c in numbers else "text")
                for c in columns
            }
            self._tables[name] = table(None, name, found, tuple(key))

    def names(self) -> list[tuple[str | None, str]]:
        return [(None, name) for name in self._tables]

    def table(self, schema: str | None, name: str) -> Any:
        return self._tables[name]
