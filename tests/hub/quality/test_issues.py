"""Issues follow the findings: one per rule, dataset and department, opened, changed, moved, closed, re-opened."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg
import pytest

from hub.quality import issues
from hub.store.engine import connect
from tests.hub.marts.factory import Factory, at_most, open_factory, rule

pytestmark = pytest.mark.servers

CODE, QTY = rule("code", "error"), rule("qty", "warning", column="qty")
_NOW = "select rule, dataset, department, findings, worst, reopened, closed_by from quality.issue order by id"


@pytest.fixture
def parts(postgres_url: str) -> Iterator[Factory]:
    """Two sources that were read, with ten parts each."""
    with open_factory(postgres_url) as factory:
        factory.rules(CODE, QTY)
        for dataset in ("k3.part", "mes.part"):
            factory.rows(dataset, *((f"P{number}", 1) for number in range(10)))
            factory.read(dataset)
        factory.connection.commit()
        yield factory


def _events(parts: Factory) -> list[tuple[Any, ...]]:
    return parts.all("select kind, findings, fixed from quality.issue_event order by id")


def test_each_failing_rule_has_exactly_one_open_issue(parts: Factory) -> None:
    parts.find("part.code", "k3.part", "P1", "P2")
    parts.find("part.qty", "k3.part", "P1")
    parts.find("part.code", "mes.part", "P3")
    assert parts.track() == {"opened": 3}
    assert parts.track() == {}
    assert parts.all(_NOW) == [
        ("part.code", "k3.part", "engineering", 2, 2, 0, None),
        ("part.code", "mes.part", "production", 1, 1, 0, None),
        ("part.qty", "k3.part", "engineering", 1, 1, 0, None),
    ]
    failing = (
        "select distinct rule, dataset, department from quality.finding where resolved_at is null order by 1, 2, 3"
    )
    open_ = "select rule, dataset, department from quality.issue where closed_at is null order by 1, 2, 3"
    assert parts.all(failing) == parts.all(open_)


def test_an_issue_counts_what_is_open_and_who_fixed_the_rest(parts: Factory) -> None:
    parts.find("part.code", "k3.part", "P1", "P2", "P3", "P4")
    parts.track()
    parts.fix("part.code", "k3.part", "P1", "P2")
    parts.fix("part.code", "k3.part", "P3", by="steward")
    parts.find("part.code", "k3.part", "P9")
    assert parts.track() == {"changed": 1}
    parts.fix("part.code", "k3.part", "P4")
    parts.connection.commit()
    parts.fix("part.code", "k3.part", "P9", by="upload")
    assert parts.track() == {"closed": 1}
    assert _events(parts) == [
        ("opened", 4, None),
        ("changed", 2, {"source": 2, "steward": 1}),
        ("closed", 0, {"source": 1, "upload": 1}),
    ]
    assert parts.all(_NOW) == [("part.code", "k3.part", "engineering", 0, 4, 0, "upload")]


def test_an_issue_that_comes_back_soon_is_the_same_and_later_a_new_one(parts: Factory) -> None:
    parts.find("part.code", "k3.part", "P1")
    parts.track()
    parts.fix("part.code", "k3.part", "P1")
    parts.track()
    parts.find("part.code", "k3.part", "P1", "P2")
    assert parts.track() == {"reopened": 1}
    assert parts.all(_NOW) == [("part.code", "k3.part", "engineering", 2, 2, 1, None)]
    assert parts.one("select count(*) from quality.finding") == 3, "a finding that comes back is a new one"
    parts.fix("part.code", "k3.part", "P1", "P2")
    parts.track()
    parts.connection.execute(
        "update quality.issue set closed_at = closed_at - make_interval(days => %s)", (issues.REOPEN_DAYS,)
    )
    parts.find("part.code", "k3.part", "P3")
    assert parts.track() == {"opened": 1}
    assert [line[5] for line in parts.all(_NOW)] == [1, 0]


@pytest.mark.parametrize(
    ("threshold", "failing", "is_open"),
    [
        (at_most("2"), 2, False),
        (at_most("2"), 3, True),
        (at_most("20", "percent"), 2, False),  # 2 of 10 rows
        (at_most("20", "percent"), 3, True),
    ],
)
def test_within_its_threshold_a_rule_makes_no_issue(
    parts: Factory, threshold: Any, failing: int, is_open: bool
) -> None:
    parts.rules(rule("code", "error", threshold=threshold))
    parts.find("part.code", "k3.part", *(f"P{number}" for number in range(failing)))
    assert parts.track() == ({"opened": 1} if is_open else {})


def test_a_wider_threshold_closes_an_issue_and_says_it_was_the_rule(parts: Factory) -> None:
    parts.find("part.code", "k3.part", "P1", "P2")
    parts.track()
    parts.rules(rule("code", "error", threshold=at_most("5")))
    assert parts.track() == {"closed": 1}
    assert parts.all(_NOW) == [("part.code", "k3.part", "engineering", 2, 2, 0, "rule")]


def test_another_department_takes_the_issue_over(parts: Factory) -> None:
    parts.find("part.code", "k3.part", "P1")
    parts.track()
    parts.department("k3.part", "finance")
    assert parts.track() == {"moved": 1}
    assert parts.all(_NOW) == [("part.code", "k3.part", "finance", 1, 1, 0, None)]
    assert parts.all("select kind, detail from quality.issue_event where kind = 'moved'") == [
        ("moved", {"from": "engineering", "to": "finance"})
    ]
    assert parts.one("select department from quality.finding") == "finance"


@pytest.mark.parametrize("status", ["failed", "interrupted", "paused"])
def test_a_dataset_that_was_not_read_keeps_its_issues(parts: Factory, status: str) -> None:
    parts.find("part.code", "k3.part", "P1", "P2")
    parts.track()
    parts.fix("part.code", "k3.part", "P1", "P2")
    parts.read("k3.part", status)
    assert parts.track() == {}
    assert parts.all(_NOW) == [("part.code", "k3.part", "engineering", 2, 2, 0, None)]
    parts.find("part.qty", "k3.part", "P5")
    assert parts.track() == {"opened": 1}, "what is found all the same is not kept back"
    parts.read("k3.part")
    assert parts.track() == {"closed": 1}
    assert _events(parts)[-1] == ("closed", 0, {"source": 2})


def test_a_rule_that_could_not_be_run_keeps_its_issues(parts: Factory) -> None:
    parts.find("part.code", "k3.part", "P1")
    parts.track()
    parts.fix("part.code", "k3.part", "P1")
    parts.connection.execute(
        "insert into quality.rule_run (rule, load_id, milliseconds, problem)"
        """ values ('part.code', 1, 1, '{"code": "x"}')"""
    )
    assert parts.track() == {}
    parts.connection.execute("update quality.rule_run set problem = null")
    assert parts.track() == {"closed": 1}


def test_a_rule_that_is_gone_leaves_no_open_issue(parts: Factory) -> None:
    parts.find("part.code", "k3.part", "P1")
    parts.track()
    parts.rules(QTY)
    parts.fix("part.code", "k3.part", "P1", by="rule")
    assert parts.track() == {"closed": 1}
    assert parts.all(_NOW)[0][-1] == "rule"


def test_one_dataset_alone_leaves_the_others_as_they_are(parts: Factory) -> None:
    parts.find("part.code", "k3.part", "P1")
    parts.find("part.code", "mes.part", "P1")
    assert parts.track("k3.part") == {"opened": 1}
    assert parts.track("k3.part") == {}
    assert parts.track() == {"opened": 1}


def test_two_publishes_at_once_open_one_issue(parts: Factory, postgres_url: str) -> None:
    parts.find("part.code", "k3.part", "P1")
    parts.connection.commit()
    both = Barrier(2)

    def publish(_: int) -> dict[str, int]:
        with connect(postgres_url) as connection:
            connection.execute("select 1")
            both.wait()
            return dict(issues.refresh(connection, parts.contracts, parts.mappings))

    with ThreadPoolExecutor(2) as pool:
        events = list(pool.map(publish, range(2)))
    assert sorted(events, key=len) == [{}, {"opened": 1}]
    assert parts.one("select count(*) from quality.issue") == 1


def test_the_store_itself_allows_only_one_open_issue(parts: Factory) -> None:
    parts.find("part.code", "k3.part", "P1")
    parts.track()
    twice = (
        "insert into quality.issue (rule, entity, dataset, department, severity, dimension, findings, worst)"
        " select rule, entity, dataset, department, severity, dimension, 1, 1 from quality.issue"
    )
    with pytest.raises(psycopg.errors.UniqueViolation), parts.connection.transaction():
        parts.connection.execute(twice)
