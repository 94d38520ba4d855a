"""References with compound keys, inside a source, and narrowed; equal things under several keys."""

from __future__ import annotations

import pytest

from hub.quality.systems import Systems
from tests.hub.quality.set_store import Store, of
from tests.hub.quality.small import rule


def _order(material: str | None, unit: str | None = None) -> tuple[str | None, ...]:
    return ("W", material, None, None, unit)


def test_within_its_source_a_row_is_known_only_there(store: Store) -> None:
    store.put("k3.material", "material", ("A",))
    store.put("mes.material", "material", ("B",))
    store.put("k3.work_order", "work_order", _order("A"), _order("B"))
    store.put("mes.work_order", "work_order", _order("A"), _order("B"))
    within = of("work_order", rule("reference", "material_code", to="material.material_code", within="source"))
    assert [found[:2] for found in store.run(within)] == [("k3.work_order", "2"), ("mes.work_order", "1")]
    anywhere = of("work_order", rule("reference", "material_code", to="material.material_code"))
    assert store.keys(anywhere) == []


def test_within_its_source_a_system_without_such_rows_says_nothing(store: Store) -> None:
    store.put("k3.material", "material", ("A",))
    store.put("mes.work_order", "work_order", _order("B"))
    within = of("work_order", rule("reference", "material_code", to="material.material_code", within="source"))
    assert store.keys(within) == []


def test_a_compound_key_must_be_known_as_a_whole(store: Store) -> None:
    store.put("k3.material", "material", ("A", "x", None, "KG"), ("B", "x", None, "M"), ("C|1", "x", None, "M"))
    store.put(
        "mes.work_order", "work_order", _order("A", "KG"), _order("A", "M"), _order("B", None), _order("C", "1|M")
    )
    both = rule("reference", "material_code", to="material.material_code", also=["unit_code"],
                also_to=["material.unit_code"])  # fmt: skip
    assert store.keys(of("work_order", both)) == ["2", "4"]


def test_only_such_rows_of_the_target_count_and_only_such_rows_are_asked(store: Store) -> None:
    store.put("k3.material", "material", ("A", "x", None, "KG"), ("B", "x", None, "M"))
    store.put("mes.work_order", "work_order", _order("A"), _order("B"), ("RW", "B", None, None, None))
    made = rule("reference", "material_code", to="material.material_code", target_where="unit_code = 'KG'",
                where="work_order_code not like 'R%'")  # fmt: skip
    assert store.keys(of("work_order", made)) == ["2"]


def test_a_held_row_is_asked_as_well(store: Store) -> None:
    store.put("k3.material", "material", ("A",))
    store.hold("mes.work_order", "work_order", "h", work_order_code="W", material_code="Z")
    held = of("work_order", rule("reference", "material_code", hold=True, to="material.material_code"))
    assert store.run(held) == [("mes.work_order", "h", "Z")]
    assert store.open()[0]["hold"] is True


def test_a_target_that_does_not_exist_is_told(store: Store) -> None:
    store.run(of("work_order", rule("reference", "material_code", to="materials.material_code")))
    assert [problem.code for problem in store.problems] == ["set_rule_no_entity"]


NEAR = rule(
    "unique_across", "material_name", **{"with": ["unit_code"], "ignoring": ["width", "case", "spacing", "signs"]}
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("角钢 ∠50×50", "角钢∠50*50", True),
        ("圆钢 φ20", "圆钢 Ø20", True),
        ("圆钢 φ20", "圆钢直径20", True),
        ("PIPE ＤＮ50", "pipe dn 50", True),
        ("螺栓 M8x20", "螺栓 M8×20", True),
        ("螺栓 M8×20", "螺栓 M8×25", False),
        ("轴承 6204-2RS", "轴承 6204 - 2RS", True),
        ("轴承 6204-2RS", "轴承 62042RS", False),
    ],
)
def test_differences_that_do_not_count(store: Store, one: str, other: str, same: bool) -> None:
    store.put("k3.material", "material", ("A", one, None, "KG"), ("B", other, None, "KG"))
    assert store.keys(NEAR) == (["1", "2"] if same else [])


def test_every_shared_column_counts_and_the_same_key_twice_is_another_rule(store: Store) -> None:
    store.put("k3.material", "material", ("A", "x", None, "KG"), ("B", "x", None, "M"), ("C", "x", None, None),
              ("D", "x", None, None), ("A", "x", None, "KG"))  # fmt: skip
    assert store.keys(NEAR) == []


