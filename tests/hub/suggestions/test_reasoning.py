"""The reasoning of suggestions, without a store: majorities, names, learned changes, confidence."""

from __future__ import annotations

import pytest

from hub.suggestions.confidence import LEAST, MEASURED, SHOWN, learned, share
from hub.suggestions.learned import Change, change_of, same_changes
from hub.suggestions.majorities import dominant_spellings, known_name, majority, may_stand_for, spelling_key


def test_nearly_all_rows_make_a_majority_and_a_few_do_not() -> None:
    assert majority({"螺栓": 19, "罗栓": 1}) == ("螺栓", 19, 20)
    assert majority({"螺栓": 2, "罗栓": 1}) is None
    assert majority({"螺栓": 100}) is None  # nothing to say


def test_spellings_that_differ_in_width_case_and_punctuation_follow_the_usual_one() -> None:
    found = dominant_spellings({"Q235-B": 40, "Q235B": 1, "ｑ235-b": 1, "Q345-B": 3})
    assert {text: most.value for text, most in found.items()} == {"Q235B": "Q235-B", "ｑ235-b": "Q235-B"}


@pytest.mark.parametrize(("one", "other"), [("1.5", "15"), ("M8×20", "M820"), ("10-20", "1020"), ("10/2", "102")])
def test_a_sign_between_digits_makes_another_text(one: str, other: str) -> None:
    assert spelling_key(one) != spelling_key(other)


def test_a_number_has_one_name_if_two_rows_say_so_and_no_two_say_otherwise() -> None:
    full, short = "苏州恒力机械有限公司", "恒力机械"
    assert known_name({full: 2, short: 1}) == (full, 2, 3)
    assert known_name({full: 1, short: 1}) is None
    assert known_name({full: 3, short: 2}) is None


def test_a_name_is_replaced_by_a_fuller_one_only() -> None:
    assert may_stand_for("恒力机械", "苏州恒力机械有限公司")
    assert may_stand_for("苏州恒力机诫有限公司", "苏州恒力机械有限公司")
    assert not may_stand_for("苏州恒力机械有限公司", "恒力机械有限公司")
    assert not may_stand_for("上海大发贸易有限公司", "苏州恒力机械有限公司")


def test_what_changed_is_a_beginning_or_an_end() -> None:
    assert change_of("恒力有限责任公司", "恒力有限公司") == Change("end", "责任公司", "公司")
    assert change_of("(停用)恒力", "恒力") == Change("start", "(停用)", "")
    assert change_of("ab", "cd") is None
    assert change_of("恒力", "恒力") is None


def test_the_same_change_needs_two_examples_and_a_result_that_exists() -> None:
    accepted = [("恒力厂", "恒力有限公司"), ("大发厂", "大发有限公司")]
    texts, known = ["新源厂", "新源", "厂"], {"新源有限公司"}
    assert same_changes(accepted[:1], [], texts, known) == {}
    assert same_changes(accepted, [], texts, set()) == {}
    found = same_changes(accepted, [], texts, known)
    assert {text: each.value for text, each in found.items()} == {"新源厂": "新源有限公司"}
    assert same_changes(accepted, [("泰兴厂", "泰兴有限公司")], texts, known) == {}


def test_many_examples_are_enough_by_themselves() -> None:
    accepted = [(f"第{number}号厂", f"第{number}号工厂") for number in range(1, 10)]
    assert same_changes(accepted, [], ["新源厂"], set())["新源厂"].value == "新源工厂"


def test_confidence_follows_the_department() -> None:
    assert all(LEAST <= confidence < 1 for confidence in MEASURED.values())
    assert share(0, 0) == 0.5
    assert learned(0.96, 0, 20) < SHOWN
    assert learned(0.9, 10, 0) > 0.9
