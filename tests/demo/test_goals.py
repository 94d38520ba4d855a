"""The goals are told as missed exactly when they are, and kinds that no rule can decide have none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from examples.demo_factory import truth
from examples.demo_factory.goals import missed
from examples.demo_factory.score import Line, Score
from examples.demo_factory.score_report import as_table

GOOD = Score(
    [
        Line("uscc_wrong", "error", 1000, 985, 10),
        Line("date_dot", "fixable", 100, 100, 0, 99),
        Line("name_typo", "match", 100, 10, 5),
        Line("text.width", "repair", 50, 50, 0),
        Line("depends.name", "suggestion", 1000, 190, 20),
        Line("uscc.repaired", "suggestion", 20, 20, 0),
    ],
    [Line("customer", "domain", 100, 50, 50)],
    world="demo factory, scale 1",
)


def test_a_good_score_misses_nothing_whatever_matching_does() -> None:
    assert missed(GOOD) == []
    table = as_table(GOOD)
    assert table.startswith("demo factory, scale 1\n")
    assert table.splitlines()[-1].startswith("The goals hold (")
    assert "- name_typo: a company may choose any characters" in table


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (Line("uscc_wrong", "error", 1000, 979, 0), ["error uscc_wrong: recall 0.9790 is below 0.98"]),
        (Line("uscc_wrong", "error", 100, 100, 3), ["error uscc_wrong: precision 0.9708 is below 0.98"]),
        (Line("uscc_wrong", "error", 100, 0, 0), ["error uscc_wrong: nothing was found",
                                                  "error uscc_wrong: recall 0.0000 is below 0.98"]),
        (Line("date_dot", "fixable", 100, 100, 0, 97), ["fixable date_dot: precision 0.9700 is below 0.98",
                                                        "fixable date_dot: recall 0.9700 is below 0.98"]),
        (Line("text.width", "repair", 5000, 4999, 1), ["repair text.width: precision 0.9998 is below 1"]),
        (Line("depends.name", "suggestion", 100, 50, 6), ["suggestion depends.name: precision 0.8928 is below 0.9"]),
    ],
)  # fmt: skip
def test_a_missed_goal_is_told(line: Line, told: list[str]) -> None:
    others = [one for one in GOOD.kinds if one.name != line.name]
    score = replace(GOOD, kinds=[*others, line])
    assert missed(score) == told
    assert as_table(score).splitlines()[-1].startswith("The goals do not hold (")


def test_what_people_are_asked_must_be_right_over_all_too() -> None:
    lines = [Line(f"reason {n}", "suggestion", 0, 9, 1) for n in range(3)]
    assert missed(Score(lines, [])) == []
    (one, every) = missed(Score([*lines, Line("bad", "suggestion", 0, 0, 1)], []))
    assert (one, every) == ("suggestion bad: precision 0.0000 is below 0.9",
                            "suggestion all: precision 0.8709 is below 0.9")  # fmt: skip


def test_a_kind_without_a_goal_says_why_in_both_languages() -> None:
    without = {name for name, facts in truth.kinds().items() if "undecidable" in facts}
    assert without == {"name_form", "name_place", "name_typo"}
    assert all(set(truth.kinds()[name]["undecidable"]) == {"zh", "en"} for name in without)
    # whatever else matching should see through must be found by a rule as well
    assert all(
        facts.get("rules") for name, facts in truth.kinds().items() if facts["class"] == "match" and name not in without
    )
