"""Rules about datasets as a whole: age, number of rows, columns; on a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from schemas.model import Rule
from tests.hub.quality.set_store import Store, of
from tests.hub.quality.small import rule


def _load(store: Store, dataset: str, hours_ago: float, status: str = "ok", rows: int = 0, kind: str = "read") -> None:
    store.connection.execute(
        "insert into ops.load (run_id, system, dataset, entity, epoch, rules, status, kind, rows_read, finished_at)"
        " values ('r', 's', %s, 'e', 1, '', %s, %s, %s, now() - %s * interval '1 hour')",
        [dataset, status, kind, rows, hours_ago],
    )


def _day(store: Store, dataset: str, days_ago: int, rows: int, state: str = "read") -> None:
    store.connection.execute(
        "insert into mart.dataset_day (day, dataset, entity, department, state, rows_loaded, rows_held, rows_rejected,"
        " findings, opened) values ((now() at time zone 'Asia/Shanghai')::date - %s, %s, 'e', 'd', %s, %s, 1, 0, 0, 0)",
        [days_ago, dataset, state, rows - 1],
    )


def _waiting(store: Store, dataset: str, column: str, status: str) -> None:
    store.connection.execute(
        "insert into ops.schema_change (dataset, kind, column_name, used, status, load_id) values"
        " (%s, 'dropped', %s, true, %s, 1)",
        [dataset, column, status],
    )


def _about_the_dataset(kind: str, **args: Any) -> Rule:
    return replace(rule(kind, **args), column=None)


def test_the_newest_load_that_got_through_counts(store: Store) -> None:
    fresh = _about_the_dataset("freshness", max_hours=24)
    _load(store, "k3.material", 23)
    _load(store, "k3.material", 2, status="failed")
    _load(store, "mes.material", 30)
    _load(store, "mes.material", 1, status="failed")
    _load(store, "mes.material", 1, kind="settle")
    found = [finding[:2] for finding in store.run(fresh)]
    assert found == [("mes.material", "")], "a dataset that nobody ever loaded says nothing"
    (finding,) = store.open()
    assert (finding["column_name"], finding["department"]) == ("", "keeper of mes.material")
    assert finding["detail"] == {"problem": "old", "hours": "30", "limit": "24"}
    _load(store, "mes.material", 0)
    assert store.run(fresh) == []


def test_a_source_that_never_got_through_is_told(store: Store) -> None:
    _load(store, "k3.material", 1, status="failed")
    store.run(_about_the_dataset("freshness", max_hours=24))
    assert store.details() == {"": {"problem": "never", "limit": "24"}}


def test_the_age_comes_from_the_service_level_of_the_contract(store: Store) -> None:
    _load(store, "k3.material", 10)
    by_contract = _about_the_dataset("freshness")
    store.run(by_contract)
    assert [problem.code for problem in store.problems] == ["set_rule_no_age"]
    store.contracts["material"] = replace(store.contracts["material"], sla={"latency": Decimal(9)})
    assert store.keys(by_contract) == [""]
    store.contracts["material"] = replace(store.contracts["material"], sla={"latency": Decimal(11)})
    assert store.keys(by_contract) == []


def test_the_newest_value_of_a_column_may_count_instead(store: Store) -> None:
    by_column = of("work_order", rule("freshness", "made_at", max_hours=48))
    assert store.keys(by_column) == []
    moment = "(now() at time zone 'Asia/Shanghai') - interval '{} hours'"
    for key, hours in (("1", 50), ("2", 47)):
        store.connection.execute(
            "insert into core.work_order (_dataset, _source_key, _plant, _row_hash, _load_id, made_at) values"
            f" ('mes.work_order', %s, 'P1', gen_random_uuid(), 1, {moment.format(hours)})",
            [key],
        )
    assert store.keys(by_column) == []
    store.connection.execute("delete from core.work_order where _source_key = '2'")
    assert store.keys(by_column) == [""]
    assert store.details()[""]["hours"] == "50"


@pytest.mark.parametrize(("rows", "found"), [(5, False), (4, True), (0, True)])
def test_fewer_rows_than_the_median_of_the_last_days(store: Store, rows: int, found: bool) -> None:
    # The last three days on which it was read: 10, 9, 30 -> median 10, half of it is 5.
    for days_ago, size, state in ((1, 10, "read"), (2, 2, "failed"), (3, 9, "read"), (4, 30, "read"), (5, 99, "read")):
        _day(store, "k3.material", days_ago, size, state)
    store.put("k3.material", "material", *((str(number),) for number in range(max(0, rows - 1))))
    if rows:
        store.hold("k3.material", "material", "h", material_code="held rows are there as well")
    half = _about_the_dataset("row_count", max_drop_percent=50, last=3)
    assert store.keys(half) == ([""] if found else [])
    if rows == 4:
        assert store.open()[0]["detail"] == {"count": 4, "median": "10", "last": 3, "drop": "60"}


def test_a_short_history_says_nothing(store: Store) -> None:
    _day(store, "k3.material", 1, 100)
    _day(store, "k3.material", 2, 100)
    assert store.keys(_about_the_dataset("row_count", max_drop_percent=50)) == []
    assert store.keys(_about_the_dataset("row_count", max_drop_percent=50, at_least=2)) == [""]


def test_rows_read_by_the_newest_load_against_loads_before(store: Store) -> None:
    for hours, rows in ((4, 100), (3, 100), (2, 90), (1, 40)):
        _load(store, "k3.material", hours, rows=rows)
    _load(store, "k3.material", 1, status="failed", rows=3)
    by_loads = _about_the_dataset("row_count", max_drop_percent=50, over="loads")
    assert store.keys(by_loads) == [""]
    assert store.details()[""] == {"count": 40, "median": "100", "last": 3, "drop": "60"}
    _load(store, "k3.material", 0, rows=80)
    assert store.keys(by_loads) == []


def test_a_condition_on_the_number_of_rows_is_refused(store: Store) -> None:
    store.run(replace(_about_the_dataset("row_count", max_drop_percent=50), where="qty > 0"))
    assert [problem.code for problem in store.problems] == ["set_rule_unfit"]


def test_columns_that_changed_wait_for_a_decision(store: Store) -> None:
    stable = _about_the_dataset("schema_stable")
    for dataset, column, status in (
        ("k3.material", "t.FName", "accepted"),
        ("mes.material@one", "t.name", "waiting"),
        ("mes.material@two", "t.code", "waiting"),
        ("mes.lot", "t.code", "waiting"),
    ):
        _waiting(store, dataset, column, status)
    assert store.run(stable) == [("mes.material", "", "2")]
    assert store.details()[""] == {"count": 2, "keys": ["t.code", "t.name"]}
    store.connection.execute("update ops.schema_change set status = 'reverted'")
    assert store.run(stable) == []
