"""Fills the ERP from the world, spoiling as it goes and telling the truth file about it.

Belongs here: which things the ERP knows, its ids, its dirt and frequencies. Does not belong here:
DDL (`erp_tables.py`), how a value is spoilt (`dirt.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from examples.demo_factory import dirt, words
from examples.demo_factory.dirt import Cell, pick
from examples.demo_factory.erp_tables import Sink
from examples.demo_factory.truth import Truth
from examples.demo_factory.world import TODAY, Company, World

ITEM_ID, CUSTOMER_ID, SUPPLIER_ID, DEPARTMENT_ID, UNIT_ID = 100_001, 2_000_001, 3_000_001, 101, 201
UNKNOWN_ID = 90_000_001  # ids that no master table has
DUPLICATE_ID = 50_000_000  # added to the id of the original

UNIT_NAMES = [s for spellings in dirt.UNIT_SPELLINGS.values() for s, _ in spellings] + [dirt.UNKNOWN_UNIT]
_STANDARD = {s: code for code, spellings in dirt.UNIT_SPELLINGS.items() for s, _ in spellings}

NAME_KINDS = {"name_full_width": 0.12, "name_blank": 0.03, "name_form": 0.03, "name_typo": 0.02, "name_place": 0.015}
USCC_KINDS = {"uscc_missing": 0.07, "uscc_wrong": 0.02, "uscc_form": 0.03, "uscc_o_for_zero": 0.01,
              "uscc_old_licence": 0.01}  # fmt: skip
CODE_KINDS = {"code_blank": 0.012, "code_full_width": 0.005}
STATES = {"planned": 0, "confirmed": 5, "released": 1, "closed": 3}


class Erp:
    """One filling of one sink. Tables are independent streams of random numbers."""

    def __init__(self, world: World, sink: Sink, truth: Truth) -> None:
        self.world, self.sink, self.truth = world, sink, truth
        self.item_unit: dict[int, str] = {}  # material index -> unit spelling on its card

    def fill(self) -> Iterator[tuple[str, int]]:
        """Writes every table; yields (table, rows) as each is done."""
        world = self.world
        units = [(UNIT_ID + i, f"{i + 1:02d}", name, Decimal(1)) for i, name in enumerate(UNIT_NAMES)]
        yield "t_MeasureUnit", self.sink.insert("t_MeasureUnit", units)
        departments = [
            (DEPARTMENT_ID + i, f"{i + 1:02d}", name) for i, name in enumerate(words.WORKSHOPS + words.DEPARTMENTS)
        ]
        yield "t_Department", self.sink.insert("t_Department", departments)
        yield "t_ICItem", self.sink.insert("t_ICItem", self.items())
        customers = self.partners("customer", "t_Organization", world.customers, CUSTOMER_ID)
        yield "t_Organization", self.sink.insert("t_Organization", customers)
        suppliers = self.partners("supplier", "t_Supplier", world.suppliers, SUPPLIER_ID)
        yield "t_Supplier", self.sink.insert("t_Supplier", suppliers)
        yield "ICBOM", self.sink.insert("ICBOM", self.bom_heads())
        yield "ICBOMChild", self.sink.insert("ICBOMChild", self.bom_children())
        yield "SEOrder", self.sink.insert("SEOrder", self.order_heads())
        yield "SEOrderEntry", self.sink.insert("SEOrderEntry", self.order_entries())
        yield "ICMO", self.sink.insert("ICMO", self.work_orders())

    def _tell(self, cell: Cell, dataset: str, table: str, key: dict[str, int], column: str, output: str = "") -> Any:
        """Write the cell's line of truth and hand its value on. `output`: the column's name in the dataset."""
        source_key = "|".join(str(v) for v in key.values())
        where = {"table": table, "key": key, "table_column": column}
        self.truth.error(cell, dataset, source_key, output or column, **where)
        return cell.value

    def _unit(self, spelling: str, dataset: str, table: str, key: dict[str, int]) -> int:
        """The unit's id; a line of truth for every row that shows a spelling that is not the standard one."""
        unit_id = UNIT_ID + UNIT_NAMES.index(spelling)
        true = _STANDARD.get(spelling)
        kind = "unit_unknown" if true is None else "unit_spelling" if spelling != true else None
        source_key = "|".join(str(v) for v in key.values())
        unit_key = {"FMeasureUnitID": unit_id}
        where = {"table": "t_MeasureUnit", "key": unit_key, "table_column": "FName"}
        self.truth.error(Cell(spelling, kind, true), dataset, source_key, "unit_name", **where)
        return unit_id

    # --- masters --------------------------------------------------------------------------------

    def items(self) -> Iterator[tuple[Any, ...]]:
        rng = self.world.rng("erp/item")
        for index, material in enumerate(self.world.materials):
            if not material.in_erp:
                continue
            item = ITEM_ID + index
            kind = pick(rng, CODE_KINDS)
            if not material.in_use and rng.random() < 0.12:
                kind = "code_o_for_zero"  # only on dead numbers: documents must not inherit the error
            yield self._item(rng, index, item, dirt.material_code(rng, material.code, kind), material.spec)
            if rng.random() < 0.02:
                # the same thing created again under a free number, its specification written another way
                code = f"{material.code[: 2 if material.code.isdigit() else 6]}{800_000 + index}"
                yield self._item(rng, index, item + DUPLICATE_ID, Cell(code), dirt.specification(rng, material.spec))

    def _item(self, rng: Random, index: int, item: int, code: Cell, spec: str) -> tuple[Any, ...]:
        material = self.world.materials[index]
        dataset, table, key = "k3.material", "t_ICItem", {"FItemID": item}
        duplicate = item > DUPLICATE_ID
        name = Cell(material.name)
        if material.name != dirt.full_width(material.name) and rng.random() < 0.04:
            name = Cell(dirt.full_width(material.name), "name_full_width", material.name)
        price = dirt.price(rng, material.cost, None if self.sink.typed else pick(rng, {"price_text": 0.015}))
        spelling = dirt.UNKNOWN_UNIT if rng.random() < 0.004 else dirt.unit(rng, material.unit).value
        if not duplicate:
            self.item_unit[index] = spelling
        self.truth.entity("material", dataset, str(item), material.entity)
        if duplicate:
            self._duplicate(Cell(code.value, "duplicate_material", material.code), dataset, table, item)
        return (
            item, self._tell(code, dataset, table, key, "FNumber"), self._tell(name, dataset, table, key, "FName"),
            spec,
            self._unit(spelling, dataset, table, key), 1 if material.level == 0 else 2, None,
            f"GYS-{rng.randrange(1000):03d}" if rng.random() < 0.1 else None,
            self._tell(price, dataset, table, key, "FPlanPrice"), int(material.level > 0 or rng.random() < 0.6),
            int(not material.in_use and rng.random() < 0.2),
        )  # fmt: skip

    def partners(self, domain: str, table: str, companies: list[Company], first: int) -> Iterator[tuple[Any, ...]]:
        rng = self.world.rng(f"erp/{domain}")
        for index, company in enumerate(companies):
            if company.in_erp:
                yield self._partner(rng, domain, table, company, first + index, company.code, pick(rng, NAME_KINDS))
                if rng.random() < 0.03:
                    kind = rng.choice(("name_form", "name_typo", "name_place", "name_blank", "name_full_width"))
                    code = f"{company.code}-1" if rng.random() < 0.3 else f"{company.code[0]}9{company.code[1:]}"
                    yield self._partner(rng, domain, table, company, first + index + DUPLICATE_ID, code, kind)

    def _partner(
        self, rng: Random, domain: str, table: str, company: Company, item: int, code: str, name_kind: str | None
    ) -> tuple[Any, ...]:
        dataset, key = f"k3.{domain}", {"FItemID": item}
        name = dirt.company(rng, company.name, name_kind)
        tax = dirt.tax_number(rng, company.uscc, pick(rng, USCC_KINDS))
        self.truth.entity(domain, dataset, str(item), company.entity)
        if item > DUPLICATE_ID:
            self._duplicate(Cell(code, f"duplicate_{domain}", company.code), dataset, table, item)
        return (
            item, code, self._tell(name, dataset, table, key, "FName"), company.name.short, company.contact,
            company.phone, company.address, self._tell(tax, dataset, table, key, "FTaxNum"), int(rng.random() < 0.02),
        )  # fmt: skip

    def _duplicate(self, code: Cell, dataset: str, table: str, item: int) -> None:
        original = [[dataset, str(item - DUPLICATE_ID)]]
        where = {"table": table, "key": {"FItemID": item}, "table_column": "FNumber"}
        self.truth.error(code, dataset, str(item), "FNumber", accept=original, **where)

    # --- documents ------------------------------------------------------------------------------

    def bom_heads(self) -> Iterator[tuple[Any, ...]]:
        for number, parent in enumerate(self.world.boms, 1):
            yield number, f"BOM{number:06d}", ITEM_ID + parent, "A1", 1, 1072, Decimal(1), 0

    def bom_children(self) -> Iterator[tuple[Any, ...]]:
        rng = self.world.rng("erp/bom")
        dataset, table = "k3.bom", "ICBOMChild"
        for number, parts in enumerate(self.world.boms.values(), 1):
            for line, (part, quantity) in enumerate(parts, 1):
                key = {"FInterID": number, "FEntryID": line}
                item, unit = self._item_reference(rng, part, dataset, table, key, 0.008, "orphan_material",
                                                  "component_number")  # fmt: skip
                qty = self._quantity(rng, quantity, dataset, table, key, 0.006)
                scrap = Decimal(rng.choice((0, 0, 0, 1, 2, 3, 5)))
                begin = date(2024, 1, 1) + timedelta(days=rng.randrange(700))
                yield number, line, item, qty, scrap, unit, begin, date(2100, 1, 1)

    def _item_reference(
        self,
        rng: Random,
        index: int,
        dataset: str,
        table: str,
        key: dict[str, int],
        share: float,
        kind: str,
        output: str = "item_number",
    ) -> tuple[int, int]:
        """(FItemID, FUnitID) of a document line; a share points to items that do not exist.

        `output`: the dataset's column that shows the item's code, empty for items that do not exist.
        """
        item = Cell(ITEM_ID + index)
        if rng.random() < share:
            item = Cell(UNKNOWN_ID + rng.randrange(9999), kind, ITEM_ID + index)
        self._tell(item, dataset, table, key, "FItemID", output)
        return item.value, self._unit(self.item_unit[index], dataset, table, key)

    def _quantity(
        self, rng: Random, quantity: Decimal, dataset: str, table: str, key: dict[str, int], share: float
    ) -> Any:
        cell = Cell(-quantity, "quantity_negative", quantity) if rng.random() < share else Cell(quantity)
        return self._tell(cell, dataset, table, key, "FQty")

    def order_heads(self) -> Iterator[tuple[Any, ...]]:
        for number, ordered, customer, status in self._order_heads():
            yield number, f"SEORD{number:06d}", ordered.value, customer.value, status, 0

    def _order_heads(self) -> Iterator[tuple[int, Cell, Cell, int]]:
        """Number, order date, customer id, status: the same stream for heads and for their entries."""
        rng = self.world.rng("erp/order_head")
        # every tenth customer never ordered anything
        buyers = [i for i, company in enumerate(self.world.customers) if company.in_erp and i % 10]
        total = self.world.sizes.sales_orders
        for number in range(1, total + 1):
            day = date(2025, 1, 2) + timedelta(days=685 * (number - 1) // total)
            kind = (
                None if self.sink.typed else pick(rng, {"date_slash": 0.01, "date_dot": 0.005, "date_compact": 0.005})
            )
            index = rng.choice(buyers)
            customer = Cell(CUSTOMER_ID + index)
            if rng.random() < 0.01:
                customer = Cell(UNKNOWN_ID + rng.randrange(9999), "orphan_customer", CUSTOMER_ID + index)
            status = 3 if day < TODAY - timedelta(days=60) else rng.choice((0, 1, 1))
            yield number, dirt.day(day, kind), customer, status

    def order_entries(self) -> Iterator[tuple[Any, ...]]:
        rng = self.world.rng("erp/order_entry")
        dataset, table = "k3.sales_order", "SEOrderEntry"
        sold = self._carded(self.world.used_materials(level=2))
        for number, ordered, customer, _ in self._order_heads():
            day = ordered.value if ordered.kind is None else ordered.true
            for line in range(1, rng.choice((1, 2, 3, 3, 4, 5)) + 1):
                key = {"FInterID": number, "FEntryID": line}
                head = {"table": "SEOrder", "key": {"FInterID": number}}
                source_key = f"{number}|{line}"
                self.truth.error(ordered, dataset, source_key, "order_date", table_column="FDate", **head)
                self.truth.error(customer, dataset, source_key, "cust_number", table_column="FCustID", **head)
                index = rng.choice(sold)
                item, unit = self._item_reference(rng, index, dataset, table, key, 0.008, "orphan_material")
                pieces = Decimal(rng.choice((1, 2, 5, 10, 20, 50, 100)))
                qty = self._quantity(rng, pieces, dataset, table, key, 0.008)
                true_price = (self.world.materials[index].cost * rng.randrange(110, 170) / 100).quantize(
                    Decimal("0.01")
                )
                price = dirt.price(rng, true_price, None if self.sink.typed else pick(rng, {"price_text": 0.02}))
                amount = true_price * qty
                delivery = day + timedelta(days=rng.randrange(7, 75))
                yield (
                    number,
                    line,
                    item,
                    qty,
                    unit,
                    self._tell(price, dataset, table, key, "FPrice"),
                    amount,
                    delivery,
                )

    def _carded(self, indices: list[int]) -> list[int]:
        """Those materials that have a card in t_ICItem with a known unit."""
        return [i for i in indices if self.item_unit.get(i, dirt.UNKNOWN_UNIT) != dirt.UNKNOWN_UNIT]

    def work_orders(self) -> Iterator[tuple[Any, ...]]:
        rng = self.world.rng("erp/work_order")
        dataset, table = "k3.work_order", "ICMO"
        bom_number = {parent: number for number, parent in enumerate(self.world.boms, 1)}
        for number, order in enumerate(self.world.work_orders, 1):
            key = {"FInterID": number}
            item, unit = self._item_reference(
                rng, order.material, dataset, table, key, 0.01, "work_order_unknown_material"
            )
            # only orders without reports, so that no report looks too large because of this error
            share = 0.0 if order.start else 0.05
            qty = self._quantity(rng, Decimal(order.qty), dataset, table, key, share)
            kind = (
                None if self.sink.typed else pick(rng, {"date_slash": 0.01, "date_dot": 0.005, "date_chinese": 0.003})
            )
            begin = dirt.day(order.plan_start, kind)
            yield (
                number, order.code, item, qty, unit, STATES[order.state],
                self._tell(begin, dataset, table, key, "FPlanCommitDate"), order.plan_finish,
                order.start.date() if order.start else None, order.finish.date() if order.finish else None,
                DEPARTMENT_ID + order.workshop, bom_number[order.material], order.sales_order, order.lot_code, 0,
            )  # fmt: skip
