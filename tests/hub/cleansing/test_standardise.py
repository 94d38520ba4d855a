"""A whole page: types, changes, unread cells, status maps, fallbacks, factors, and typed ERP columns."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from hub.cleansing.standardise import CHANGES_SCHEMA, UNREAD_SCHEMA, Standardised, standardise
from schemas.model import Code, CodeList, Column, ColumnMapping, Contract, Mapping, Text
from schemas.problems import Problem

TITLE = Text("题", "Title")
CODES = {"unit": CodeList("unit", TITLE, (Code("KG", Text("千克", "kilogram"), ("公斤",)),))}
COLUMNS = (
    Column("code", "string", TITLE, standard="code"),
    Column("unit_code", "string", TITLE, standard="unit", code_list="unit"),
    Column("qty", "decimal", TITLE, precision=20, scale=4),
    Column("days", "integer", TITLE),
    Column("day", "date", TITLE),
    Column("moment", "timestamp", TITLE),
    Column("active", "boolean", TITLE),
)
CONTRACT = Contract("thing", TITLE, TITLE, "it", COLUMNS, ("code",), ())


def run(*entries: ColumnMapping, **columns: Any) -> Standardised:
    rows = pa.table({"_key": [f"k{n}" for n in range(len(next(iter(columns.values()))))], **columns})
    rows = rows.append_column("_row_no", pa.nulls(len(rows), pa.int64()))
    if not entries:
        entries = tuple(ColumnMapping(name, name) for name in columns)
    return standardise(rows, Mapping("s.o", "thing", "it", entries), CONTRACT, CODES)


def test_every_contract_column_is_there_and_typed() -> None:
    done = run(code=["a"])
    assert done.values.schema == pa.schema(
        [
            ("_key", pa.string()),
            ("_row_no", pa.int64()),
            ("code", pa.string()),
            ("unit_code", pa.string()),
            ("qty", pa.decimal128(20, 4)),
            ("days", pa.int64()),
            ("day", pa.date32()),
            ("moment", pa.timestamp("us")),
            ("active", pa.bool_()),
        ]
    )
    assert done.changes.schema == CHANGES_SCHEMA
    assert done.unread.schema == UNREAD_SCHEMA


def test_text_becomes_typed_and_tells_what_it_did() -> None:
    done = run(
        code=["A1", "ａ2", None],
        unit_code=["公 斤", "KG", "箱"],
        qty=["12.50", "￥1,234.5", "12,5"],
        day=["2024-03-05", "2024年3月5日", "24.3.5"],
        moment=["2024-03-05T13:30:00", None, ""],
        active=["TRUE", "否", "maybe"],
    )
    assert done.values.select(["code", "unit_code", "qty", "day", "moment", "active"]).to_pydict() == {
        "code": ["A1", "a2", None],
        "unit_code": ["KG", "KG", None],
        "qty": [Decimal("12.5000"), Decimal("1234.5000"), None],
        "day": [dt.date(2024, 3, 5), dt.date(2024, 3, 5), None],
        "moment": [dt.datetime(2024, 3, 5, 13, 30), None, None],
        "active": [True, False, None],
    }
    told = [(row["_key"], row["column"], row["raw"], row["value"], row["rule"]) for row in done.changes.to_pylist()]
    assert told == [
        ("k1", "code", "ａ2", "a2", "code.width"),
        ("k0", "unit_code", "公 斤", "KG", "unit.alias"),
        ("k1", "qty", "￥1,234.5", "1234.5", "number.currency"),
        ("k1", "day", "2024年3月5日", "2024-03-05", "date.chinese"),
        ("k1", "active", "否", "false", "boolean.word"),
    ]
    unread = [(row["_key"], row["column"], row["raw"], row["reason"]) for row in done.unread.to_pylist()]
    assert unread == [
        ("k2", "unit_code", "箱", "unit.unknown"),
        ("k2", "qty", "12,5", "number.comma"),
        ("k2", "day", "24.3.5", "date.two_digit_year"),
        ("k2", "active", "maybe", "boolean.unread"),
    ]


def test_erp_types_are_cast_without_being_called_changes() -> None:
    noon = dt.datetime(2024, 3, 5, 12)
    done = run(
        code=pa.array([7, None], pa.int32()),
        qty=pa.array([Decimal("12.5"), None], pa.decimal128(23, 10)),
        days=pa.array([30, None], pa.int16()),
        day=pa.array([dt.datetime(2024, 3, 5), None], pa.timestamp("us")),
        moment=pa.array([noon, None], pa.timestamp("ns")),
        active=pa.array([True, None]),
    )
    first = done.values.to_pylist()[0]
    assert (first["code"], first["qty"], first["days"]) == ("7", Decimal("12.5000"), 30)
    assert (first["day"], first["moment"], first["active"]) == (dt.date(2024, 3, 5), noon, True)
    assert done.changes.num_rows == done.unread.num_rows == 0
    assert all(value is None for name, value in done.values.to_pylist()[1].items() if name != "_key")


def test_a_time_in_a_date_column_is_told() -> None:
    done = run(day=pa.array([dt.datetime(2024, 3, 5, 12), dt.datetime(2024, 3, 6)], pa.timestamp("us")))
    (change,) = done.changes.to_pylist()
    assert (change["raw"], change["value"], change["rule"]) == (
        "2024-03-05T12:00:00",
        "2024-03-05",
        "date.time_dropped",
    )


def test_epoch_milliseconds_become_local_time_and_nonsense_stays_unread() -> None:
    done = run(
        moment=pa.array([1709616600000, 0, None], pa.int64()), day=pa.array([1709654400000, None, None], pa.int64())
    )
    assert done.values["moment"].to_pylist() == [dt.datetime(2024, 3, 5, 13, 30), None, None]
    assert done.values["day"].to_pylist() == [dt.date(2024, 3, 6), None, None]
    assert [(row["raw"], row["reason"]) for row in done.unread.to_pylist()] == [("0", "timestamp.range")]
    assert [(row["raw"], row["value"], row["rule"]) for row in done.changes.to_pylist()] == [
        ("1709654400000", "2024-03-06", "timestamp.epoch"),
        ("1709616600000", "2024-03-05T13:30:00", "timestamp.epoch"),
    ]


def test_times_with_a_zone_become_local() -> None:
    aware = pa.array([dt.datetime(2024, 3, 5, 5, 30, tzinfo=dt.UTC)], pa.timestamp("ms", tz="UTC"))
    assert run(moment=aware).values["moment"].to_pylist() == [dt.datetime(2024, 3, 5, 13, 30)]


def test_decimals_that_do_not_fit_are_read_one_by_one() -> None:
    done = run(qty=pa.array([Decimal("1.23456"), Decimal("1e18"), Decimal("2")], pa.decimal128(38, 6)))
    assert done.values["qty"].to_pylist() == [Decimal("1.2346"), None, Decimal("2.0000")]
    assert [row["rule"] for row in done.changes.to_pylist()] == ["number.rounded"]
    assert [row["reason"] for row in done.unread.to_pylist()] == ["number.too_large"]


def test_floats_lose_their_binary_noise_but_nothing_else() -> None:
    done = run(qty=pa.array([0.1 + 0.2, 12.5, 1e-9]))
    assert done.values["qty"].to_pylist() == [Decimal("0.3000"), Decimal("12.5000"), Decimal("0.0000")]


def test_floats_may_be_narrow_blank_or_no_number() -> None:
    done = run(
        code=pa.array([7.5, None, 0.0, -0.0], pa.float32()),
        qty=pa.array([None] * 4, pa.float64()),
        days=pa.array([1.0, float("nan"), 1.0, 2.5]),
    )
    assert done.values["code"].to_pylist() == ["7.5", None, "0", "-0"]
    assert done.values["qty"].null_count == 4
    assert done.values["days"].to_pylist() == [1, None, 1, None]
    assert [row["raw"] for row in done.unread.to_pylist()] == ["nan", "2.5"]


def test_a_status_map_comes_first() -> None:
    entry = ColumnMapping("active", "FDeleted", values={"0": "true", "1": "false"})
    done = run(entry, FDeleted=pa.array([0, 1, None], pa.int8()))
    assert done.values["active"].to_pylist() == [True, False, None]
    assert [(row["raw"], row["value"], row["rule"]) for row in done.changes.to_pylist()] == [
        ("0", "true", "code.mapped"),
        ("1", "false", "code.mapped"),
    ]


def test_a_constant_is_the_same_in_every_row() -> None:
    done = run(ColumnMapping("unit_code", value="KG"), x=["a", "b"])
    assert done.values["unit_code"].to_pylist() == ["KG", "KG"]
    assert done.changes.num_rows == 0


def test_a_fallback_fills_blanks_and_says_so() -> None:
    entry = ColumnMapping("code", "number", fallback="id")
    done = run(entry, number=["A1", None, " "], id=pa.array([1, 2, None], pa.int64()))
    assert done.values["code"].to_pylist() == ["A1", "2", None]
    (change,) = done.changes.to_pylist()
    assert (change["source_column"], change["raw"], change["rule"]) == ("id", "2", "source.fallback")


@pytest.mark.parametrize("amount", [["12", None], pa.array([Decimal("12"), None], pa.decimal128(9, 2))])
def test_a_factor_multiplies_exactly(amount: Any) -> None:
    done = run(ColumnMapping("qty", "万元", factor="10000"), 万元=amount)
    assert done.values["qty"].to_pylist() == [Decimal("120000.0000"), None]
    assert [row["rule"] for row in done.changes.to_pylist()] == ["number.unit"]


def test_nothing_in_nothing_out() -> None:
    done = run(code=pa.array([], pa.string()), qty=pa.array([], pa.string()), day=pa.array([], pa.int64()))
    assert done.values.num_rows == done.changes.num_rows == done.unread.num_rows == 0


def test_a_column_the_source_does_not_have_is_named() -> None:
    with pytest.raises(Problem) as caught:
        run(ColumnMapping("code", "FNumber"), FName=["x"])
    assert caught.value.code == "mapping_source_missing"
    assert caught.value.params["known"] == "FName"
