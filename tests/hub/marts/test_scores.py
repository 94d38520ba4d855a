"""The score, computed by hand: for every grouping, thresholds, conditions, and what nobody can say."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.marts.scores import WEIGHTS
from tests.hub.marts.factory import Factory, at_most, mapping, rule

pytestmark = pytest.mark.servers

CODE = rule("code", "error")  # completeness of part_code
FORM = rule("form", "warning", kind="pattern", args={"regex": "P.*"}, dimension="conformity")  # of part_code
QTY = rule("qty", "info", kind="sign", args={"is": "positive"}, column="qty", dimension="accuracy")


def _two_sources(factory: Factory) -> None:
    """k3: 4 rows, mes: 2 rows, 1 of them held. Failed: k3 code 1, k3 form 2, mes qty 1."""
    factory.rules(CODE, FORM, QTY)
    factory.rows("k3.part", ("P1", 1), ("P2", 2), ("P3", 3), ("P4", 4))
    factory.rows("mes.part", ("P1", 1))
    factory.rows("mes.part", ("P2", "-5"), held=True)
    for dataset in ("k3.part", "mes.part"):
        factory.read(dataset)
    factory.find("part.code", "k3.part", "P1")
    factory.find("part.form", "k3.part", "P2", "P3")
    factory.find("part.qty", "mes.part", "P2")
    factory.score()


# Weights: error 5, warning 2, info 1. Checked, weighted: k3 4*5 + 4*2 + 4*1 = 32; mes 2*5 + 2*2 + 2*1 = 16.
# Failed, weighted: k3 code 1*5 = 5, form 2*2 = 4; mes qty 1*1 = 1.
@pytest.mark.parametrize(
    ("group_by", "by_hand"),
    [
        (None, {(): (48, 10)}),  # 100 * (1 - 10/48) = 79.1666...
        ("rule", {("part.code",): (30, 5), ("part.form",): (12, 4), ("part.qty",): (6, 1)}),
        ("column", {("part", "part_code"): (42, 9), ("part", "qty"): (6, 1)}),
        ("dimension", {("completeness",): (30, 5), ("conformity",): (12, 4), ("accuracy",): (6, 1)}),
        ("source", {("k3",): (32, 9), ("mes",): (16, 1)}),
        ("department", {("engineering",): (32, 9), ("production",): (16, 1)}),
        ("entity", {("part",): (48, 10)}),
        ("dataset", {("k3.part",): (32, 9), ("mes.part",): (16, 1)}),
        ("source_dimension", {
            ("k3", "completeness"): (20, 5), ("k3", "conformity"): (8, 4), ("k3", "accuracy"): (4, 0),
            ("mes", "completeness"): (10, 0), ("mes", "conformity"): (4, 0), ("mes", "accuracy"): (2, 1),
        }),
    ],
)  # fmt: skip
def test_every_grouping_is_the_formula_over_its_rows(
    factory: Factory, group_by: str | None, by_hand: dict[tuple[str, ...], tuple[int, int]]
) -> None:
    assert WEIGHTS == {"error": 5, "warning": 2, "info": 1}
    _two_sources(factory)
    scores = factory.today(group_by).scores  # type: ignore[arg-type]
    assert {key: (score.checked, score.failed) for key, score in scores.items()} == by_hand
    for key, (checked, failed) in by_hand.items():
        assert scores[key].value == 100 * (1 - Decimal(failed) / checked)


def test_the_figures_by_hand(factory: Factory) -> None:
    _two_sources(factory)
    assert round(factory.today().overall.value or 0, 2) == Decimal("79.17")  # 1 - 10/48
    assert round(factory.today("source").scores[("k3",)].value or 0, 3) == Decimal("71.875")  # 1 - 9/32
    assert factory.today("source").scores[("mes",)].value == Decimal("93.75")  # 1 - 1/16
    assert factory.today(source="mes").overall.value == Decimal("93.75")
    assert factory.today(department="engineering", rule="part.form").overall.value == 50  # 2 of 4 rows


def test_a_second_time_on_one_day_replaces_and_never_adds(factory: Factory) -> None:
    _two_sources(factory)
    before = factory.all("select * from mart.quality_score order by dataset, rule")
    factory.score()
    assert factory.all("select * from mart.quality_score order by dataset, rule") == before


def test_a_condition_counts_only_the_rows_it_is_true_for(factory: Factory) -> None:
    big = rule("big", "warning", column="qty", where="qty > 10 and part_code not like '%X'")
    factory.rules(big)
    factory.rows("k3.part", ("P1", 5), ("P2", 20), ("P3", 30), ("P4X", 40), ("P5", None))
    factory.rows("k3.part", ("P6", "50"), held=True)
    factory.read("k3.part")
    factory.find("part.big", "k3.part", "P2")
    factory.score()
    # P2, P3 and the held P6: 1 of 3 fails. Over all 6 rows it would look like 83.
    (score,) = factory.today("rule").scores.values()
    assert (score.checked, score.failed) == (6, 2)
    assert round(score.value or 0, 2) == Decimal("66.67")


def test_a_rule_about_the_dataset_as_a_whole_is_one_check(factory: Factory) -> None:
    drop = rule("drop", "error", kind="row_count", scope="dataset", column=None, dimension="timeliness")
    factory.rules(CODE, drop)
    factory.rows("k3.part", *((f"P{number}", 1) for number in range(10)))
    factory.read("k3.part")
    factory.find("part.drop", "k3.part", "")
    factory.score()
    scores = factory.today("rule").scores
    assert (scores[("part.drop",)].checked, scores[("part.drop",)].failed) == (5, 5)
    assert (scores[("part.code",)].checked, scores[("part.code",)].failed) == (50, 0)
    assert round(factory.today().overall.value or 0, 3) == Decimal("90.909")  # 1 - 5/55


@pytest.mark.parametrize(
    ("threshold", "failing", "within"),
    [
        (None, 0, True),
        (None, 1, False),
        (at_most("2"), 2, True),
        (at_most("2"), 3, False),
        (at_most("20", "percent"), 2, True),  # 2 of 10
        (at_most("19.9", "percent"), 2, False),
    ],
)
def test_a_threshold_decides_whether_a_rule_holds_and_not_its_score(
    factory: Factory, threshold: object, failing: int, within: bool
) -> None:
    factory.rules(rule("code", "error", threshold=threshold))
    factory.rows("k3.part", *((f"P{number}", 1) for number in range(10)))
    factory.read("k3.part")
    factory.find("part.code", "k3.part", *(f"P{number}" for number in range(failing)))
    factory.score()
    assert factory.all("select within_threshold, rows_failed from mart.quality_score") == [(within, failing)]
    assert factory.today().overall.value == 100 - 10 * failing


@pytest.mark.parametrize(
    ("reads", "state"),
    [
        ([("failed", 0)], "failed"),
        ([("ok", 1), ("failed", 0)], "failed"),
        ([("ok", 1), ("interrupted", 0)], "failed"),
        ([("ok", 1), ("paused", 0)], "paused"),
        ([("ok", 30)], "late"),
        ([("ok", 1), ("running", 0)], None),
        ([("failed", 1), ("ok", 0)], None),
    ],
)
def test_a_source_that_was_not_read_is_unknown_and_never_100(
    factory: Factory, reads: list[tuple[str, float]], state: str | None
) -> None:
    factory.rules(CODE, QTY)
    factory.rows("k3.part", ("P1", 1), ("P2", 2))
    for status, hours_ago in reads:
        factory.read("k3.part", status, hours_ago)
    factory.score()
    score = factory.today("source").scores[("k3",)]
    if state is None:
        assert (score.value, score.unknown, score.missing) == (100, False, {})
    else:
        assert (score.value, score.unknown, score.missing) == (None, True, {"k3.part": state})
    assert factory.one("select state from mart.dataset_day") == (state or "read")


def test_a_source_that_was_set_up_and_never_read_is_unknown(factory: Factory) -> None:
    factory.rules(CODE)
    factory.configured = ("mes.part",)
    factory.score()
    assert factory.today("source").scores[("mes",)].missing == {"mes.part": "never"}
    assert factory.today().overall.unknown


def test_a_contract_says_how_old_a_read_may_be(factory: Factory) -> None:
    factory.rules(CODE, sla={"latency": Decimal(72)})
    factory.rows("k3.part", ("P1", 1))
    factory.read("k3.part", hours_ago=30)
    factory.score()
    assert factory.today().overall.value == 100


def test_a_read_put_off_as_configured_says_nothing(factory: Factory) -> None:
    factory.rules(CODE)
    factory.rows("k3.part", ("P1", 1))
    factory.read("k3.part", hours_ago=3)
    factory.read("k3.part", "paused", code="erp_outside_hours")
    factory.score()
    assert factory.today().overall.value == 100


def test_uploads_are_never_late_and_a_refused_one_takes_nothing_away(factory: Factory) -> None:
    factory.rules(CODE)
    factory.rows("uploads.part", ("P1", 1))
    factory.read("uploads.part", hours_ago=400)
    factory.read("uploads.part", "failed")
    factory.score()
    assert factory.today().overall.value == 100


def test_what_a_sum_lacks_is_named_beside_it(factory: Factory) -> None:
    _two_sources(factory)
    factory.read("mes.part", "failed")
    factory.score()
    total = factory.today().overall
    assert (total.checked, total.failed, total.missing) == (32, 9, {"mes.part": "failed"})
    assert not total.unknown
    assert factory.today("dimension").scores[("accuracy",)].missing == {"mes.part": "failed"}
    assert factory.today("department").scores[("engineering",)].missing == {}
    assert factory.today("department").scores[("production",)].unknown


def test_a_rule_that_could_not_be_run_is_left_out_and_named(factory: Factory) -> None:
    _two_sources(factory)
    factory.connection.execute(
        "insert into quality.rule_run (rule, load_id, milliseconds, problem)"
        """ values ('part.form', 1, 5, '{"code": "set_rule_too_slow", "params": {}}')"""
    )
    factory.score()
    scores = factory.today("rule").scores
    assert scores[("part.form",)].unknown
    assert scores[("part.form",)].missing == {"part.form": "cannot_run"}
    # Without form: checked 48 - 12 = 36, failed 10 - 4 = 6.
    total = factory.today().overall
    assert (total.checked, total.failed, total.missing) == (36, 6, {"part.form": "cannot_run"})


def test_a_condition_that_does_not_run_makes_its_rule_unknown_and_no_other(factory: Factory) -> None:
    factory.rules(CODE, rule("odd", where="no_such_column > 1"), rule("fine", where="qty > 1"))
    factory.rows("k3.part", ("P1", 1), ("P2", 2))
    factory.read("k3.part")
    factory.score()
    checked = {rule: score.checked for (rule,), score in factory.today("rule").scores.items()}
    assert checked == {"part.code": 10, "part.odd": 0, "part.fine": 2}
    assert factory.today("rule").scores[("part.odd",)].unknown


def test_a_column_that_a_dataset_does_not_bring_is_not_scored(factory: Factory) -> None:
    factory.rules(CODE, QTY)
    factory.mappings["k3.part"] = mapping("k3.part", columns=("part_code",))
    factory.rows("k3.part", ("P1", None))
    factory.read("k3.part")
    factory.score()
    assert set(factory.today("rule").scores) == {("part.code",)}
