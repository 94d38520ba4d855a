"""The two assets and the checks of one object of a source.

Landing, cleaning, validating and merging are one transaction per page, so they are one step: it brings
raw/<system>/<object> and core/<entity>/<system>_<object> up to date together or not at all.
Belongs here: that step. Not here: what the step does (hub/landing).
"""

# No `from __future__ import annotations` here: Dagster reads the type of `context` when a step is defined.

from collections.abc import Iterator
from typing import Any

import dagster as dg

from connectors.config import read_systems
from connectors.config_models import ObjectConfig, SystemConfig
from hub.landing.dataset import all_mappings
from hub.quality.figures import Figures, dataset_figures
from hub.quality.states import NEVER, State, dataset_states
from hub.store.engine import connect
from pipelines.checks import OF_A_LOAD, OF_PUBLISH, check_results, check_specs, rules_of
from pipelines.failures import failure, told_to_dagster
from pipelines.keys import DEPARTMENT_TAG, FINDINGS, SYSTEM_TAG, core_key, raw_key
from pipelines.links import data_docs
from pipelines.progress import report
from schemas.loader import contracts
from schemas.model import Contract, Mapping
from schemas.problems import Problem

COUNTS = ("rows_read", "loaded", "held", "rejected", "unchanged", "deleted")


def mapping_of(dataset: str) -> tuple[Mapping, Contract]:
    """The mapping of "<system>.<object>" and its entity's contract; Problem `mapping_missing`."""
    mapping = all_mappings().get(dataset)
    if mapping is None:
        raise Problem("mapping_missing", dataset=dataset)
    return mapping, contracts()[mapping.entity]


def dataset_definitions(config: ObjectConfig, kind: str) -> dg.Definitions:
    """Load step, row checks and set checks of one configured object. `kind`: erp, mes or excel."""
    mapping, contract = mapping_of(f"{config.system}.{config.object}")
    return dg.Definitions(
        assets=[_load_step(config, kind, mapping, contract)],
        asset_checks=_set_checks(config, mapping, contract),
    )


def set_check_keys(config: ObjectConfig) -> list[dg.AssetCheckKey]:
    """Checks on this object's core asset that belong to `publish`, not to the sync of its system."""
    mapping, contract = mapping_of(f"{config.system}.{config.object}")
    asset = core_key(mapping.entity, config.system, config.object)
    return [spec.key for spec in check_specs(asset, rules_of(contract, mapping, OF_PUBLISH))]


def core_spec(system: str, object_name: str, mapping: Mapping, contract: Contract, **more: Any) -> dg.AssetSpec:
    """The asset of the rows that one object brings into core.<entity>."""
    return dg.AssetSpec(
        core_key(mapping.entity, system, object_name),
        description=(
            f"{contract.title.zh}（来自 {system}.{object_name}）：标准化并通过检查的行。{contract.description.zh}\n\n"
            f"{contract.title.en} from {system}.{object_name}: standardised rows that passed. {contract.description.en}"
        ),
        tags={SYSTEM_TAG: system, DEPARTMENT_TAG: mapping.department},
        kinds={"postgres"},
        metadata={"table": f"core.{mapping.entity}", "Data Docs": data_docs()},
        **more,
    )


def _load_step(config: ObjectConfig, kind: str, mapping: Mapping, contract: Contract) -> dg.AssetsDefinition:
    system, object_name = config.system, config.object
    raw, core = raw_key(system, object_name), core_key(mapping.entity, system, object_name)
    rules = rules_of(contract, mapping, OF_A_LOAD)
    raw_spec = dg.AssetSpec(
        raw,
        description=(
            f"从 {system} 读到的 {object_name} 原始行，原样存为不可更改的 Parquet 文件。\n\n"
            f"Rows of {object_name} exactly as {system} gave them, kept as immutable Parquet files."
        ),
        tags={SYSTEM_TAG: system, DEPARTMENT_TAG: mapping.department},
        skippable=True,
        kinds={"excel" if kind == "excel" else "database" if kind == "erp" else "api", "parquet"},
    )

    @dg.multi_asset(
        name=f"load_{system}_{object_name}",
        description=f"Land, clean, validate and merge {system}.{object_name} in one transaction per page.",
        specs=[raw_spec, core_spec(system, object_name, mapping, contract, deps=[raw], skippable=True)],
        check_specs=check_specs(core, rules),
        pool=system,
    )
    def load(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        counts, results = _sync(context, system, object_name)
        if counts is not None:  # None: paused, so that there is nothing new to speak of
            yield dg.MaterializeResult(asset_key=raw, metadata={"rows read": counts["rows_read"]})
            yield dg.MaterializeResult(asset_key=core, metadata={**counts, "Data Docs": data_docs()})
        yield from check_results(core, rules, results)

    return load


def _sync(context: dg.AssetExecutionContext, system: str, object_name: str) -> tuple[dict[str, int] | None, Figures]:
    """(counts by name or None if the load is paused, rule figures); raises `dg.Failure` with the problem's sentence."""
    from hub.landing.sync import sync_object

    dataset = f"{system}.{object_name}"
    report("object_started", dataset=dataset)
    with told_to_dagster():
        try:
            result = sync_object(
                configured(system),
                object_name,
                context.run.run_id,
                progress=lambda name, rows: report("rows", dataset=name, rows=rows),
                on_wait=lambda problem: report("waiting", dataset=dataset, problem=problem.as_json()),
            )
        except Exception as error:
            problem = (
                error if isinstance(error, Problem) else Problem("load_failed", dataset=dataset, reason=str(error))
            )
            report("object", dataset=dataset, status="failed", problem=problem.as_json())
            raise
        counts = {name: getattr(result, name) for name in COUNTS}
        report(
            "object",
            dataset=dataset,
            status=result.status,
            problem=result.problem.as_json() if result.problem else None,
            **counts,
        )
        paused = result.status == "paused"
        if result.problem is not None and not paused:
            raise failure(result.problem)
        if result.problem is not None:
            context.log.warning(f"{result.problem.text('zh')}\n{result.problem.text('en')}")
        return None if paused else counts, figures_now(dataset)


def figures_now(dataset: str) -> Figures:
    """How the rules stand in one dataset now; unknown, if its source was not read."""
    mapping, contract = mapping_of(dataset)
    with connect() as connection:
        states = dataset_states(connection, {contract.entity: contract}, {dataset: mapping}, [dataset])
        return dataset_figures(connection, mapping, contract, states.get(dataset, State(NEVER)))


def configured(system: str) -> SystemConfig:
    """The system as its YAML says now; its first mistake if somebody broke it since the location was loaded."""
    systems, problems = read_systems()
    if system not in systems:
        raise problems[0] if problems else Problem("source_unknown", source=system, known=", ".join(systems))
    return systems[system]


def _set_checks(config: ObjectConfig, mapping: Mapping, contract: Contract) -> list[dg.AssetChecksDefinition]:
    """Checks of the rules over all rows; `publish` runs them once the findings are up to date."""
    rules = rules_of(contract, mapping, OF_PUBLISH)
    if not rules:
        return []
    core = core_key(mapping.entity, config.system, config.object)
    dataset = f"{config.system}.{config.object}"

    @dg.multi_asset_check(
        name=f"check_{config.system}_{config.object}", specs=check_specs(core, rules, after=[FINDINGS])
    )
    def check() -> Iterator[dg.AssetCheckResult]:
        with told_to_dagster():
            figures = figures_now(dataset)
        yield from check_results(core, rules, figures)

    return [check]
