"""The ten rules in the hands of others: a pass written by hand in polars, Great Expectations on pandas.

Belongs here: the contenders. Not here: the data and the rules (`rules_data.py`), what is compared (`rules.py`).
"""

from __future__ import annotations

import os
from typing import Any

import pyarrow as pa

from benchmarks.measure import Figures, Meter
from benchmarks.rules_data import DECIMALS, UNITS, make
from connectors.base import KEY, ROW_NO

WARM_ROWS = 1000  # which each engine checks first: imports are not what is measured
REPEATS = 3
Outcome = tuple[Figures, dict[str, int], int]  # figures, failures by rule, how many of them are named by key


def by_hand(rows: int, from_arrow: bool) -> Outcome:
    """One lazy pass over all ten rules, then the failing keys of each.

    from_arrow: start from the Arrow table that a page is, as we do, not from polars' own frame.
    """
    import polars as pl

    bad = {
        "code_unique": pl.col("code").is_not_null() & pl.col("code").is_duplicated(),
        "name_required": pl.col("name").is_null(),
        "price_required": pl.col("price").is_null(),
        "unit_listed": ~pl.col("unit").is_in(list(UNITS)),
        "qty_range": ~pl.col("qty").is_between(0, 1000),
        "level_range": ~pl.col("level").is_between(1, 9),
        "phone_pattern": ~pl.col("phone").str.contains("^1[0-9]{10}$"),
        "text_pattern": ~pl.col("text_0").str.contains("^[A-Z]{2}-[0-9]+$"),
        "text_length": pl.col("text_1").str.len_chars() > 20,
        "dates_in_order": pl.col("start_date") > pl.col("finish_date"),
    }
    used = [KEY, "code", "name", "price", "unit", "qty", "level", "phone", "text_0", "text_1", "start_date",
            "finish_date"]  # fmt: skip

    def check(given: Any) -> Any:
        frame: Any = pl.from_arrow(given.select(used)) if from_arrow else given
        flags = (
            frame.lazy()
            .select(KEY, **{name: wrong.fill_null(False) for name, wrong in bad.items()})
            .filter(pl.any_horizontal(*bad))
            .collect()
        )
        return pl.concat([flags.filter(pl.col(name)).select(pl.lit(name).alias("rule"), KEY) for name in bad])

    table, planted = make(rows)
    small = make(WARM_ROWS)[0]
    check(small if from_arrow else pl.from_arrow(small))
    given = table if from_arrow else pl.from_arrow(table)
    figures, found = cheapest(check, given)
    counts = {f"bench.{name}": count for name, count in found["rule"].value_counts().iter_rows()}
    named = sum(key in planted[f"bench.{name}"] for name, key in found.iter_rows())
    return figures, dict(sorted(counts.items())), named


def cheapest(check: Any, given: Any) -> tuple[Figures, Any]:
    """The run of the least CPU among a few: what others do on the machine only ever adds to it."""
    best: tuple[Figures, Any] | None = None
    for _ in range(REPEATS):
        with Meter() as meter:
            found = check(given)
        if best is None or meter.figures.cpu < best[0].cpu:
            best = meter.figures, found
    assert best is not None
    return best


def great_expectations(rows: int, every_key: bool) -> Outcome:
    """Great Expectations on pandas; every_key: ask it to name every failing row, as we do."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
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
