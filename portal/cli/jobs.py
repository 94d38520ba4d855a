"""Running Dagster jobs in a child process, so that this side never imports Dagster.

Belongs here: starting `python -m pipelines.run` and handing on its events. Not here: showing them.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.settings import PROJECT, home
from schemas.problems import Problem

Event = dict[str, Any]


def log_file() -> Path:
    return home() / "logs" / "sync.log"


def run_jobs(arguments: list[str], on_event: Callable[[Event], None], more: dict[str, str] | None = None) -> int:
    """Run `python -m pipelines.run`; `on_event` gets every event as it comes. The store must be in use.

    Returns 0 (all succeeded) or 1 (a part failed). Raises Problem `jobs_killed`, `jobs_failed` if it ended otherwise.
    """
    from portal.supervisor.environment import child_environment

    environment = {**child_environment(), **(more or {})}
    with log_file().open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.run", *arguments],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                on_event(json.loads(line))
            code = process.wait()
        except BaseException:
            # Interrupted: a Ctrl-C reached the child too, a SIGTERM only us.
            _end(process)
            raise
    if code == 130:
        raise KeyboardInterrupt  # somebody interrupted the child alone
    if code < 0:
        raise Problem("jobs_killed", signal=_signal_name(-code), log=str(log_file()))
    if code not in (0, 1):
        raise Problem("jobs_failed", code=code, log=str(log_file()), reason=_last_words(log_file()))
    return code


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _last_words(log: Path) -> str:
    """The last line that is not Dagster telling that all is well."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    lines = [line for line in lines if " - DEBUG - " not in line and " - INFO - " not in line]
    return lines[-1][:300] if lines else "-"
