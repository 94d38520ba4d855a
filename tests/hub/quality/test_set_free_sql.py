"""Queries of one's own: they see held rows, cannot write, cannot run for ever, and break nothing but themselves."""

from __future__ import annotations

import pytest

from hub.quality.relations import in_place_of_tables, relation
from tests.hub.quality.set_store import Store, of
from tests.hub.quality.small import rule

ALL = "select _dataset, _source_key, material_code from core.material"


def test_held_rows_are_seen_under_the_name_of_the_table(store: Store) -> None:
    store.put("k3.material", "material", ("A", "x", None, "KG", "1.5"))
    store.hold("k3.material", "material", "h", material_code="B", qty="2.5000")
    sql = """
      with heavy as (select * from "core"."material" as m where m.qty > 1 -- not core.material
      ) select heavy._dataset, heavy._source_key, 'core.material ' || core.material.material_code
      from heavy join core.material on core.material._source_key = heavy._source_key"""
    assert store.run(rule("set_expression", "material_code", hold=True, sql=sql)) == [
        ("k3.material", "1", "core.material A"),
        ("k3.material", "h", "core.material B"),
    ]


def test_a_held_row_has_the_types_of_its_table(store: Store) -> None:
    store.hold("k3.bom", "bom", "h", bom_code="B", qty="1.5000", valid_from="2026-03-05", is_active="True")
    store.hold("mes.work_order", "work_order", "h", made_at="2026-03-05 13:30:00")
    typed = "select _held, qty, valid_from + 1 as next_day, is_active, scrap from {} as r"
    (row,) = store.connection.execute(typed.format(relation(store.contracts["bom"])).encode()).fetchall()
    assert (row["_held"], str(row["qty"]), str(row["next_day"]), row["is_active"], row["scrap"]) == (
        True, "1.5000", "2026-03-06", True, None)  # fmt: skip
    moment = f"select made_at from {relation(store.contracts['work_order'], 'mes.work_order')} as r"
    (row,) = store.connection.execute(moment.encode()).fetchall()
    assert row["made_at"].isoformat() == "2026-03-05T13:30:00"


def test_only_names_of_entities_lose_their_schema(store: Store) -> None:
    kept = (
        "select mycore.material, core.unknown, \"core.material\", $$core.material$$, /* core.material */ '''core.lot'"
    )
    assert in_place_of_tables(kept, store.contracts) == ("", kept)


def test_a_row_that_comes_twice_is_one_finding_and_where_narrows(store: Store) -> None:
    store.put("k3.material", "material", ("A", "x", None, "KG"), ("B", "x", None, "M"))
    twice = f"{ALL} union all {ALL}"
    assert store.keys(rule("set_expression", "material_code", sql=twice)) == ["1", "2"]
    assert store.keys(rule("set_expression", "material_code", sql=twice, where="unit_code = 'M'")) == ["2"]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("delete from core.material returning _dataset, _source_key, material_code", "set_rule_cannot_run"),
        (f"{ALL}) as failing(_dataset, _source_key, value); drop table core.lot; select 1 from ({ALL}",
         "set_rule_cannot_run"),
        ("select nextval('ops.load_id_seq')::text, '', ''", "set_rule_writes"),
        ("select set_config('transaction_read_only', 'off', true), nextval('ops.load_id_seq')::text, ''",
         "set_rule_cannot_run"),
        ("select 'a', 'b', (1 / (select count(*) from core.lot))::text", "set_rule_cannot_run"),
        ("select nothing from nowhere", "set_rule_cannot_run"),
        ("select pg_sleep(30)::text, '', ''", "set_rule_too_slow"),
        ("with recursive n(i) as (select 1 union all select i from n) select '', '', i::text from n",
         "set_rule_too_slow"),
    ],
)  # fmt: skip
def test_a_query_can_neither_write_nor_run_for_ever_and_stops_no_other_rule(store: Store, sql: str, code: str) -> None:
    store.seconds = 0.3
    store.put("k3.material", "material", ("A", "x", "91X"), ("B", "x", "91X"))
    bad = rule("set_expression", "material_code", name="bad", sql=ALL)
    other = rule("unique_across", "uscc")
    assert len(store.run(bad, other)) == 4
    assert len(store.run(rule("set_expression", "material_code", name="bad", sql=sql), other)) == 4
    (problem,) = store.problems
    assert problem.code == code
    assert (problem.params["rule"], problem.params["file"]) == ("material.bad", "material.odcs.yaml")
    runs = {row["rule"]: row for row in store.connection.execute("select * from quality.rule_run").fetchall()}
    assert runs["material.bad"]["problem"] == problem.as_json()
    assert runs["material.bad"]["findings"] is None
    assert (runs["material.unique_across"]["problem"], runs["material.unique_across"]["findings"]) == (None, 2)
    seen = {row["rule"]: row["last_load_id"] for row in store.open()}
    assert seen == {"material.bad": 1, "material.unique_across": 2}, "what could not be decided stays as it was"
    store.connection.execute("insert into core.lot (_dataset, _source_key, _plant, _row_hash, _load_id) values"
                             " ('mes.lot', '1', 'P1', gen_random_uuid(), 1)")  # fmt: skip
    (timeout,) = store.connection.execute("show statement_timeout").fetchall()
    assert timeout == {"statement_timeout": "0"}


def test_a_rule_that_runs_again_is_no_longer_unknown(store: Store) -> None:
    store.run(rule("set_expression", "material_code", sql="select 1"))
    assert len(store.problems) == 1
    assert store.keys(rule("set_expression", "material_code", sql=ALL)) == []
    runs = store.connection.execute("select rule, problem from quality.rule_run").fetchall()
    assert runs == [{"rule": "material.set_expression", "problem": None}]
    store.run()
    assert store.connection.execute("select rule from quality.rule_run").fetchall() == []


def test_every_kind_takes_conditions_that_name_its_columns(store: Store) -> None:
    broken = of("lot", rule("unique_across", "lot_code", where="no_such_column = 1"))
    store.run(broken)
    (problem,) = store.problems
    assert problem.code == "rule_condition_unfit"
    assert "no_such_column" in problem.params["reason"]
