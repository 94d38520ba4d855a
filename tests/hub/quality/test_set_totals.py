"""Sums against limits and lot balances, on a real PostgreSQL, with cases computed by hand."""

from __future__ import annotations

import pytest

from tests.hub.quality.set_store import Store, of
from tests.hub.quality.small import rule

WITHIN_ORDER = of("report", rule("total", "qty", by=["work_order_code"], at_most="work_order.qty", unit="unit_code"))


def _orders(store: Store) -> None:
    store.put("mes.work_order", "work_order", ("W1", "A", None, "100", "PCS"), ("W2", "B", None, "100", "PCS"))


def test_the_largest_row_of_a_sum_above_its_limit_is_shown(store: Store) -> None:
    _orders(store)
    store.put(
        "mes.report",
        "report",
        ("R1", "W1", None, "60", "PCS"),
        ("R2", "W1", None, "40.5", "PCS"),
        ("R3", "W2", None, "100", "PCS"),
        ("R4", "W9", None, "900", "PCS"),  # nobody knows such an order: no limit
        ("R5", None, None, "900", "PCS"),
        ("R6", "W1", None, None, "PCS"),
    )
    assert store.run(WITHIN_ORDER) == [("mes.report", "1", "60")]
    assert store.details()["1"] == {"problem": "over", "count": 2, "by": "W1", "total": "100.5", "limit": "100"}


@pytest.mark.parametrize(
    ("tolerance", "found"),
    [
        ({}, True),
        ({"tolerance": "5"}, True),
        ({"tolerance": "6"}, False),
        ({"tolerance_percent": "5"}, True),
        ({"tolerance_percent": "6"}, False),
    ],
)
def test_a_sum_may_go_beyond_its_limit_by_the_tolerance(store: Store, tolerance: dict[str, str], found: bool) -> None:
    _orders(store)
    store.put("mes.report", "report", ("R1", "W1", None, "60", "PCS"), ("R2", "W1", None, "46", "PCS"))
    made = rule("total", "qty", by=["work_order_code"], at_most="work_order.qty", **tolerance)
    assert bool(store.keys(of("report", made))) is found


def test_held_rows_count_in_a_sum_and_can_be_the_ones_found(store: Store) -> None:
    _orders(store)
    store.put("mes.report", "report", ("R1", "W1", None, "60", "PCS"))
    store.hold("mes.report", "report", "held", report_code="R2", work_order_code="W1", qty="400.0", unit_code="PCS")
    assert store.run(WITHIN_ORDER) == [("mes.report", "held", "400")]


def test_units_of_one_dimension_are_converted_and_others_are_not_compared(store: Store) -> None:
    store.put("mes.work_order", "work_order", ("W1", "A", None, "1", "T"), ("W2", "A", None, "1", "T"))
    store.put(
        "mes.report",
        "report",
        ("R1", "W1", None, "600", "KG"),
        ("R2", "W1", None, "500000", "G"),
        ("R3", "W2", None, "5000", "PCS"),
    )
    assert store.run(WITHIN_ORDER) == [("mes.report", "1", "600")]
    assert (store.details()["1"]["total"], store.details()["1"]["limit"]) == ("1100", "1000")  # in KG, as the row says


def test_the_limit_is_looked_for_in_the_same_system_unless_the_rule_says_anywhere(store: Store) -> None:
    store.put("k3.work_order", "work_order", ("W1", "A", None, "10", "PCS"))
    store.put("mes.report", "report", ("R1", "W1", None, "60", "PCS"))
    assert store.keys(WITHIN_ORDER) == []
    anywhere = rule("total", "qty", by=["work_order_code"], at_most="work_order.qty", within="anywhere")
    assert store.keys(of("report", anywhere)) == ["1"]


def test_lines_must_equal_their_head_and_all_of_them_are_shown(store: Store) -> None:
    store.put("mes.lot", "lot", ("L1", "100"), ("L2", "100"), ("L3", "100"))
    store.put(
        "mes.report",
        "report",
        ("R1", "x", "L1", "60"),
        ("R2", "x", "L1", "40"),
        ("R3", "x", "L2", "60"),
        ("R4", "x", "L2", "30"),
        ("R5", "x", "L3", "101"),
    )
    equal = of("report", rule("total", "qty", by=["lot_code"], equals="lot.qty", matching=["lot.lot_code"]))
    assert store.keys(equal) == ["3", "4", "5"]
    assert [fact["problem"] for fact in store.details().values()] == ["under", "under", "over"]
    assert {fact["limit"] for fact in store.details().values()} == {"100"}


def test_shares_of_a_bill_add_up_to_a_number(store: Store) -> None:
    def line(code: str, share: str | None, active: bool = True) -> tuple[object, ...]:
        return (code, "P", "C", "1", "KG", None, share, None, None, active)

    store.put("k3.bom", "bom", line("B1", "60"), line("B1", "40.01"), line("B2", "60"), line("B2", "30"),
              line("B2", "10", False), line("B3", None))  # fmt: skip
    whole = rule("total", "share", by=["bom_code"], min=100, max=100, tolerance="0.05", where="is_active")
    assert store.keys(of("bom", whole)) == ["3", "4"]
    assert store.details()["3"] == {"problem": "under", "count": 2, "by": "B2", "total": "90", "limit": "100"}


