"""History: any past day as it was said then, never changed afterwards; days that add up."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from hub.marts.score_on import last_day, score_on
from hub.marts.scores import TODAY
from tests.hub.marts.factory import Factory, rule

pytestmark = pytest.mark.servers

CODE = rule("code", "error")
_COLUMNS = """dataset, rule, system, entity, department, dimension, severity, rows_checked, rows_failed, weight,
  column_name, within_threshold, unknown"""
_DAY_COLUMNS = (
    "dataset, entity, department, state, read_at, rows_loaded, rows_held, rows_rejected, findings, opened, fixed"
)


def _filed(factory: Factory, days_ago: int) -> None:
    """Today's figures, as if they had been taken so many days ago."""
    factory.connection.execute(
        f"insert into mart.quality_score (day, {_COLUMNS}) select day - %s, {_COLUMNS} from mart.quality_score"
        f" where day = {TODAY}".encode(),
        (days_ago,),
    )
    factory.connection.execute(
        f"insert into mart.dataset_day (day, taken_at, {_DAY_COLUMNS}) select day - %s, taken_at, {_DAY_COLUMNS}"
        f" from mart.dataset_day where day = {TODAY}".encode(),
        (days_ago,),
    )
    factory.connection.commit()


def _ten_rows(factory: Factory, failing: int) -> None:
    factory.rules(CODE)
    factory.rows("k3.part", *((f"P{number}", 1) for number in range(10)))
    factory.read("k3.part")
    factory.find("part.code", "k3.part", *(f"P{number}" for number in range(failing)))
    factory.score()


def test_a_day_without_a_run_is_the_last_run_before_it_and_says_so(factory: Factory) -> None:
    _ten_rows(factory, failing=4)
    _filed(factory, 7)
    factory.fix("part.code", "k3.part", "P0", "P1", "P2")
    factory.score()
    today = factory.one(f"select {TODAY}")

    def on(days_ago: int) -> tuple[object, bool] | None:
        day = score_on(factory.connection, today - timedelta(days=days_ago))
        return (day.overall.value, day.carried) if day else None

    assert [on(0), on(1), on(6), on(7), on(8)] == [(90, False), (60, True), (60, True), (60, False), None]
    assert last_day(factory.connection, today - timedelta(days=2)) == today - timedelta(days=7)


def test_a_carried_day_carries_what_was_unknown(factory: Factory) -> None:
    _ten_rows(factory, failing=1)
    factory.read("k3.part", "failed")
    factory.score()
    _filed(factory, 3)
    factory.read("k3.part")
    factory.score()
    today = factory.one(f"select {TODAY}")
    day = score_on(factory.connection, today - timedelta(days=2), "source")
    assert day is not None
    assert day.carried
    assert day.scores[("k3",)].unknown


@pytest.mark.parametrize("table", ["mart.quality_score", "mart.dataset_day"])
@pytest.mark.parametrize(
    "statement",
    [
        "delete from {table} where day < {today}",
        "update {table} set entity = 'other' where day < {today}",
        "update {table} set day = day - 30 where day = {today}",
        "truncate {table}",
    ],
)
def test_the_store_refuses_to_change_a_past_day(factory: Factory, table: str, statement: str) -> None:
    _ten_rows(factory, failing=1)
    _filed(factory, 1)
    before = factory.all(f"select * from {table} order by 1, 2, 3")
    with pytest.raises(psycopg.errors.RaiseException), factory.connection.transaction():
        factory.connection.execute(statement.format(table=table, today=TODAY).encode())
    assert factory.all(f"select * from {table} order by 1, 2, 3") == before


def test_another_run_another_rule_and_other_rows_leave_past_days_as_they_were(factory: Factory) -> None:
    _ten_rows(factory, failing=2)
    _filed(factory, 1)
    yesterday = factory.one(f"select {TODAY}") - timedelta(days=1)
    before = score_on(factory.connection, yesterday, "rule")
    factory.rules(rule("code", "info"), rule("more", "error"))
    factory.department("k3.part", "finance")
    factory.rows("k3.part", ("P99", 1))
    factory.fix("part.code", "k3.part", "P0", "P1", by="rule")
    factory.score()
    assert score_on(factory.connection, yesterday, "rule") == before
    assert factory.today().overall.value == 100


def test_days_add_up(factory: Factory) -> None:
    """findings of a day = those of the day before + opened - fixed, whoever fixed them."""
    _ten_rows(factory, failing=5)
    factory.rows("k3.part", ("H1", 1), held=True)
    factory.score()
    _filed(factory, 1)
    factory.fix("part.code", "k3.part", "P0", "P1")
    factory.fix("part.code", "k3.part", "P2", by="steward")
    factory.find("part.code", "k3.part", "P7")
    factory.score()
    days = factory.all("select findings, opened, fixed, rows_loaded, rows_held from mart.dataset_day order by day")
    assert days == [(5, 5, None, 10, 1), (3, 1, {"source": 2, "steward": 1}, 10, 1)]
    assert days[1][0] == days[0][0] + days[1][1] - sum(days[1][2].values())


def test_what_is_written_down_of_issues_and_rules_is_never_changed(factory: Factory) -> None:
    _ten_rows(factory, failing=1)
    assert factory.track() == {"opened": 1}
    for statement in (
        "update quality.issue_event set findings = 0",
        "delete from quality.issue_event",
        "truncate quality.rule_version",
    ):
        with pytest.raises(psycopg.errors.RaiseException), factory.connection.transaction():
            factory.connection.execute(statement)
