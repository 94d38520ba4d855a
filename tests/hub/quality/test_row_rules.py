"""Each kind of row rule: what passes, what fails, and that blank values fail only `required`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.cleansing.standardise import standardise
from hub.quality.engine import Run
from hub.quality.row_rules import FINDINGS_SCHEMA, check_rows
from schemas.model import Rule
from schemas.problems import Problem
from tests.hub.quality.small import CODES, contract, mapping, rows, rule


def findings(rules: list[Rule], **columns: list[Any]) -> list[dict[str, Any]]:
    page = rows(**columns)
    terms = contract(*rules)
    standardised = standardise(page, mapping(), terms, CODES)
    found = check_rows(standardised, page, mapping(), terms, CODES)
    assert found.schema == FINDINGS_SCHEMA
    return found.to_pylist()


@pytest.mark.parametrize(
    ("tested", "column", "passes", "fails"),
    [
        (rule("required", "material_code"), "material_code", ["A1"], [None, "", " 　", "无"]),
        (
            rule("readable", "start_date"),
            "start_date",
            ["2024年3月5日", None, "45000"],
            ["24.3.5", "05/03/2024", "#N/A"],
        ),
        (rule("readable", "qty"), "qty", ["12元", None, "1,234"], ["12,5", "约12", "#DIV/0!"]),
        (rule("in_list", "unit_code", code_list="unit"), "unit_code", ["公 斤", "KG", "㎏", None], ["箱", "公斤/件"]),
        (rule("range", "qty", min=0, max=10), "qty", ["0", "10", None], ["-1", "10.000001"]),
        (rule("range", "qty", min=0, exclusive=True), "qty", ["0.000001", None], ["0", "-1"]),
        (rule("range", "start_date", min="2020-01-31"), "start_date", ["2020-01-31", None], ["2020-01-30", "2019/1/1"]),
        (rule("pattern", "material_code", regex="[A-Z][0-9]+"), "material_code", ["A1", None], ["1A", "XA1", "A1-"]),
        (rule("length", "material_name", max=3), "material_name", ["法兰盘", None], ["法兰盘座"]),
        (
            rule("checksum", "uscc", algorithm="uscc"),
            "uscc",
            ["91110000600037341L", "9111 0000-6000 37341l", None],
            ["91110000600037341M", "310115000000001", "91110000600037341"],
        ),
        (rule("expression", "qty", sql="qty >= 0"), "qty", ["1", None], ["-1"]),
        (rule("in_list", "unit_code", values=["KG", "M"]), "unit_code", ["公斤", None], ["个"]),
        (rule("sign", "qty", **{"is": "positive"}), "qty", ["0.000001", None], ["0", "-1"]),
        (rule("step", "qty", of=0.1), "qty", ["0.3", "-1.7", "0", None], ["0.25", "0.000001"]),
        (rule("range", "start_date", max="today+1d"), "start_date", ["2024-01-01", None], ["2099-01-01"]),
        (rule("length", "material_name", min=2), "material_name", ["法兰", "😀😀", None], ["法", "😀"]),
        (
            rule("checksum", "material_code", algorithm="ean"),
            "material_code",
            ["6901234567892", "73513537", None],
            ["6901234567893", "690123456789", "735135371"],
        ),
        (rule("checksum", "material_code", algorithm="bank_card"), "material_code", ["6222021234567890128"], ["6222"]),
        (rule("format", "material_name", of="email"), "material_name", ["a.b@x.com.cn", None], ["a@b", "a.b.com"]),
        (
            rule("format", "material_name", of="mobile"),
            "material_name",
            ["13812345678"],
            ["1381234567", "021-58881234"],
        ),
        (
            rule("suspect_code", "material_code", min_digits=6),
            "material_code",
            ["A-1002", "000123", "10X20", "M8", "BOLT-10", "IO-12", None],
            ["A-1O02", "A 1002", "123", "1.2E+05", "100O", "01.O1.0002", "01.1O.0002", "BOLT-1O"],
        ),
    ],
)
def test_a_kind_fires_on_what_fails_and_only_there(
    tested: Rule, column: str, passes: list[Any], fails: list[Any]
) -> None:
    found = findings([tested], **{column: passes + fails})
    assert [finding["_key"] for finding in found] == [
        f"k{number + 1}" for number in range(len(passes), len(passes) + len(fails))
    ]
    assert [finding["value"] for finding in found] == fails
    assert {finding["column"] for finding in found} == {column}


def test_a_finding_says_where_and_what() -> None:
    (finding,) = findings([rule("in_list", "unit_code", hold=True, code_list="unit")], unit_code=["KG", "千可"])
    assert finding == {
        "_key": "k2",
        "_row_no": 3,
        "rule": "material.in_list",
        "column": "unit_code",
        "source_column": "unit_code",
        "value": "千可",
        "severity": "error",
        "dimension": "conformity",
        "hold": True,
        "detail": '{"code_list": "unit", "suggestion": "KG", "reason": "unit.unknown"}',
    }


def test_an_unread_cell_is_told_by_one_rule_only() -> None:
    rules = [
        rule("required", "unit_code"),
        rule("readable", "unit_code"),
        rule("in_list", "unit_code", code_list="unit"),
        rule("required", "qty", name="qty_required"),
        rule("readable", "qty", name="qty_readable"),
    ]
    found = findings(rules, unit_code=["#N/A", None], qty=["12,5", "3"])
    assert [(finding["rule"], finding["_key"]) for finding in found] == [
        ("material.required", "k2"),
        ("material.in_list", "k1"),
        ("material.qty_readable", "k1"),
    ]


@pytest.mark.parametrize(
    ("standard", "asked"),
    [
        ("phone", rule("format", "material_name", of="phone")),
        ("email", rule("format", "material_name", of="email")),
        ("uscc", rule("checksum", "material_name", algorithm="uscc")),
        ("id_card", rule("checksum", "material_name", algorithm="id_card")),
        ("ean", rule("checksum", "material_name", algorithm="ean")),
        ("bank_card", rule("checksum", "material_name", algorithm="bank_card")),
    ],
)
def test_a_cell_that_could_not_be_read_breaks_the_form_it_should_have(standard: str, asked: Rule) -> None:
    """Nothing that is no phone number at all may vanish because no rule asks whether it can be read."""
    column = replace(contract().column("material_name"), standard=standard)
    terms = replace(contract(asked), columns=tuple(column if c.name == column.name else c for c in contract().columns))
    page = rows(material_name=["1@@2", None])
    standardised = standardise(page, mapping(), terms, CODES)
    found = check_rows(standardised, page, mapping(), terms, CODES).to_pylist()
    assert [(one["_key"], one["value"]) for one in found] == [("k1", "1@@2")]


def test_a_blank_that_must_hold_the_row_holds_it_even_if_it_was_unreadable() -> None:
    found = findings([rule("required", "qty", hold=True), rule("readable", "qty")], qty=["12,5"])
    assert {(finding["rule"], finding["hold"]) for finding in found} == {
        ("material.required", True),
        ("material.readable", False),
    }


def test_details_carry_limits_and_suggestions() -> None:
    rules = [
        rule("range", "qty", min=0, max=5),
        rule("suspect_code", "material_code", min_digits=6),
        rule("checksum", "uscc", algorithm="uscc"),
        rule("readable", "start_date"),
    ]
    found = findings(
        rules,
        qty=["9", None],
        material_code=["123", "A1O2"],
        uscc=["310115000000001", None],
        start_date=["24.3.5", None],
    )
    told = {(finding["rule"], finding["_key"]): json.loads(finding["detail"]) for finding in found}
    assert told == {
        ("material.range", "k1"): {"min": "0", "max": "5"},
        ("material.suspect_code", "k1"): {"problem": "short", "length": 3, "digits": 6, "suggestion": "000123"},
        ("material.suspect_code", "k2"): {"problem": "letter_in_digits", "suggestion": "A102"},
        ("material.checksum", "k1"): {"problem": "old_number", "length": 15, "expected": "18"},
        ("material.readable", "k1"): {"reason": "date.two_digit_year", "example": "2024-03-05"},
    }


def test_more_rules_than_bits_in_a_mask() -> None:
    rules = [rule("range", "qty", name=f"below_{limit}", max=limit) for limit in range(150)]
    found = findings(rules, qty=["148.5", "-1"])
    assert len(found) == 149


def test_a_rule_about_a_column_without_source_has_nothing_to_say() -> None:
    page, terms = rows(material_code=["A1"]), contract(rule("required", "qty"))
    narrow = mapping()
    narrow = type(narrow)(narrow.dataset, narrow.entity, narrow.department, narrow.columns[:1])
    assert check_rows(standardise(page, narrow, terms, CODES), page, narrow, terms, CODES).num_rows == 0


def test_hostile_names_and_values_are_only_text() -> None:
    found = findings([rule("pattern", "material_name", regex="[^']*")], material_name=["O'Neill; drop table page"])
    assert [finding["value"] for finding in found] == ["O'Neill; drop table page"]


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (rule("expression", sql="no_such_column > 0"), "rule_condition_unfit"),
        (rule("expression", sql="qty > 0; drop table page"), "rule_condition_unfit"),
        (rule("expression", sql="(select max(qty) from page) > 0"), "rule_condition_unfit"),
        (rule("required", "qty", where="drop table page"), "rule_condition_unfit"),
        (rule("expression", sql="start_date > qty"), "rule_cannot_run"),
        (rule("expression", sql="qty / scrap_qty > 0"), "rule_cannot_run"),
        (rule("expression", sql="qty * qty * qty > 0"), "rule_cannot_run"),
        (rule("nonsense", "qty"), "rule_kind_unknown"),
        (rule("range", "qty", min="many"), "rule_limit_unreadable"),
        (rule("range", "start_date", max="today+1000000y"), "rule_limit_unreadable"),
        (rule("checksum", "uscc", algorithm="luhn"), "rule_checksum_unknown"),
        (rule("required"), "rule_needs_column"),
        (rule("in_list", "unit_code", code_list="colour"), "standardiser_code_list_missing"),
    ],
)
def test_a_rule_that_cannot_run_says_so_and_stops_no_other(broken: Rule, code: str) -> None:
    page = rows(material_code=["A1", None], qty=["99999999999999", "1"], scrap_qty=["0", "1"])
    terms = contract(broken, rule("required", "material_code", name="needed"))
    run = Run()
    standardised = standardise(page, mapping(), terms, CODES)
    found = check_rows(standardised, page, mapping(), terms, CODES, run)
    assert found["rule"].to_pylist() == ["material.needed"]
    assert {rule_id: problem.code for rule_id, problem in run.broken.items()} == {broken.id: code}
    assert broken.id in run.broken[broken.id].text("zh") or code == "standardiser_code_list_missing"
    with pytest.raises(Problem) as caught:
        check_rows(standardised, page, mapping(), terms, CODES)
    assert caught.value.code == code


def test_a_rule_that_takes_too_long_is_stopped_and_left_out_from_then_on() -> None:
    endless = " + ".join(f"length(regexp_replace(repeat(material_name, {n}), '[a-z]*x', ''))" for n in range(300, 340))
    slow = rule("expression", "material_name", sql=f"{endless} > 0")
    size = 10 * 2048
    page = rows(material_name=["法兰盘"] * size, material_code=[None] + ["A1"] * (size - 1))
    terms = contract(slow, rule("required", "material_code", name="needed"))
    run = Run(seconds=0.2)
    standardised = standardise(page, mapping(), terms, CODES)
    for _ in range(2):
        assert check_rows(standardised, page, mapping(), terms, CODES, run)["_key"].to_pylist() == ["k1"]
    assert run.broken[slow.id].code == "rule_too_slow"


def test_the_place_of_a_broken_rule_is_its_line_in_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "material.odcs.yaml"
    path.write_text("schema:\n  - quality:\n      - {id: expression_2, type: custom}\n      - id: expression\n")
    terms = replace(contract(rule("expression", sql="qty / scrap_qty > 0")), path=str(path))
    page = rows(qty=["1"], scrap_qty=["0"])
    with pytest.raises(Problem) as caught:
        check_rows(standardise(page, mapping(), terms, CODES), page, mapping(), terms, CODES)
    assert caught.value.params["place"] == "material.odcs.yaml:4"