def test_a_record_created_twice_is_found_while_one_of_them_is_held(store: Store) -> None:
    store.put("k3.material", "material", ("A", "x", "91X"))
    store.hold("k3.material", "material", "h", material_code="B", uscc="91X")
    assert store.keys(rule("unique_across", "uscc")) == ["1", "h"]
    assert store.details()["h"] == {"count": 2, "keys": ["A", "B"]}


def test_conditions_narrow_what_is_compared(store: Store) -> None:
    store.put("k3.material", "material", ("A", "x", "91X", "KG"), ("B", "x", "91X", "M"))
    assert store.keys(rule("unique_across", "uscc", where="unit_code = 'KG'")) == []


AGREE = rule("disagreement", "unit_code", key="material_code")


def test_trusted_systems_decide_who_is_wrong(store: Store) -> None:
    store.systems = Systems({"k3": "erp", "mes": "mes"})
    trusting = rule("disagreement", "unit_code", key="material_code", sources=["erp"])
    store.put("k3.material", "material", ("A", "x", None, "KG"), ("B", "x", None, "KG"))
    store.put("mes.material", "material", ("A", "x", None, "M"), ("C", "x", None, "M"))
    store.put("workbooks.list", "material", ("A", "x", None, "M"), ("C", "x", None, "KG"))
    found = [found[:2] for found in store.run(trusting)]
    # A: two say M, but the ERP says KG. C: the ERP does not know it, and the others are one against one.
    assert found == [("mes.material", "1"), ("mes.material", "2"), ("workbooks.list", "1"), ("workbooks.list", "2")]
    assert store.open()[0]["detail"] == {"others": [{"dataset": "k3.material", "value": "KG"}]}


@pytest.mark.parametrize(
    ("values", "tolerance", "wrong"),
    [
        (("100", "101", "120"), {"tolerance_percent": "2"}, ["workbooks.list"]),
        (("100", "101", "120"), {}, ["k3.material", "mes.material", "workbooks.list"]),
        (("100", "101", "102"), {"tolerance": "1"}, []),  # the middle one is backed by both
        (("100", "103", None), {"tolerance": "2"}, ["k3.material", "mes.material"]),
        (("100", "103", None), {"tolerance_percent": "3"}, []),
        (("-100", "-103", None), {"tolerance_percent": "2"}, ["k3.material", "mes.material"]),
        (("0", "0.0", None), {"tolerance_percent": "2"}, []),
    ],
)
def test_numbers_may_be_apart_by_the_tolerance(
    store: Store, values: tuple[str | None, ...], tolerance: dict[str, str], wrong: list[str]
) -> None:
    for dataset, value in zip(("k3.material", "mes.material", "workbooks.list"), values, strict=True):
        store.put(dataset, "material", ("A", "x", None, "KG", value))
    assert [
        dataset for dataset, *_ in store.run(rule("disagreement", "qty", key="material_code", **tolerance))
    ] == wrong


def test_numbers_are_compared_in_one_unit(store: Store) -> None:
    store.put("k3.material", "material", ("A", "x", None, "KG", "1.5"), ("B", "x", None, "KG", "1"))
    store.put("mes.material", "material", ("A", "x", None, "G", "1500"), ("B", "x", None, "PCS", "7"))
    by_unit = rule("disagreement", "qty", key="material_code", unit="unit_code")
    assert store.keys(by_unit) == []
    assert len(store.keys(rule("disagreement", "qty", key="material_code"))) == 4


def test_a_compound_key_and_a_condition(store: Store) -> None:
    store.put("k3.material", "material", ("A", "x", "1", "KG"), ("B", "x", "1", "KG"))
    store.put("mes.material", "material", ("A", "x", "2", "M"), ("B", "x", "1", "M"))
    assert store.keys(rule("disagreement", "unit_code", key="material_code", also=["uscc"])) == ["2", "2"]
    narrowed = rule("disagreement", "unit_code", key="material_code", also=["uscc"], where="unit_code <> 'M'")
    assert store.keys(narrowed) == []


def test_a_held_row_has_a_voice(store: Store) -> None:
    store.put("k3.material", "material", ("A", "x", None, "KG"))
    store.hold("mes.material", "material", "h", material_code="A", unit_code="M")
    assert store.keys(AGREE) == ["1", "h"]
