"""When a value fails a row rule: one SQL condition per kind of rule, for DuckDB or for PostgreSQL.

Belongs here: the conditions, true where a row fails. A condition that comes out null does not
fail: only `required` and `readable` say anything about blank values. Kinds that look at several
rows stand in `table_templates.py`. The text is the same for both dialects but for regular expressions
(`regular.py`) and what people write themselves (`portable.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from hub.cleansing.dates import ZONE
from hub.quality.check_digits import CHECKED
from hub.quality.formats import FORMATS, LONGEST
from hub.quality.literals import identifier, limit, literal, of_value
from hub.quality.portable import condition_for
from hub.quality.regular import Dialect, full_match, search
from schemas.model import CodeList, Column, Contract, Rule
from schemas.problems import Problem

BLANKS = " \t\n\r\u00a0\u3000"  # spelt out: what \s means differs between engines
_SUSPECT = {
    # inside a run of digits, behind one, or in a part between separators that is otherwise digits
    "letter_in_digits": r"[0-9][OI]+[0-9]|[0-9]{2}O+$"
    r"|(^|[-_./ ])([0-9OI]*[0-9][OI][0-9OI]*|[0-9OI]*[OI][0-9][0-9OI]*)([-_./ ]|$)",
    "blank_inside": f"[{BLANKS}]",
    "scientific": r"^[0-9](\.[0-9]+)?E\+?[0-9]+$",
}
SUSPECT_REGEX = "|".join(f"({part})" for part in _SUSPECT.values())
_WRONG_SIGN = {"positive": "<= 0", "not_negative": "< 0", "negative": ">= 0", "not_positive": "> 0"}


def today() -> date:
    """The day by which "today" in a rule is counted: once per run, so that its answers agree."""
    return datetime.now(ZONE).date()


@dataclass(frozen=True)
class Scope:
    """What a condition may need to know: the contract, code lists, and where unread cells are.

    unread: {column: boolean column of the page, true where raw text could not be read}.
    claimed: {column: the rule that reports its unread cells}. today: day of the run.
    """

    contract: Contract
    codes: dict[str, CodeList]
    unread: dict[str, str]
    claimed: dict[str, Rule]
    dialect: Dialect = "duckdb"
    today: date = field(default_factory=today)

    def column(self, rule: Rule) -> Column:
        if rule.column is None:
            raise Problem("rule_needs_column", rule=rule.id, kind=rule.kind)
        return self.contract.column(rule.column)

    def matches(self, column: str, regex: str) -> str:
        """Whether the whole value matches."""
        return full_match(column, regex, self.dialect)


def failing(rule: Rule, scope: Scope) -> str:
    """The condition of any row rule, limited to the rows its `where` is true for. Raises Problem if there is none."""
    if rule.kind not in CONDITIONS:
        raise Problem("rule_kind_unknown", rule=rule.id, kind=rule.kind, known=", ".join(CONDITIONS))
    condition = CONDITIONS[rule.kind](rule, scope)
    if rule.where is None:
        return condition
    # CASE, because the sides of an AND are evaluated in any order: `where qty > 0` must keep out a division by qty.
    return f"(case when {where(rule, scope)} then {condition} else false end)"


def where(rule: Rule, scope: Scope) -> str:
    """The rule's own row condition, "true" if it has none."""
    return condition_for(rule.where, scope.contract, scope.dialect, rule.id, scope.today) if rule.where else "true"


def _required(rule: Rule, scope: Scope) -> str:
    column = scope.column(rule).name
    blank = f"{identifier(column)} is null"
    # "Could not be read" says more than "is blank"; but a row must not slip through where blank would hold it.
    if column in scope.unread and _told_by_other(rule, scope):
        return f"({blank} and not {identifier(scope.unread[column])})"
    return f"({blank})"


def _told_by_other(rule: Rule, scope: Scope) -> bool:
    """Whether another rule reports the unread cells of this column, at least as severely."""
    claim = scope.claimed.get(rule.column or "")
    return claim is not None and claim.id != rule.id and (claim.hold or not rule.hold)


def _readable(rule: Rule, scope: Scope) -> str:
    return _unread(rule, scope) or "false"


def _unread(rule: Rule, scope: Scope) -> str | None:
    """The condition "could not be read", if this rule is one that reports it."""
    column = scope.column(rule).name
    if column not in scope.unread or _told_by_other(rule, scope):
        return None
    return identifier(scope.unread[column])


def _in_list(rule: Rule, scope: Scope) -> str:
    column = scope.column(rule)
    allowed = [literal(value, column.type, rule.id, scope.today) for value in allowed_values(rule, column, scope.codes)]
    return _or_unread(f"{identifier(column.name)} not in ({', '.join(allowed)})", rule, scope)


def _or_unread(condition: str, rule: Rule, scope: Scope) -> str:
    """The condition, or "could not be read", if this rule is one that reports that."""
    unread = _unread(rule, scope)
    return f"(coalesce({condition}, false) or {unread})" if unread else f"({condition})"


