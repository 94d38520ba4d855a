"""What follows every sync: rules over all rows, golden ids, marts, Data Docs.

Belongs here: the assets and the job `publish`, and what starts it. Not here: how (hub/).
"""

# No `from __future__ import annotations` here: Dagster reads the type of `context` when a step is defined.

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from connectors.config_models import SystemConfig
from hub.landing.dataset import UPLOADS, all_mappings
from pipelines.dataset_assets import core_spec, mapping_of, set_check_keys
from pipelines.failures import told_to_dagster
from pipelines.keys import (
    DATA_DOCS,
    FINDINGS,
    MASTER_DOMAINS,
    OPEN_WORK_ORDER,
    QUALITY_SCORE,
    SUGGESTIONS,
    core_key,
    master_key,
)
from pipelines.links import data_docs
from pipelines.policy import RETRIES
from pipelines.progress import report
from schemas.problems import Problem

PUBLISH = "publish"


def publish_definitions(systems: Iterable[SystemConfig]) -> dg.Definitions:
    """Assets quality/*, master/*, mart/* over the core assets of `systems` and of uploads; job publish."""
    objects = [config for system in systems for config in system.objects.values()]
    core: dict[str, list[dg.AssetKey]] = {}
    for config in objects:
        entity = mapping_of(f"{config.system}.{config.object}")[0].entity
        core.setdefault(entity, []).append(core_key(entity, config.system, config.object))
    uploads = []
    for dataset, mapping in all_mappings().items():
        system, _, object_name = dataset.partition(".")
        if system == UPLOADS:
            uploads.append(core_spec(system, object_name, *mapping_of(dataset)))
            core.setdefault(mapping.entity, []).append(uploads[-1].key)
    assets = [_findings(core), _masters(core), _quality_score(), _suggestions(), _open_work_order(core), _data_docs()]
    return dg.Definitions(
        assets=[*uploads, *assets],
        jobs=[_publish_job(assets, [key for config in objects for key in set_check_keys(config)])],
    )


