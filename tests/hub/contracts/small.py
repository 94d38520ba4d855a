"""Two small contracts with a rule of every kind that the generators know, and words for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from schemas.model import Code, CodeList, Column, ColumnType, Contract, Reference, Rule, Severity, Text
from schemas.rule_kinds import KINDS


def both(zh: str, en: str = "") -> Text:
    return Text(zh, en or zh)


def column(name: str, kind: ColumnType = "string", title: str = "", **more: Any) -> Column:
    return Column(name, kind, both(title or name, name), **more)


def rule(entity: str, name: str, kind: str, on: str | None, severity: Severity = "error", **more: Any) -> Rule:
    where = more.pop("where", None)
    return Rule(
        id=f"{entity}.{name}", entity=entity, kind=kind, dimension="accuracy", severity=severity,
        title=both(f"规则 {name}", f"rule {name}"), why=both("原因", "why"), fix=both("办法", "fix"),
        column=on, args=more, scope=KINDS[kind].scope, where=where,
    )  # fmt: skip


UNITS = CodeList(
    "unit", both("单位", "units"), (Code("KG", both("千克", "kilogram"), ("公斤",)), Code("PCS", both("个")))
)
CODES = {"unit": UNITS}

PART = Contract(
    "part",
    both("零件", "Part"),
    both("每个零件一行", "one row per part"),
    "engineering",
    (
        column("part_code", title="零件编码", required=True, max_length=20, example="P-1"),
        column("part_name", title="零件名称", max_length=40),
    ),
    ("part_code",),
    (rule("part", "code_required", "required", "part_code"),),
)

_LINE = (
    rule("line", "code_required", "required", "line_code"),
    rule("line", "code_unique", "unique", "line_code", columns=["line_code"]),
    rule("line", "pair_once", "unique", "order", "warning", columns=["order", "place"]),
    rule("line", "name_once", "unique", "name", "warning", columns=["name"], ignoring=["case", "spacing"]),
    rule("line", "code_pattern", "pattern", "line_code", "warning", regex="[A-Z]-[0-9]+"),
    rule("line", "unit_in_list", "in_list", "unit_code", code_list="unit"),
    rule("line", "qty_range", "range", "qty", min=0, max=1000),
    rule("line", "day_range", "range", "made_on", min="2000-01-01", max="2030-12-31"),
    rule("line", "name_short", "length", "name", max=8),
    rule("line", "reason_if_rejected", "required", "reason", where="is_rejected and qty > 0"),
    rule("line", "total_fits", "expression", "total", sql="qty is null or abs(qty * 2 - total) <= 0.5"),
    rule("line", "dates_in_order", "expression", "due_on", "warning", sql="due_on >= made_on"),
    rule("line", "within_a_month", "expression", "due_on", "warning", sql="due_on - made_on <= 31"),
    rule("line", "not_the_word", "expression", "name", "warning", sql="name <> '不合格'"),
    rule("line", "same_name", "determines", "name", "warning", by=["part_code"]),
    rule("line", "part_known", "reference", "part_code", "warning", to="part.part_code"),
    rule("line", "serial_across", "unique_across", "serial", "warning"),
    rule("line", "half_steps", "step", "qty", "warning", of="0.5"),
    rule("line", "total_sign", "sign", "total", "warning", **{"is": "not_negative"}),
    rule("line", "made_before_due", "ordered", "made_on", "warning", before="due_on"),
    rule("line", "qty_readable", "readable", "qty", "warning"),
    rule("line", "agrees", "disagreement", "qty", "warning", key="line_code"),
)

LINE = Contract(
    "line",
    both("订单行", "Order line"),
    both("每行一条", "one row per line"),
    "sales",
    (
        column("line_code", title="行编码", required=True, max_length=30),
        column("order", title="订单's", max_length=30),  # a reserved word everywhere, and a quote in its title
        column("place", "integer", "序号"),
        column("name", title="名称", max_length=60),
        column("part_code", title="零件", references=Reference("part", "part_code")),
        column("unit_code", title="单位", code_list="unit", standard="unit"),
        column("qty", "decimal", "数量", precision=12, scale=3, unit="PCS"),
        column("total", "decimal", "合计"),
        column("made_on", "date", "生产日期"),
        column("due_on", "date", "交货日期"),
        column("changed_at", "timestamp", "修改时间"),
        column("is_rejected", "boolean", "是否拒收"),
        column("reason", title="原因", max_length=5000),
        column("serial", title="序列号"),
    ),
    ("line_code",),
    _LINE,
)

SMALL = {"part": PART, "line": LINE}


def with_rules(contract: Contract, *rules: Rule) -> Contract:
    """The contract with these rules only."""
    return replace(contract, rules=rules)


FORM = Contract(
    "form",
    both("登记表", "Form"),
    both("每行一条", "one row each"),
    "sales",
    (
        column("form_code", title="编号", required=True),
        column("uscc", title="信用代码"),
        column("mail", title="邮箱"),
        column("card", title="银行卡"),
        column("person", title="身份证"),
        column("price", "decimal", "单价"),
        column("made_at", "timestamp", "时间"),
    ),
    ("form_code",),
    (
        rule("form", "code_suspect", "suspect_code", "form_code", min_digits=3),
        rule("form", "uscc_valid", "checksum", "uscc", algorithm="uscc"),
        rule("form", "card_valid", "checksum", "card", algorithm="bank_card"),
        rule("form", "person_valid", "checksum", "person", algorithm="id_card"),
        rule("form", "mail_form", "format", "mail", of="email"),
        rule("form", "made_in_time", "range", "made_at", max="2030-12-31"),
        rule("form", "price_far_off", "outlier", "price", at_least=5),
    ),
)
