"""Contract rules as Great Expectations.

Belongs here: which rule is which expectation, one function per kind. A rule has an equivalent only if GX fails on
exactly the same rows, on pandas and on PostgreSQL; tests/hub/quality/test_gx_differential.py holds them against each
other. All others (check digits, unreadable cells, conditions over several columns, everything over several tables)
become `ExpectRowsToMeetRule` in published results: GX shows them, but only our engine can decide them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from hub.quality.formats import FORMATS, LONGEST
from hub.quality.gx.conditions import NotInGxError, alike, row_condition
from hub.quality.literals import limit
from hub.quality.predicates import SUSPECT_REGEX, allowed_values, today
from hub.quality.regular import in_every_engine
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
    try:
        name, arguments = make(rule, contract, codes)
        condition = row_condition(rule, contract)
    except NotInGxError:
        return None
    if condition is not None:
        arguments["row_condition"] = condition
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
        "description": f"{rule.title.zh} / {rule.title.en} ({rule.id})",
        "notes": f"{rule.why.zh} {rule.fix.zh}\n{rule.why.en} {rule.fix.en}",
        "severity": _SEVERITY[rule.severity],
        "meta": {"rule": rule.id, "kind": rule.kind, "dimension": rule.dimension, "holds_row": rule.hold},
    }


def _not_null(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnValuesToNotBeNull", {"column": rule.column}


def _in_set(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    column = contract.column(rule.column or "")
    values: list[Any] = allowed_values(rule, column, codes)
    if column.type in ("integer", "decimal"):
        values = alike([_number(Decimal(value)) for value in values])
    elif column.type != "string":
        raise NotInGxError(column.type)
    return "ExpectColumnValuesToBeInSet", {"column": rule.column, "value_set": values}


def _between(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    arguments: dict[str, Any] = {"column": rule.column}
    kind, exclusive = contract.column(rule.column or "").type, bool(rule.args.get("exclusive"))
    for which in ("min", "max"):
        if rule.args.get(which) is None:
            continue
        bound, strict = limit(rule.args[which], kind, rule.id, today()), exclusive
        if not isinstance(bound, Decimal | datetime):
            if kind == "timestamp" and (which == "max") != exclusive:
                # The limit means the whole day: until its end, or only after it.
                bound, strict = bound + timedelta(days=1), not exclusive
            bound = datetime.combine(bound, time())
        arguments[f"{which}_value"] = _number(bound) if isinstance(bound, Decimal) else bound
        arguments[f"strict_{which}"] = strict
    return "ExpectColumnValuesToBeBetween", arguments


def _sign(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    which, strict = {
        "positive": ("min", True), "not_negative": ("min", False), "negative": ("max", True),
        "not_positive": ("max", False),
    }[str(rule.args["is"])]  # fmt: skip
    return "ExpectColumnValuesToBeBetween", {"column": rule.column, f"{which}_value": 0, f"strict_{which}": strict}


def _number(value: Decimal) -> int | float:
    """GX keeps limits as JSON: whole numbers, or floats where these say the same."""
    if value == value.to_integral_value():
        return int(value)
    if Decimal(repr(float(value))) != value:
        raise NotInGxError(str(value))
    return float(value)


def _regex(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    return _matching(rule, str(rule.args["regex"]))


def _format(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    form = str(rule.args["of"])
    if form in LONGEST:  # a regular expression cannot count to 254 in all engines
        raise NotInGxError(form)
    return _matching(rule, FORMATS[form])


def _matching(rule: Rule, regex: str) -> tuple[str, dict[str, Any]]:
    known = in_every_engine(regex)
    if known is None:
        raise NotInGxError(regex)
    flags, body = known
    return "ExpectColumnValuesToMatchRegex", {"column": rule.column, "regex": f"{flags}^(?:{body})$"}


def _length(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    limits = {f"{which}_value": int(rule.args[which]) for which in ("min", "max") if rule.args.get(which) is not None}
    return "ExpectColumnValueLengthsToBeBetween", {"column": rule.column, **limits}


def _ordered(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    first, second = contract.column(rule.column or ""), contract.column(str(rule.args["before"]))
    if {first.type, second.type} == {"date", "timestamp"}:  # compared by their days
        raise NotInGxError(second.type)
    return "ExpectColumnPairValuesAToBeGreaterThanB", {
        "column_A": second.name,
        "column_B": first.name,
        "or_equal": not rule.args.get("strict"),
        "ignore_row_if": "either_value_is_missing",
    }


def _suspect(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    digits = int(rule.args.get("min_digits") or 0)
    short = f"|^[0-9]{{1,{digits - 1}}}$" if digits > 1 else ""
    return "ExpectColumnValuesToNotMatchRegex", {"column": rule.column, "regex": SUSPECT_REGEX + short}


def _unique(rule: Rule, contract: Contract, codes: CodeLists) -> tuple[str, dict[str, Any]]:
    """GX does not count blanks as values, so only columns that must not be blank; it ignores no spelling."""
    columns = [contract.column(str(name)) for name in rule.args["columns"]]
    if rule.args.get("ignoring") or not all(column.required for column in columns):
        raise NotInGxError(rule.id)
    if len(columns) == 1:
        return "ExpectColumnValuesToBeUnique", {"column": columns[0].name}
    return "ExpectCompoundColumnsToBeUnique", {
        "column_list": [column.name for column in columns],
        "ignore_row_if": "any_value_is_missing",
    }


_Maker = Callable[[Rule, Contract, CodeLists], tuple[str, dict[str, Any]]]
_EQUIVALENTS: dict[str, _Maker] = {
    "required": _not_null,
    "in_list": _in_set,
    "range": _between,
    "sign": _sign,
    "pattern": _regex,
    "format": _format,
    "length": _length,
    "ordered": _ordered,
    "suspect_code": _suspect,
    "unique": _unique,
}
