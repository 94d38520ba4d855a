"""SIGKILL in the middle of judging again and of settling, then a normal run: as if nothing had happened."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.landing.crash import REJUDGE_POINTS, SETTLE_POINTS
from hub.store.migrate import upgrade
from tests.hub.landing.held import BOMS, MATERIALS, World, bom, material

pytestmark = pytest.mark.servers

_PROJECT = Path(__file__).resolve().parents[3]
_PUBLISH = """
import hub.landing.replay
hub.landing.replay.PAGE_ROWS = 4
from hub.publish import decide
decide("killed")
"""
_CONTENT = """
    select md5(string_agg(line, chr(10) order by line)) from (
        select concat_ws('|', _source_key, _row_hash, _row_no, component_material_code, component_qty, unit_code)
            as line from core.bom
        union all select concat_ws('|', 'held', source_key, row_hash, record, raw) from quality.held_row
        union all select concat_ws('|', source_key, rule, column_name, value, hold) from quality.finding
            where resolved_at is null
        union all select concat_ws('|', source_key, column_name, raw_value, value, rule) from quality.value_change
    ) lines
"""


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Makes a world of ten lines, three of them held, where a steward has decided on lines 3 and 9 since."""

    def make(url: str, home: str) -> World:
        monkeypatch.setenv("WATERWORKS_STORE_URL", url)
        monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / home))
        upgrade(url)
        world = World(tmp_path / home / "landing")
        world.rows[MATERIALS] = {str(number): material(number) for number in range(1, 12)}
        world.rows[BOMS] = {str(line): bom(line, line) for line in range(1, 11)}
        world.rows[BOMS] |= {"4": bom(4, 77), "7": bom(7, 78), "9": bom(9, 9, qty="")}
        world.load_all()
        world.publish()
        assert world.held() == ["4", "7", "9"]
        world.rows[MATERIALS]["77"] = material(77)
        world.load(MATERIALS)
        for key, column, raw, value in (
            ("3", "component_material_code", "M-00003", "M-00099"),
            ("9", "component_qty", "", "5"),
        ):
            world.all(
                "insert into quality.correction (dataset, source_key, column_name, raw_value, value, reason,"
                " decided_by) values (%s, %s, %s, %s, %s, '-', 'mei') returning id",
                BOMS, key, column, raw, value,
            )  # fmt: skip
        return world

    return make


def kill(crash_at: str) -> None:
    """Publish in a process of its own that dies at the named point."""
    environment = {**os.environ, "WATERWORKS_CRASH_AT": crash_at}
    done = subprocess.run([sys.executable, "-c", _PUBLISH], env=environment, cwd=_PROJECT, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.fixture
def undisturbed(made, postgres_server):
    world = made(postgres_server.url(postgres_server.create_database()), "undisturbed")
    world.publish()
    assert world.held() == ["3", "7"]
    return world.all(_CONTENT)


@pytest.mark.parametrize("point", [*(f"{name}:2" for name in REJUDGE_POINTS), *SETTLE_POINTS])
def test_killed_and_run_again_equals_undisturbed(made, undisturbed, postgres_url, point, monkeypatch):
    world = made(postgres_url, "killed")
    kill(point)
    assert len(world.places(BOMS)) == 10
    world.publish()
    assert world.all(_CONTENT) == undisturbed
    assert world.complete()
    assert world.all("select count(*) from ops.load where status = 'running'") == [(0,)]


def test_what_was_judged_before_the_kill_is_not_judged_again(made, postgres_url):
    world = made(postgres_url, "killed")
    kill("rejudge_committed:2")
    outcome = world.publish()
    judged = world.all("select rows_read, status from ops.load where kind = 'rejudge' order by id")
    assert judged == [(7, "interrupted"), (3, "ok")]
    assert outcome.loads[0].rows_read == 3


def test_a_sync_after_the_kill_finishes_the_judging(made, undisturbed, postgres_url):
    world = made(postgres_url, "killed")
    kill("rejudge_commit:2")
    assert world.load(BOMS).unchanged == 10
    world.publish()
    assert world.all(_CONTENT) == undisturbed
