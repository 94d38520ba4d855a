"""Decisions of people on values: the sensor that has them applied to the rows of the store.

Belongs here: noticing that somebody decided. Not here: deciding (hub/suggestions), judging rows again (the first step
of the job `publish`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from hub.store.engine import connect

# Whoever accepts one suggestion accepts ten: one run for all of them, once the last is a little while ago.
CALM = timedelta(seconds=20)

_LATEST = """
select max(moment), now() from (
  select greatest(accepted_at, switched_at) as moment from quality.remembered_value
  union all select greatest(decided_at, switched_at) from quality.correction
) as decided"""


def look(latest: datetime | None, now: datetime, cursor: str | None) -> str | None:
    """The mark of decisions to apply now: other ones than those of `cursor`, the last of them CALM ago; else None."""
    if latest is None or now - latest < CALM or latest.isoformat() == cursor:
        return None
    return latest.isoformat()


def decisions_sensor(publish: Any) -> dg.SensorDefinition:
    """Starts the job `publish` after people decided on values."""

    @dg.sensor(
        name="publish_after_decisions",
        job=publish,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "有人采纳建议或更正数值后，重新判定相关数据。\n\nHas rows judged again after people decided on values."
        ),
    )
    def publish_after_decisions(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        with connect() as connection:
            latest, now = connection.execute(_LATEST).fetchone() or (None, datetime.now().astimezone())
        mark = look(latest, now, context.cursor)
        if mark is None:
            return dg.SkipReason("nobody decided since")
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"decisions-{mark}")], cursor=mark)

    return publish_after_decisions