def test_account_sets_are_summed_apart(store: Store) -> None:
    from hub.quality.systems import Systems

    store.systems = Systems({"mes": "mes"}, frozenset({"mes"}))
    for account_set in ("006", "007"):
        store.put("mes.work_order", "work_order", ("W1", "A", None, "100", "PCS"), account_set=account_set)
        store.put("mes.report", "report", ("R1", "W1", None, "60", "PCS"), account_set=account_set)
    assert store.keys(WITHIN_ORDER) == []
    store.put("mes.report", "report", ("R1", "W1", None, "60", "PCS"), ("R2", "W1", None, "50", "PCS"),
              account_set="007")  # fmt: skip
    assert store.keys(WITHIN_ORDER) == ["007||1"]


def test_the_target_can_be_narrowed(store: Store) -> None:
    store.put("mes.work_order", "work_order", ("W1", "A", None, "500", "PCS"), ("W1", "B", None, "50", "PCS"))
    store.put("mes.report", "report", ("R1", "W1", None, "60", "PCS"))
    assert store.keys(WITHIN_ORDER) == [], "of several limits the most generous counts"
    narrowed = rule("total", "qty", by=["work_order_code"], at_most="work_order.qty",
                    target_where="material_code = 'B'")  # fmt: skip
    assert store.keys(of("report", narrowed)) == ["1"]


BALANCE = of(
    "report",
    rule("balance", "qty", by="lot_code", covered_by=["lot.qty", "work_order.qty"],
         matching=["lot.lot_code", "work_order.material_code"], unit="unit_code"),
)  # fmt: skip


def test_a_lot_is_covered_by_what_was_produced_and_received(store: Store) -> None:
    store.put("mes.lot", "lot", ("L1", "100", "KG"), ("L2", "100", "KG"))
    store.put("mes.work_order", "work_order", ("W1", "L1", None, "0.05", "T"))  # 50 kg more of lot 1
    store.put(
        "mes.report",
        "report",
        ("R1", "x", "L1", "90", "KG"),
        ("R2", "x", "L1", "60", "KG"),
        ("R3", "x", "L2", "90", "KG"),
        ("R4", "x", "L2", "60", "KG"),
        ("R5", "x", "L9", "60", "KG"),  # nothing is known of this lot
        ("R6", "x", "L2", "60", "PCS"),  # pieces are not compared with kilograms
    )
    assert store.run(BALANCE) == [("mes.report", "3", "90")]
    assert store.details()["3"] == {"problem": "over", "count": 2, "by": "L2", "total": "150", "limit": "100"}


def test_a_held_lot_covers_what_was_used(store: Store) -> None:
    store.put("mes.lot", "lot", ("L1", "100", "KG"))
    store.put("mes.report", "report", ("R1", "x", "L1", "150", "KG"))
    assert store.keys(BALANCE) == ["1"]
    store.hold("mes.lot", "lot", "held", lot_code="L1", qty="50", unit_code="KG")
    assert store.keys(BALANCE) == []


def test_other_uses_count_as_well(store: Store) -> None:
    store.put("mes.lot", "lot", ("L1", "100", "KG"))
    store.put("mes.report", "report", ("R1", "x", "L1", "80", "KG"))
    store.put("mes.work_order", "work_order", ("W1", "L1", None, "30", "KG"))
    more = rule("balance", "qty", by="lot_code", covered_by=["lot.qty"], matching=["lot.lot_code"],
                also_used=["work_order.qty"], also_matching=["work_order.material_code"])  # fmt: skip
    assert store.keys(of("report", more)) == ["1"]
    assert store.details()["1"]["total"] == "110"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"matching": ["lot.lot_code", "lot.lot_code"]}, "set_rule_unfit"),
        ({"matching": ["work_order.material_code"]}, "set_rule_unfit"),
        ({"covered_by": ["lots.qty"]}, "set_rule_no_entity"),
        ({"covered_by": ["lot.amount"]}, "set_rule_no_entity"),
        ({"unit": "lot_code", "covered_by": ["cost.price"], "matching": ["cost.material_code"]}, "set_rule_unfit"),
        ({"tolerance": "much"}, "rule_limit_unreadable"),
    ],
)
def test_arguments_that_do_not_fit_are_told(store: Store, arguments: dict[str, object], problem: str) -> None:
    fitting: dict[str, object] = {"by": "lot_code", "covered_by": ["lot.qty"], "matching": ["lot.lot_code"]}
    store.run(of("report", rule("balance", "qty", **(fitting | arguments))))
    assert [each.code for each in store.problems] == [problem]
