"""Every condition and every rule over one table gives the same rows, and the same facts, in DuckDB and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import psycopg
import pytest

from hub.quality.literals import identifier
from hub.quality.predicates import CONDITIONS, Scope, failing
from hub.quality.regular import Dialect
from hub.quality.table_templates import TABLE_KINDS, Rows, failing_rows
from hub.store.core_tables import sql_type
from schemas.model import Column, Contract, Rule, Text
from schemas.problems import Problem
from schemas.rule_kinds import KINDS
from tests.hub.quality.small import CODES, contract, rule
from tests.servers import PostgresServer

TODAY = date(2026, 3, 31)
MORE = (
    Column("made_at", "timestamp", Text("时间", "Time")),
    Column("pieces", "integer", Text("件数", "Pieces")),
    Column("is_open", "boolean", Text("未结", "Open")),
    Column("end_date", "date", Text("结束日期", "End date")),
    Column("big_qty", "decimal", Text("大数", "Big"), precision=18, scale=6),
)
TERMS: Contract = replace(contract(), columns=contract().columns + MORE)
NAMES = [column.name for column in TERMS.columns]
D = Decimal
# code, name, uscc, unit, qty, scrap, start | made_at, pieces, open, end, big
ROWS: list[tuple[Any, ...]] = [
    ("A1", "法兰盘", "91110000600037341L", "KG", D("1.5"), D("0"), date(2024, 2, 29),
     "2026-03-31 23:59:59", 10, True, date(2024, 3, 1), D("123456789012.345678")),
    ("a1", "法兰盘😀", "91110000600037341M", "kg", D("-1"), D("2.5"), date(2026, 4, 1),
     "2026-04-01 00:00:00", 0, False, date(2024, 2, 1), D("0.000001")),
    ("Ａ１", "ﾌﾗﾝｼﾞ（大）", "310115000000001", "PCS", D("0"), D("7"), None, None, None, None, None, None),
    (None, None, None, None, None, None, None, None, None, None, None, None),
    ("A-1O02", "Flansch é", "13812345678", "M", D("10"), D("10"), date(1899, 12, 31),
     "2024-01-01 12:00:00", -7, True, date(1899, 12, 31), D("999999999999.999999")),
    ("A 1002", "a\u3000b", "a.b@example.com", "个", D("0.3"), D("0.1"), date(2026, 3, 31),
     "2026-03-31 00:00:00", 7, None, date(2026, 3, 30), D("0.1")),
    ("1.2E+05", "", "a..b@example.com", "", D("100"), D("-0.5"), date(2025, 1, 1), None, 3, False, None, D("-0.3")),
    ("123", "O'Neill; drop table", "11010519491231002X", "KG", None, D("1"), date(2026, 5, 1),
     "1999-12-31 23:59:59", 2, True, date(2027, 1, 1), D("12")),
    ("B_2%", "100%\\", "6901234567892", "KG", D("4"), D("4"), date(2026, 3, 1), None, 1, True, None, D("3.5")),
    ("b-2", "甲乙", "+49-30-123456", "M", D("4.000001"), D("0"), date(2026, 3, 2), None, 1, True, None, None),
]  # fmt: skip
QTY = "qty"
RULES = [
    rule("required", "material_name"),
    rule("required", QTY, where="unit_code = 'KG'"),
    rule("readable", QTY),
    rule("in_list", "unit_code", code_list="unit"),
    rule("in_list", "unit_code", values=["KG", "O'Neill"]),
    rule("in_list", "pieces", values=[1, 2, 3]),
    rule("range", QTY, min=0, max="4.000001"),
    rule("range", QTY, min=0, exclusive=True),
    rule("range", "big_qty", max="999999999999.999998"),
    rule("range", "start_date", min="today-2y", max="today+30d"),
    rule("range", "start_date", max="today", exclusive=True),
    rule("range", "made_at", min="2024-01-01 12:00:01", max="today"),
    rule("range", "made_at", min="1999-12-31", exclusive=True),
    *(rule("sign", QTY, **{"is": sign}) for sign in ("positive", "negative", "not_positive", "not_negative")),
    rule("step", QTY, of=0.1),
    rule("step", "big_qty", of="0.000002"),
    rule("step", "pieces", of=2),
    rule("pattern", "material_code", regex="[A-Z][0-9]+|.*-.*"),
    rule("pattern", "material_name", regex=r"(?i)[a-z\s]+é?|\p{Han}+"),
    rule("pattern", "material_code", regex=r"\w+|[^\d]+"),
    rule("length", "material_name", min=1, max=3),
    rule("length", "material_name", min=4),
    *(rule("checksum", "uscc", algorithm=name) for name in ("uscc", "id_card", "ean", "bank_card")),
    *(rule("format", "uscc", of=form) for form in ("phone", "mobile", "email")),
    rule("ordered", "start_date", before="end_date"),
    rule("ordered", "start_date", before="end_date", strict=True),
    rule("ordered", "made_at", before="end_date"),
    rule("ordered", "scrap_qty", before="qty"),
    rule("suspect_code", "material_code", min_digits=6),
    rule("suspect_code", "material_code"),
    rule("expression", QTY, sql="qty = 0 or scrap_qty / qty < 1", where="qty <> 0"),
    rule("expression", "pieces", sql="pieces / 2 = 1"),
    rule("expression", "material_code", sql=r"material_code like 'B\_%' or material_name ilike 'FLANSCH%'"),
    rule("expression", "material_code", sql="material_code ~ '^[A-Z]'"),
    rule("expression", "start_date", sql="start_date + 30 > current_date and extract(year from start_date) > 2000"),
    rule("expression", "start_date", sql="end_date - start_date >= 0 and made_at::date <> start_date"),
    rule("expression", "material_name", sql="char_length(trim(material_name)) between 1 and 4"),
    rule("expression", "is_open", sql="is_open"),
    rule("expression", "material_code", sql="coalesce(MATERIAL_CODE, '') is distinct from upper(material_code)"),
]
TABLE_RULES = [
    rule("unique", columns=["unit_code"]),
    rule("unique", columns=["material_code"], ignoring=["case", "width"]),
    rule("unique", columns=["material_code"], ignoring=["case", "spacing", "punctuation", "width"]),
    rule("unique", columns=["made_at", "is_open"], where="pieces is not null"),
    rule("unique", "material_name", columns=["unit_code", "is_open"]),
    rule("determines", "pieces", by=["is_open"]),
    rule("determines", "qty", by=["is_open", "unit_code"], ignoring=["case"]),
    rule("determines", "unit_code", by=["material_code"], ignoring=["case", "width"], where="qty >= -1"),
    rule("outlier", "pieces", at_least=3, deviations=2),
    rule("outlier", "big_qty", by=["unit_code"], at_least=3),
    rule("outlier", "qty", by=["is_open"], at_least=2, deviations="0.5"),
]


@pytest.fixture(scope="module")
def duck() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute(f"create table page ({_columns()})")
    connection.executemany(f"insert into page values ({', '.join('?' * (len(NAMES) + 4))})", _stored())
    return connection


@pytest.fixture(scope="module")
def postgres(postgres_server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    connection = psycopg.connect(postgres_server.url(postgres_server.create_database()).replace("+psycopg", ""))
    connection.execute(f"create table page ({_columns()})".encode())
    with connection.cursor() as cursor:
        cursor.executemany(f"insert into page values ({', '.join(['%s'] * (len(NAMES) + 4))})".encode(), _stored())
    yield connection
    connection.close()


def _columns() -> str:
    own = ", ".join(f"{identifier(column.name)} {sql_type(column)}" for column in TERMS.columns)
    return f"_dataset text, _source_key text, _row_no integer, unread boolean, {own}"


def _stored() -> list[tuple[Any, ...]]:
    return [("erp.material", f"k{no}", no, no == 3, *row[:2], None, *row[2:]) for no, row in enumerate(ROWS)]


def _asked(told: Rule, dialect: Dialect) -> str:
    scope = Scope(TERMS, CODES, {QTY: "unread"}, {}, dialect, TODAY)
    return f"select _source_key from page where {failing(told, scope)} order by _row_no"


@pytest.mark.parametrize("told", RULES, ids=lambda told: f"{told.kind}-{told.column}")
def test_a_condition_fails_on_the_same_rows(
    told: Rule, duck: duckdb.DuckDBPyConnection, postgres: psycopg.Connection[Any]
) -> None:
    ours = duck.execute(_asked(told, "duckdb")).fetchall()
    theirs = postgres.execute(_asked(told, "postgres").encode()).fetchall()
    assert ours == theirs
    assert 0 < len(ours) < len(ROWS)


@pytest.mark.parametrize("told", TABLE_RULES, ids=lambda told: f"{told.kind}-{told.column}")
def test_a_rule_over_a_table_finds_the_same_rows_and_facts(
    told: Rule, duck: duckdb.DuckDBPyConnection, postgres: psycopg.Connection[Any]
) -> None:
    def asked(dialect: Dialect) -> bytes:
        rows = Rows("page", dialect, ("_dataset", "_source_key"), ("_dataset",), TODAY)
        return f"select * from ({failing_rows(told, TERMS, rows)}) as found order by 1, 2".encode()

    ours = [(*row[:3], json.loads(row[3])) for row in duck.execute(asked("duckdb").decode()).fetchall()]
    assert ours == postgres.execute(asked("postgres")).fetchall()
    assert 0 < len(ours) < len(ROWS)


def test_every_kind_is_compared() -> None:
    assert {told.kind for told in RULES} == set(CONDITIONS)
    assert {told.kind for told in TABLE_RULES} == set(TABLE_KINDS)
    assert {name for name, kind in KINDS.items() if kind.scope == "row"} == set(CONDITIONS)
    assert {name for name, kind in KINDS.items() if kind.scope == "table"} == set(TABLE_KINDS)


@pytest.mark.parametrize("regex", [r"\p{L}+", r"a(?i)b", r"[\D]", r"\Aa"])
def test_what_postgresql_cannot_say_is_refused(regex: str) -> None:
    with pytest.raises(Problem) as caught:
        _asked(rule("pattern", "material_code", regex=regex), "postgres")
    assert caught.value.code == "rule_regex_not_portable"


def test_a_division_by_zero_stops_both(duck: duckdb.DuckDBPyConnection, postgres: psycopg.Connection[Any]) -> None:
    told = rule("expression", QTY, sql="scrap_qty / qty < 1")
    with pytest.raises(duckdb.Error, match="division by zero"):
        duck.execute(_asked(told, "duckdb")).fetchall()
    with pytest.raises(psycopg.errors.DivisionByZero), postgres.transaction():
        postgres.execute(_asked(told, "postgres").encode())
