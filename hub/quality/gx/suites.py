"""Contract rules as Great Expectations.

Belongs here: which rule is which expectation. Rules without an equivalent (check digits, unreadable
cells, conditions, references) become `ExpectRowsToMeetRule` in published results: GX shows them,
but only our engine can decide them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from hub.quality.predicates import SUSPECT_REGEX
from schemas.model import CodeList, Contract, Rule
from schemas.problems import Problem

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation

CodeLists = dict[str, CodeList]
_SEVERITY = {"error": "critical", "warning": "warning", "info": "info"}


def suite(contract: Contract, codes: CodeLists, name: str | None = None) -> ExpectationSuite:
    """The rules of a contract that GX itself can run over a table of standard values.

    Takes a few seconds the first time (import of great_expectations).
    """
    import great_expectations as gx

    equivalents = (equivalent(rule, contract, codes) for rule in contract.rules)
    runnable = [expectation for expectation in equivalents if expectation is not None]
    return gx.ExpectationSuite(name=name or contract.entity, expectations=runnable)


def expectation(rule: Rule, contract: Contract, codes: CodeLists) -> Expectation:
    """The rule as an expectation to show: its GX equivalent, else `ExpectRowsToMeetRule`."""
    known = equivalent(rule, contract, codes)
    if known is not None:
        return known
    make: Any = rule_expectation()
    return make(column=rule.column, rule=rule.id, **_common(rule))


def equivalent(rule: Rule, contract: Contract, codes: CodeLists) -> Expectation | None:
    """The GX expectation that fails on exactly the rows this rule fails on, or None."""
    import great_expectations.expectations as gxe

    make = _EQUIVALENTS.get(rule.kind)
    if make is None:
        return None
    name, arguments = make(rule, contract, codes)
    return getattr(gxe, name)(**arguments, **_common(rule))


@cache
def rule_expectation() -> type[Expectation]:
    """The expectation class for rules that only our engine decides, registered with GX once."""
    from great_expectations.expectations.expectation import BatchExpectation

    class ExpectRowsToMeetRule(BatchExpectation):
        """Rows meet a rule of the data contract."""

        # GX builds its model from these annotations and resolves them by this module's names.
        column: str | None = None
        rule: str
        domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "table", "column")
        success_keys: ClassVar[tuple[str, ...]] = ("rule",)

        def _validate(self, *_: Any, **__: Any) -> Any:
            raise Problem("gx_rule_not_runnable", rule=self.rule)

    return ExpectRowsToMeetRule


def _common(rule: Rule) -> dict[str, Any]:
    return {
        "description": f"{rule.title.zh} / {rule.title.en}",
        "notes": f"{rule.why.zh} {rule.fix.zh}\n{rule.why.en} {rule.fix.en}",
        "severity": _SEVERITY[rule.severity],
        "meta": {"rule": rule.id, "kind": rule.kind, "dimension": rule.dimension, "holds_row": rule.hold},
    }


def _not_null(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnValuesToNotBeNull", {"column": rule.column}


def _in_set(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    name = rule.args.get("code_list") or contract.column(rule.column or "").code_list
    return "ExpectColumnValuesToBeInSet", {
        "column": rule.column,
        "value_set": [entry.code for entry in codes[str(name)].codes],
    }


def _between(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    numeric = contract.column(rule.column or "").type in ("integer", "decimal")
    limits = {
        f"{limit}_value": float(Decimal(str(rule.args[limit])))
        if numeric
        else datetime.fromisoformat(str(rule.args[limit]))
        for limit in ("min", "max")
        if rule.args.get(limit) is not None
    }
    strict = bool(rule.args.get("exclusive"))
    return "ExpectColumnValuesToBeBetween", {
        "column": rule.column,
        "strict_min": strict,
        "strict_max": strict,
        **limits,
    }


def _regex(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnValuesToMatchRegex", {"column": rule.column, "regex": f"^(?:{rule.args['regex']})$"}


def _length(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnValueLengthsToBeBetween", {"column": rule.column, "max_value": int(rule.args["max"])}


def _suspect(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    digits = rule.args.get("min_digits")
    short = f"|^[0-9]{{1,{int(digits) - 1}}}$" if digits is not None else ""
    return "ExpectColumnValuesToNotMatchRegex", {"column": rule.column, "regex": SUSPECT_REGEX + short}


def _unique(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    columns = [str(column) for column in rule.args["columns"]]
    if len(columns) == 1:
        return "ExpectColumnValuesToBeUnique", {"column": columns[0]}
    return "ExpectCompoundColumnsToBeUnique", {"column_list": columns, "ignore_row_if": "never"}


_Maker = Callable[[Rule, Contract, CodeLists], tuple[str, dict[str, Any]]]
_EQUIVALENTS: dict[str, _Maker] = {
    "required": _not_null,
    "in_list": _in_set,
    "range": _between,
    "pattern": _regex,
    "length": _length,
    "suspect_code": _suspect,
    "unique": _unique,
}
