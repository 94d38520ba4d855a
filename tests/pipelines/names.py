"""The names other people and tools rely on: assets, checks per asset, jobs, schedules, sensors.

`python -m tests.pipelines.names` records them in names.json.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg


def names(definitions: dg.Definitions) -> dict[str, Any]:
    repository = definitions.get_repository_def()
    graph = definitions.resolve_asset_graph()
    return {
        "assets": sorted(key.to_user_string() for key in graph.get_all_asset_keys()),
        "jobs": sorted(job.name for job in repository.get_all_jobs()),
        "schedules": {one.name: [one.cron_schedule, one.execution_timezone] for one in repository.schedule_defs},
        "sensors": sorted(one.name for one in repository.sensor_defs),
        "assets with checks": sorted(Counter(key.asset_key.to_user_string() for key in graph.asset_check_keys)),
    }


if __name__ == "__main__":
    from pipelines.definitions import build

    recorded = json.dumps(names(build()), indent=1, ensure_ascii=False) + "\n"
    Path(__file__).with_name("names.json").write_text(recorded)
