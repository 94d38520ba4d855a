"""What people decided, laid over what the source says: what holds when, what is told, what comes back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa

from hub.cleansing.decisions import NONE, Correction, Decisions, fingerprint
from hub.cleansing.standardise import Standardised, standardise
from schemas.model import Code, CodeList, Column, ColumnMapping, Contract, Mapping, Text

TITLE = Text("题", "Title")
CODES = {"unit": CodeList("unit", TITLE, (Code("KG", Text("千克", "kilogram")), Code("PCS", Text("个", "piece"))))}
COLUMNS = (
    Column("name", "string", TITLE, standard="name"),
    Column("unit_code", "string", TITLE, standard="unit", code_list="unit"),
    Column("qty", "decimal", TITLE, precision=20, scale=4),
)
CONTRACT = Contract("thing", TITLE, TITLE, "it", COLUMNS, ("name",), ())


def run(
    decisions: Decisions, entry: ColumnMapping, values: list[Any], type_: pa.DataType | None = None
) -> Standardised:
    rows = pa.table(
        {
            "_key": [f"k{n}" for n in range(len(values))],
            "src": pa.array(values, type_),
            "_row_no": pa.nulls(len(values), pa.int64()),
        }
    )
    return standardise(rows, Mapping("s.o", "thing", "it", (entry,)), CONTRACT, CODES, decisions)


def told(done: Standardised) -> list[tuple[str, str | None, str | None, str]]:
    return [(row["_key"], row["raw"], row["value"], row["rule"]) for row in done.changes.to_pylist()]


def unit(values: list[Any], decisions: Decisions) -> Standardised:
    return run(decisions, ColumnMapping("unit_code", "src"), values)


def test_a_remembered_text_takes_the_place_of_the_raw_one_and_keeps_the_original() -> None:
    done = unit(["KGG", "KG", None], Decisions({"unit_code": {"KGG": "KG"}}))
    assert done.values["unit_code"].to_pylist() == ["KG", "KG", None]
    assert told(done) == [("k0", "KGG", "KG", "remembered")]
    assert done.unread.num_rows == 0


def test_without_decisions_the_text_stays_unread() -> None:
    done = unit(["KGG"], NONE)
    assert done.values["unit_code"].to_pylist() == [None]
    assert done.unread.num_rows == 1


def test_width_and_blanks_do_not_count_unless_the_texts_then_mean_two_things() -> None:
    one = Decisions({"unit_code": {"公 斤": "KG"}})
    assert unit(["公 斤", " 公  斤", "公　斤", "公斤x"], one).values["unit_code"].to_pylist() == [
        "KG",
        "KG",
        "KG",
        None,
    ]
    two = Decisions({"unit_code": {"ＡＢ": "KG", "AB ": "PCS"}})
    assert unit(["ＡＢ", "AB ", "AB"], two).values["unit_code"].to_pylist() == ["KG", "PCS", None]


def test_a_remembered_value_still_has_to_be_a_value_of_the_column() -> None:
    done = unit(["x"], Decisions({"unit_code": {"x": "no unit"}}))
    assert done.values["unit_code"].to_pylist() == [None]
    assert [(row["raw"], row["reason"]) for row in done.unread.to_pylist()] == [("x", "unit.unknown")]


def test_a_correction_holds_for_its_row_only_and_goes_before_a_remembered_text() -> None:
    decisions = Decisions({"unit_code": {"x": "KG"}}, {"unit_code": {"k1": Correction("x", "PCS")}})
    done = unit(["x", "x"], decisions)
    assert done.values["unit_code"].to_pylist() == ["KG", "PCS"]
    assert told(done) == [("k0", "x", "KG", "remembered"), ("k1", "x", "PCS", "correction")]


def test_a_correction_ends_when_the_source_says_something_else() -> None:
    decisions = Decisions(corrections={"unit_code": {"k0": Correction("x", "PCS"), "k1": Correction(None, "PCS")}})
    done = unit(["KG", None], decisions)
    assert done.values["unit_code"].to_pylist() == ["KG", "PCS"]
    assert [(row["_key"], row["raw"]) for row in done.outdated.to_pylist()] == [("k0", "KG")]
    assert told(done) == [("k1", None, "PCS", "correction")]


def test_a_correction_can_empty_a_value() -> None:
    done = unit(["KG"], Decisions(corrections={"unit_code": {"k0": Correction("KG", None)}}))
    assert done.values["unit_code"].to_pylist() == [None]
    assert told(done) == [("k0", "KG", None, "correction")]
    assert done.unread.num_rows == 0


def test_neither_factor_nor_status_map_of_the_source_touch_a_decided_value() -> None:
    ten_thousand = ColumnMapping("qty", "src", factor="10000", values={"7": "8"})
    done = run(Decisions({"qty": {"1,5": "7"}}), ten_thousand, ["1,5", "2"])
    assert done.values["qty"].to_pylist() == [Decimal("7.0000"), Decimal("20000.0000")]


def test_a_typed_column_keeps_its_type() -> None:
    decisions = Decisions(corrections={"qty": {"k1": Correction("5", "0.5")}})
    done = run(decisions, ColumnMapping("qty", "src"), [4, 5, 6], pa.int64())
    assert done.values["qty"].to_pylist() == [Decimal("4.0000"), Decimal("0.5000"), Decimal("6.0000")]
    assert told(done) == [("k1", "5", "0.5", "correction")]


def test_a_suggestion_is_told_and_changes_nothing_until_somebody_decides() -> None:
    name = ColumnMapping("name", "src")
    wrong = "涓婃捣"
    done = run(NONE, name, [wrong, "上海"])
    assert done.values["name"].to_pylist() == [wrong, "上海"]
    assert [(row["_key"], row["raw"], row["value"]) for row in done.suggestions.to_pylist()] == [("k0", wrong, "上海")]
    accepted = run(Decisions({"name": {wrong: "上海"}}), name, [wrong, "上海"])
    assert accepted.values["name"].to_pylist() == ["上海", "上海"]
    assert accepted.suggestions.num_rows == 0


def test_the_fingerprint_tells_decisions_apart_and_is_empty_without_any() -> None:
    one = Decisions({"a": {"x": "y"}})
    assert fingerprint(NONE) == ""
    assert fingerprint(one) == fingerprint(Decisions({"a": {"x": "y"}}))
    assert len({fingerprint(one), fingerprint(Decisions({"a": {"x": "z"}})),
                fingerprint(Decisions(corrections={"a": {"x": Correction("y", None)}}))}) == 3  # fmt: skip
