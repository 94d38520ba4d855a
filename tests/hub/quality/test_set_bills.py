"""Costs rolled up over bills of material, and loops in them, on a real PostgreSQL, computed by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hub.quality.sets.loops import loops
from hub.quality.systems import Systems
from tests.hub.quality.set_store import Store, of
from tests.hub.quality.small import rule

LINES: dict[str, Any] = {
    "by": "material_code", "parent": "bom.parent_code", "component": "bom.component_code", "quantity": "bom.qty",
    "scrap_percent": "bom.scrap", "valid_from": "bom.valid_from", "valid_to": "bom.valid_to",
    "lines_where": "is_active", "tolerance_percent": "10",
}  # fmt: skip
ROLLED = of("cost", rule("roll_up", "price", **LINES))


def line(parent: str, component: str, qty: str | None, scrap: str | None = None, **more: Any) -> tuple[Any, ...]:
    return (f"B-{parent}", parent, component, qty, more.get("unit"), scrap, None, more.get("valid_from"),
            more.get("valid_to"), more.get("active", True))  # fmt: skip


def cost(material: str, price: str | None, labour: str | None = None, unit: str | None = None) -> tuple[Any, ...]:
    return (material, price, labour, unit)


def test_costs_are_rolled_over_all_levels_with_scrap(store: Store) -> None:
    # sub = 2 * 10 * 1.05 = 21; product = 3 * 21 + 4 * 1 = 67: 61 is 9 % below, 60 is 10.4 % below
    store.put("k3.bom", "bom", line("product", "sub", "3"), line("product", "screw", "4"), line("sub", "bar", "2", "5"))
    prices = [cost("bar", "10"), cost("screw", "1"), cost("sub", "21")]
    store.put("workbooks.cost", "cost", *prices, cost("product", "61"))
    assert store.keys(ROLLED) == []
    store.put("workbooks.cost", "cost", *prices, cost("product", "60"))
    assert store.run(ROLLED) == [("workbooks.cost", "4", "60")]
    assert store.details()["4"] == {"problem": "apart", "rolled": "67", "percent": "10.4"}


def test_a_sub_assembly_counts_with_its_rolled_cost_not_with_its_own(store: Store) -> None:
    store.put("k3.bom", "bom", line("product", "sub", "1"), line("sub", "bar", "1"))
    store.put("workbooks.cost", "cost", cost("bar", "10"), cost("sub", "99"), cost("product", "10"))
    assert store.run(ROLLED) == [("workbooks.cost", "2", "99")]


def test_only_lines_that_are_valid_and_in_use_count(store: Store) -> None:
    today = date.today()
    late, early = today + timedelta(days=3), today - timedelta(days=3)
    store.put("k3.bom", "bom", line("p", "a", "1"), line("p", "b", "1", valid_from=late),
              line("p", "c", "1", valid_to=early), line("p", "d", "1", active=False),
              line("p", "e", "1", valid_from=early, valid_to=late))  # fmt: skip
    store.put("workbooks.cost", "cost", *(cost(code, "10") for code in "abcde"), cost("p", "20"))
    assert store.keys(ROLLED) == []


def test_a_component_without_cost_makes_the_roll_up_unknown_not_smaller(store: Store) -> None:
    store.put("k3.bom", "bom", line("top", "p", "1"), line("p", "a", "1"), line("p", "b", "1"), line("q", "a", None))
    store.put("workbooks.cost", "cost", cost("a", "10"), cost("p", "10"), cost("top", "10"), cost("q", "10"))
    assert store.keys(ROLLED) == ["2", "3", "4"]
    assert store.details() == {
        "2": {"problem": "unknown", "keys": ["b"]},
        "3": {"problem": "unknown", "keys": ["p"]},
        "4": {"problem": "unknown", "keys": ["a"]},  # the quantity of its line is not known
    }


def test_a_plan_price_stands_in_for_a_missing_cost(store: Store) -> None:
    store.put("k3.bom", "bom", line("p", "a", "2"))
    store.put("workbooks.cost", "cost", cost("p", "30"))
    store.put("k3.material", "material", ("a", "x", None, "KG", "15"))
    planned = of("cost", rule("roll_up", "price", **LINES, otherwise="material.qty"))
    assert store.keys(planned) == []
    assert store.keys(ROLLED) == ["1"]


def test_what_is_added_on_each_level_counts(store: Store) -> None:
    # sub = 10 + 5 labour; product = 2 * 15 + 7 = 37
    store.put("k3.bom", "bom", line("product", "sub", "2"), line("sub", "bar", "1"), line("other", "bare", "1"),
              line("bare", "bar", "1"))  # fmt: skip
    store.put("workbooks.cost", "cost", cost("bar", "10"), cost("sub", "15", "5"), cost("product", "37", "7"),
              cost("other", "10", "0"))  # fmt: skip
    with_labour = of("cost", rule("roll_up", "price", **(LINES | {"tolerance_percent": "0.1"}), added=["labour"]))
    assert store.keys(with_labour) == ["4"]
    assert store.details()["4"] == {"problem": "unknown", "keys": ["bare"]}, "labour of a part without cost is unknown"


def test_a_plan_price_stands_in_for_a_sub_assembly_whose_labour_nobody_knows(store: Store) -> None:
    store.put("k3.bom", "bom", line("product", "bare", "2"), line("bare", "bar", "1"))
    store.put("workbooks.cost", "cost", cost("bar", "10"), cost("product", "31", "1"))
    store.put("k3.material", "material", ("bare", "x", None, "KG", "15"))
    exact = LINES | {"tolerance_percent": "0.1"}
    assert store.keys(of("cost", rule("roll_up", "price", **exact, added=["labour"], otherwise="material.qty"))) == []
    assert store.keys(of("cost", rule("roll_up", "price", **exact, added=["labour"]))) == ["2"]


def test_the_quantity_of_a_line_is_converted_to_the_unit_of_the_cost(store: Store) -> None:
    store.put("k3.bom", "bom", line("p", "steel", "500", unit="G"), line("q", "steel", "2", unit="PCS"))
    store.put("workbooks.cost", "cost", cost("steel", "8", None, "KG"), cost("p", "4", None, "PCS"),
              cost("q", "16", None, "PCS"))  # fmt: skip
    units = of("cost", rule("roll_up", "price", **LINES, unit="unit_code", line_unit="bom.unit_code"))
    assert store.keys(units) == ["3"]
    assert store.details()["3"] == {"problem": "unknown", "keys": ["steel"]}, "pieces of steel have no price per kg"


def test_a_loop_ends_the_computation_and_is_a_finding_of_its_own(store: Store) -> None:
    store.put("k3.bom", "bom", line("a", "b", "1"), line("b", "a", "1"), line("top", "a", "1"), line("p", "c", "1"))
    store.put("workbooks.cost", "cost", *(cost(code, "10") for code in ("a", "b", "top", "p", "c")))
    assert store.keys(ROLLED) == ["1", "2", "3"]
    assert {fact["problem"] for fact in store.details().values()} == {"loop"}
    assert store.details()["3"]["keys"] == ["a"]


def test_a_bill_deeper_than_the_limit_is_told(store: Store) -> None:
    store.put("k3.bom", "bom", *(line(f"p{level}", f"p{level + 1}", "1") for level in range(6)))
    store.put("workbooks.cost", "cost", *(cost(f"p{level}", "10") for level in range(7)))
    assert store.keys(of("cost", rule("roll_up", "price", **LINES, deepest=6))) == []
    assert store.keys(of("cost", rule("roll_up", "price", **LINES, deepest=5))) == ["1"]


def test_a_held_line_counts(store: Store) -> None:
    store.put("k3.bom", "bom", line("p", "a", "1"))
    store.put("workbooks.cost", "cost", cost("a", "10"), cost("p", "10"))
    assert store.keys(ROLLED) == []
    store.hold("k3.bom", "bom", "held", parent_code="p", component_code="a", qty="1.0000", is_active="True")
    assert store.keys(ROLLED) == ["2"]
    assert store.details()["2"]["rolled"] == "20"


NO_LOOP = of("bom", rule("no_loop", "component_code", parent="parent_code"))


def test_loops_of_any_length_are_found_and_what_leads_to_them_is_not(store: Store) -> None:
    store.put(
        "k3.bom",
        "bom",
        line("a", "b", "1"),
        line("b", "c", "1"),
        line("c", "a", "1"),
        line("top", "a", "1"),  # above the loop
        line("c", "screw", "1"),  # below it
        line("x", "x", "1"),  # a part of itself
        line("c", "y", "1"),  # from one loop to another
        line("y", "z", "1"),
        line("z", "y", "1"),
        line(None, "a", "1"),  # type: ignore[arg-type]
    )
    assert store.keys(NO_LOOP) == ["1", "2", "3", "6", "8", "9"]
    assert store.details()["1"] == {"count": 3, "keys": ["a", "b", "c"]}
    assert store.details()["6"] == {"count": 1, "keys": ["x"]}


def test_loops_end_at_account_sets_and_at_lines_that_do_not_count(store: Store) -> None:
    store.systems = Systems({"k3": "erp"}, frozenset({"k3"}))
    store.put("k3.bom", "bom", line("a", "b", "1"), account_set="006")
    store.put("k3.bom", "bom", line("b", "a", "1"), account_set="007")
    assert store.keys(NO_LOOP) == []
    store.put("k3.bom", "bom", line("a", "b", "1"), line("b", "a", "1", active=False), account_set="007")
    assert store.keys(of("bom", rule("no_loop", "component_code", parent="parent_code", where="is_active"))) == []
    assert store.keys(NO_LOOP) == ["007||1", "007||2"]


def test_a_long_chain_and_a_long_loop_need_no_recursion() -> None:
    chain = {("k3", str(n)): [("k3", str(n + 1))] for n in range(50_000)}
    assert list(loops(chain)) == []
    (found,) = loops(chain | {("k3", "50000"): [("k3", "0")]})
    assert len(found) == 50_001
