"""Ten rules over a wide table with one row in a thousand spoiled per rule, against Great Expectations.

Belongs here: the data, the rules in both forms, the contenders. Ours names every failing row; Great
Expectations does when asked to (COMPLETE with an index), and names the first twenty in SUMMARY.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.measure import Figures, Meter, isolated
from benchmarks.report import Benchmark, Entry
from connectors.base import KEY, ROW_NO
from schemas.model import Code, CodeList, Column, ColumnMapping, Contract, Mapping, Rule, Text

SHARE = 0.001  # of the rows, per rule
WARM_ROWS = 1000  # which each engine checks first: imports are not what is measured
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
    return Rule(f"bench.{name}", "bench", kind, "conformity", "error", _WORD, _WORD, _WORD, column, arguments)


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
    _rule("dates_in_order", "expression", None, sql="start_date <= finish_date"),
)
CONTRACT = Contract("bench", _WORD, _WORD, "it", COLUMNS, ("code",), RULES)
MAPPING = Mapping("bench.bench", "bench", "it", tuple(ColumnMapping(column.name, column.name) for column in COLUMNS))


def make(rows: int, seed: int = 7) -> tuple[pa.Table, dict[str, set[str]]]:
    """The spoiled table (KEY, ROW_NO and COLUMNS) and per rule the keys that must be found."""
    rng = np.random.default_rng(seed)
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

    number = np.arange(rows)
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
    return table, {rule: {str(place) for place in places} for rule, places in planted.items()}


def ours(rows: int) -> tuple[Figures, dict[str, int], int]:
    """(figures, failures by rule, how many of them are named by key)."""
    from hub.cleansing.standardise import CHANGES_SCHEMA, UNREAD_SCHEMA, Standardised
    from hub.quality.row_rules import check_rows

    def check(table: pa.Table) -> pa.Table:
        page = Standardised(table, CHANGES_SCHEMA.empty_table(), UNREAD_SCHEMA.empty_table())
        return check_rows(page, table, MAPPING, CONTRACT, CODES)

    table, planted = make(rows)
    check(make(WARM_ROWS)[0])
    with Meter() as meter:
        findings = check(table)
    rules, keys = findings["rule"].to_pylist(), findings[KEY].to_pylist()
    named = sum(key in planted[rule] for rule, key in zip(rules, keys, strict=True))
    return meter.figures, dict(sorted(Counter(rules).items())), named


def great_expectations(rows: int, every_key: bool) -> tuple[Figures, dict[str, int], int]:
    """The same with Great Expectations on pandas; every_key: ask it to name every failing row, as we do."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    rows_of = context.data_sources.add_pandas("bench").add_dataframe_asset("rows")
    whole = rows_of.add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(name="bench", expectations=_expectations())
    result_format: Any = "SUMMARY"
    if every_key:
        result_format = {"result_format": "COMPLETE", "unexpected_index_column_names": [KEY]}

    def check(frame: Any) -> Any:
        return whole.get_batch({"dataframe": frame}).validate(suite, result_format=result_format)

    frame = _frame(make(rows)[0])
    check(_frame(make(WARM_ROWS)[0]))
    with Meter() as meter:
        outcome = check(frame)
    counts: dict[str, int] = {}
    for result in outcome.results:
        if result.exception_info and result.exception_info.get("raised_exception"):
            raise RuntimeError(str(result.exception_info))
        rule = result.expectation_config.meta["rule"]
        counts[rule] = result.result["unexpected_count"]
    listed = "unexpected_index_list" if every_key else "partial_unexpected_list"
    named = sum(len(result.result[listed]) for result in outcome.results)
    return meter.figures, dict(sorted(counts.items())), named


def _frame(table: pa.Table) -> Any:
    """pandas at its fastest: Decimal and date objects would be many times slower than its own types."""
    frame = table.drop_columns([ROW_NO]).to_pandas()
    for name in ("price", "qty", *DECIMALS):
        frame[name] = frame[name].astype(float)
    for name in ("start_date", "finish_date"):
        frame[name] = frame[name].astype("datetime64[s]")
    return frame


def _expectations() -> list[Any]:
    from great_expectations import expectations as gxe

    def meta(name: str) -> dict[str, str]:
        return {"rule": f"bench.{name}"}

    return [
        gxe.ExpectColumnValuesToBeUnique(column="code", meta=meta("code_unique")),
        gxe.ExpectColumnValuesToNotBeNull(column="name", meta=meta("name_required")),
        gxe.ExpectColumnValuesToNotBeNull(column="price", meta=meta("price_required")),
        gxe.ExpectColumnValuesToBeInSet(column="unit", value_set=list(UNITS), meta=meta("unit_listed")),
        gxe.ExpectColumnValuesToBeBetween(column="qty", min_value=0, max_value=1000, meta=meta("qty_range")),
        gxe.ExpectColumnValuesToBeBetween(column="level", min_value=1, max_value=9, meta=meta("level_range")),
        gxe.ExpectColumnValuesToMatchRegex(column="phone", regex="^1[0-9]{10}$", meta=meta("phone_pattern")),
        gxe.ExpectColumnValuesToMatchRegex(column="text_0", regex="^[A-Z]{2}-[0-9]+$", meta=meta("text_pattern")),
        gxe.ExpectColumnValueLengthsToBeBetween(column="text_1", max_value=20, meta=meta("text_length")),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="finish_date", column_B="start_date", or_equal=True, meta=meta("dates_in_order")
        ),
    ]


def run(rows: int = 1_000_000) -> Benchmark:
    """Ours, and Great Expectations with and without all keys. Raises AssertionError if the counts differ."""
    theirs = "Great Expectations on pandas"
    entries = []
    for contender, function, arguments in (
        ("ours, all keys", ours, ()),
        (f"{theirs}, all keys", great_expectations, (True,)),
        (f"{theirs}, SUMMARY", great_expectations, (False,)),
    ):
        figures, counts, named = isolated(function, rows, *arguments)
        entries.append(Entry(f"{contender} ({named:,} of {sum(counts.values()):,} named)", rows, figures, counts))
    if any(entry.result != entries[0].result for entry in entries):
        raise AssertionError(f"the engines disagree: {[entry.result for entry in entries]}")
    return Benchmark(
        "rules",
        "10 rules on 20 columns, one row in a thousand broken per rule",
        "Checking only: imports and making the data are not counted. Both engines count the same failures.",
        tuple(entries),
    )
