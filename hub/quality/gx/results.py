"""Our counts in the shape of Great Expectations' validation results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from html import escape
from typing import TYPE_CHECKING

from hub.cleansing.dates import ZONE
from hub.quality.figures import within_threshold
from hub.quality.gx.suites import CodeLists, expectation
from schemas.model import Contract, Rule

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
    from great_expectations.data_context.types.resource_identifiers import ValidationResultIdentifier


UNKNOWN = "这条规则没能运行，结果未知 / This rule could not run: unknown"


@dataclass(frozen=True)
class RuleCount:
    """rows: rows checked; failed: rows with an open finding; examples: a few raw values of those.

    is_unknown: the rule could not run, so that nobody knows; never shown as passed.
    """

    rule: str
    rows: int
    failed: int
    examples: tuple[str, ...] = ()
    is_unknown: bool = False


@dataclass(frozen=True)
class DatasetResult:
    """What our engine found in one dataset ("<system>.<object>") on one day (Asia/Shanghai).

    department: code of who keeps the dataset; "" = the contract's owner.
    """

    dataset: str
    contract: Contract
    day: date
    counts: tuple[RuleCount, ...]
    department: str = ""

    @property
    def keeper(self) -> str:
        return self.department or self.contract.owner

    def broken(self) -> list[str]:
        """The rules that fail on more than they tolerate."""
        rules = {rule.id: rule for rule in self.contract.rules}
        return [
            count.rule
            for count in self.counts
            if count.rule in rules
            and not count.is_unknown
            and not within_threshold(rules[count.rule], count.rows, count.failed)
        ]


def validation_result(result: DatasetResult, codes: CodeLists) -> ExpectationSuiteValidationResult:
    """The counts of one dataset as GX would have returned them; rules without a count are left out."""
    import great_expectations as gx
    from great_expectations.core import ExpectationSuiteValidationResult

    counts = {count.rule: count for count in result.counts}
    rules = [rule for rule in result.contract.rules if rule.id in counts]
    parts = [_one(rule, counts[rule.id], result.contract, codes) for rule in rules]
    passed = sum(bool(part.success) for part in parts)
    known = sum(not counts[rule.id].is_unknown for rule in rules)
    return ExpectationSuiteValidationResult(
        success=passed == len(parts),
        results=parts,
        suite_name=result.dataset,
        statistics={
            "evaluated_expectations": len(parts),
            "successful_expectations": passed,
            "unsuccessful_expectations": known - passed,
            "success_percent": 100 * passed / known if known else 0.0 if parts else 100.0,
        },
        meta={
            "great_expectations_version": gx.__version__,
            "run_id": identifier(result.dataset, result.day).run_id,
            "batch_spec": {"data_asset_name": result.dataset},
            "active_batch_definition": {
                "datasource_name": result.dataset.partition(".")[0],
                "data_connector_name": "waterworks",
                "data_asset_name": result.dataset,
                "batch_identifiers": {"day": result.day.isoformat()},
            },
        },
    )


def identifier(dataset: str, day: date) -> ValidationResultIdentifier:
    """Where the result of one dataset and day is stored; the same day again replaces it."""
    from great_expectations.core import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    midnight = datetime.combine(day, time(), ZONE).astimezone(UTC)
    return ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(dataset),
        run_id=RunIdentifier(run_name=day.isoformat(), run_time=midnight),
        batch_identifier=dataset,
    )


def _one(rule: Rule, count: RuleCount, contract: Contract, codes: CodeLists) -> ExpectationValidationResult:
    from great_expectations.core import ExpectationValidationResult

    percent = 100 * count.failed / count.rows if count.rows else 0.0
    if count.is_unknown:
        return ExpectationValidationResult(
            success=False,
            expectation_config=expectation(rule, contract, codes).configuration,
            result={},
            exception_info={"raised_exception": True, "exception_message": UNKNOWN, "exception_traceback": ""},
        )
    return ExpectationValidationResult(
        success=within_threshold(rule, count.rows, count.failed),
        expectation_config=expectation(rule, contract, codes).configuration,
        result={
            "element_count": count.rows,
            "unexpected_count": count.failed,
            "unexpected_percent": percent,
            "unexpected_percent_total": percent,
            "unexpected_percent_nonmissing": percent,
            "missing_count": 0,
            "missing_percent": 0.0,
            "observed_value": f"{percent:.2f} %",
            # GX puts these into its pages as they are, and raw values may hold anything.
            "partial_unexpected_list": [escape(example) for example in count.examples] if count.failed else [],
        },
        exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
    )
