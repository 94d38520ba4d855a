"""Rules over the whole store, on a real PostgreSQL: who is found, what is shown, what is resolved."""

from __future__ import annotations

from typing import Any

import pytest

from hub.cleansing.names import company_key
from hub.quality.sets.duplicates import name_key
from hub.quality.systems import Systems
from tests.hub.quality.set_store import Store, of
from tests.hub.quality.small import rule

KNOWN = of("work_order", rule("reference", "material_code", to="material.material_code", sources=["k3"]))


def test_a_reference_is_checked_against_the_named_systems(store: Store) -> None:
    store.put("k3.material", "material", ("A100", "x", None, "KG", None))
    store.put("mes.material", "material", ("B200", "x", None, "KG", None))
    store.put("mes.work_order", "work_order", ("W1", "A100", None), ("W2", "B200", None), ("W3", None, None))
    assert store.run(KNOWN) == [("mes.work_order", "2", "B200")]
    (finding,) = store.open()
    assert finding["department"] == "keeper of mes.work_order"
    assert finding["source_column"] == "F_material_code"
    assert finding["detail"] == {"to": "material.material_code"}


def test_a_reference_may_name_a_kind_of_system_whatever_it_is_called(store: Store) -> None:
    store.systems = Systems({"erp1": "erp", "mes": "mes"})
    by_kind = of("work_order", rule("reference", "material_code", to="material.material_code", sources=["erp"]))
    store.put("mes.material", "material", ("B200", "x", None, "KG", None))
    store.put("mes.work_order", "work_order", ("W1", "A100", None), ("W2", "B200", None))
    assert store.run(by_kind) == []
    store.put("erp1.material", "material", ("A100", "x", None, "KG", None))
    assert store.run(by_kind) == [("mes.work_order", "2", "B200")]


def test_a_rule_that_trusts_a_system_nobody_configured_is_unknown_and_not_passed(store: Store) -> None:
    store.systems = Systems({"erp1": "erp"})
    misspelt = of("work_order", rule("reference", "material_code", to="material.material_code", sources=["epr1"]))
    store.put("erp1.work_order", "work_order", ("W1", "Z9", None))
    store.run(misspelt)
    [ran] = store.connection.execute("select problem ->> 'code' as code from quality.rule_run").fetchall()
    assert ran["code"] == "rule_source_unknown"


def test_a_reference_is_silent_about_an_erp_that_delivers_no_such_rows(store: Store) -> None:
    store.systems = Systems({"erp1": "erp", "erp2": "erp"})
    by_kind = of("work_order", rule("reference", "material_code", to="material.material_code", sources=["erp"]))
    store.put("erp1.material", "material", ("A100", "x", None, "KG", None))
    store.put("erp2.work_order", "work_order", ("W1", "Z9", None))
    store.put("erp1.work_order", "work_order", ("W1", "Z9", None))
    assert store.run(by_kind) == [("erp1.work_order", "1", "Z9")]
    store.put("erp2.material", "material", ("B1", "x", None, "KG", None))
    assert store.run(by_kind) == [("erp1.work_order", "1", "Z9"), ("erp2.work_order", "1", "Z9")]


def test_a_reference_stays_inside_its_account_set(store: Store) -> None:
    store.systems = Systems({"u8": "erp", "mes": "mes"}, frozenset({"u8"}))
    by_kind = of("work_order", rule("reference", "material_code", to="material.material_code", sources=["erp"]))
    store.put("u8.material", "material", ("P-1", "泵", None, None, None), account_set="006")
    store.put("u8.material", "material", ("P-2", "轴", None, None, None), account_set="007")
    store.put("u8.work_order", "work_order", ("W1", "P-1", None), ("W2", "P-2", None), account_set="006")
    store.put("mes.work_order", "work_order", ("W1", "P-1", None), ("W2", "P-2", None), ("W3", "P-3", None))
    assert store.run(by_kind) == [("mes.work_order", "3", "P-3"), ("u8.work_order", "006||2", "P-2")]
    assert store.open()[1]["detail"] == {"to": "material.material_code"}
    store.connection.execute(
        "insert into quality.held_row (dataset, source_key, entity, plant, record, raw, row_hash, load_id) values"
        " ('u8.material', '006||7', 'material', 'P1', '{\"material_code\": \"P-2\"}', '{}', gen_random_uuid(), 1)"
    )
    assert store.run(by_kind) == [("mes.work_order", "3", "P-3")]