def allowed_values(rule: Rule, column: Column, codes: dict[str, CodeList]) -> list[str]:
    """What an in_list rule allows: its own `values`, or the codes of a list."""
    if rule.args.get("values") is not None:
        return [str(value) for value in rule.args["values"]]
    name = str(rule.args.get("code_list") or column.code_list)
    if name not in codes:
        raise Problem("standardiser_code_list_missing", column=column.name, code_list=name)
    return [entry.code for entry in codes[name].codes]


def _range(rule: Rule, scope: Scope) -> str:
    column = scope.column(rule)
    parts = []
    for which, operator in (("min", "<"), ("max", ">")):
        if rule.args.get(which) is None:
            continue
        name, bound = identifier(column.name), limit(rule.args[which], column.type, rule.id, scope.today)
        if column.type == "timestamp" and not isinstance(bound, datetime):
            name = f"cast({name} as date)"  # a limit without a time of day means the whole day
        parts.append(f"{name} {operator}{'=' if rule.args.get('exclusive') else ''} {of_value(bound)}")
    return "(" + " or ".join(parts) + ")" if parts else "false"


def _sign(rule: Rule, scope: Scope) -> str:
    return f"({identifier(scope.column(rule).name)} {_WRONG_SIGN[str(rule.args['is'])]})"


def _step(rule: Rule, scope: Scope) -> str:
    """Decimals are exact in both engines: 0.3 is a multiple of 0.1."""
    column = scope.column(rule)
    return f"({identifier(column.name)} % {literal(rule.args['of'], 'decimal', rule.id, scope.today)} <> 0)"


def _pattern(rule: Rule, scope: Scope) -> str:
    return f"(not {scope.matches(identifier(scope.column(rule).name), str(rule.args['regex']))})"


def _length(rule: Rule, scope: Scope) -> str:
    length = f"length({identifier(scope.column(rule).name)})"
    parts = [
        f"{length} {operator} {int(rule.args[which])}"
        for which, operator in (("min", "<"), ("max", ">"))
        if rule.args.get(which) is not None
    ]
    return "(" + " or ".join(parts) + ")" if parts else "false"


def _checksum(rule: Rule, scope: Scope) -> str:
    algorithm = str(rule.args.get("algorithm"))
    if algorithm not in CHECKED:
        raise Problem("rule_checksum_unknown", rule=rule.id, algorithm=algorithm, known=", ".join(CHECKED))
    valid = CHECKED[algorithm].valid(identifier(scope.column(rule).name), scope.matches, scope.today)
    return _or_unread(f"not {valid}", rule, scope)


def _format(rule: Rule, scope: Scope) -> str:
    column, form = identifier(scope.column(rule).name), str(rule.args["of"])
    condition = f"not {scope.matches(column, FORMATS[form])}"
    longer = f" or length({column}) > {LONGEST[form]}" if form in LONGEST else ""
    return _or_unread(condition + longer, rule, scope)


def _ordered(rule: Rule, scope: Scope) -> str:
    """A day and a moment are compared by their days: a moment on the day itself is not after it."""
    first, second = scope.column(rule), scope.contract.column(str(rule.args["before"]))
    names = [identifier(column.name) for column in (first, second)]
    if {first.type, second.type} == {"date", "timestamp"}:
        names = [f"cast({name} as date)" for name in names]
    return f"({names[0]} {'>=' if rule.args.get('strict') else '>'} {names[1]})"


def _suspect_code(rule: Rule, scope: Scope) -> str:
    column = identifier(scope.column(rule).name)
    condition = search(column, SUSPECT_REGEX, scope.dialect)
    digits = rule.args.get("min_digits")
    if digits is None:
        return f"({condition})"
    short = scope.matches(column, f"[0-9]{{1,{max(int(digits) - 1, 1)}}}")
    return f"({condition} or {short})" if int(digits) > 1 else f"({condition})"


def _expression(rule: Rule, scope: Scope) -> str:
    condition = condition_for(str(rule.args["sql"]), scope.contract, scope.dialect, rule.id, scope.today)
    return f"(not ({condition}))"


CONDITIONS: dict[str, Callable[[Rule, Scope], str]] = {
    "required": _required,
    "readable": _readable,
    "in_list": _in_list,
    "range": _range,
    "sign": _sign,
    "step": _step,
    "pattern": _pattern,
    "length": _length,
    "checksum": _checksum,
    "format": _format,
    "ordered": _ordered,
    "suspect_code": _suspect_code,
    "expression": _expression,
}


def suspicion(value: str, min_digits: int | None) -> str | None:
    """Why a code looks wrong: letter_in_digits, blank_inside, scientific, short; None if it does not."""
    for reason, regex in _SUSPECT.items():
        if re.search(regex, value):
            return reason
    if min_digits is not None and re.fullmatch(r"[0-9]+", value) and len(value) < min_digits:
        return "short"
    return None


def claims(contract: Contract) -> dict[str, Rule]:
    """{column: the one rule that reports its unread cells}, none that has a `where`.

    in_list before readable before format and checksum: what is no phone number at all breaks "is a phone number", too.
    """
    found: dict[str, Rule] = {}
    for kind in ("checksum", "format", "readable", "in_list"):
        found |= {
            rule.column: rule
            for rule in contract.rules
            if rule.kind == kind and rule.column is not None and rule.where is None
        }
    return found
