"""mes.db: the tables behind the MES, and how a row becomes an item of its REST API.

Belongs here: DDL, endpoint paths, JSON shapes. Does not belong here: content (`mes_data.py`), HTTP
(`mes_server.py`). Every table has `id` and `update_time` (epoch ms); a trigger moves `update_time`
on whenever a row is changed, so that a plain SQL UPDATE is a change the API tells about.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PREFIX = "/api/openapi/domain/web/v1/route"
TOKEN_PATH = "/api/openapi/domain/web/v1/system/_refreshToken"  # noqa: S105 - a path, not a secret


@dataclass(frozen=True)
class MesTable:
    """`fields`: JSON path -> table column, in the order of both. Columns have no type: the API gives
    amounts now as numbers, now as strings, and so do they."""

    path: str
    fields: dict[str, str]

    @property
    def columns(self) -> list[str]:
        return list(self.fields.values())

    def dataset_column(self, path: str) -> str:
        """How the hub's dataset names a JSON path (pipelines/defs/mes): by the part that is told apart."""
        head, _, leaf = path.partition(".")
        return leaf if leaf == "unitName" else head

    def item(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """One item of the list, nested along the dots of the JSON paths."""
        item: dict[str, Any] = {}
        for path, value in zip(self.fields, row, strict=True):
            *parents, leaf = path.split(".")
            place = item
            for parent in parents:
                place = place.setdefault(parent, {})
            place[leaf] = value
        return item


def _fields(text: str) -> dict[str, str]:
    """ "planAmount.amount=plan_amount ..." with id first and updateTime last."""
    pairs = (pair.partition("=") for pair in ("id=id", *text.split(), "updateTime=update_time"))
    return {path: column for path, _, column in pairs}


_PARTNER = _fields("code=code name=name taxNo=tax_no phone=phone address=address")

MES_TABLES: dict[str, MesTable] = {
    "material": MesTable(
        "/resource/open/v1/material/_list", _fields("code=code name=name spec=spec unitName=unit_name")
    ),
    "customer": MesTable("/resource/open/v1/customer/_list", _PARTNER),
    "supplier": MesTable("/resource/open/v1/supplier/_list", _PARTNER),
    "work_order": MesTable(
        "/med/open/v2/work_order/base/_list",
        _fields(
            "workOrderCode=work_order_code materialCode=material_code planAmount.amount=plan_amount "
            "planAmount.unitName=unit_name status.code=status_code status.message=status_message "
            "planStartTime=plan_start_time planEndTime=plan_end_time erpOrderCode=erp_order_code"
        ),
    ),
    "production_report": MesTable(
        "/mfg/open/v1/progress_report/_list",
        _fields(
            "reportCode=report_code workOrderCode=work_order_code lotCode=lot_code reportAmount.amount=report_amount "
            "reportAmount.unitName=unit_name scrapAmount.amount=scrap_amount scrapAmount.unitName=scrap_unit_name "
            "operatorCode=operator_code equipmentCode=equipment_code reportTime=report_time"
        ),
    ),
    "material_lot": MesTable(
        "/inventory/open/v1/material_lot/_list",
        _fields(
            "lotCode=lot_code materialCode=material_code amount.amount=amount amount.unitName=unit_name "
            "producedTime=produced_time supplierCode=supplier_code"
        ),
    ),
    "lot_consumption": MesTable(
        "/inventory/open/v1/lot_consumption/_list",
        _fields(
            "workOrderCode=work_order_code inputLotCode=input_lot_code outputLotCode=output_lot_code "
            "amount.amount=amount amount.unitName=unit_name consumeTime=consume_time equipmentCode=equipment_code"
        ),
    ),
    "equipment": MesTable(
        "/resource/open/v1/equipment/_list", _fields("code=code name=name model=model workCenter=work_center")
    ),
    "employee": MesTable(
        "/resource/open/v1/employee/_list", _fields("code=code name=name department=department phone=phone")
    ),
}  # fmt: skip


def create(path: Path) -> sqlite3.Connection:
    """A new, empty mes.db. The triggers come with `finish`, after filling."""
    database = sqlite3.connect(path)
    database.execute("pragma synchronous = off")  # a build that dies is built again
    for name, table in MES_TABLES.items():
        body = ", ".join(c for c in table.columns if c not in ("id", "update_time"))
        database.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {body}, update_time INTEGER NOT NULL)")
    return database


def finish(database: sqlite3.Connection) -> None:
    """Indexes for the update filter, triggers for the update time, commit and close.

    The new stamp is later than every other of the table, even if this machine's clock is behind the
    demo world's.
    """
    for name in MES_TABLES:
        database.execute(f"CREATE INDEX {name}_update ON {name} (update_time, id)")
        now = "cast((julianday('now') - 2440587.5) * 86400000 as integer)"
        database.execute(
            f"CREATE TRIGGER {name}_touch AFTER UPDATE ON {name} WHEN new.update_time = old.update_time BEGIN "
            f"UPDATE {name} SET update_time = max({now}, (SELECT max(update_time) FROM {name}) + 1) "
            "WHERE id = new.id; END"
        )
    database.commit()
    database.close()
