"""Start, crash, stop, kill: whatever happens, no process is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.settings import PROJECT
from portal.supervisor import run_file
from portal.supervisor.child import choose_port
from portal.supervisor.identity import Identity, carrying, end
from portal.supervisor.stop import stop_run


def eventually(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not happen in time"
        time.sleep(0.05)


@dataclass
class SmallRun:
    process: subprocess.Popen[str]
    token: str

    def left(self) -> list[Identity]:
        """What it started and what still runs."""
        return carrying(self.token)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[SmallRun]:
    """A running small supervisor; its home is tmp_path."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.portal.supervisor.small_run", str(tmp_path)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    recorded = run_file.read(tmp_path)
    assert recorded is not None
    yield SmallRun(process, recorded.token)
    end(carrying(recorded.token), patience=2)
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(run: SmallRun, tmp_path: Path, number: signal.Signals) -> None:
    recorded = run_file.running(tmp_path)
    assert recorded is not None
    assert recorded.ready
    assert set(recorded.services) == {"answers", "waits"}
    assert len(run.left()) == 3  # two children and the grandchild in its own session
    run.process.send_signal(number)
    assert run.process.wait(timeout=30) == 0
    assert run.left() == []
    assert run_file.read(tmp_path) is None


def test_down_stops_it_from_another_process(run: SmallRun, tmp_path: Path) -> None:
    assert stop_run(tmp_path)
    assert run.process.wait(timeout=5) == 0
    assert run.left() == []
    assert not stop_run(tmp_path)


def test_down_cleans_up_after_a_killed_supervisor(run: SmallRun, tmp_path: Path) -> None:
    run.process.kill()
    run.process.wait()
    if sys.platform == "linux":  # the kernel ends the direct children; the grandchild needs `down`
        eventually(lambda: len(run.left()) == 1)
    assert run_file.running(tmp_path) is None
    assert stop_run(tmp_path)
    assert run.left() == []


def test_a_crashed_child_starts_again(run: SmallRun, tmp_path: Path) -> None:
    before = run_file.read(tmp_path)
    assert before is not None
    (tmp_path / "crash").touch()

    def restarted() -> bool:
        now = run_file.read(tmp_path)
        return now is not None and now.services["waits"].pid != before.services["waits"].pid

    eventually(restarted)
    assert "waits ended with code 3" in (tmp_path / "logs" / "supervisor.log").read_text()
    assert run_file.running(tmp_path) is not None


def test_a_child_that_never_comes_up_stops_the_others_soon(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.portal.supervisor.small_run", str(tmp_path), "broken"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "The service broken did not start" in done.stderr
    assert "ZeroDivisionError" in (tmp_path / "logs" / "broken.log").read_text()
    assert run_file.read(tmp_path) is None


def test_a_foreign_process_with_a_recorded_pid_is_spared(tmp_path: Path) -> None:
    """The pid in an old run file may belong to anybody by now."""
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        actual = Identity.of(stranger.pid)
        assert actual is not None
        old = run_file.Service(stranger.pid, actual.started - 1000)
        run_file.write(tmp_path, run_file.RunFile("an old token", old, True, {"portal": old}))
        assert run_file.running(tmp_path) is None
        assert not stop_run(tmp_path)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_the_run_file_is_for_its_owner_only(run: SmallRun, tmp_path: Path) -> None:
    assert run_file.path(tmp_path).stat().st_mode & 0o077 == 0


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert choose_port(port, set()) != port
    used: set[int] = set()
    free = choose_port(0, used)
    assert used == {free}
    assert choose_port(free, used) != free


def test_a_dead_pid_is_not_alive() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    identity = Identity(gone.pid, time.time())
    gone.wait()
    assert not identity.is_alive()
    assert Identity.of(os.getpid()) is not None
