"""Who fixed a finding of a rule over several rows: told from what came since, and by which way."""

from __future__ import annotations

import pytest
from psycopg.types.json import Jsonb

from tests.hub.quality.set_store import Store, of
from tests.hub.quality.small import rule

pytestmark = pytest.mark.servers

KNOWN = of("work_order", rule("reference", "material_code", to="material.material_code", sources=["k3", "uploads"]))
UNIQUE = rule("unique_across", "uscc")


def _load(store: Store, dataset: str, entity: str, kind: str = "read", moved: int = 1) -> int:
    row = store.connection.execute(
        "insert into ops.load (run_id, system, dataset, entity, epoch, rules, kind, status, loaded)"
        " values ('r', split_part(%(d)s, '.', 1), %(d)s, %(e)s, 1, '', %(k)s, 'ok', %(m)s) returning id",
        {"d": dataset, "e": entity, "k": kind, "m": moved},
    ).fetchone()
    assert row is not None
    store.loads = row["id"]
    return int(row["id"])


def _brought(store: Store, load: int, dataset: str, entity: str) -> None:
    """All rows of the dataset came with that load."""
    store.connection.execute(f"update core.{entity} set _load_id = %s where _dataset = %s", (load, dataset))


def _fixers(store: Store, *rules: object) -> list[str | None]:
    """Run the rules as publish does, with the newest load; the fixer of every finding there ever was."""
    store.connection.commit()
    store.loads -= 1
    store.run(*rules)  # type: ignore[arg-type]
    store.connection.commit()
    found = store.connection.execute("select resolved_by from quality.finding order by id").fetchall()
    return [line["resolved_by"] for line in found]


@pytest.fixture
def orders(store: Store) -> Store:
    """A work order of the MES whose material the ERP does not know."""
    store.put("k3.material", "material", ("A100", "x"))
    store.put("mes.work_order", "work_order", ("W1", "B200"))
    _load(store, "mes.work_order", "work_order")
    assert _fixers(store, KNOWN) == [None]
    return store


def test_the_row_was_put_right_in_its_source(orders: Store) -> None:
    orders.put("mes.work_order", "work_order", ("W1", "A100"))
    _brought(orders, _load(orders, "mes.work_order", "work_order"), "mes.work_order", "work_order")
    assert _fixers(orders, KNOWN) == ["source"]


def test_the_row_it_refers_to_came_from_its_source(orders: Store) -> None:
    orders.put("k3.material", "material", ("A100", "x"), ("B200", "y"))
    _brought(orders, _load(orders, "k3.material", "material"), "k3.material", "material")
    assert _fixers(orders, KNOWN) == ["source"]


def test_the_row_it_refers_to_came_by_an_upload(orders: Store) -> None:
    orders.put("uploads.list", "material", ("B200", "y"))
    _brought(orders, _load(orders, "uploads.list", "material"), "uploads.list", "material")
    # The ERP was read as well, and brought other things.
    orders.put("k3.material", "material", ("A100", "x"), ("C300", "z"))
    _brought(orders, _load(orders, "k3.material", "material"), "k3.material", "material")
    assert _fixers(orders, KNOWN) == ["upload"]


def test_a_steward_corrected_the_row(orders: Store) -> None:
    orders.put("mes.work_order", "work_order", ("W1", "A100"))
    load = _load(orders, "mes.work_order", "work_order", "rejudge")
    _brought(orders, load, "mes.work_order", "work_order")
    orders.connection.execute(
        "insert into quality.value_change (dataset, source_key, column_name, raw_value, value, rule, load_id)"
        " values ('mes.work_order', '1', 'material_code', 'B200', 'A100', 'correction', %s)",
        (load,),
    )
    assert _fixers(orders, KNOWN) == ["steward"]


def test_the_rule_decides_otherwise_now(orders: Store) -> None:
    _load(orders, "mes.work_order", "work_order", moved=0)
    orders.connection.commit()
    orders.connection.execute(
        "insert into quality.rule_version (rule, since, fingerprint, definition, changed)"
        " values (%s, clock_timestamp(), 'x', '{}', %s)",
        (KNOWN.id, Jsonb({"arguments": {"sources": [["k3"], ["mes"]]}})),
    )
    relaxed = of("work_order", rule("reference", "material_code", to="material.material_code", sources=["mes"]))
    assert _fixers(orders, relaxed) == ["rule"]


def test_the_rule_is_gone(orders: Store) -> None:
    _load(orders, "mes.work_order", "work_order", moved=0)
    assert _fixers(orders) == ["rule"]


def test_the_other_row_of_a_pair_was_put_right_by_what_came_since(store: Store) -> None:
    store.put("k3.material", "material", ("A", "", "91X"), ("B", "", "91X"))
    first = _load(store, "k3.material", "material")
    _brought(store, first, "k3.material", "material")
    assert _fixers(store, UNIQUE) == [None, None]
    store.connection.execute(
        "update core.material set uscc = null, _load_id = %s where _source_key = '2'",
        (_load(store, "k3.material", "material"),),
    )
    assert _fixers(store, UNIQUE) == ["source", "source"]


def test_moving_rows_between_held_and_loaded_explains_nothing(orders: Store) -> None:
    _load(orders, "mes.work_order", "work_order", "settle")
    orders.put("k3.material", "material", ("A100", "x"), ("B200", "y"))
    load = _load(orders, "k3.material", "material")
    _brought(orders, load, "k3.material", "material")
    assert _fixers(orders, KNOWN) == ["source"]
