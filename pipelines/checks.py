"""Asset checks from contract rules: one factory for every dataset.

A check reports, it never blocks: rows that must not go on are already held back in the load itself.
Belongs here: specs and results of checks. Not here: how a rule decides (hub/quality).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dagster as dg

from hub.quality.figures import Figures
from pipelines.keys import check_name
from pipelines.links import data_docs
from schemas.model import Contract, Mapping, Rule


def rules_of(contract: Contract, mapping: Mapping, scope: str) -> list[Rule]:
    """The contract's rules decided per row inside a load ("row") or over all rows ("set").

    A rule about a column that this dataset does not bring would always pass, so it is left out.
    """
    fed = {column.column for column in mapping.columns}
    return [rule for rule in contract.rules if rule.scope == scope and (rule.column is None or rule.column in fed)]


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
    """One result per rule with its figures; passed = no row breaks the rule."""
    for rule in rules:
        failed = figures.failed.get(rule.id, 0)
        yield dg.AssetCheckResult(
            asset_key=asset,
            check_name=check_name(rule),
            passed=failed == 0,
            severity=dg.AssetCheckSeverity.ERROR if rule.severity == "error" else dg.AssetCheckSeverity.WARN,
            description=f"{rule.title.zh} / {rule.title.en}: {failed} / {figures.checked}",
            metadata={
                "failed rows": failed,
                "checked rows": figures.checked,
                "pass rate %": round(100 * (1 - failed / figures.checked), 2) if figures.checked else 100.0,
                "Data Docs": data_docs(),
            },
        )


def _describe(rule: Rule) -> str:
    return "\n\n".join(
        [
            f"{rule.title.zh}\n\n{rule.title.en}",
            f"为什么：{rule.why.zh}\n\nWhy: {rule.why.en}",
            f"怎么改：{rule.fix.zh}\n\nHow to fix: {rule.fix.en}",
        ]
    )
