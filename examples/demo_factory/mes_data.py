"""Fills mes.db from the world: what the shop floor's system knows, spoilt in its own way.

Belongs here: content, dirt and frequencies of the MES. Does not belong here: tables and JSON shapes
(`mes_tables.py`), the server.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from examples.demo_factory import dirt, mes_tables
from examples.demo_factory.dirt import Cell, pick
from examples.demo_factory.mes_tables import MES_TABLES
from examples.demo_factory.truth import Truth
from examples.demo_factory.world import TODAY, Company, WorkOrder, World

NAME_KINDS = {"name_full_width": 0.16, "name_blank": 0.05, "name_form": 0.12, "name_typo": 0.05, "name_place": 0.06}
USCC_KINDS = {"uscc_missing": 0.25, "uscc_wrong": 0.03, "uscc_form": 0.03, "uscc_o_for_zero": 0.01,
              "uscc_old_licence": 0.02}  # fmt: skip
CODE_KINDS = {"code_blank": 0.015, "code_full_width": 0.006, "code_o_for_zero": 0.012, "code_zero_lost": 0.015}
DOCUMENT_CODE_KINDS = {"code_blank": 0.008, "code_o_for_zero": 0.004}

_FIRST_ID = 1_700_000_000_000_000_000  # beyond 2^53: a reader that takes ids for floats mixes them up
_BATCH = 5000
_NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 6)
_EPOCH = datetime(1970, 1, 1, 8)  # Shanghai has no summer time: local time is UTC + 8 hours


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds of a Shanghai wall-clock time."""
    return round((moment - _EPOCH).total_seconds() * 1000)


def fill_mes(world: World, path: Path, truth: Truth) -> Iterator[tuple[str, int]]:
    """Creates and fills mes.db; yields (table, rows)."""
    database = mes_tables.create(path)
    mes = _Mes(world, database, truth)
    mes.masters()
    mes.documents()
    mes.flush()
    mes_tables.finish(database)
    yield from mes.counts.items()


