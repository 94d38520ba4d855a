"""Stored rows judged again: by whom, in what accounts, and what happens where the landed files are gone."""

from __future__ import annotations

import pytest

from hub.landing.lease import lease
from hub.landing.upkeep import rejudge_waiting
from hub.store.migrate import upgrade
from tests.hub.landing.held import BOMS, MATERIALS, World, bom, material, with_rules

pytestmark = pytest.mark.servers


@pytest.fixture
def world(postgres_url, monkeypatch, tmp_path):
    """Nine lines, one without a quantity."""
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    upgrade(postgres_url)
    world = World(tmp_path / "home" / "landing")
    world.rows[MATERIALS] = {"1": material(1), "2": material(2)}
    world.rows[BOMS] = {str(line): bom(line, 2) for line in range(1, 10)} | {"5": bom(5, 2, qty="")}
    world.load_all()
    return world


def judge(world: World, **further):
    return rejudge_waiting("test", {}, world.landing, **further)


def lose_files(world: World) -> None:
    for path in (world.landing / BOMS).iterdir():
        path.unlink()


def test_nothing_is_judged_while_nothing_changed(world):
    assert judge(world) == []


def test_only_what_comes_out_otherwise_is_written(world, monkeypatch):
    written = "select _source_key, _load_id, xmin::text from core.bom where _source_key <> '5' order by 1"
    before = world.all(written)
    with_rules(monkeypatch, "bom", qty_required="warning")
    (result,) = judge(world)
    assert (result.rows_read, result.loaded, result.unchanged, result.returned) == (9, 1, 8, 1)
    assert world.all(written) == before
    assert judge(world) == []
    assert world.load(BOMS).unchanged == 9


def test_wording_and_rules_over_several_rows_judge_no_row_again(world, monkeypatch):
    with_rules(monkeypatch, "bom", component_known="info", line_unique=None)
    assert judge(world) == []


def test_a_person_may_ask_for_it_all_the_same(world):
    (result,) = judge(world, only={BOMS}.__contains__)
    assert (result.dataset, result.rows_read, result.unchanged) == (BOMS, 9, 9)


def test_a_sync_that_runs_judges_by_itself(world, monkeypatch):
    with_rules(monkeypatch, "bom", qty_required="warning")
    told = []
    with lease("k3", "nightly", 0):
        assert judge(world, wait_seconds=0, told=told.append) == []
    assert [problem.code for problem in told] == ["lease_held"]
    result = world.load(BOMS)
    assert (result.loaded, result.unchanged) == (0, 9)
    assert world.held() == []


def test_lost_files_are_said_and_the_next_sync_reads_everything(world, monkeypatch):
    lose_files(world)
    with_rules(monkeypatch, "bom", qty_required="warning")
    (result,) = judge(world)
    assert result.problem is not None
    assert result.problem.code == "landed_file_missing"
    assert world.held() == ["5"]
    assert world.all("select problem ->> 'code' from ops.alert where seen_at is null") == [("landed_file_missing",)]
    result = world.load(BOMS)
    assert (result.status, result.loaded, result.unchanged, result.returned) == ("ok", 1, 8, 1)
    ((notes,),) = world.all("select notes -> 'notes' from ops.load where kind = 'read' order by id desc limit 1")
    assert [note["code"] for note in notes] == ["landed_file_missing", "rejudge_instead_read"]
    assert world.complete()
    assert judge(world) == []


def test_files_that_come_back_end_the_alert(world, monkeypatch):
    kept = world.landing.rename(world.landing.with_name("away"))
    with_rules(monkeypatch, "bom", qty_required="warning")
    judge(world)
    kept.rename(world.landing)
    judge(world)
    assert world.held() == []
    assert world.all("select count(*) from ops.alert where seen_at is null") == [(0,)]


def test_a_row_that_must_be_held_is_held_without_its_file(world):
    """What the source said of the columns that are used is told by the changes of the row."""
    world.rows[BOMS]["3"] = bom(3, 77)
    world.load(BOMS)
    lose_files(world)
    world.publish()
    assert world.held() == ["3", "5"]
    ((raw, notes),) = world.all(
        "select h.raw, l.notes from quality.held_row h join ops.load l on l.id = h.load_id where source_key = '3'"
    )
    assert (raw["component_number"], raw["unit_name"], raw["bom_number"]) == ("M-00077", "个", "BOM-1")
    assert notes["notes"][0]["code"] == "landed_file_missing"
    world.rows[MATERIALS]["77"] = material(77)
    world.load(MATERIALS)
    world.publish()
    assert world.held() == ["5"]
    assert world.complete()
