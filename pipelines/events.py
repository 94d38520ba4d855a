"""Events that sources sent: the job that lands them, and the sensor that starts it.

Belongs here: noticing and starting. Not here: receiving (portal), landing (hub/landing/events.py).
"""

# No `from __future__ import annotations` here: Dagster reads the type of `config` when the op is defined.
import dagster as dg

from hub.store.engine import connect
from pipelines.dataset_assets import COUNTS, configured, mapping_of
from pipelines.failures import failure, told_to_dagster
from pipelines.keys import core_key
from pipelines.policy import RETRIES
from pipelines.progress import report


class EventsConfig(dg.Config):
    """dataset: "<system>.<object>" that has events waiting."""

    dataset: str


@dg.op(description="Land the waiting events of one object: the same cleaning and rules as any read of it.")
def land_waiting_events(context: dg.OpExecutionContext, config: EventsConfig) -> None:
    from hub.landing.events import land_events

    system, _, object_name = config.dataset.partition(".")
    with told_to_dagster():
        result = land_events(configured(system), object_name, context.run.run_id)
    if result is None:
        context.log.info(f"{config.dataset}: nothing to land")
        return
    if result.problem is not None:
        raise failure(result.problem)
    counts = {name: getattr(result, name) for name in COUNTS}
    report("events", dataset=config.dataset, **counts)
    mapping, _ = mapping_of(config.dataset)
    context.log_event(dg.AssetMaterialization(core_key(mapping.entity, system, object_name), metadata=counts))


@dg.job(
    name="land_events",
    description="装入来源系统主动推送的事件。\n\nLands events that source systems sent by themselves.",
    op_retry_policy=RETRIES,
    executor_def=dg.in_process_executor,
)
def land_events_job() -> None:
    land_waiting_events()


@dg.sensor(
    name="waiting_events",
    job=land_events_job,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="有推送来的事件时装入。\n\nLands events soon after they came in.",
)
def waiting_events(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """One run per object and newest event; what came in meanwhile gets the next one."""
    from hub.landing.events import waiting_datasets

    with connect() as connection:
        waiting = waiting_datasets(connection)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"events-{dataset}-{newest}",
                run_config=dg.RunConfig(ops={land_waiting_events.name: EventsConfig(dataset=dataset)}),
            )
            for dataset, newest in waiting
        ]
    )
