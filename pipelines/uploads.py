"""Approved uploads: the job that loads one, and the sensor that starts it.

Belongs here: noticing and starting. Not here: checking an upload (portal/worker), loading (hub/landing).
"""

# No `from __future__ import annotations` here: Dagster reads the type of `config` when the op is defined.
import dagster as dg

from hub.landing.dataset import UPLOADS
from hub.store.engine import connect
from pipelines.checks import OF_A_LOAD, check_results, rules_of
from pipelines.dataset_assets import COUNTS, figures_now, mapping_of
from pipelines.failures import failure, told_to_dagster
from pipelines.keys import SYSTEM_TAG, core_key
from pipelines.policy import RETRIES
from pipelines.progress import report


class UploadConfig(dg.Config):
    """upload_id: ops.upload.id of an upload that was approved."""

    upload_id: int


@dg.op(pool=UPLOADS, description="Load one approved upload: the same cleaning and rules as a watched workbook.")
def load_one_upload(context: dg.OpExecutionContext, config: UploadConfig) -> None:
    from hub.landing.sync import load_upload

    with told_to_dagster():
        result = load_upload(config.upload_id, context.run.run_id)
        if result.problem is not None:
            raise failure(result.problem)
        mapping, contract = mapping_of(result.dataset)
        figures = figures_now(result.dataset)
    counts = {name: getattr(result, name) for name in COUNTS}
    report("upload", upload_id=config.upload_id, **counts)
    asset = core_key(mapping.entity, *result.dataset.split(".", 1))
    context.log_event(dg.AssetMaterialization(asset, metadata={**counts, "upload": config.upload_id}))
    rules = rules_of(contract, mapping, OF_A_LOAD)
    failed = sum(not check.passed for check in check_results(asset, rules, figures))
    context.log.info(f"{result.dataset}: {failed} of {len(rules)} row rules are broken by some row")


@dg.job(
    name="load_upload",
    description="装入一份已批准的上传文件。\n\nLoads one approved upload.",
    tags={SYSTEM_TAG: UPLOADS},
    op_retry_policy=RETRIES,
    executor_def=dg.in_process_executor,
)
def load_upload_job() -> None:
    load_one_upload()


@dg.sensor(
    name="approved_uploads",
    job=load_upload_job,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="有上传文件获批时装入。\n\nLoads uploads when they are approved.",
)
def approved_uploads(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """One run per approval: an upload that is approved again after a failure gets a new run."""
    with connect() as connection:
        approved = connection.execute(
            "select id, extract(epoch from decided_at)::bigint from ops.upload where status = 'approved' order by id"
        ).fetchall()
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"upload-{upload_id}-{decided}",
                run_config=dg.RunConfig(ops={load_one_upload.name: UploadConfig(upload_id=upload_id)}),
            )
            for upload_id, decided in approved
        ]
    )
