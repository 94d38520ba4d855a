"""When a value fails a row rule: one SQL condition per kind of rule.

Belongs here: the conditions, true where a row fails. A condition that comes out null does not
fail: only `required` and `readable` say anything about blank values. `unique` looks at several
rows and stands in `compile.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hub.quality.literals import identifier, literal, text
from schemas.model import CodeList, Column, Contract, Rule
from schemas.problems import Problem

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I O S V Z
_SUSPECT = {
    # inside a run of digits, behind one, or in a part between separators that is otherwise digits
    "letter_in_digits": r"[0-9][OI]+[0-9]|[0-9]{2}O+$"
    r"|(^|[-_./ ])([0-9OI]*[0-9][OI][0-9OI]*|[0-9OI]*[OI][0-9][0-9OI]*)([-_./ ]|$)",
    "blank_inside": r"\s",
    "scientific": r"^[0-9](\.[0-9]+)?E\+?[0-9]+$",
}
SUSPECT_REGEX = "|".join(f"({part})" for part in _SUSPECT.values())


@dataclass(frozen=True)
class Scope:
    """What a condition may need to know: the contract, code lists, and where unread cells are.

    unread: {column: boolean column of the page, true where raw text could not be read}.
    claimed: {column: id of the rule that reports its unread cells}.
    """

    contract: Contract
    codes: dict[str, CodeList]
    unread: dict[str, str]
    claimed: dict[str, Rule]

    def column(self, rule: Rule) -> Column:
        if rule.column is None:
            raise Problem("rule_needs_column", rule=rule.id, kind=rule.kind)
        return self.contract.column(rule.column)


def _required(rule: Rule, scope: Scope) -> str:
    column = scope.column(rule).name
    claim = scope.claimed.get(column)
    blank = f"{identifier(column)} is null"
    # "Could not be read" says more than "is blank"; but a row must not slip through where blank would hold it.
    if column in scope.unread and claim is not None and (claim.hold or not rule.hold):
        return f"({blank} and not {identifier(scope.unread[column])})"
    return f"({blank})"


def _readable(rule: Rule, scope: Scope) -> str:
    return _unread(rule, scope) or "false"


def _in_list(rule: Rule, scope: Scope) -> str:
    column = scope.column(rule)
    name = str(rule.args.get("code_list") or column.code_list)
    if name not in scope.codes:
        raise Problem("standardiser_code_list_missing", column=column.name, code_list=name)
    allowed = ", ".join(text(entry.code) for entry in scope.codes[name].codes)
    condition = f"{identifier(column.name)} not in ({allowed})"
    unread = _unread(rule, scope)
    return f"(coalesce({condition}, false) or {unread})" if unread else condition


def _unread(rule: Rule, scope: Scope) -> str | None:
    """The condition "could not be read", if this rule is the one that reports it."""
    column = scope.column(rule).name
    claim = scope.claimed.get(column)
    if column in scope.unread and claim is not None and claim.id == rule.id:
        return identifier(scope.unread[column])
    return None


def _range(rule: Rule, scope: Scope) -> str:
    column = scope.column(rule)
    low, high = ("<=", ">=") if rule.args.get("exclusive") else ("<", ">")
    parts = [
        f"{identifier(column.name)} {operator} {literal(rule.args[limit], column.type, rule.id)}"
        for limit, operator in (("min", low), ("max", high))
        if rule.args.get(limit) is not None
    ]
    return "(" + " or ".join(parts) + ")" if parts else "false"


def _pattern(rule: Rule, scope: Scope) -> str:
    return f"not regexp_full_match({identifier(scope.column(rule).name)}, {text(str(rule.args['regex']))})"


def _length(rule: Rule, scope: Scope) -> str:
    length = f"length({identifier(scope.column(rule).name)})"
    parts = [
        f"{length} {operator} {int(rule.args[limit])}"
        for limit, operator in (("min", "<"), ("max", ">"))
        if rule.args.get(limit) is not None
    ]
    return "(" + " or ".join(parts) + ")" if parts else "false"


def _checksum(rule: Rule, scope: Scope) -> str:
    if rule.args.get("algorithm") != "uscc":
        raise Problem("rule_checksum_unknown", rule=rule.id, algorithm=str(rule.args.get("algorithm")))
    column, alphabet = identifier(scope.column(rule).name), text(_USCC_ALPHABET)
    letters = _USCC_ALPHABET[10:]
    form = f"regexp_full_match({column}, '[0-9{letters}]{{2}}[0-9]{{6}}[0-9{letters}]{{10}}')"
    total = " + ".join(
        f"(strpos({alphabet}, substr({column}, {place + 1}, 1)) - 1) * {pow(3, place, 31)}" for place in range(17)
    )
    return f"not ({form} and (31 - ({total}) % 31) % 31 = strpos({alphabet}, substr({column}, 18, 1)) - 1)"


def _suspect_code(rule: Rule, scope: Scope) -> str:
    column = identifier(scope.column(rule).name)
    condition = f"regexp_matches({column}, {text(SUSPECT_REGEX)})"
    digits = rule.args.get("min_digits")
    if digits is None:
        return condition
    return f"({condition} or regexp_full_match({column}, '[0-9]{{1,{int(digits) - 1}}}'))"


def _expression(rule: Rule, scope: Scope) -> str:
    return f"not ({rule.args['sql']})"


CONDITIONS: dict[str, Callable[[Rule, Scope], str]] = {
    "required": _required,
    "readable": _readable,
    "in_list": _in_list,
    "range": _range,
    "pattern": _pattern,
    "length": _length,
    "checksum": _checksum,
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
    """{column: the one rule that reports its unread cells}: in_list before readable."""
    found: dict[str, Rule] = {}
    for kind in ("readable", "in_list"):
        found |= {rule.column: rule for rule in contract.rules if rule.kind == kind and rule.column is not None}
    return found
