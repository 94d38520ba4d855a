"""A small contract, mapping and code list for tests of quality rules."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from schemas.model import Code, CodeList, Column, ColumnMapping, Contract, Mapping, Rule, Text
from schemas.rule_kinds import KINDS

UNIT = CodeList(
    "unit",
    Text("单位", "Unit"),
    (
        Code("KG", Text("千克", "kilogram"), ("公斤", "kg", "㎏")),
        Code("PCS", Text("个", "piece"), ("件",)),
        Code("M", Text("米", "metre"), ("m",)),
    ),
)
CODES = {"unit": UNIT}

COLUMNS = (
    Column("material_code", "string", Text("物料编码", "Material code"), required=True, standard="material_code"),
    Column("material_name", "string", Text("物料名称", "Material name"), standard="name"),
    Column("spec", "string", Text("规格", "Specification")),
    Column("uscc", "string", Text("统一社会信用代码", "USCC"), standard="uscc"),
    Column("unit_code", "string", Text("单位", "Unit"), standard="unit", code_list="unit"),
    Column("qty", "decimal", Text("数量", "Quantity"), standard="decimal"),
    Column("scrap_qty", "decimal", Text("报废数量", "Scrap quantity"), standard="decimal"),
    Column("start_date", "date", Text("启用日期", "Start date"), standard="date", example="2024-03-05"),
)


def rule(
    kind: str, column: str | None = None, hold: bool = False, name: str = "", where: str | None = None, **args: Any
) -> Rule:
    """hold: whether a failing row waits, i.e. severity error instead of warning."""
    return Rule(
        id=f"material.{name or kind}",
        entity="material",
        kind=kind,
        dimension="conformity",
        severity="error" if hold else "warning",
        title=Text("标题", "Title"),
        why=Text("原因", "Why"),
        fix=Text("办法", "Fix"),
        column=column,
        args=args,
        where=where,
        scope=KINDS[kind].scope if kind in KINDS else "row",
    )


def contract(*rules: Rule) -> Contract:
    title = Text("物料", "Material")
    return Contract("material", title, title, "engineering", COLUMNS, ("material_code",), rules)


def mapping(dataset: str = "workbooks.material_list", **sources: str) -> Mapping:
    """Each entity column from the source column of that name, unless named otherwise."""
    return Mapping(
        dataset,
        "material",
        "engineering",
        tuple(ColumnMapping(column.name, sources.get(column.name, column.name)) for column in COLUMNS),
    )


def rows(**columns: list[Any]) -> pa.Table:
    """A page as read from a workbook: all text; columns not given are blank; keys k1, k2, ..."""
    size = len(next(iter(columns.values())))
    filled = {column.name: columns.get(column.name, [None] * size) for column in COLUMNS}
    return pa.table(
        {
            "_key": [f"k{number + 1}" for number in range(size)],
            "_row_no": pa.array(range(2, size + 2), pa.int64()),
            **{name: pa.array(values, pa.string()) for name, values in filled.items()},
        }
    )
