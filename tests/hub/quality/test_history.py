"""What a rule said when: every change is written down once, with what changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.marts.scores import TODAY
from hub.quality.history import definition, differences, note_versions, rule_changes
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.model import Code, CodeList, Contract, Text
from tests.hub.marts.factory import at_most, contract, rule

CODE = rule("code", "warning", kind="length", args={"max": 5})
UNITS = {"unit": CodeList("unit", Text("单位", "Unit"), (Code("KG", Text("千克", "kilogram"), ("公斤",)),))}


def test_wording_is_no_part_of_what_a_rule_says() -> None:
    other = replace(CODE, title=Text("另", "Other"), why=Text("因", "Why"), fix=Text("改", "Fix"))
    assert definition(CODE, contract(), {}) == definition(other, contract(), {})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"severity": "error"}, {"severity": ["warning", "error"]}),
        ({"args": {"max": 9}}, {"arguments": {"max": [5, 9]}}),
        ({"args": {"max": 5, "min": 2}}, {"arguments": {"min": [None, 2]}}),
        ({"threshold": at_most("2.5", "percent")}, {"threshold": [None, "2.5 percent"]}),
        ({"where": "qty > 1"}, {"where": [None, "qty > 1"]}),
        ({"dimension": "accuracy"}, {"dimension": ["completeness", "accuracy"]}),
    ],
)
def test_what_changed_is_told(change: dict[str, object], told: dict[str, object]) -> None:
    after = replace(CODE, **change)  # type: ignore[arg-type]
    assert differences(definition(CODE, contract(), {}), definition(after, contract(), {})) == told


def test_a_code_that_is_added_to_a_list_changes_the_rules_that_go_by_it() -> None:
    listed = rule("unit", kind="in_list", args={"code_list": "unit"})
    unit = UNITS["unit"]
    more = {"unit": replace(unit, codes=(*unit.codes, Code("T", Text("吨", "tonne"))))}
    before, after = definition(listed, contract(), UNITS), definition(listed, contract(), more)
    assert differences(before, after) == {"codes": {"T": [None, []]}}
    assert definition(CODE, contract(), UNITS) == definition(CODE, contract(), more)


@pytest.mark.servers
def test_versions_are_noted_once_and_marked_on_their_day(postgres_url: str) -> None:
    upgrade(postgres_url)

    def note(*of: Contract) -> list[str]:
        with connect(postgres_url) as connection:
            return note_versions(connection, {each.entity: each for each in of}, {})

    stricter = replace(CODE, severity="error", args={"max": 4})
    other = rule("other")
    assert note(contract(CODE)) == ["part.code"]
    assert note(contract(CODE)) == []
    assert note(contract(stricter, other)) == ["part.code", "part.other"]
    assert note(contract(other)) == ["part.code"]
    assert note(contract(CODE, other)) == ["part.code"]
    with connect(postgres_url) as connection:
        row = connection.execute(f"select {TODAY}".encode()).fetchone()
        assert row is not None
        marks = [(mark.rule, mark.changed) for mark in rule_changes(connection, row[0], row[0])]
    assert marks == [
        ("part.code", {"arguments": {"max": [5, 4]}, "severity": ["warning", "error"]}),
        ("part.other", {"added": [None, "required"]}),
        ("part.code", {"removed": ["length", None]}),
        ("part.code", {"added": [None, "length"]}),
    ]
