"""A wide table with one row in a thousand spoiled per rule, and the rules that must find exactly these rows.

Belongs here: the data, ten typical rules, forty more. Not here: who checks them (`rules.py`, `rules_peers.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from connectors.base import KEY, ROW_NO
from schemas.model import Code, CodeList, Column, ColumnMapping, Contract, Mapping, Rule, Text
from schemas.rule_kinds import KINDS

SHARE = 0.001  # of the rows, per rule
UNITS = ("KG", "PCS", "M")
CODES = {"unit": CodeList("unit", Text("单位", "Unit"), tuple(Code(unit, Text(unit, unit)) for unit in UNITS))}
DECIMALS = [f"amount_{number}" for number in range(6)]
TEXTS = [f"text_{number}" for number in range(4)]
COLUMNS = (
    *(Column(name, "string", Text(name, name)) for name in ("code", "name", "unit", "phone", *TEXTS)),
    *(Column(name, "decimal", Text(name, name), precision=18, scale=2) for name in ("price", "qty", *DECIMALS)),
    *(Column(name, "date", Text(name, name)) for name in ("start_date", "finish_date")),
    *(Column(name, "integer", Text(name, name)) for name in ("lead_days", "level")),
)
assert len(COLUMNS) == 20
_WORD = Text("规则", "Rule")


def _rule(name: str, kind: str, column: str | None, **arguments: Any) -> Rule:
    scope = KINDS[kind].scope
    return Rule(
        f"bench.{name}", "bench", kind, "conformity", "error", _WORD, _WORD, _WORD, column, arguments, scope=scope
    )


RULES = (
    _rule("code_unique", "unique", None, columns=["code"]),
    _rule("name_required", "required", "name"),
    _rule("price_required", "required", "price"),
    _rule("unit_listed", "in_list", "unit", code_list="unit"),
    _rule("qty_range", "range", "qty", min=0, max=1000),
    _rule("level_range", "range", "level", min=1, max=9),
    _rule("phone_pattern", "pattern", "phone", regex="1[0-9]{10}"),
    _rule("text_pattern", "pattern", "text_0", regex="[A-Z]{2}-[0-9]+"),
    _rule("text_length", "length", "text_1", max=20),
    _rule("dates_in_order", "ordered", "start_date", before="finish_date"),
)


def _forty_more() -> tuple[Rule, ...]:
    """The same mix of kinds over the other columns, four times over; nothing breaks them."""
    rules: list[Rule] = []
    for number, decimal in enumerate(DECIMALS):
        rules += [_rule(f"{decimal}_required", "required", decimal), _rule(f"{decimal}_range", "range", decimal, min=0)]
        rules += [_rule(f"{decimal}_sign", "sign", decimal, **{"is": "positive"})]
        rules += [_rule(f"{decimal}_below", "range", decimal, max=10**7 + number)]
    for text in TEXTS[1:]:
        rules += [_rule(f"{text}_required", "required", text), _rule(f"{text}_longest", "length", text, max=200)]
    rules += [
        _rule("code_pattern", "pattern", "code", regex="M[0-9]+"),
        _rule("text_2_pattern", "pattern", "text_2", regex="R[0-9]{1,2}"),
        _rule("text_3_pattern", "pattern", "text_3", regex="备注[0-9]+"),
        _rule("phone_length", "length", "phone", min=5, max=20),
        _rule("start_range", "range", "start_date", min="2000-01-01"),
        _rule("finish_range", "range", "finish_date", max="2099-01-01"),
        _rule("lead_range", "range", "lead_days", min=0, max=365),
        _rule("lead_step", "step", "lead_days", of=1),
        _rule("level_listed", "in_list", "level", values=list(range(20))),
        _rule("names_known", "expression", "name", sql="name is null or name <> code"),
    ]
    return tuple(rules)


FIFTY = RULES + _forty_more()
assert len(FIFTY) == 50
MAPPING = Mapping("bench.bench", "bench", "it", tuple(ColumnMapping(column.name, column.name) for column in COLUMNS))


def contract(rules: tuple[Rule, ...] = RULES) -> Contract:
    """The contract of the table with these rules."""
    return Contract("bench", _WORD, _WORD, "it", COLUMNS, ("code",), rules)


def make(rows: int, seed: int = 7, first: int = 0) -> tuple[pa.Table, dict[str, set[str]]]:
    """The spoiled table (KEY, ROW_NO and COLUMNS) and per rule the keys that must be found.

    first: number of the first row, where a large table is made part by part.
    """
    rng = np.random.default_rng(seed + first)
    count = max(2, int(rows * SHARE))
    planted = {rule.id: rng.choice(rows, count, replace=False) for rule in RULES}

    def spoiled(rule: str, values: np.ndarray, wrong: Any) -> pa.Array:
        where = planted[f"bench.{rule}"]
        if wrong is None:
            gone = np.zeros(rows, dtype=bool)
            gone[where] = True
            return pa.array(values, mask=gone)
        values[where] = wrong
        return pa.array(values)

    def labels(prefix: str, numbers: np.ndarray) -> np.ndarray:
        return np.char.add(prefix, numbers.astype(str)).astype(object)

    def amounts(limit: int) -> np.ndarray:
        return rng.integers(1, limit, rows, dtype=np.int32)

    number = np.arange(first, first + rows)
    codes = labels("M", number)
    twice = planted["bench.code_unique"] = planted["bench.code_unique"][: count // 2 * 2]
    codes[twice[1::2]] = codes[twice[::2]]
    day = np.datetime64("2024-01-01") + rng.integers(0, 700, rows)
    columns: dict[str, Any] = {
        KEY: pa.array(number.astype(str)),
        ROW_NO: pa.nulls(rows, pa.int64()),
        "code": pa.array(codes),
        "name": spoiled("name_required", labels("零件", rng.integers(0, 5000, rows)), None),
        "unit": spoiled("unit_listed", np.array(UNITS, dtype=object)[rng.integers(0, 3, rows)], "公斤儿"),
        "phone": spoiled("phone_pattern", labels("1", rng.integers(3 * 10**9, 9 * 10**9, rows)), "86-512-6123"),
        "text_0": spoiled("text_pattern", labels("AB-", rng.integers(0, 900, rows)), "?"),
        "text_1": spoiled("text_length", labels("备注", rng.integers(0, 900, rows)), "很长的一句话" * 5),
        "text_2": pa.array(labels("R", rng.integers(0, 40, rows))),
        "text_3": pa.array(labels("备注", rng.integers(0, rows, rows))),
        "price": spoiled("price_required", amounts(10**6), None).cast(pa.decimal128(18, 2)),
        "qty": spoiled("qty_range", amounts(1000), -5).cast(pa.decimal128(18, 2)),
        **{name: pa.array(amounts(10**6)).cast(pa.decimal128(18, 2)) for name in DECIMALS},
        "start_date": pa.array(day),
        "finish_date": spoiled("dates_in_order", day + rng.integers(0, 30, rows), np.datetime64("2020-01-01")),
        "lead_days": pa.array(rng.integers(0, 90, rows)),
        "level": spoiled("level_range", rng.integers(1, 10, rows), 11),
    }
    table = pa.table({KEY: columns[KEY], ROW_NO: columns[ROW_NO], **{c.name: columns[c.name] for c in COLUMNS}})
    return table, {rule: {str(first + place) for place in places} for rule, places in planted.items()}
