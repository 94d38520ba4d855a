"""The main job as a newcomer runs it: `waterworks demo`, again, after three changes, and served.

One small demo factory for the whole module; the tests build on each other in this order, in one process
(`--dist loadfile`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from hub.settings import PROJECT
from portal.supervisor import run_file
from portal.supervisor.identity import carrying
from tests.portal.cli.test_commands import waterworks

pytestmark = pytest.mark.demo


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


def total(output: str) -> list[int]:
    """read, loaded, held, rejected, unchanged of the summary's last line."""
    (line,) = re.findall(r"^total +(.*)$", output, re.MULTILINE)
    return [int(number.replace(",", "")) for number in line.split()]


def demo(home: Path, *arguments: str) -> str:
    done = waterworks(home, "demo", "--no-serve", "--scale", "0.1", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Adds up" in done.stdout
    return done.stdout


def store_process(home: Path) -> bool:
    folder = json.loads((home / "postgres.json").read_text())["folder"]
    return (Path(folder) / "data" / "postmaster.pid").exists()


def test_first_run_loads_everything(home: Path) -> None:
    output = demo(home)
    read, loaded, held, rejected, unchanged = total(output)
    assert read == loaded + held + rejected
    assert loaded > 1000
    assert unchanged == 0
    assert not store_process(home)
    assert run_file.read(home) is None


def test_second_run_says_nothing_new(home: Path) -> None:
    output = demo(home)
    read, *changed, unchanged = total(output)
    assert changed == [0, 0, 0]
    assert unchanged == read
    assert "Nothing new" in output


def test_three_changes_are_three_rows(home: Path) -> None:
    touch = [sys.executable, "-m", "examples.demo_factory", "touch", "--out", str(home / "demo")]
    subprocess.run(touch, cwd=PROJECT, check=True, capture_output=True)
    done = waterworks(home, "sync")
    assert done.returncode == 0, done.stdout + done.stderr
    _, *changed, _ = total(done.stdout)
    assert sum(changed) == 3


def test_served_and_stopped_without_a_trace(home: Path) -> None:
    done = waterworks(home, "up", "--detach")
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        run = run_file.running(home)
        assert run is not None
        assert httpx.get(f"{run.url('portal')}/log-in", timeout=30).status_code == 200
        query = {"query": "{repositoriesOrError{... on RepositoryConnection{nodes{jobs{name}}}}}"}
        assert {"sync_k3", "sync_mes", "sync_workbooks", "publish"} <= job_names(f"{run.url('dagster')}/graphql", query)
        assert waterworks(home, "status").returncode == 0
        started = [service.identity for service in run.services.values()]
    finally:
        stopped = waterworks(home, "down")
    assert (stopped.returncode, stopped.stdout.strip()) == (0, "Everything is stopped.")
    assert [process for process in started if process.is_alive()] == []
    assert carrying(run.token) == []
    assert not store_process(home)


def test_down_ends_a_demo_that_is_still_syncing(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.cli.main", "demo", "--scale", "0.1"],
        cwd=PROJECT,
        env={**clean_environment(), "WATERWORKS_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("▶"):
            break
    token = run_file.read(home)
    assert token is not None
    assert waterworks(home, "down").returncode == 0
    process.stdout.close()
    assert process.wait(timeout=30) == 130
    assert carrying(token.token) == []
    assert not store_process(home)


def job_names(url: str, query: dict[str, str]) -> set[str]:
    """Names of the jobs that the Dagster web server shows; waits until it has loaded them."""
    deadline = time.monotonic() + 60
    while True:
        answer = httpx.post(url, json=query, timeout=30).json()
        nodes = answer["data"]["repositoriesOrError"].get("nodes") or []
        if nodes or time.monotonic() > deadline:
            return {job["name"] for node in nodes for job in node["jobs"]}
        time.sleep(0.5)


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("WATERWORKS_")}
