"""Nothing changes until somebody says so; what was said is applied, counted, shown, and can be taken back."""

from __future__ import annotations

import threading

import pytest

from hub.cleansing.decisions import NONE, decisions_of
from hub.landing.dataset import all_mappings
from hub.store.engine import connect
from hub.suggestions import decide
from schemas.problems import Problem
from tests.hub.suggestions.conftest import MEANT, MOJIBAKE, NUMBER, Desk

pytestmark = pytest.mark.servers


def test_a_suggestion_is_counted_per_text_and_changes_nothing(desk: Desk) -> None:
    found = desk.rows(
        "select raw_value, value, rows, status, confidence > 0.9, source_key from quality.suggestion"
        " where rule = 'text.mojibake'"
    )
    assert found == [(MOJIBAKE, MEANT, 2, "open", True, "5")]
    assert desk.name("5") == (MOJIBAKE, [])


def test_accepted_it_applies_to_every_row_with_the_text_and_keeps_the_original(desk: Desk) -> None:
    accepted = desk.accept(desk.suggestion("text.mojibake"))
    assert (accepted.rows, accepted.datasets) == (2, ("k3.customer",))
    assert desk.name("5") == (MOJIBAKE, [])  # stored rows change when they are judged again
    desk.sync()
    for key in ("5", "6"):
        assert desk.name(key) == (MEANT, [(MOJIBAKE, MEANT, "remembered")])
    assert desk.rows("select status, decided_by, rows from quality.suggestion where rule = 'text.mojibake'") == [
        ("accepted", "li", 0)
    ]
    assert desk.rows("select login, action, subject from ops.audit") == [
        ("li", "value_remembered", "customer.customer_name")
    ]


def test_a_new_row_with_the_text_gets_the_value_at_once(desk: Desk) -> None:
    desk.accept(desk.suggestion("text.mojibake"))
    desk.factory.erp_sql("update t_Organization set FName = ? where FItemID = 9", f" {MOJIBAKE}")
    desk.sync()
    assert desk.name("9") == (MEANT, [(f" {MOJIBAKE}", MEANT, "remembered")])


def test_switched_off_the_rows_say_again_what_the_source_says(desk: Desk) -> None:
    remembered = desk.accept(desk.suggestion("text.mojibake")).remembered
    desk.sync()
    assert remembered is not None
    for _ in range(2):  # the second time changes nothing
        with connect() as connection:
            decide.switch_off(connection, remembered, "wang")
    desk.sync()
    assert desk.name("5") == (MOJIBAKE, [])
    assert desk.rows("select status, rows from quality.suggestion where rule = 'text.mojibake'") == [("open", 2)]
    with connect() as connection:
        decide.switch_on(connection, remembered, "wang")
    desk.sync()
    assert desk.name("5")[0] == MEANT
    actions = [action for (action,) in desk.rows("select action from ops.audit order by id")]
    assert actions == ["value_remembered", "remembered_off", "remembered_on"]


def test_accepting_twice_remembers_once(desk: Desk) -> None:
    suggestion = desk.suggestion("text.mojibake")
    assert desk.accept(suggestion) == desk.accept(suggestion, "wang")
    assert desk.rows("select count(*) from quality.remembered_value") == [(1,)]
    assert len(desk.rows("select id from ops.audit")) == 1


def test_a_dismissed_suggestion_stays_away_and_cannot_be_accepted_by_mistake(desk: Desk) -> None:
    suggestion = desk.suggestion("text.mojibake")
    for _ in range(2):
        with connect() as connection:
            assert decide.dismiss(connection, suggestion, "li", "a brand") == 2
    desk.sync()
    assert desk.rows("select status from quality.suggestion where id = %s", suggestion) == [("dismissed",)]
    with pytest.raises(Problem) as problem:
        desk.accept(suggestion, "wang")
    assert problem.value.code == "suggestion_was_dismissed"
    assert problem.value.params["who"] == "li"


def test_another_department_is_not_concerned(desk: Desk) -> None:
    desk.accept(desk.suggestion("text.mojibake"))
    own = all_mappings()["k3.customer"].department
    with connect() as connection:
        assert decisions_of(connection, "k3.customer", own, "customer").remembered == {
            "customer_name": {MOJIBAKE: MEANT}
        }
        assert decisions_of(connection, "mes.customer", "somebody else", "customer") == NONE
        assert decisions_of(connection, "k3.supplier", own, "supplier") == NONE


def test_two_people_who_accept_the_same_at_once_agree(desk: Desk) -> None:
    suggestion = desk.suggestion("text.mojibake")
    results: list[decide.Accepted] = []
    threads = [threading.Thread(target=lambda w=who: results.append(desk.accept(suggestion, w))) for who in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({result.remembered for result in results}) == 1
    assert desk.rows("select count(*) from quality.remembered_value where active") == [(1,)]


def test_of_two_people_who_mean_different_values_the_second_is_told_about_the_first(desk: Desk) -> None:
    place = ("customer", "customer_name", MOJIBAKE)
    own = all_mappings()["k3.customer"].department
    told: list[str] = []
    first, second = connect(), connect()
    with first as one:
        decide.remember(one, own, *place, MEANT, "text.mojibake", "li", "k3.customer")

        def other() -> None:
            with pytest.raises(Problem) as problem, second as two:
                decide.remember(two, own, *place, "沪", "text.mojibake", "wang", "k3.customer")
            told.append(problem.value.params["who"])

        thread = threading.Thread(target=other)
        thread.start()
    thread.join()
    assert told == ["li"]


def test_a_suggestion_is_gone_when_its_text_is(desk: Desk) -> None:
    suggestion = desk.suggestion("text.mojibake")
    desk.factory.erp_sql("update t_Organization set FName = '苏州五金有限公司' where FItemID = 5")
    desk.sync()
    assert desk.rows("select status, rows from quality.suggestion where id = %s", suggestion) == [("open", 1)]
    desk.factory.erp_sql("delete from t_Organization where FItemID = 6")
    desk.sync()
    assert desk.rows("select status, rows from quality.suggestion where id = %s", suggestion) == [("gone", 0)]
    with pytest.raises(Problem) as problem:
        desk.accept(suggestion)
    assert problem.value.code == "suggestion_gone"


def test_a_suggestion_for_one_row_becomes_a_correction_of_it(desk: Desk) -> None:
    suggestion = desk.suggestion("depends.uscc")
    accepted = desk.accept(suggestion)
    assert accepted.correction is not None
    assert desk.rows("select source_key, raw_value, value from quality.correction") == [("8", None, NUMBER)]
    desk.sync()
    assert desk.rows("select uscc from core.customer where _source_key = '8'") == [(NUMBER,)]
    assert desk.rows(
        "select rule, raw_value from quality.value_change where source_key = '8' and column_name = 'uscc'"
    ) == [("correction", None)]
    assert desk.rows("select status from quality.suggestion where id = %s", suggestion) == [("accepted",)]
