"""What starts `publish`: the end of a sync or of a loaded upload, also one that failed in part.

Belongs here: run-status sensors. Not here: schedules and folder sensors (systems.py), uploads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

from pipelines.publish import PUBLISH

_WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]


def publish_sensors(after: Sequence[Any], publish: Any) -> list[dg.SensorDefinition]:
    """Sensors that start the job `publish` when a run of one of the jobs `after` has ended."""

    def start(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        waiting = context.instance.get_runs(dg.RunsFilter(job_name=PUBLISH, statuses=_WAITING), limit=1)
        if waiting:
            # It has not begun, so it will see these rows too: three syncs that end together need one publish.
            return dg.SkipReason(f"run {waiting[0].run_id} is waiting to start and will cover this")
        return dg.RunRequest(run_key=context.dagster_run.run_id)

    return [
        dg.run_status_sensor(
            name=name,
            run_status=status,
            monitored_jobs=list(after),
            request_job=publish,
            minimum_interval_seconds=15,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description=description,
        )(start)
        for name, status, description in [
            ("publish_after_sync", dg.DagsterRunStatus.SUCCESS, "同步成功后发布。\n\nPublishes after a sync."),
            (
                "publish_after_partial_sync",
                dg.DagsterRunStatus.FAILURE,
                "部分对象出错时，其余照常发布。\n\nPublishes what was loaded when a part of a sync failed.",
            ),
        ]
    ]
