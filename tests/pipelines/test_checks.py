"""Asset checks say what the rules found: within a threshold it has passed, unknown it never has."""

from __future__ import annotations

from decimal import Decimal

import dagster as dg
import pytest

from hub.quality.figures import Figures
from pipelines.checks import OF_A_LOAD, OF_PUBLISH, check_results, rules_of
from schemas.model import Threshold
from tests.hub.marts.factory import contract, mapping, rule

ASSET = dg.AssetKey(["core", "part", "k3_part"])


@pytest.mark.parametrize(
    ("threshold", "failed", "unknown", "passed", "severity"),
    [
        (None, 0, {}, True, "ERROR"),
        (None, 1, {}, False, "ERROR"),
        (Threshold(Decimal(2)), 2, {}, True, "ERROR"),
        (Threshold(Decimal(2)), 3, {}, False, "ERROR"),
        (Threshold(Decimal("1.5"), "percent"), 3, {}, True, "ERROR"),  # 3 of 200
        (None, 0, {"part.code": "failed"}, False, "WARN"),
        (None, 0, {"part.code": "cannot_run"}, False, "WARN"),
    ],
)
def test_a_check_passes_within_its_threshold_and_never_unknown(
    threshold: Threshold | None, failed: int, unknown: dict[str, str], passed: bool, severity: str
) -> None:
    code = rule("code", "error", threshold=threshold)
    figures = Figures(200, {"part.code": 200}, {"part.code": failed}, unknown)
    (result,) = check_results(ASSET, [code], figures)
    assert (result.passed, result.severity.name) == (passed, severity)
    assert ("unknown" in result.metadata) == bool(unknown)
    assert ("threshold" in result.metadata) == (threshold is not None)
    assert ("pass rate %" in result.metadata) == (not unknown), "a rate of what is unknown would be taken for one"


def test_rules_belong_to_a_load_or_to_publish() -> None:
    rules = [rule(scope, scope=scope) for scope in ("row", "table", "set", "dataset")]
    of = contract(*rules)
    assert [each.scope for each in rules_of(of, mapping("k3.part"), OF_A_LOAD)] == ["row"]
    assert [each.scope for each in rules_of(of, mapping("k3.part"), OF_PUBLISH)] == ["table", "set", "dataset"]
    assert rules_of(of, mapping("k3.part", columns=("qty",)), OF_A_LOAD) == []
