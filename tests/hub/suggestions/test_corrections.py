"""A steward's word on one value: for one row, before what is remembered, until the source says something else."""

from __future__ import annotations

import pytest

from hub.store.engine import connect
from hub.suggestions import decide
from schemas.problems import Problem
from tests.hub.suggestions.conftest import MEANT, MOJIBAKE, Desk

pytestmark = pytest.mark.servers


def test_a_correction_goes_before_a_remembered_text(desk: Desk) -> None:
    desk.accept(desk.suggestion("text.mojibake"))
    desk.correct("6", "customer_name", "上海机床厂")
    desk.sync()
    assert desk.name("5")[0] == MEANT
    assert desk.name("6") == ("上海机床厂", [(MOJIBAKE, "上海机床厂", "correction")])


def test_it_ends_when_the_source_says_something_else_and_holds_again_when_it_goes_back(desk: Desk) -> None:
    desk.correct("6", "customer_name", "上海机床厂")
    desk.sync()
    desk.factory.erp_sql("update t_Organization set FName = '苏州新名有限公司' where FItemID = 6")
    desk.sync()
    assert desk.name("6") == ("苏州新名有限公司", [])
    outdated = "select outdated_at is not null, outdated_value from quality.correction"
    assert desk.rows(outdated) == [(True, "苏州新名有限公司")]
    desk.factory.erp_sql("update t_Organization set FName = ? where FItemID = 6", MOJIBAKE)
    desk.sync()
    assert desk.name("6")[0] == "上海机床厂"
    assert desk.rows(outdated) == [(False, None)]


def test_taken_back_the_row_says_what_the_source_says(desk: Desk) -> None:
    correction = desk.correct("6", "customer_name", "上海机床厂")
    assert desk.correct("6", "customer_name", "上海机床厂", "wang") == correction  # said already
    desk.sync()
    for _ in range(2):
        with connect() as connection:
            decide.take_back(connection, correction, "wang")
    desk.sync()
    assert desk.name("6") == (MOJIBAKE, [])
    assert [action for (action,) in desk.rows("select action from ops.audit order by id")] == [
        "value_corrected", "correction_taken_back",
    ]  # fmt: skip


def test_another_word_on_the_same_value_takes_the_place_of_the_first(desk: Desk) -> None:
    first = desk.correct("6", "customer_name", "上海机床厂")
    second = desk.correct("6", "customer_name", "上海车床厂", "wang")
    assert desk.rows("select id, active, switched_by from quality.correction order by id") == [
        (first, False, "wang"), (second, True, None),
    ]  # fmt: skip


def test_a_held_row_comes_back_when_what_held_it_is_corrected(desk: Desk) -> None:
    assert desk.rows("select count(*) from quality.held_row where source_key = '3'") == [(1,)]
    desk.correct("3", "customer_code", "Ｃ0003")
    desk.sync()
    assert desk.rows("select customer_code from core.customer where _source_key = '3'") == [("C0003",)]
    assert desk.rows("select count(*) from quality.held_row where source_key = '3'") == [(0,)]


@pytest.mark.parametrize(
    ("key", "column", "value", "code"),
    [
        ("6", "no_such_column", "x", "correction_column_unknown"),
        ("no such row", "customer_name", "x", "correction_row_missing"),
        ("6", "is_active", "vielleicht", "decision_not_standard"),
    ],
)
def test_what_cannot_be_is_refused(desk: Desk, key: str, column: str, value: str, code: str) -> None:
    with pytest.raises(Problem) as problem:
        desk.correct(key, column, value)
    assert problem.value.code == code


def test_a_correction_needs_a_reason(desk: Desk) -> None:
    with pytest.raises(Problem) as problem, connect() as connection:
        decide.correct(connection, "k3.customer", "6", "customer_name", "x", "li", " ", desk.factory.erp.parent)
    assert problem.value.code == "correction_needs_reason"
