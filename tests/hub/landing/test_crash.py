"""SIGKILL at every named point, then a normal run: the store must equal an undisturbed one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.landing.crash import POINTS
from hub.store.migrate import upgrade

pytestmark = pytest.mark.servers

_PROJECT = Path(__file__).resolve().parents[3]
_SYNC = """
import sys
from pathlib import Path
import hub.landing.load
hub.landing.load.PAGE_ROWS = 10
from connectors.config import load_systems
from hub.landing.sync import sync_object
sync_object(load_systems(Path(sys.argv[1]))["k3"], "customer", "killed", wait_seconds=10)
"""


def _kill(factory, crash_at: str) -> None:
    """Sync in a process of its own that dies at the named point."""
    environment = {**os.environ, **factory.environment, "WATERWORKS_CRASH_AT": crash_at}
    command = [sys.executable, "-c", _SYNC, str(factory.defs)]
    assert subprocess.run(command, env=environment, cwd=_PROJECT, check=False).returncode == -signal.SIGKILL


@pytest.mark.parametrize("point", POINTS)
def test_killed_and_run_again_equals_undisturbed(factory, postgres_server, point, monkeypatch):
    _kill(factory, f"{point}:2")
    assert factory.sync().status == "ok"
    disturbed = factory.content()
    assert factory.rows("select status from ops.load order by id") == [("interrupted",), ("ok",)]
    # every load's accounts add up, the killed one's too
    assert factory.rows("select bool_and(rows_read = loaded + held + rejected + unchanged) from ops.load") == [(True,)]

    fresh = postgres_server.url(postgres_server.create_database())
    upgrade(fresh)
    monkeypatch.setenv("WATERWORKS_STORE_URL", fresh)
    factory.environment["WATERWORKS_STORE_URL"] = fresh
    assert factory.sync().status == "ok"
    assert factory.content() == disturbed


def test_a_change_that_was_killed_half_way_is_finished_later(factory):
    factory.sync()
    factory.erp_sql("update t_Organization set FContact = '李工'")
    _kill(factory, "after_commit:1")
    result = factory.sync()
    # the page that was committed is not read again
    assert (result.loaded + result.held, result.unchanged) == (15, 0)
    assert factory.rows("select count(*) from core.customer where contact_name = '李工'") == [(24,)]
