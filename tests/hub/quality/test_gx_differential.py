"""Real Great Expectations, on pandas and on PostgreSQL, fails on exactly the rows our engine fails on."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from connectors.base import KEY, ROW_NO
from hub.cleansing.standardise import standardise
from hub.quality.engine import Run
from hub.quality.file_check import check_pages
from hub.quality.gx import suite
from hub.quality.gx.suites import _EQUIVALENTS, equivalent
from hub.quality.literals import identifier
from hub.store.core_tables import sql_type
from schemas.model import Column, ColumnMapping, Contract, Mapping, Rule, Text
from tests.hub.quality.small import CODES, contract, rule
from tests.servers import PostgresServer

MORE = (
    Column("made_at", "timestamp", Text("时间", "Time"), standard="timestamp"),
    Column("pieces", "integer", Text("件数", "Pieces"), required=True, standard="integer"),
    Column("is_open", "boolean", Text("未结", "Open"), standard="boolean"),
    Column("end_date", "date", Text("结束日期", "End date"), standard="date"),
    Column("phone", "string", Text("电话", "Phone"), standard="text"),
)
QTY, CODE = "qty", "material_code"


def sign(column: str, of: str, name: str, where: str | None = None) -> Rule:
    return replace(rule("sign", column, name=name, where=where), args={"is": of})


RULES = (
    rule("required", "unit_code"),
    rule("required", "spec", name="required_if", where="unit_code = 'KG' and pieces <> 2"),
    rule("in_list", "unit_code", values=["KG", "PCS"]),
    rule("in_list", "material_name", name="list_of_codes", code_list="unit", where="is_open"),
    rule("in_list", "pieces", name="whole_numbers", values=[1, 2, 3], where="pieces not in (4, 5) or qty is null"),
    rule("in_list", QTY, name="decimals", values=["0", "12.5", "500.5"]),
    rule("range", QTY, min=0, max="500.5"),
    rule("range", QTY, name="above", min="0.25", exclusive=True, where="unit_code <> 'KG'"),
    rule("range", "pieces", name="pieces_range", max=4),
    rule("range", "start_date", name="days", min="2020-01-31", max="2030-12-31"),
    rule("range", "start_date", name="days_inside", min="2024-03-05", exclusive=True),
    rule("range", "start_date", name="until_today", max="today-1y", where="not is_open"),
    rule("range", "made_at", name="to_the_end_of_a_day", max="2026-03-31"),
    rule("range", "made_at", name="after_a_day", min="2026-03-31", exclusive=True),
    rule("range", "made_at", name="before_a_day", max="2026-03-31", exclusive=True),
    rule("range", "made_at", name="moments", min="2026-03-31 12:00:00"),
    sign(QTY, "positive", "positive"),
    sign(QTY, "not_negative", "not_less", where="qty between -5 and 9 and spec is not null"),
    sign(QTY, "negative", "negative"),
    sign("pieces", "not_positive", "not_positive"),
    rule("pattern", CODE, regex="[A-Z]-[0-9OI ]+"),
    rule("pattern", "material_name", name="han", regex=r"\p{Han}+|(?:\w|\d)*"),
    rule("pattern", "spec", name="any_case", regex=r"(?i)m\d+x\d+"),
    rule("length", "material_name", max=6),
    rule("length", "material_name", name="length_both", min=3, max=4, where="5 > pieces"),
    rule("format", "phone", of="phone"),
    rule("format", "phone", name="mobile", of="mobile", where="phone not in ('021-58881234')"),
    rule("ordered", "start_date", before="end_date"),
    rule("ordered", "start_date", name="strictly", before="end_date", strict=True, where="unit_code in ('KG', 'M')"),
    rule("ordered", "scrap_qty", name="numbers", before=QTY),
    rule("suspect_code", CODE, min_digits=6),
    rule("suspect_code", CODE, name="suspect", where="is_open = false"),
    rule("unique", columns=[CODE]),
    rule("unique", name="unique_if", columns=[CODE], where="unit_code = 'KG' or unit_code = 'PCS'"),
    rule("unique", name="pair", columns=[CODE, "pieces"]),
)  # fmt: skip
TERMS: Contract = replace(contract(*RULES), columns=contract().columns + MORE)
MAPPING = Mapping("k3.material", "material", "engineering", tuple(ColumnMapping(c.name, c.name) for c in TERMS.columns))
ROWS = 600
PAIR_ON_SQL = "material.pair"  # GX gives no row ids for compound keys on SQL
Found = dict[str, tuple[int, frozenset[str]]]  # rule -> number of failing rows, their keys


@dataclass(frozen=True)
class Sample:
    """ours: what our engine finds. values: the standard values it looked at."""

    ours: Found
    values: pa.Table


def page() -> pa.Table:
    """Columns as read from a workbook, with blanks, repeats, full-width text and values beside every limit."""
    chance = random.Random(11)  # noqa: S311 - test data, the same every time

    def some(usual: str | None, *odd: str | None) -> str | None:
        return chance.choice(odd) if chance.random() < 0.3 else usual

    def column(*values: str | None) -> list[str | None]:
        return [some(values[0], *values) for _ in range(ROWS)]

    columns = {
        CODE: [some(f"A-{n:05d}", "A-1O023", "A-10 23", "123", "Ａ－０００１", "A-00001", "b2") for n in range(ROWS)],
        "material_name": column("法兰盘", None, "特别特别长的名字", "ＫＧ", "Flansch é", "甲 乙", "轴"),
        "spec": column("M8x20", "m12X40", "Ｍ８ｘ２０", None, None, None, "20*50"),
        "uscc": column(None),
        "unit_code": column("KG", "公斤", "件", "M", None, "千克"),
        QTY: column("12.5", "-3", "0", "500.5", "500.51", "0.25", "0.250001", None, "１２．５", "-5", "1,000"),
        "scrap_qty": column("0", "12.5", "12.500001", "600", None, "-4"),
        "start_date": column("2024-03-05", "2019/1/1", "2031年1月1日", None, "2020-01-31", "2025-06-01", "2030-12-31"),
        "made_at": column("2026-03-31 12:00:00", "2026-03-31 00:00:00", "2026-03-31 23:59:59", "2026-04-01 00:00:00",
                          "2026-03-30 23:59:59", None),
        "pieces": column("1", "2", "3", "4", "5", "0", "-7", None),
        "is_open": column("是", "否", None),
        "end_date": column("2024-03-05", "2024-03-04", "2032-01-01", None),
        "phone": column("13812345678", "021-58881234", "138 1234 5678", None, "400-820-8820", "12345"),
    }  # fmt: skip
    return pa.table(
        {
            KEY: [f"k{number}" for number in range(ROWS)],
            ROW_NO: pa.array(range(2, ROWS + 2), pa.int64()),
            **{name: pa.array(values, pa.string()) for name, values in columns.items()},
        }
    )


@pytest.fixture(scope="module")
def sample() -> Sample:
    rows = page()
    standardised = standardise(rows, MAPPING, TERMS, CODES)
    # GX sees standard values only: which cells could not be read is for our own rules.
    readable = replace(standardised, unread=standardised.unread.slice(0, 0))
    keys: dict[str, set[str]] = defaultdict(set)
    run = Run()
    for found in check_pages([(readable, rows)], MAPPING, TERMS, CODES, run):
        for name, key in zip(found["rule"].to_pylist(), found[KEY].to_pylist(), strict=True):
            keys[name].add(key)
    assert not run.broken
    return Sample({each.id: (len(keys[each.id]), frozenset(keys[each.id])) for each in RULES}, standardised.values)


@pytest.fixture(scope="module")
def table(postgres_server: PostgresServer, sample: Sample) -> str:
    """URL of a database with the sample as table `sample`."""
    url = postgres_server.url(postgres_server.create_database())
    names = [KEY, *(column.name for column in TERMS.columns)]
    columns = ", ".join(f"{identifier(column.name)} {sql_type(column)}" for column in TERMS.columns)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(f"create table sample ({identifier(KEY)} text, {columns})".encode())
        with connection.cursor() as cursor:
            cursor.executemany(
                f"insert into sample values ({', '.join(['%s'] * len(names))})".encode(),
                [tuple(row[name] for name in names) for row in sample.values.to_pylist()],
            )
    return url


def validated(batch: Any) -> Found:
    """What real GX finds, with the keys of all rows."""
    made = suite(TERMS, CODES)
    wanted = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": [KEY],
        "partial_unexpected_count": ROWS,
        "include_unexpected_rows": False,
        # GX writes this query with re.sub and stumbles over characters such as U+3000 in a regular expression.
        "return_unexpected_index_query": False,
    }
    results = batch.validate(made, result_format=wanted).results
    found = {}
    for one in results:
        assert not one.exception_info.get("raised_exception"), one.exception_info
        keys = [row[KEY] for row in one.result.get("unexpected_index_list") or ()]
        assert len(keys) == len(set(keys))
        found[one.expectation_config.meta["rule"]] = (one.result["unexpected_count"], frozenset(keys))
    return found


def test_pandas(sample: Sample) -> None:
    import great_expectations as gx

    asset = gx.get_context(mode="ephemeral").data_sources.add_pandas("pandas").add_dataframe_asset("page")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame(sample.values)})
    _agree(validated(batch), sample.ours)


def test_postgres(sample: Sample, table: str) -> None:
    import great_expectations as gx

    source = gx.get_context(mode="ephemeral").data_sources.add_postgres("store", connection_string=table)
    batch = source.add_table_asset("sample", table_name="sample").add_batch_definition_whole_table("all").get_batch()
    theirs = validated(batch)
    count, keys = theirs.pop(PAIR_ON_SQL)
    assert (count, keys) == (sample.ours[PAIR_ON_SQL][0], frozenset())
    _agree(theirs, {name: told for name, told in sample.ours.items() if name != PAIR_ON_SQL})


def _agree(theirs: Found, ours: Found) -> None:
    assert theirs.keys() == ours.keys()
    for name, (count, keys) in ours.items():
        assert 0 < count < ROWS, f"{name} has nothing to disagree about"
        assert theirs[name] == (count, keys), (name, theirs[name][0], count, sorted(theirs[name][1] ^ keys)[:5])


def test_every_kind_that_gx_can_express_is_compared() -> None:
    assert {each.kind for each in RULES} == set(_EQUIVALENTS)


@pytest.mark.parametrize(
    "left_out",
    [
        rule("readable", QTY),
        rule("step", QTY, of=1),
        rule("checksum", "uscc", algorithm="uscc"),
        rule("format", "spec", of="email"),
        rule("expression", QTY, sql="qty > scrap_qty"),
        rule("ordered", "made_at", before="end_date"),
        rule("unique", columns=[CODE, "unit_code"]),
        rule("unique", columns=[CODE], ignoring=["case"]),
        rule("in_list", "start_date", values=["2024-01-01"]),
        rule("range", QTY, max="999999999999.9999999"),
        rule("pattern", CODE, regex="(?s)a.b"),
        rule("required", QTY, where="start_date > '2024-01-01'"),
        rule("required", QTY, where="qty > scrap_qty"),
        rule("required", QTY, where="upper(spec) = 'M8'"),
        rule("required", QTY, where="(pieces = 1 or pieces = 2) and is_open"),
        rule("determines", "spec", by=[CODE]),
        rule("reference", CODE, to="material.material_code"),
    ],
    ids=lambda told: f"{told.kind}-{told.where or told.column}",
)
def test_what_gx_cannot_say_alike_has_no_equivalent(left_out: Any) -> None:
    assert equivalent(left_out, TERMS, CODES) is None


def frame(values: pa.Table) -> Any:
    """As pandas, with decimals as floats and days as timestamps: what GX can compare with its limits."""
    import pandas as pd

    made = values.to_pandas()
    for column in TERMS.columns:
        if any(isinstance(value, Decimal) for value in made[column.name]):
            made[column.name] = made[column.name].astype(float)
        if column.type in ("date", "timestamp"):
            made[column.name] = pd.to_datetime(made[column.name])
    return made
