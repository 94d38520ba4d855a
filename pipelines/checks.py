"""Asset checks from contract rules: one factory for every dataset.

A check reports, it never blocks: rows that must not go on are already held back in the load itself.
Belongs here: specs and results of checks. Not here: how a rule decides (hub/quality).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import dagster as dg

from hub.quality.figures import CANNOT_RUN, Figures, applicable
from hub.quality.states import FAILED, LATE, NEVER, PAUSED
from pipelines.keys import check_name
from pipelines.links import data_docs
from schemas.model import Contract, Mapping, Rule

# Decided by a load, row by row; decided by publish, when all loads are done.
OF_A_LOAD, OF_PUBLISH = ("row",), ("table", "set", "dataset")


def rules_of(contract: Contract, mapping: Mapping, scopes: Collection[str]) -> list[Rule]:
    """The contract's rules of these scopes that can say something about the dataset."""
    return [rule for rule in applicable(contract, mapping) if rule.scope in scopes]


def check_specs(
    asset: dg.AssetKey, rules: Iterable[Rule], after: Iterable[dg.AssetKey] = ()
) -> list[dg.AssetCheckSpec]:
    """One check per rule on `asset`, run when the assets `after` are there."""
    return [
        dg.AssetCheckSpec(
            name=check_name(rule),
            asset=asset,
            description=_describe(rule),
            additional_deps=list(after),
            metadata={"rule": rule.id, "dimension": rule.dimension, "holds rows back": rule.hold},
        )
        for rule in rules
    ]


def check_results(asset: dg.AssetKey, rules: Iterable[Rule], figures: Figures) -> Iterator[dg.AssetCheckResult]:
    """One result per rule with its figures; passed = no more rows break the rule than its threshold allows.

    What nobody can say has not passed: a dataset whose source was not read, a rule whose query broke.
    """
    for rule in rules:
        failed, checked = figures.failed.get(rule.id, 0), figures.checked.get(rule.id, 0)
        passed, unknown = figures.passed(rule), figures.unknown.get(rule.id)
        told = f"{failed} / {checked}"
        if unknown is not None:
            told = f"未知（{_UNKNOWN[unknown][0]}） / unknown ({_UNKNOWN[unknown][1]})"
        is_error = rule.severity == "error" and passed is not None
        metadata: dict[str, Any] = {"failed rows": failed, "checked rows": checked, "Data Docs": data_docs()}
        if passed is not None and checked:
            metadata["pass rate %"] = round(100 * (1 - failed / checked), 2)
        if rule.threshold is not None:
            metadata["threshold"] = f"≤ {rule.threshold.at_most:f} {'%' if rule.threshold.unit == 'percent' else ''}"
        if unknown is not None:
            metadata["unknown"] = unknown
        yield dg.AssetCheckResult(
            asset_key=asset,
            check_name=check_name(rule),
            passed=bool(passed),
            severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
            description=f"{rule.title.zh} / {rule.title.en}: {told}",
            metadata=metadata,
        )


_UNKNOWN = {
    FAILED: ("来源没有读成", "its source could not be read"),
    PAUSED: ("读取已暂停", "reading is paused"),
    LATE: ("太久没有读取", "it was not read for too long"),
    NEVER: ("还没有读取过", "it was never read"),
    CANNOT_RUN: ("规则没能运行", "the rule could not be run"),
}


def _describe(rule: Rule) -> str:
    return "\n\n".join(
        [
            f"{rule.title.zh}\n\n{rule.title.en}",
            f"为什么：{rule.why.zh}\n\nWhy: {rule.why.en}",
            f"怎么改：{rule.fix.zh}\n\nHow to fix: {rule.fix.en}",
        ]
    )
