"""The code location: everything of pipelines/defs, with the policies that cut across applied once.

Loads with an empty environment; secrets are read by the run that needs them. A mistake in one
system's YAML leaves the other systems working (`dg check yaml` still refuses it).
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import dagster as dg

from connectors.config import read_systems
from connectors.config_models import SystemConfig
from pipelines.dataset_assets import dataset_definitions
from pipelines.decisions import decisions_sensor
from pipelines.events import land_events_job, waiting_events
from pipelines.policy import apply_policy
from pipelines.publish import PUBLISH, publish_definitions
from pipelines.systems import system_definitions
from pipelines.triggers import publish_sensors
from pipelines.uploads import approved_uploads, load_upload_job

# Dagster is pinned to one version, so what it may change in another is no news in every log.
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
warnings.filterwarnings("ignore", category=dg.BetaWarning)

DEFS_FOLDER = Path(__file__).with_name("defs")


def build(defs_folder: Path = DEFS_FOLDER) -> dg.Definitions:
    """All definitions for the source systems configured below `defs_folder`."""
    systems, problems = read_systems(defs_folder)
    for problem in problems:
        logging.getLogger("dagster").error(problem.text("en"))
    if problems or defs_folder != DEFS_FOLDER:
        sources = dg.Definitions.merge(*(_without_yaml(system) for system in systems.values()))
    else:
        sources = dg.load_from_defs_folder(path_within_project=defs_folder)
    merged = dg.Definitions.merge(
        sources,
        publish_definitions(systems.values()),
        dg.Definitions(jobs=[load_upload_job, land_events_job], sensors=[approved_uploads, waiting_events]),
    )
    jobs = {job.name: job for job in merged.jobs or []}
    publish = jobs.pop(PUBLISH)
    triggers = dg.Definitions(sensors=[*publish_sensors(list(jobs.values()), publish), decisions_sensor(publish)])
    return dg.Definitions.merge(merged, triggers).map_asset_specs(func=apply_policy)


def _without_yaml(system: SystemConfig) -> dg.Definitions:
    """What the components of one healthy system would build."""
    objects = [dataset_definitions(config, system.kind) for config in system.objects.values()]
    return dg.Definitions.merge(system_definitions(system), *objects)


@dg.definitions
def defs() -> dg.Definitions:
    return build()
