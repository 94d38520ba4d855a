"""SIGKILL at every named point, then a normal run: the store must equal an undisturbed one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.landing.crash import POINTS

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


def _sync_in_child(factory, crash_at: str | None) -> int:
    environment = {**os.environ, **factory.environment}
    if crash_at:
        environment["WATERWORKS_CRASH_AT"] = crash_at
    return subprocess.run(
        [sys.executable, "-c", _SYNC, str(factory.defs)], env=environment, cwd=_PROJECT, check=False
    ).returncode


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("page", [1, 2])
def test_killed_and_run_again_equals_undisturbed(factory, postgres_server, point, page):
    assert _sync_in_child(factory, f"{point}:{page}") == -signal.SIGKILL
    assert _sync_in_child(factory, None) == 0
    disturbed = factory.content()
    statuses = factory.rows("select status from ops.load order by id")
    assert statuses == [("interrupted",), ("ok",)]
    # every load's accounts add up, the killed one's too
    assert factory.rows("select bool_and(rows_read = loaded + held + rejected + unchanged) from ops.load") == [(True,)]

    from hub.store.migrate import upgrade

    fresh = postgres_server.url(postgres_server.create_database())
    upgrade(fresh)
    factory.environment["WATERWORKS_STORE_URL"] = fresh
    assert _sync_in_child(factory, None) == 0
    assert factory.content() == disturbed


def test_a_change_that_was_killed_half_way_is_finished_later(factory):
    assert _sync_in_child(factory, None) == 0
    factory.erp_sql("update t_Organization set FContact = '李工'")
    assert _sync_in_child(factory, "after_commit:1") == -signal.SIGKILL
    result = factory.sync()
    assert (result.loaded + result.held, result.unchanged) == (15, 10)
    assert factory.rows("select count(*) from core.customer where contact_name = '李工'") == [(24,)]
