"""Run jobs in this process, on record in the Dagster instance: `python -m pipelines.run --help`.

The command line starts this as a child, so that the portal never imports Dagster. Standard output is
one JSON object per line (pipelines/progress.py and the events below); everything else goes to stderr:
  {"event": "config_problem", "problem": {...}}    a system's YAML has a mistake; the others run
  {"event": "job_started" | "job", "job": name, ...}   "job" carries "ok" and "run_id"
Exit code 0: every run succeeded; 1: at least one run or system failed; 2: wrong arguments; 130: interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from functools import cache
from typing import Any, TextIO

import dagster as dg
import psutil

from connectors.config import read_systems
from hub.settings import load_environment
from pipelines.instance import PROCESS_TAG, fail_dead_runs, fail_own_runs, limit_pools
from pipelines.keys import sync_job_name
from pipelines.progress import listen, report
from pipelines.publish import PUBLISH
from schemas.problems import Problem


def job_by_name(name: str) -> dg.JobDefinition:
    """The job of the code location, for Dagster to build again when it must."""
    return _repository().get_job(name)


@cache
def _repository() -> dg.RepositoryDefinition:
    from pipelines.definitions import defs

    return defs().get_repository_def()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipelines.run", description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="first set pool limits and end runs whose process died")
    parser.add_argument("--sync", nargs="*", metavar="SYSTEM", help="sync these systems; none named: all")
    parser.add_argument("--publish", action="store_true", help="then rules over all rows, matching, marts, Data Docs")
    options = parser.parse_args(arguments)
    load_environment()
    listen(_lines_to(_own_stdout()))
    systems, problems = read_systems()
    if unknown := [name for name in options.sync or [] if name not in systems and not problems]:
        parser.error(Problem("source_unknown", source=unknown[0], known=", ".join(systems)).text("en"))
    with dg.DagsterInstance.get() as instance:
        # Dagster opens a connection per event, 8 ms each and hundreds per run; this keeps one open instead.
        instance.optimize_for_webserver(statement_timeout=60_000, pool_recycle=3600, max_overflow=20)
        _exit_on_signal(instance)
        if options.prepare:
            limit_pools(instance, systems)
            for run_id in fail_dead_runs(instance):
                report("dead_run", run_id=run_id)
        ok = True
        if options.sync is not None:
            for problem in problems:
                report("config_problem", problem=problem.as_json())
                ok = False
            for name, system in systems.items():
                if system.objects and name in (options.sync or systems):
                    ok &= _execute(instance, sync_job_name(name))
        if options.publish:
            ok &= _execute(instance, PUBLISH)
    return 0 if ok else 1


def _execute(instance: dg.DagsterInstance, name: str) -> bool:
    """Run one job to its end; True if it succeeded. A second try is the caller's, not Dagster's."""
    report("job_started", job=name)
    result = dg.execute_job(
        dg.build_reconstructable_job("pipelines.run", "job_by_name", reconstructable_args=(name,)),
        instance=instance,
        # Somebody is waiting at the screen: a source that is down is reported at once.
        run_config={"execution": {"config": {"retries": {"disabled": {}}}}},
        tags={PROCESS_TAG: _this_process()},
    )
    report("job", job=name, ok=result.success, run_id=result.run_id)
    return bool(result.success)


def _this_process() -> str:
    return f"{os.getpid()}:{psutil.Process().create_time()}"


def _exit_on_signal(instance: dg.DagsterInstance) -> None:
    """End at once on SIGINT or SIGTERM, with the run on record as failed.

    Dagster swaps signal handlers while it works, notices a signal only between steps and may lose it there.
    A load can be cut off anywhere (its pages are transactions), so nothing is gained by waiting.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told)  # written to whatever handler is in place at that moment
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    def wait() -> None:
        while os.read(heard, 1)[0] not in (signal.SIGINT, signal.SIGTERM):
            continue  # another signal, such as the end of a child process
        for child in psutil.Process().children(recursive=True):
            child.kill()
        fail_own_runs(instance, _this_process())
        os._exit(130)

    threading.Thread(target=wait, daemon=True, name="exit on signal").start()


def _own_stdout() -> TextIO:
    """Standard output for our lines alone: what libraries print goes to stderr from here on."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def _lines_to(stream: TextIO) -> Any:
    """Writes events as lines, and falls silent when whoever listened is gone: the load itself goes on."""
    heard = True

    def write(event: dict[str, Any]) -> None:
        nonlocal heard
        if not heard:
            return
        try:
            stream.write(json.dumps(event, ensure_ascii=False, default=str) + "\n")
            stream.flush()
        except BrokenPipeError:
            heard = False
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # what is still buffered must not raise at exit

    return write


if __name__ == "__main__":
    sys.exit(main())
