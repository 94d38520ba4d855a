"""The golden file: what every standardiser makes of texts as factories write them, none of them silently wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from hub.cleansing.registry import STANDARDISERS, standardiser
from hub.cleansing.result import Standard
from hub.cleansing.wording import automatic_rules, reason_titles, suggestion_titles
from schemas.loader import code_lists
from schemas.model import Column, Text
from schemas.rule_kinds import STANDARDS

GOLDEN = Path(__file__).with_name("golden.yaml")


class Case(NamedTuple):
    """value None and reason None: the cell counts as blank."""

    column: Column
    times: Decimal
    raw: str
    value: str | None
    reason: str | None
    suggestion: str | None


def cases() -> list[Case]:
    found = []
    text = GOLDEN.read_text(encoding="utf-8")
    for group in yaml.load(text, Loader=_EachKeyOnce):  # noqa: S506 - a BaseLoader makes nothing but text
        standard, unit, times = group["standard"], group.get("unit"), Decimal(group.get("times", 1))
        kind = STANDARDS[standard][0]
        listed = "unit" if standard == "unit" else None
        column = Column("c", kind, Text("列", "Column"), unit=unit, standard=standard, code_list=listed)
        sure, unsure, suggested = (group.get(part, {}) for part in ("sure", "unsure", "suggested"))
        assert not sure.keys() & unsure.keys(), standard
        assert suggested.keys() <= sure.keys() | unsure.keys(), standard
        for raw in (*sure, *unsure):
            found.append(Case(column, times, raw, sure.get(raw), unsure.get(raw), suggested.get(raw)))
    return found


class _EachKeyOnce(yaml.BaseLoader):
    """Every scalar as text (2024-03-05 is no date here), null as None, and no text twice in one group."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(set(keys)) == len(keys), [key for key in keys if keys.count(key) > 1]
        return {
            key: None if value.value == "null" and not value.style else self.construct_object(value, deep=True)
            for key, (_, value) in zip(keys, node.value, strict=True)
        }


CASES = cases()


def answer(case: Case) -> Standard:
    return standardiser(case.column, code_lists(), times=case.times)(case.raw)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.column.standard}-{case.raw}")
def test_the_answer_is_the_golden_one(case: Case) -> None:
    given = answer(case)
    proposed = given.suggestion.value if given.suggestion else None
    assert (given.value, given.reason, proposed) == (case.value, case.reason, case.suggestion)


def test_no_answer_is_silently_wrong() -> None:
    """Unsure is a right answer everywhere; a value that is not the true one is not."""
    wrong = [(case.raw, given.value) for case in CASES if (given := answer(case)).value not in (None, case.value)]
    assert wrong == []
    assert len(CASES) >= 600


def test_every_standard_has_cases_of_what_is_sure_and_of_what_is_not() -> None:
    assert {case.column.standard for case in CASES} == set(STANDARDISERS) - {"code_list"}  # as `unit`, see its own test
    sometimes_unsure = set(STANDARDISERS) - {"code_list", "company_name", "material_code", "spec"}
    assert {case.column.standard for case in CASES if case.reason} == sometimes_unsure


def test_only_what_rules_yaml_calls_automatic_changes_a_value() -> None:
    for case in CASES:
        given = answer(case)
        assert given.rule is None or given.rule in automatic_rules(), case.raw
        assert given.reason is None or given.reason in reason_titles(), case.raw
        assert given.suggestion is None or given.suggestion.rule in suggestion_titles(), case.raw
        assert given.suggestion is None or 0 < given.suggestion.confidence <= 1, case.raw
    assert not automatic_rules() & suggestion_titles().keys()
