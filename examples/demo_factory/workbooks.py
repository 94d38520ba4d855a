"""The folder tree of workbooks that departments keep: customers, suppliers, costs, prices.

Belongs here: which things each department knows, its columns, its dirt and frequencies. Does not
belong here: file formats (`sheets.py`), how a value is spoilt (`dirt.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from examples.demo_factory import dirt, words
from examples.demo_factory.dirt import DATE_KINDS, Cell, as_text, pick
from examples.demo_factory.sheets import Layout, add_sheet, new_workbook, write_csv, write_xls
from examples.demo_factory.truth import Truth
from examples.demo_factory.world import Company, World

NAME_KINDS = {"name_full_width": 0.2, "name_blank": 0.07, "name_form": 0.08, "name_typo": 0.045, "name_place": 0.04}
USCC_KINDS = {"uscc_missing": 0.11, "uscc_wrong": 0.03, "uscc_form": 0.05, "uscc_o_for_zero": 0.015,
              "uscc_old_licence": 0.015}  # fmt: skip
CODE_KINDS = {"code_blank": 0.015, "code_full_width": 0.006, "code_o_for_zero": 0.012}
PRICE_KINDS = {"price_text": 0.04, "price_unreadable": 0.004}


def _plain(headers: str) -> tuple[tuple[str, str], ...]:
    """Headers on one level, written with blanks between."""
    return tuple(("", header) for header in headers.split())


CUSTOMERS = Layout(
    "客户",
    (
        ("基本信息", "客户编码"), ("基本信息", "客户名称"), ("基本信息", "简称"), ("证照", "统一社会信用代码"),
        ("联系方式", "联系人"), ("联系方式", "电话"), ("联系方式", "地址"), ("交易", "信用额度(万元)"),
        ("交易", "首次合作日期"), ("", "备注(内部)"),
    ),
    banner=("客户档案（销售部内部资料，请勿外传）", "编制：销售部    单位：万元    每月更新"),
    hidden=("备注(内部)",),
)  # fmt: skip
SUPPLIERS = Layout(
    "供应商",
    _plain("供应商代码 供应商名称 税号 联系人 手机 地址 账期(天) 准入日期 内部评级"),
    banner=("合格供应商名录",),
    hidden=("内部评级",),
)
OUTSOURCING = Layout("外协", _plain("编号 厂商全称 信用代码 电话 加工类别"))
COSTS = Layout(
    "标准成本",
    (
        ("物料", "物料编码"), ("物料", "物料名称"), ("物料", "规格型号"), ("物料", "单位"),
        ("成本(元)", "材料成本(元)"), ("成本(元)", "人工成本(元)"), ("成本(元)", "制造费用(元)"),
        ("成本(元)", "标准成本(元)"), ("", "生效日期"),
    ),
    banner=("2026年度标准成本表",),
)  # fmt: skip
MATERIALS = Layout("物料清单", _plain("物料编码 物料名称 规格型号 计量单位 物料类别 启用日期"))
PRICES = Layout("", _plain("物料编码 供应商代码 单价 币种 单位 生效日期"))


def write_workbooks(world: World, folder: Path, truth: Truth) -> Iterator[tuple[str, int]]:
    """Writes the tree below `folder`; yields (dataset's object, rows) per sheet or file written."""
    for part in ("销售部", "采购部/外协厂", "财务部", "人事部"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    rows, last = _customers(world, truth)
    for month, share in ((9, 0.9), (10, 0.95), (11, 1.0)):
        book = new_workbook()
        kept = rows[: round(len(rows) * share)]
        total = ["合计", None, None, None, None, None, None, round(sum(_number(r[7]) for r in kept), 2), None, None]
        count = add_sheet(book, CUSTOMERS, [*kept, total])
        _notes_sheet(book)
        book.save(folder / f"销售部/客户档案_2026-{month:02d}.xlsx")
        # older versions are superseded, so only the newest one's rows count
        if month == 11:
            yield "customer_list", count
    last.error(len(rows), "客户编码", Cell("合计", "total_row", None), "合计")

    listed: set[str] = set()  # codes of suppliers in the main list
    book = new_workbook()
    count = add_sheet(book, SUPPLIERS, _suppliers(world, truth, listed))
    book.save(folder / "采购部/供应商名录.xlsx")
    yield "supplier_list", count
    count = write_xls(folder / "采购部/外协厂/外协供应商.xls", OUTSOURCING, _outsourcing(world, truth, listed))
    yield "outsourcing_supplier", count

    book = new_workbook()
    yield "standard_cost", add_sheet(book, COSTS, _costs(world, truth))
    yield "material_list", add_sheet(book, MATERIALS, _materials(world, truth))
    book.save(folder / "财务部/标准成本_2026.xlsx")
    yield "purchase_price", write_csv(folder / "财务部/采购价格.csv", PRICES, _prices(world, truth))

    _unrelated(folder)
    for name in ("销售部/~$客户档案_2026-11.xlsx", "财务部/~$标准成本_2026.xlsx"):
        owner = "王会计".encode("utf-16-le")
        (folder / name).write_bytes(bytes([3]) + b"Wang" + b" " * 50 + bytes([3, 0]) + owner + b" \0" * 50)


@dataclass
class _Pen:
    """Writes one sheet's truth: builds source keys as the hub does and names the cells."""

    truth: Truth
    dataset: str
    file: str
    layout: Layout
    keys: Counter[str] = field(default_factory=Counter)

    def key(self, row: int, *parts: Any) -> str:
        """The row's key: its trimmed key texts, "@<row>" if all are blank, "#2" and so on for repeats."""
        texts = [(as_text(part) or "").strip() for part in parts]
        key = "|".join(texts) if any(texts) else f"@{self.layout.first_row + row}"
        self.keys[key] += 1
        return key if self.keys[key] == 1 else f"{key}#{self.keys[key]}"

    def error(self, row: int, header: str, cell: Cell, key: str, accept: tuple[str, str] | None = None) -> Any:
        """Tell the truth about one cell of data row `row` (0-based); hands back the value to write.

        `accept`: dataset and key of the other row of a pair, where a finding is just as right.
        """
        where: dict[str, Any] = {
            "file": self.file,
            "sheet": self.layout.title or None,
            "cell": f"{self.layout.letter(header)}{self.layout.first_row + row}",
        }
        if accept:
            where["accept"] = [accept]
        self.truth.error(cell, self.dataset, key, header.split("(")[0], **where)
        return float(cell.value) if isinstance(cell.value, Decimal) else cell.value


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _date_cell(rng: Random, first: date, days: int) -> Cell:
    return dirt.day(first + timedelta(days=rng.randrange(days)), pick(rng, DATE_KINDS))


def _own_code(rng: Random, company: Company, prefix: str) -> str:
    """Most lists use the ERP's code; some departments number by themselves."""
    return company.code if rng.random() < 0.85 else f"{prefix}-{company.code[1:]}"


# --- sales ----------------------------------------------------------------------------------


def _customers(world: World, truth: Truth) -> tuple[list[list[Any]], _Pen]:
    rng = world.rng("workbooks/customer")
    pen = _Pen(truth, "workbooks.customer_list", "销售部/客户档案_2026-11.xlsx", CUSTOMERS)
    rows: list[list[Any]] = []
    for company in world.customers:
        if rng.random() < 0.62:
            code = _own_code(rng, company, "XS")
            rows.append(_customer(rng, pen, len(rows), company, code, pick(rng, NAME_KINDS)))
            if rng.random() < 0.025:
                again = code if rng.random() < 0.4 else f"XS9-{company.code[1:]}"
                kind = rng.choice(("name_form", "name_typo", "name_place", "name_blank"))
                rows.append(_customer(rng, pen, len(rows), company, again, kind, original=code))
    return rows, pen


def _customer(
    rng: Random, pen: _Pen, row: int, company: Company, code: str, name_kind: str | None, original: str | None = None
) -> list[Any]:
    key = pen.key(row, code)
    pen.truth.entity("customer", pen.dataset, key, company.entity)
    if original is not None:
        kind = "key_repeated" if code == original else "duplicate_customer"
        pen.error(row, "客户编码", Cell(code, kind, original), key, (pen.dataset, original))
    limit: Any = Cell(float(rng.choice((5, 10, 20, 30, 50, 80, 100, 200)) + rng.choice((0, 0, 0, 0.5))))
    if row == 40:
        limit = Cell("#N/A", "error_cell", None)
    elif rng.random() < 0.06:
        limit = Cell(f"{limit.value:g}")  # a number stored as text: looks the same, so it is no planted error
    name = pen.error(row, "客户名称", dirt.company(rng, company.name, name_kind), key)
    tax = pen.error(row, "统一社会信用代码", dirt.tax_number(rng, company.uscc, pick(rng, USCC_KINDS)), key)
    since = pen.error(row, "首次合作日期", _date_cell(rng, date(2012, 1, 1), 5000), key)
    note = rng.choice((None, None, None, "老客户", "付款慢", "重点维护"))
    return [code, name, company.name.short, tax, company.contact, company.phone, company.address,
            pen.error(row, "信用额度(万元)", limit, key), since, note]  # fmt: skip


def _notes_sheet(book: Any) -> None:
    sheet = book.create_sheet("说明")
    for line in (
        "填表说明",
        "1. 客户编码与 ERP 一致；新客户先用 XS- 开头的临时编码。",
        "2. 信用额度单位为万元。",
        "3. 每月底另存一份。",
    ):
        sheet.append([line])


def _unrelated(folder: Path) -> None:
    book = new_workbook()
    sheet = book.create_sheet("菜单")
    for row in (["食堂一周菜单"], ["星期", "午餐", "晚餐"], ["一", "红烧肉", "番茄炒蛋"], ["二", "清蒸鱼", "麻婆豆腐"]):
        sheet.append(row)
    book.save(folder / "人事部/食堂菜单.xlsx")


# --- purchasing -----------------------------------------------------------------------------


def _suppliers(world: World, truth: Truth, listed: set[str]) -> Iterator[list[Any]]:
    rng = world.rng("workbooks/supplier")
    pen = _Pen(truth, "workbooks.supplier_list", "采购部/供应商名录.xlsx", SUPPLIERS)
    row = 0
    for company in world.suppliers:
        if rng.random() >= 0.66:
            continue
        listed.add(company.code)
        copies = 2 if rng.random() < 0.025 else 1
        for copy in range(copies):
            code = company.code if not copy else f"CG9-{company.code[1:]}"
            key = pen.key(row, code)
            truth.entity("supplier", pen.dataset, key, company.entity)
            if copy:
                pen.error(
                    row, "供应商代码", Cell(code, "duplicate_supplier", company.code), key, (pen.dataset, company.code)
                )
            name_kind = rng.choice(("name_form", "name_typo", "name_place")) if copy else pick(rng, NAME_KINDS)
            name = pen.error(row, "供应商名称", dirt.company(rng, company.name, name_kind), key)
            tax = pen.error(row, "税号", dirt.tax_number(rng, company.uscc, pick(rng, USCC_KINDS)), key)
            since = pen.error(row, "准入日期", _date_cell(rng, date(2014, 1, 1), 4300), key)
            days: Any = rng.choice((0, 30, 30, 45, 60, 60, 90))
            yield [code, name, tax, company.contact, company.phone, company.address,
                   str(days) if rng.random() < 0.1 else days, since, rng.choice("AABBC")]  # fmt: skip
            row += 1


def _outsourcing(world: World, truth: Truth, listed: set[str]) -> Iterator[list[Any]]:
    rng = world.rng("workbooks/outsourcing")
    pen = _Pen(truth, "workbooks.outsourcing_supplier", "采购部/外协厂/外协供应商.xls", OUTSOURCING)
    row = 0
    for number, company in enumerate(world.suppliers, 1):
        if rng.random() >= 0.2:
            continue
        code = f"WX-{number:04d}"
        key = pen.key(row, code)
        truth.entity("supplier", pen.dataset, key, company.entity)
        if company.code in listed:
            twin = ("workbooks.supplier_list", company.code)
            pen.error(row, "编号", Cell(code, "duplicate_supplier", company.code), key, twin)
        name = pen.error(row, "厂商全称", dirt.company(rng, company.name, pick(rng, NAME_KINDS)), key)
        tax = pen.error(row, "信用代码", dirt.tax_number(rng, company.uscc, pick(rng, USCC_KINDS)), key)
        yield [code, name, tax, company.phone, rng.choice(words.PROCESSES)]
        row += 1


# --- finance --------------------------------------------------------------------------------


def _material_code(rng: Random, code: str) -> Cell:
    """Digits-only codes lose their zero when typed into a General cell; others are mistyped."""
    if code.isdigit() and rng.random() < 0.06:
        return dirt.material_code(rng, code, "code_zero_lost")
    return dirt.material_code(rng, code, pick(rng, CODE_KINDS))


def _unit(rng: Random, unit: str) -> Cell:
    return Cell(dirt.UNKNOWN_UNIT, "unit_unknown", unit) if rng.random() < 0.004 else dirt.unit(rng, unit)


def _costs(world: World, truth: Truth) -> Iterator[list[Any]]:
    rng = world.rng("workbooks/cost")
    pen = _Pen(truth, "workbooks.standard_cost", "财务部/标准成本_2026.xlsx", COSTS)
    row = 0
    for material in world.materials:
        if not material.in_use or rng.random() >= 0.5:
            continue
        code = _material_code(rng, material.code)
        since = dirt.day(date(2026, 1, 1), pick(rng, DATE_KINDS))
        key = pen.key(row, code.value, since.value)
        amounts = (material.price, material.labour, material.overhead)
        parts = [dirt.price(rng, amount, pick(rng, PRICE_KINDS)) for amount in amounts]
        total: Cell = dirt.price(rng, material.cost, pick(rng, PRICE_KINDS))
        if row == 60:
            total = Cell("#N/A", "error_cell", total.value)
        yield [
            pen.error(row, "物料编码", code, key), material.name, material.spec,
            pen.error(row, "单位", _unit(rng, material.unit), key), pen.error(row, "材料成本(元)", parts[0], key),
            pen.error(row, "人工成本(元)", parts[1], key), pen.error(row, "制造费用(元)", parts[2], key),
            pen.error(row, "标准成本(元)", total, key), pen.error(row, "生效日期", since, key),
        ]  # fmt: skip
        row += 1


def _materials(world: World, truth: Truth) -> Iterator[list[Any]]:
    rng = world.rng("workbooks/material")
    pen = _Pen(truth, "workbooks.material_list", "财务部/标准成本_2026.xlsx", MATERIALS)
    row = 0
    for material in world.materials:
        if rng.random() >= 0.52:
            continue
        code = _material_code(rng, material.code)
        key = pen.key(row, code.value)
        truth.entity("material", pen.dataset, key, material.entity)
        since = _date_cell(rng, date(2016, 1, 1), 3600)
        yield [
            pen.error(row, "物料编码", code, key), material.name, material.spec,
            pen.error(row, "计量单位", _unit(rng, material.unit), key), ("外购", "自制", "自制")[material.level],
            pen.error(row, "启用日期", since, key),
        ]  # fmt: skip
        row += 1


def _prices(world: World, truth: Truth) -> Iterator[list[Any]]:
    rng = world.rng("workbooks/price")
    pen = _Pen(truth, "workbooks.purchase_price", "财务部/采购价格.csv", PRICES)
    row = 0
    sellers = [company for company in world.suppliers if company.in_erp]
    for index in world.used_materials(level=0):
        material = world.materials[index]
        for supplier in rng.sample(sellers, rng.choice((0, 1, 1, 2))):
            code = _material_code(rng, material.code)
            if rng.random() < 0.008:
                code = Cell(f"{material.code[:2]}.99.{rng.randrange(99999):05d}", "orphan_material", material.code)
            seller = Cell(supplier.code)
            if rng.random() < 0.01:
                seller = Cell(f"S8{rng.randrange(9999):04d}X", "orphan_supplier", supplier.code)
            since = _date_cell(rng, date(2025, 6, 1), 500)
            key = pen.key(row, code.value, seller.value, since.value)
            paid = (material.price * rng.randrange(92, 108) / 100).quantize(Decimal("0.01"))
            price = dirt.price(rng, max(paid, Decimal("0.01")), pick(rng, PRICE_KINDS))
            yield [
                pen.error(row, "物料编码", code, key), pen.error(row, "供应商代码", seller, key),
                pen.error(row, "单价", price, key), "CNY", pen.error(row, "单位", _unit(rng, material.unit), key),
                pen.error(row, "生效日期", since, key),
            ]  # fmt: skip
            row += 1
