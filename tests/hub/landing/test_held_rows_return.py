"""Rows that rules over several rows hold back, and how each kind of fix brings them back, counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.landing.lease import lease
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.loader import contracts
from tests.hub.landing.held import BOMS, LIST, MATERIALS, World, bom, listed, material, use, with_rules

pytestmark = pytest.mark.servers


@pytest.fixture
def world(postgres_url, monkeypatch, tmp_path):
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    upgrade(postgres_url)
    world = World(tmp_path / "home" / "landing")
    world.rows[MATERIALS] = {str(number): material(number) for number in (1, 2, 3)}
    world.rows[BOMS] = {"a": bom(1, 2), "b": bom(2, 9), "c": bom(3, 3)}
    world.load_all()
    assert world.held() == []
    return world


def last(world: World, name: str = BOMS) -> tuple:
    return world.all(
        "select kind, rows_read, loaded, held, returned from ops.load where dataset = %s order by id desc limit 1", name
    )[0]


def test_a_line_of_an_unknown_material_is_held_with_what_the_source_said(world):
    outcome = world.publish()
    assert world.held() == ["b"]
    assert last(world) == ("settle", 1, 0, 1, 0)
    assert [(load.held, load.loaded) for load in outcome.loads] == [(1, 0)]
    ((record, raw, plant),) = world.all("select record, raw, plant from quality.held_row")
    assert (raw["component_number"], raw["FQty"], raw["unit_name"], plant) == ("M-00009", "2", "个", "P1")
    assert (record["component_material_code"], record["component_qty"], record["unit_code"]) == (
        "M-00009", "2.000000", "PCS",
    )  # fmt: skip
    assert world.complete()
    # settled: publishing again moves nothing, a load of the same rows neither
    assert world.publish().loads == ()
    assert (world.load(BOMS).unchanged, world.held()) == (3, ["b"])
    assert world.publish().skipped


def test_a_held_row_is_as_a_load_would_have_held_it(world, monkeypatch):
    """Whether a rule about the row alone or one over several rows holds it, the same is kept."""
    world.rows[BOMS]["b"] = bom(2, 9, qty="")
    world.load(BOMS)
    ((by_load, raw_by_load),) = world.all("select record, raw from quality.held_row")
    with_rules(monkeypatch, "bom", qty_required="warning")
    world.publish()
    ((by_rule, raw_by_rule),) = world.all("select record, raw from quality.held_row")
    assert (by_load, raw_by_load) == (by_rule, raw_by_rule)


def test_mended_in_its_source_it_comes_back_with_the_load(world):
    world.publish()
    world.rows[BOMS]["b"] = bom(2, 2)
    result = world.load(BOMS)
    assert (result.loaded, result.unchanged, result.returned) == (1, 2, 1)
    world.publish()
    assert world.held() == []
    assert world.complete()


def test_changed_but_not_mended_it_is_held_again(world):
    world.publish()
    world.rows[BOMS]["b"] = bom(2, 8)
    world.load(BOMS)
    world.publish()
    assert world.held() == ["b"]
    assert world.all("select raw ->> 'component_number' from quality.held_row") == [("M-00008",)]
    assert world.complete()


def test_it_comes_back_exactly_when_the_missing_material_is_read(world):
    before = world.all("select * from core.bom order by _source_key")
    world.publish()
    world.rows[MATERIALS]["9"] = material(9)
    world.load(MATERIALS)
    outcome = world.publish()
    assert last(world) == ("settle", 1, 1, 0, 1)
    assert sum(load.returned for load in outcome.loads) == 1
    now = world.all("select * from core.bom order by _source_key")
    names = [name for (name,) in world.all(
        "select column_name from information_schema.columns where table_schema = 'core' and table_name = 'bom'"
        " order by ordinal_position"
    )]  # fmt: skip
    moved = [names.index(name) for name in ("_load_id", "_loaded_at")]
    assert [[v for n, v in enumerate(row) if n not in moved] for row in now] == [
        [v for n, v in enumerate(row) if n not in moved] for row in before
    ]
    assert world.complete()


def test_it_comes_back_when_an_upload_brings_the_material(world, monkeypatch):
    known = contracts()
    rules = tuple(
        replace(rule, args={"to": rule.args["to"]}) if rule.kind == "reference" else rule for rule in known["bom"].rules
    )
    use(monkeypatch, {**known, "bom": replace(known["bom"], rules=rules)})
    world.publish()
    assert world.held() == ["b"]
    world.rows[LIST] = {"M-00009": listed(9)}
    world.load(LIST)
    world.publish()
    assert world.held() == []
    assert last(world) == ("settle", 1, 1, 0, 1)
    assert world.complete()


def test_it_comes_back_when_a_steward_corrects_the_value(world):
    world.publish()
    world.all(
        "insert into quality.correction (dataset, source_key, column_name, raw_value, value, reason, decided_by)"
        " values (%s, 'b', 'component_material_code', 'M-00009', 'M-00002', '打错了', 'mei') returning id",
        BOMS,
    )
    outcome = world.publish()
    assert world.held() == []
    assert sum(load.returned for load in outcome.loads) == 1
    assert world.all("select component_material_code from core.bom where _source_key = 'b'") == [("M-00002",)]
    resolved = "select distinct resolved_by from quality.finding where source_key = 'b' and resolved_at is not null"
    assert world.all(resolved) == [("steward",)]
    # taken back, the source's word counts again
    world.all("update quality.correction set active = false returning id")
    world.publish()
    assert world.held() == ["b"]
    assert world.complete()


def test_a_row_that_its_own_values_hold_comes_back_when_a_steward_corrects_them(world):
    world.rows[BOMS]["c"] = bom(3, 3, qty="约两个")
    world.load(BOMS)
    world.publish()
    assert world.held() == ["b", "c"]
    world.all(
        "insert into quality.correction (dataset, source_key, column_name, raw_value, value, reason, decided_by)"
        " values (%s, 'c', 'component_qty', '约两个', '2', '问过车间', 'mei') returning id",
        BOMS,
    )
    outcome = world.publish()
    assert world.held() == ["b"]
    assert [(load.loaded, load.returned, load.unchanged) for load in outcome.loads] == [(1, 1, 2)]


def test_it_comes_back_when_the_rule_is_loosened_and_goes_when_it_is_tightened(world, monkeypatch):
    world.publish()
    with_rules(monkeypatch, "bom", component_known="warning")
    world.publish()
    assert world.held() == []
    assert world.all("select severity, hold from quality.finding where source_key = 'b' and resolved_at is null") == [
        ("warning", False)
    ]
    monkeypatch.undo()


def test_a_rule_about_the_row_alone_loosened_and_tightened_again(world, monkeypatch):
    world.rows[BOMS]["c"] = bom(3, 3, qty="")
    world.load(BOMS)
    assert world.held() == ["c"]
    with monkeypatch.context() as patch:
        with_rules(patch, "bom", qty_required="warning", component_known="warning")
        outcome = world.publish()
        assert world.held() == []
        assert [(load.rows_read, load.loaded, load.returned) for load in outcome.loads] == [(3, 1, 1)]
        assert last(world)[0] == "rejudge"
    world.publish()
    assert world.held() == ["b", "c"]
    assert world.complete()


def test_a_rule_taken_out_of_its_contract_holds_nothing_any_more(world, monkeypatch):
    world.publish()
    with_rules(monkeypatch, "bom", component_known=None)
    world.publish()
    assert world.held() == []


def test_a_held_row_that_is_gone_from_its_source_is_recorded_as_deleted(world):
    world.publish()
    del world.rows[BOMS]["b"]
    assert world.load(BOMS).deleted == 1
    assert world.all("select source_key, was from quality.deleted_row") == [("b", "held")]
    assert world.publish().loads == ()
    assert world.complete()


def test_two_lines_with_one_number_are_held_and_both_come_back(world):
    world.rows[BOMS]["d"] = bom(1, 3)
    world.load(BOMS)
    world.publish()
    assert world.held() == ["a", "b", "d"]
    world.rows[BOMS]["d"] = bom(4, 3)
    world.load(BOMS)
    world.publish()
    assert world.held() == ["b"]
    assert world.complete()


def test_holding_a_row_holds_no_other(world):
    """A held material still counts as known to the lines that use it."""
    world.rows[MATERIALS]["2"] = {**material(2), "FNumber": "M-00003"}
    world.rows[MATERIALS]["7"] = material(2)
    world.load(MATERIALS)
    world.publish()
    assert world.held() == ["b"]
    assert world.publish().loads == ()


def test_rows_of_a_workbook_that_move_stay_held_and_follow_their_cells(world, monkeypatch):
    known = contracts()
    unique = next(rule for rule in known["material"].rules if rule.kind == "unique")
    rules = tuple(replace(rule, severity="error") if rule is unique else rule for rule in known["material"].rules)
    use(monkeypatch, {**known, "material": replace(known["material"], rules=rules)})
    world.rows[LIST] = {"x": listed(11), "y": listed(12), "z": listed(12)}
    world.load(LIST)
    world.publish()
    assert world.held(LIST) == ["y", "z"]
    world.rows[LIST] = {"w": listed(10), **world.rows[LIST]}
    result = world.load(LIST)
    assert (result.loaded, result.unchanged) == (1, 3)
    assert world.held(LIST) == ["y", "z"]
    world.publish()
    assert world.all("select source_key, row_no from quality.held_row where dataset = %s order by 1", LIST) == [
        ("y", 4), ("z", 5),
    ]  # fmt: skip
    cells = world.all("select source_key, cell from quality.finding where rule = %s and resolved_at is null", unique.id)
    assert sorted(cells) == [("y", "A4"), ("z", "A5")]
    assert world.complete()


def test_a_source_that_is_being_synced_is_settled_after_that_sync(world):
    with lease("k3", "nightly", 0):
        outcome = world.publish()
        assert [problem.code for problem in outcome.told] == ["settle_put_off"]
        assert world.held() == []
    assert not world.publish().skipped
    assert world.held() == ["b"]


def test_a_source_that_was_written_while_rules_were_decided_is_left_alone(world, monkeypatch):
    """Its findings may be about rows that are other ones now."""
    from hub import publish

    decided = publish._run_rules

    def and_then_a_sync(*args):
        problems = decided(*args)
        world.rows[BOMS]["b"] = bom(2, 2)
        world.load(BOMS)
        return problems

    with monkeypatch.context() as patch:
        patch.setattr("hub.publish._run_rules", and_then_a_sync)
        assert [problem.code for problem in world.publish().told] == ["settle_put_off"]
    assert world.held() == []
    world.publish()
    assert world.held() == []
    assert world.complete()


def test_nothing_is_done_where_nothing_changed(world):
    world.publish()
    world.publish()
    assert world.publish().skipped
    world.load_all()
    assert world.publish().skipped
    with connect() as connection:
        loads = connection.execute("select count(*) from ops.load where kind <> 'read'").fetchone()
    assert loads == (1,)