def test_equal_values_and_names_in_two_account_sets_are_two_things(store: Store) -> None:
    store.systems = Systems({"u8": "erp"}, frozenset({"u8"}))
    store.put("u8.material", "material", ("A", "水泵", "91X", None, None), account_set="006")
    store.put("u8.material", "material", ("B", "水泵", "91X", None, None), account_set="0\\|7")
    unique, same = rule("unique_across", "uscc"), rule("same_name", "material_name")
    assert store.run(unique, same) == []
    store.put(
        "u8.material", "material", ("A", "水泵", "91X", None, None), ("C", "水泵", "91X", None, None), account_set="006"
    )
    assert len(store.run(unique, same)) == 4


def test_a_reference_suggests_the_code_that_was_meant(store: Store) -> None:
    store.put("k3.material", "material", ("00123", "x", None, None, None), ("A-1002", "y", None, None, None))
    store.put("mes.work_order", "work_order", ("W1", "123", None), ("W2", "A1O02", None), ("W3", "Z9", None))
    store.run(KNOWN)
    assert [finding["detail"].get("suggestion") for finding in store.open()] == ["00123", "A-1002", None]


def test_a_held_row_counts_as_known_and_an_unread_system_is_not_held_against_anyone(store: Store) -> None:
    store.put("mes.work_order", "work_order", ("W1", "A100", None))
    assert store.run(KNOWN) == []
    store.put("k3.material", "material", ("B1", "x", None, None, None))
    assert store.run(KNOWN) == [("mes.work_order", "1", "A100")]
    store.connection.execute(
        "insert into quality.held_row (dataset, source_key, entity, plant, record, raw, row_hash, load_id) values"
        """ ('k3.material', '7', 'material', 'P1', '{"material_code": "A100"}', '{}', gen_random_uuid(), 1)"""
    )
    assert store.run(KNOWN) == []


def test_unique_across_looks_inside_one_system_and_at_different_things(store: Store) -> None:
    unique = rule("unique_across", "uscc")
    store.put(
        "k3.material",
        "material",
        ("A", "", "91X", None, None),
        ("B", "", "91X", None, None),
        ("C", "", None, None, None),
    )
    store.put("mes.material", "material", ("A", "", "91X", None, None), ("C", "", None, None, None))
    assert store.run(unique) == [("k3.material", "1", "91X"), ("k3.material", "2", "91X")]
    assert store.open()[0]["detail"] == {"count": 2, "keys": ["A", "B"]}


def test_same_name_sees_through_brackets_blanks_and_legal_forms(store: Store) -> None:
    names = [
        "上海宝钢（集团）有限公司",
        "上海宝钢(集团) 有限责任公司",
        "上海宝钢集团有限公司苏州分公司",
        "宝山钢铁公司",
    ]
    store.put("k3.material", "material", *((str(number), name, None, None, None) for number, name in enumerate(names)))
    assert [key for _, key, _ in store.run(rule("same_name", "material_name"))] == ["1", "2"]


@pytest.mark.parametrize(
    ("values", "flagged"),
    [
        (("KG", "KG", "T"), [("workbooks.list", "T")]),
        (("KG", "T", None), [("k3.material", "KG"), ("mes.material", "T")]),
        (("KG", "KG", None), []),
        (("KG", None, None), []),
    ],
)
def test_disagreement_points_at_the_minority(store: Store, values: tuple[Any, ...], flagged: list[Any]) -> None:
    for dataset, unit in zip(("k3.material", "mes.material", "workbooks.list"), values, strict=True):
        store.put(dataset, "material", ("A1", "x", None, unit, None))
    found = store.run(rule("disagreement", "unit_code", key="material_code"))
    assert [(dataset, value) for dataset, _, value in found] == flagged
    if len(flagged) == 1:
        assert {other["value"] for other in store.open()[0]["detail"]["others"]} == {"KG"}


def test_equal_numbers_never_disagree_and_are_shown_plainly(store: Store) -> None:
    store.put("k3.material", "material", ("A1", "x", None, None, "12.50"))
    store.put("mes.material", "material", ("A1", "x", None, None, "12.5"))
    agree = rule("disagreement", "qty", key="material_code")
    assert store.run(agree) == []
    store.put("mes.material", "material", ("A1", "x", None, None, "13"))
    assert [value for *_, value in store.run(agree)] == ["12.5", "13"]


