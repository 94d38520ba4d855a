"""Rules over all rows of one dataset, decided in the store: over pages, loads and held rows."""

from __future__ import annotations

from dataclasses import replace

from hub.quality.systems import Systems
from tests.hub.quality.set_store import Store
from tests.hub.quality.small import rule

ONCE = rule("unique", "material_code", hold=True, columns=["material_code"])
SAME_NAME = rule("determines", "material_name", by=["material_code"], ignoring=["spacing"])


def test_a_stored_row_and_a_held_one_are_each_others_duplicates(store: Store) -> None:
    store.put("k3.material", "material", ("A",), ("B",), ("A",))
    store.hold("k3.material", "material", "h", material_code="B")
    store.put("mes.material", "material", ("A",), ("B",))
    assert store.keys(ONCE) == ["1", "2", "3", "h"]
    assert store.details()["h"] == {"count": 2, "keys": ["2", "h"], "rows": [None, None]}
    assert {row["hold"] for row in store.open()} == {True}
    store.put("k3.material", "material", ("A",), ("C",))
    assert store.keys(ONCE) == []


def test_account_sets_are_looked_at_one_by_one(store: Store) -> None:
    store.systems = Systems({"k3": "erp"}, frozenset({"k3"}))
    store.put("k3.material", "material", ("A",), ("B",), account_set="006")
    store.put("k3.material", "material", ("A",), ("B",), ("B",), account_set="007")
    assert store.keys(ONCE) == ["007||2", "007||3"]


def test_the_same_code_has_the_same_name(store: Store) -> None:
    store.put("k3.material", "material", ("A", "水 泵"), ("A", "水泵"), ("A", "油泵"), ("B", "轴"), ("B", None))
    assert store.run(SAME_NAME) == [("k3.material", "3", "油泵")]


def test_a_price_far_from_its_group_stands_out_and_conditions_narrow_the_group(store: Store) -> None:
    rows = [(f"M{number}", "x", None, "KG", str(100 + number)) for number in range(20)]
    store.put("k3.material", "material", *rows, ("far", "x", None, "KG", "5000"), ("other", "x", None, "M", "5000"))
    assert store.run(rule("outlier", "qty", by=["unit_code"])) == [("k3.material", "21", "5000")]
    assert store.keys(rule("outlier", "qty", by=["unit_code"], where="material_code <> 'far'")) == []


def test_a_dataset_without_these_columns_is_left_out(store: Store) -> None:
    store.put("k3.material", "material", (None, "x"), (None, "x"))
    assert store.keys(ONCE) == ["1", "2"]
    mapping = store.mappings["k3.material"]
    fed = tuple(entry for entry in mapping.columns if entry.column != "material_code")
    store.mappings["k3.material"] = replace(mapping, columns=fed)
    assert store.keys(ONCE) == []