def _findings(core: dict[str, list[dg.AssetKey]]) -> dg.AssetsDefinition:
    @dg.asset(
        key=FINDINGS,
        deps=[key for keys in core.values() for key in keys],
        kinds={"postgres"},
        description=(
            "规则或人工决定有变的行先重新判定；再在全部数据上判定跨行、跨系统的规则（引用、合计、先后）；"
            "最后按结果扣下或放回各行。\n\n"
            "Rows whose rules or decisions changed are judged again; then the rules over all rows (references, sums,"
            " order in time) are decided; then every row is held back or let go as the findings say."
        ),
    )
    def findings(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from hub.publish import decide

        return _step("findings", decide, context.run.run_id)

    return findings


def _masters(core: dict[str, list[dg.AssetKey]]) -> dg.AssetsDefinition:
    names = {"customer": ("客户", "customers"), "supplier": ("供应商", "suppliers"), "material": ("物料", "materials")}

    @dg.multi_asset(
        name="match",
        specs=[
            dg.AssetSpec(
                master_key(domain),
                deps=[*core.get(domain, []), FINDINGS],  # which rows are in core is settled there
                kinds={"postgres"},
                description=(
                    f"各系统的{names[domain][0]}归为同一个“黄金记录”，并留下对照表。\n\n"
                    f"Golden ids for the {names[domain][1]} of all systems, with the crosswalk to their sources."
                ),
            )
            for domain in MASTER_DOMAINS
        ],
    )
    def match(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        from hub.publish import match

        _step("match", match, context.run.run_id)
        for domain in MASTER_DOMAINS:
            yield dg.MaterializeResult(asset_key=master_key(domain))

    return match


def _quality_score() -> dg.AssetsDefinition:
    @dg.asset(
        key=QUALITY_SCORE,
        deps=[FINDINGS],
        kinds={"postgres"},
        description=(
            "每天、每个对象、每条规则的质量得分；看板上的一切分数都由它相加而来。\n\n"
            "Quality scores by day, dataset and rule; every score on the dashboard is a sum over these rows."
        ),
    )
    def quality_score(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from hub.publish import score

        return _step("quality_score", score, context.run.run_id)

    return quality_score


def _suggestions() -> dg.AssetsDefinition:
    @dg.asset(
        key=SUGGESTIONS,
        deps=[FINDINGS],
        kinds={"postgres"},
        description=(
            "对写错的值“多半应该是什么”的建议，带理由和把握；没有人采纳就不会改动任何数据。\n\n"
            "What wrong values were probably meant to be, with reason and confidence; nothing changes until accepted."
        ),
    )
    def suggestions(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from hub.publish import suggest

        return _step("suggestions", suggest, context.run.run_id)

    return suggestions


def _open_work_order(core: dict[str, list[dg.AssetKey]]) -> dg.AssetsDefinition:
    entities = ("work_order", "production_report", "material")

    @dg.asset(
        key=OPEN_WORK_ORDER,
        deps=[*(key for entity in entities for key in core.get(entity, [])), FINDINGS],
        kinds={"postgres"},
        tags={"waterworks/department": "production"},
        description=(
            "未完工的工单及其报工进度，ERP 与 MES 合在一张表里。\n\n"
            "Work orders not finished yet with the progress reported, ERP and MES in one table."
        ),
    )
    def open_work_order(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from hub.publish import open_work_orders

        return _step("open_work_order", open_work_orders, context.run.run_id)

    return open_work_order


def _data_docs() -> dg.AssetsDefinition:
    @dg.asset(
        key=DATA_DOCS,
        deps=[FINDINGS],
        kinds={"html"},
        description=(
            "以 Great Expectations 的 Data Docs 形式展示的检查结果，无需联网即可打开。\n\n"
            "The results as Great Expectations Data Docs; they open without internet."
        ),
    )
    def quality_data_docs(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from hub.publish import write_data_docs

        _step("data_docs", write_data_docs, context.run.run_id)
        return dg.MaterializeResult(metadata={"Data Docs": data_docs()})

    return quality_data_docs


def _step(name: str, function: Any, run_id: str) -> dg.MaterializeResult:
    report("step_started", step=name)
    with told_to_dagster():
        try:
            outcome = function(run_id)
        except Exception as error:
            sentence = Problem("publish_step_failed", step=name, reason=f"{type(error).__name__}: {error}")
            problem = error if isinstance(error, Problem) else sentence
            report("step_failed", step=name, problem=problem.as_json())
            raise
    for problem in outcome.told:
        report("waiting", problem=problem.as_json())
    returned = sum(load.returned for load in outcome.loads)
    held = sum(load.held for load in outcome.loads)
    report("step", step=name, skipped=outcome.skipped, returned=returned, held=held)
    metadata: dict[str, Any] = {"nothing changed": outcome.skipped} if outcome.skipped else {}
    if outcome.loads:
        metadata |= {"rows returned": returned, "rows held back": held}
    if outcome.told:
        metadata["told"] = dg.MetadataValue.md(
            "\n\n".join(f"{each.text('zh')}\n{each.text('en')}" for each in outcome.told)
        )
    return dg.MaterializeResult(metadata=metadata)


def _publish_job(
    assets: Sequence[dg.AssetsDefinition], checks: Sequence[dg.AssetCheckKey]
) -> UnresolvedAssetJobDefinition:
    selection: dg.AssetSelection = dg.AssetSelection.assets(*(key for asset in assets for key in asset.keys))
    if checks:
        selection = selection | dg.AssetSelection.checks(*checks)
    return dg.define_asset_job(
        PUBLISH,
        selection=selection,
        description=(
            "同步之后：跨行规则、主数据匹配、质量得分、未完工单、Data Docs。\n\n"
            "After a sync: rules over all rows, matching, scores, open work orders, Data Docs."
        ),
        op_retry_policy=RETRIES,
        executor_def=dg.in_process_executor,
    )