def test_a_query_of_ones_own_may_hold_a_percent_sign(store: Store) -> None:
    store.put("k3.material", "material", ("A%1", "x", None, None, None), ("A2", "x", None, None, None))
    sql = "select _dataset, _source_key, material_code from core.material where material_code like '%\\%%'"
    assert store.run(rule("set_expression", "material_code", sql=sql)) == [("k3.material", "1", "A%1")]


def test_the_finding_shows_what_stands_in_the_source_and_in_which_cell(store: Store) -> None:
    add_load = (
        "insert into ops.load (run_id, system, dataset, entity, epoch, rules, status)"
        " values ('r', 'workbooks', 'workbooks.list', 'material', 1, '', 'ok') returning id"
    )
    load = store.connection.execute(add_load).fetchone()
    assert load is not None
    file = store.connection.execute(
        "insert into ops.landed_file (load_id, dataset, path, sha256, rows, columns) values"
        """ (%s, 'workbooks.list', 'p', 's', 1, '{"F_unit_code": "D"}') returning id""",
        [load["id"]],
    ).fetchone()
    assert file is not None
    store.put("workbooks.list", "material", ("A1", "x", None, "KG", None), file_id=file["id"])
    store.put("k3.material", "material", ("A1", "x", None, "T", None))
    store.connection.execute(
        "insert into quality.value_change (dataset, source_key, column_name, source_column, raw_value, value, rule,"
        " load_id) values ('workbooks.list', '1', 'unit_code', 'F_unit_code', '公 斤', 'KG', 'unit.alias', 1)"
    )
    store.run(rule("disagreement", "unit_code", key="material_code"))
    finding = store.open()[1]
    assert (finding["value"], finding["cell"], finding["row_no"], finding["file_id"]) == ("公 斤", "D2", 2, file["id"])


def test_the_finding_tells_what_was_compared_where_a_factor_makes_it_another_number(store: Store) -> None:
    store.put("workbooks.list", "material", ("A1", "x", None, None, "2000000"), ("A2", "x", None, None, "3"))
    store.put("k3.material", "material", ("A1", "x", None, None, "5"), ("A2", "x", None, None, "4"))
    for key, raw, value in (("1", "200", "2000000.0000"), ("2", "3.00", "3")):
        store.connection.execute(
            "insert into quality.value_change (dataset, source_key, column_name, source_column, raw_value, value, rule,"
            " load_id) values ('workbooks.list', %s, 'qty', 'F_qty', %s, %s, 'number.unit', 1)",
            [key, raw, value],
        )
    store.run(rule("disagreement", "qty", key="material_code"))
    found = {(row["dataset"], row["value"]): row["detail"].get("read") for row in store.open()}
    assert found == {("k3.material", "5"): None, ("k3.material", "4"): None,
                     ("workbooks.list", "200"): "2000000", ("workbooks.list", "3.00"): None}  # fmt: skip


def test_findings_stay_come_and_go(store: Store) -> None:
    store.put("k3.material", "material", ("A100", "x", None, None, None))
    store.put("mes.work_order", "work_order", ("W1", "X1", None), ("W2", "X2", None))
    store.run(KNOWN)
    store.put("mes.work_order", "work_order", ("W1", "A100", None), ("W2", "X2", None))
    store.run(KNOWN)
    (still,) = store.open()
    assert (still["source_key"], still["first_load_id"], still["last_load_id"]) == ("2", 1, 2)
    resolved = store.connection.execute("select * from quality.finding where resolved_at is not null").fetchall()
    assert [row["source_key"] for row in resolved] == ["1"]
    store.run()
    assert store.open() == [], "a rule that no contract has any more leaves no open finding"


def test_a_broken_query_is_named(store: Store) -> None:
    store.run(rule("set_expression", "material_code", sql="select nothing from nowhere"))
    (problem,) = store.problems
    assert problem.code == "set_rule_cannot_run"
    assert (problem.params["rule"], problem.params["file"]) == ("material.set_expression", "material.odcs.yaml")


def test_the_name_key_in_sql_equals_the_one_in_python(store: Store) -> None:
    names = [
        "上海宝钢（集团）有限公司",
        "ＡＢＣ 贸易股份有限公司",
        "苏州 精工·机械有限责任公司",
        "某某厂",
        "宝钢集团股份有限公司",
    ]
    for name in names:
        row = store.connection.execute(f"select {name_key('%s::text')} as key", [name]).fetchone()
        assert row is not None
        assert row["key"] == company_key(name).core
