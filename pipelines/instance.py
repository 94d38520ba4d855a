"""What Dagster's instance needs from us: pool limits, and an end for runs whose process is gone.

Dagster leaves a run STARTED for ever when its process died with the machine (its run launcher cannot
tell), and such a run keeps its pool slot. Belongs here: those two repairs. Not here: dagster.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg
import psutil

from hub.landing.dataset import UPLOADS

PROCESS_TAG = "waterworks/process"  # "<pid>:<start time>" of a run started by the command line
_UNFINISHED = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def limit_pools(instance: dg.DagsterInstance, systems: Iterable[str]) -> None:
    """One reader per system. The default limit of dagster.yaml alone lets two runs launched together overlap."""
    for pool in (*systems, UPLOADS):
        instance.event_log_storage.set_concurrency_slots(pool, 1)


def fail_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """End every unfinished run whose process is gone and free its slots; returns their ids.

    Call it while no code server and no daemon of this instance runs: then only runs of the command
    line can be alive, and those carry their process in PROCESS_TAG.
    """
    dead = [run for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)) if not _is_alive(run)]
    for run in dead:
        _fail(instance, run, "The process of this run ended without a word (power cut or kill).")
    return [run.run_id for run in dead]


def fail_own_runs(instance: dg.DagsterInstance, process: str) -> None:
    """End the unfinished runs that carry `process` in PROCESS_TAG, because that process is about to exit."""
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED, tags={PROCESS_TAG: process})):
        _fail(instance, run, "Interrupted from the command line.")


def _fail(instance: dg.DagsterInstance, run: dg.DagsterRun, reason: str) -> None:
    instance.report_run_failed(run, reason)
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def _is_alive(run: dg.DagsterRun) -> bool:
    pid, _, started = run.tags.get(PROCESS_TAG, "").partition(":")
    try:
        return bool(pid) and abs(psutil.Process(int(pid)).create_time() - float(started)) < 1
    except psutil.NoSuchProcess:
        return False