class _Mes:
    """One filling; keeps at most a batch of rows per table in memory."""

    def __init__(self, world: World, database: sqlite3.Connection, truth: Truth) -> None:
        self.world, self.truth, self._database = world, truth, database
        self.counts = dict.fromkeys(MES_TABLES, 0)
        self._rows: dict[str, list[list[Any]]] = {name: [] for name in MES_TABLES}
        self._numbers = {name: number for number, name in enumerate(MES_TABLES)}
        # material index -> its newest lot: code, when it was made, how much is left
        self._last_lot: dict[int, tuple[str, datetime, Decimal]] = {}
        self._sellers = [company for company in world.suppliers if company.in_erp]

    def next_id(self, table: str) -> int:
        return _FIRST_ID + self._numbers[table] * 10**14 + (self.counts[table] + 1) * 257

    def add(self, table: str, values: dict[str, Any], updated: datetime, accept: list[Any] | None = None) -> int:
        """Write one row; `values` by JSON path, plain or Cell. A spoilt Cell gets its line of truth."""
        identifier = self.next_id(table)
        row: list[Any] = [identifier]
        for path, column in list(MES_TABLES[table].fields.items())[1:-1]:
            value = values[path]
            if isinstance(value, Cell):
                where: dict[str, Any] = {"table": table, "key": {"id": identifier}, "table_column": column}
                if accept:
                    where["accept"] = accept
                name = MES_TABLES[table].dataset_column(path)
                self.truth.error(value, f"mes.{table}", str(identifier), name, **where)
                value = value.value
            row.append(value)
        row.append(milliseconds(min(updated, _NOW)))
        self._rows[table].append(row)
        self.counts[table] += 1
        if len(self._rows[table]) >= _BATCH:
            self._write(table)
        return identifier

    def flush(self) -> None:
        for table in MES_TABLES:
            self._write(table)

    def _write(self, table: str) -> None:
        marks = ", ".join("?" * len(MES_TABLES[table].fields))
        self._database.executemany(f"INSERT INTO {table} VALUES ({marks})", self._rows[table])
        self._rows[table].clear()

    # --- masters --------------------------------------------------------------------------------

    def masters(self) -> None:
        self._partners("customer", self.world.customers, 0.46, "KH")
        self._partners("supplier", self.world.suppliers, 0.56, "GYS")
        rng = self.world.rng("mes/material")
        for material in self.world.materials:
            if rng.random() >= (0.72 if material.in_use else 0.1):
                continue
            code = dirt.material_code(rng, material.code, pick(rng, CODE_KINDS))
            if isinstance(code.value, int):
                code = Cell(str(code.value), code.kind, code.true)
            key = str(self.next_id("material"))
            self.truth.entity("material", "mes.material", key, material.entity)
            name = Cell(material.name)
            if material.name != dirt.full_width(material.name) and rng.random() < 0.05:
                name = Cell(dirt.full_width(material.name), "name_full_width", material.name)
            spec = material.spec if rng.random() < 0.8 else material.spec.replace("×", "*")
            unit = _unit(rng, material.unit)
            self.add("material", {"code": code, "name": name, "spec": spec, "unitName": unit}, _some_day(rng))
        self._people_and_machines()

    def _partners(self, table: str, companies: list[Company], share: float, prefix: str) -> None:
        rng = self.world.rng(f"mes/{table}")
        for number, company in enumerate(companies, 1):
            if rng.random() >= share:
                continue
            own = company.code if rng.random() < 0.7 else f"{prefix}{number:06d}"
            again = rng.random() < 0.02
            accept: list[Any] = []
            for copy in range(2 if again else 1):
                code = Cell(own)
                name_kind = pick(rng, NAME_KINDS)
                if copy:
                    code = Cell(f"{prefix}9{number:06d}", f"duplicate_{table}", own)
                    name_kind = rng.choice(("name_form", "name_typo", "name_place"))
                self.truth.entity(table, f"mes.{table}", str(self.next_id(table)), company.entity)
                values = {
                    "code": code,
                    "name": dirt.company(rng, company.name, name_kind),
                    "taxNo": dirt.tax_number(rng, company.uscc, pick(rng, USCC_KINDS)),
                    "phone": company.phone,
                    "address": company.address if rng.random() < 0.7 else None,
                }
                accept = [[f"mes.{table}", str(self.add(table, values, _some_day(rng), accept))]]

    def _people_and_machines(self) -> None:
        rng = self.world.rng("mes/resource")
        for code, name, model, centre in self.world.equipment:
            self.add("equipment", {"code": code, "name": name, "model": model, "workCenter": centre}, _some_day(rng))
        for code, name, department, phone in self.world.employees:
            values = {"code": code, "name": name, "department": department, "phone": phone}
            self.add("employee", values, _some_day(rng))

    # --- documents ------------------------------------------------------------------------------

    def documents(self) -> None:
        """Work orders in order of their start, each with its reports, lots and consumption."""
        rng = self.world.rng("mes/document")
        for number, order in enumerate(self.world.work_orders, 1):
            if order.state == "planned" or rng.random() < 0.08:
                continue
            self._order(rng, order)
            if number % 25 == 0 and order.finish:
                self._rework(rng, number, order)

    def _order(self, rng: Random, order: WorkOrder) -> None:
        material = self.world.materials[order.material]
        qty = Cell(_amount(rng, Decimal(order.qty)))
        if not order.start and rng.random() < 0.05:
            qty = Cell(_amount(rng, Decimal(-order.qty)), "quantity_negative", order.qty)
        code = dirt.material_code(rng, material.code, pick(rng, DOCUMENT_CODE_KINDS))
        if rng.random() < 0.01:
            unknown = f"{material.code[:2]}.99.{rng.randrange(99999):05d}"
            code = Cell(unknown, "work_order_unknown_material", material.code)
        identifier = self.add("work_order", self._order_values(rng, order.code, code, qty, order, order.code),
                              order.finish or order.start or _midnight(order) - timedelta(days=3))  # fmt: skip
        if order.start:
            self._produce(rng, order, order.start, order.finish, identifier)

    def _order_values(
        self, rng: Random, order_code: str, code: Cell, qty: Cell, order: WorkOrder, erp_code: str | None
    ) -> dict[str, Any]:
        status = {"confirmed": (10, "未开始"), "released": (20, "执行中"), "closed": (30, "已结束")}[order.state]
        return {
            "workOrderCode": order_code, "materialCode": code, "planAmount.amount": qty,
            "planAmount.unitName": dirt.unit(rng, self.world.materials[order.material].unit),
            "status.code": status[0], "status.message": status[1],
            "planStartTime": milliseconds(_midnight(order)),
            "planEndTime": milliseconds(_midnight(order) + (order.plan_finish - order.plan_start)),
            "erpOrderCode": erp_code,
        }  # fmt: skip

    def _rework(self, rng: Random, number: int, order: WorkOrder) -> None:
        """An order that the ERP never hears of."""
        code = Cell(self.world.materials[order.material].code)
        values = self._order_values(rng, f"RW{number:06d}", code, Cell(max(1, order.qty // 10)), order, None)
        self.add("work_order", values, order.finish or _NOW)

    def _produce(self, rng: Random, order: WorkOrder, start: datetime, finish: datetime | None, order_id: int) -> None:
        end = finish or min(_NOW, start + timedelta(days=3))
        done = order.qty if finish else round(order.qty * rng.uniform(0.1, 0.6))
        unit = self.world.materials[order.material].unit
        output = order.lot_code or ""  # every started order has one
        code = dirt.material_code(rng, self.world.materials[order.material].code, pick(rng, DOCUMENT_CODE_KINDS))
        self._lot(rng, output, code, Decimal(max(done, 1)), unit, end, Cell(None))
        self._consume(rng, order, output, start, end)
        if end > self._last_lot.get(order.material, ("", datetime.min))[1]:
            self._last_lot[order.material] = (output, end, Decimal(done))
        parts = min(rng.choice((1, 2, 2, 3)), max(done, 1))
        cuts = sorted(rng.sample(range(1, max(done, 2)), parts - 1)) if parts > 1 else []
        amounts = [b - a for a, b in zip([0, *cuts], [*cuts, done], strict=True)]
        first = int(self.next_id("production_report"))
        siblings = [["mes.production_report", str(first + 257 * i)] for i in range(parts)]
        for index, amount in enumerate(amounts):
            moment = start + (end - start) * (index + 1) / parts
            self._report(rng, order, output, amount, unit, moment, [["mes.work_order", str(order_id)], *siblings])

    def _report(
        self, rng: Random, order: WorkOrder, lot: str, amount: int, unit: str, moment: datetime, accept: list[Any]
    ) -> None:
        scrap = min(amount, rng.choice((0, 0, 0, 0, 1, 1, 2)))
        good = Cell(_amount(rng, Decimal(amount - scrap)))
        work_order = Cell(order.code)
        mistake = pick(rng, {"quantity_negative": 0.006, "report_over_order": 0.008, "orphan_work_order": 0.008})
        if mistake == "quantity_negative" and amount > scrap:
            good = Cell(_amount(rng, Decimal(scrap - amount)), mistake, amount - scrap)
        elif mistake == "report_over_order":
            # one zero too many, or the order's quantity on top
            good = Cell(_amount(rng, Decimal(order.qty * rng.choice((2, 10)) + amount)), mistake, amount - scrap)
        elif mistake == "orphan_work_order":
            work_order = Cell(f"WORK9{rng.randrange(10**6):06d}", mistake, order.code)
        values = {
            "reportCode": f"BG{self.counts['production_report'] + 1:08d}", "workOrderCode": work_order, "lotCode": lot,
            "reportAmount.amount": good, "reportAmount.unitName": dirt.unit(rng, unit),
            "scrapAmount.amount": _amount(rng, Decimal(scrap)), "scrapAmount.unitName": unit,
            "operatorCode": rng.choice(self.world.employees)[0], "equipmentCode": rng.choice(self.world.equipment)[0],
            "reportTime": milliseconds(moment),
        }  # fmt: skip
        self.add("production_report", values, moment, accept if mistake == "report_over_order" else None)

    def _lot(
        self, rng: Random, lot: str, code: Cell, qty: Decimal, unit: str, produced: datetime, supplier: Cell
    ) -> int:
        values = {
            "lotCode": lot, "materialCode": code, "amount.amount": _amount(rng, qty),
            "amount.unitName": dirt.unit(rng, unit), "producedTime": milliseconds(produced), "supplierCode": supplier,
        }  # fmt: skip
        return self.add("material_lot", values, produced)

    def _consume(self, rng: Random, order: WorkOrder, output: str, start: datetime, end: datetime) -> None:
        parts = self.world.boms[order.material]
        for index, per_piece in rng.sample(parts, min(len(parts), rng.choice((1, 2, 2, 3)))):
            lot, produced = self._input_lot(rng, index, start, per_piece * order.qty)
            moment = start + (end - start) * rng.uniform(0.02, 0.3)
            consumed: Cell = Cell(milliseconds(moment))
            source = Cell(lot)
            mistake = pick(rng, {"lot_used_before_made": 0.01, "orphan_lot": 0.008})
            if mistake == "lot_used_before_made":
                early = milliseconds(produced - timedelta(hours=rng.randrange(5, 300)))
                consumed = Cell(early, mistake, consumed.value)
            elif mistake == "orphan_lot":
                source = Cell(f"X{lot[1:-2]}{rng.choice('ABCDEFGH')}{lot[-1]}", mistake, lot)
            unit = self.world.materials[index].unit
            values = {
                "workOrderCode": order.code, "inputLotCode": source, "outputLotCode": output,
                "amount.amount": _amount(rng, per_piece * order.qty), "amount.unitName": dirt.unit(rng, unit),
                "consumeTime": consumed, "equipmentCode": rng.choice(self.world.equipment)[0],
            }  # fmt: skip
            self.add("lot_consumption", values, moment)

    def _input_lot(self, rng: Random, index: int, before: datetime, qty: Decimal) -> tuple[str, datetime]:
        """The newest lot made before `before` if it holds enough, or a new one that a supplier delivers."""
        code_known, made, left = self._last_lot.get(index, ("", datetime.max, Decimal(0)))
        if made < before and left >= qty and rng.random() < 0.7:
            self._last_lot[index] = (code_known, made, left - qty)
            return code_known, made
        material = self.world.materials[index]
        produced = before - timedelta(days=rng.randrange(1, 20), minutes=rng.randrange(1440))
        lot = f"P{produced:%y%m%d}-{self.counts['material_lot'] + 1:06d}"
        supplier = Cell(rng.choice(self._sellers).code)
        if rng.random() < 0.01:
            supplier = Cell(f"S8{rng.randrange(9999):04d}X", "orphan_supplier", supplier.value)
        code = dirt.material_code(rng, material.code, pick(rng, DOCUMENT_CODE_KINDS))
        if rng.random() < 0.006:
            unknown = f"{material.code[:2]}.99.{rng.randrange(99999):05d}"
            code = Cell(unknown, "orphan_material", material.code)
        delivered = qty * rng.randrange(2, 6)
        self._lot(rng, lot, code, delivered, material.unit, produced, supplier)
        self._last_lot[index] = (lot, produced, delivered - qty)
        return lot, produced


def _midnight(order: WorkOrder) -> datetime:
    return datetime(order.plan_start.year, order.plan_start.month, order.plan_start.day)


def _some_day(rng: Random) -> datetime:
    return datetime(2025, 1, 1) + timedelta(minutes=rng.randrange(960_000))


def _unit(rng: Random, unit: str) -> Cell:
    return Cell(dirt.UNKNOWN_UNIT, "unit_unknown", unit) if rng.random() < 0.004 else dirt.unit(rng, unit)


def _amount(rng: Random, amount: Decimal) -> int | float | str:
    """An amount as the API happens to give it: three in ten as a string."""
    if rng.random() < 0.3:
        return str(amount)
    return int(amount) if amount == amount.to_integral_value() else float(amount)
