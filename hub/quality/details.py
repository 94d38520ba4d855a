"""Extra facts of a finding, for its sentence: limits, lengths, what else has the same value, a suggestion.

Belongs here: `facts_of(...)`, which works each fact out once per distinct failing value, and once per rule where the
value does not matter. Not here: the wording (`sentences.yaml`), facts about several rows (`table_templates.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hub.cleansing.codes import digits_for_letters, lookup
from hub.cleansing.nearest import Nearest
from hub.cleansing.text import narrow
from hub.quality.check_digits import what_is_wrong
from hub.quality.literals import limit
from hub.quality.predicates import suspicion
from schemas.limits import is_relative
from schemas.model import CodeList, Column, Contract, Rule

Detail = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One failing value. value: standard value as text; raw: source text; reason: why it was not read
    (cleansing/rules.yaml); other: the standard value it is compared with. All may be None."""

    rule: Rule
    contract: Contract
    codes: dict[str, CodeList]
    today: date
    value: str | None = None
    raw: str | None = None
    reason: str | None = None
    other: str | None = None


def facts_of(
    rule: Rule,
    contract: Contract,
    codes: dict[str, CodeList],
    today: date,
    size: int,
    standard: Callable[[str], pa.Array],
    raw: pa.Array,
    reasons: pa.Array | None,
) -> pa.Array:
    """JSON text per finding, null where the rule's title says it all.

    standard: gives the standard values of a column as texts, in the order of `raw`. reasons: None if all were read.
    """
    if reasons is not None and reasons.null_count == size:
        reasons = None
    nothing = pa.nulls(size, pa.string())
    value = nothing
    if rule.column is not None and (rule.kind in _BY_VALUE or rule.kind in _COMPARED):
        value = standard(rule.column)
    by_value = rule.kind in _BY_VALUE or (rule.kind in _COMPARED and not _as_written(value, raw))
    if rule.column is None or (not by_value and reasons is None):
        return pa.repeat(pa.scalar(_text(detail(Case(rule, contract, codes, today))), pa.string()), size)
    columns = [
        value if by_value else nothing,
        raw,
        nothing if reasons is None else reasons,
        standard(str(rule.args["before"])) if rule.kind == "ordered" else nothing,
    ]
    known: dict[tuple[str | None, ...], str | None] = {}
    told = []
    for case in zip(*(column.to_pylist() for column in columns), strict=True):
        if case not in known:
            known[case] = _text(detail(Case(rule, contract, codes, today, *case)))
        told.append(known[case])
    return pa.array(told, pa.string())


def _text(facts: Detail) -> str | None:
    return json.dumps(facts, ensure_ascii=False) if facts else None


def detail(case: Case) -> Detail:
    """Facts about one failing value; {} where the rule's title says it all."""
    rule, contract, codes = case.rule, case.contract, case.codes
    facts = _MAKERS[rule.kind](case) if rule.kind in _MAKERS else {}
    if rule.kind in _COMPARED and rule.column is not None:
        read = read_as(contract.column(rule.column), case.raw, case.value)
        facts |= {"read": read} if read is not None else {}
    if case.reason is not None:
        facts["reason"] = case.reason
    if rule.kind == "readable" and case.reason in ("unit.unknown", "code.unknown") and rule.column is not None:
        name = contract.column(rule.column).code_list or "unit"
        suggestion = nearest(case.raw or "", codes[name])
        facts |= {"suggestion": suggestion} if suggestion else {}
    elif rule.kind in ("readable", "pattern") and rule.column is not None:
        example = contract.column(rule.column).example
        if example:
            facts["example"] = example
    return facts


def read_as(column: Column, raw: str | None, value: str | None) -> str | None:
    """What was compared, if a reader cannot see it in the raw text: 200 in a column of 万元 is 2000000.

    None where the text says it itself, be it in another form: 1,234.50 is 1234.5, 2024/3/5 a day.
    """
    if raw is None or value is None:
        return None
    typed = narrow(raw)
    if column.type in ("integer", "decimal"):
        number = Decimal(value)
        try:
            return None if Decimal(typed.replace(",", "")) == number else plain_number(number)
        except InvalidOperation:
            return plain_number(number)
    if column.type in ("date", "timestamp"):
        # a serial number or milliseconds; 20240305 is no riddle
        return value if typed.isdigit() and typed != value.replace("-", "") else None
    return value if column.code_list and typed.casefold() != value.casefold() else None


def plain_number(number: Decimal) -> str:
    """Digits without needless zeros and without an exponent.

    >>> plain_number(Decimal("2000000.0000")), plain_number(Decimal("0.50"))
    ('2000000', '0.5')
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _as_written(value: pa.Array, raw: pa.Array) -> bool:
    """Whether all standard values are what the source says, so that nothing is to be told about how they were read."""
    return bool(pc.all(pc.fill_null(pc.equal(value, raw), True)).as_py())


def _limits(case: Case) -> Detail:
    """Days as they are counted for this run: {"max": "2026-02-01", "said": "today+30d"}."""
    rule, column = case.rule, case.contract.column(case.rule.column or "")
    given = {name: rule.args[name] for name in ("min", "max") if rule.args.get(name) is not None}
    facts: Detail = {
        name: str(limit(value, column.type, rule.id, case.today) if is_relative(value) else value)
        for name, value in given.items()
    }
    if column.type in ("date", "timestamp"):
        facts["dates"] = True
    return facts | ({"exclusive": True} if rule.args.get("exclusive") else {})


def _length(case: Case) -> Detail:
    length, args = len(case.value or ""), case.rule.args
    which = "max" if args.get("max") is not None and length > int(args["max"]) else "min"
    return {"problem": which, which: int(args[which]), "length": length}


def _listed(case: Case) -> Detail:
    name = str(case.rule.args.get("code_list", ""))
    if case.rule.args.get("values") is not None:
        allowed = [str(value) for value in case.rule.args["values"][:_SHOWN]]
        return {"problem": "values", "allowed": {"zh": "、".join(allowed), "en": ", ".join(allowed)}}
    suggestion = nearest(case.value or case.raw or "", case.codes[name]) if name in case.codes else None
    return {"code_list": name} | ({"suggestion": suggestion} if suggestion else {})


def _sign(case: Case) -> Detail:
    return {"problem": str(case.rule.args["is"])}


def _step(case: Case) -> Detail:
    return {"of": str(case.rule.args["of"])}


def _format(case: Case) -> Detail:
    return {"problem": str(case.rule.args["of"])}


def _checksum(case: Case) -> Detail:
    return what_is_wrong(str(case.rule.args["algorithm"]), case.value or case.raw or "", case.today)


def _ordered(case: Case) -> Detail:
    """The other column by its own title, in both languages: the sentence picks one."""
    other = case.contract.column(str(case.rule.args["before"]))
    numbers = "number" if other.type in ("integer", "decimal") else ""
    strict = "strict" if case.rule.args.get("strict") else ""
    facts: Detail = {"other": {"zh": other.title.zh, "en": other.title.en}, "other_value": case.other}
    problem = ".".join(part for part in (numbers, strict) if part)
    return facts | ({"problem": problem} if problem else {})


def nearest(value: str, codes: CodeList) -> str | None:
    """The code a slip was probably meant to be, if one clearly is: a hint for a person, never applied."""
    known, near = _NEAREST.get(id(codes), (None, None))
    if known is not codes or near is None:
        near = Nearest(lookup(codes))
        _NEAREST[id(codes)] = (codes, near)
    found = near(value)
    return found and found.value


_NEAREST: dict[int, tuple[CodeList, Nearest]] = {}  # by identity: a code list is never changed, and not hashable


def _suspect(case: Case) -> Detail:
    value, digits = case.value, case.rule.args.get("min_digits")
    problem = suspicion(value or "", int(digits) if digits is not None else None)
    facts: Detail = {"problem": problem} if problem else {}
    if problem == "letter_in_digits":
        facts["suggestion"] = digits_for_letters(value or "")
    if problem == "blank_inside":
        facts["suggestion"] = narrow(value or "").replace(" ", "")
    if problem == "short":
        facts |= {
            "length": len(value or ""),
            "digits": int(digits or 0),
            "suggestion": (value or "").zfill(int(digits or 0)),
        }
    return facts


_SHOWN = 8  # allowed values that a finding names
_MAKERS: dict[str, Callable[[Case], Detail]] = {
    "range": _limits,
    "length": _length,
    "in_list": _listed,
    "sign": _sign,
    "step": _step,
    "format": _format,
    "ordered": _ordered,
    "checksum": _checksum,
    "suspect_code": _suspect,
}
# Kinds whose facts depend on the value; the others' are the same for all failing rows that could be read.
_COMPARED = frozenset({"range", "sign", "step", "ordered"})  # a value with a limit or with another value
_BY_VALUE = frozenset({"length", "in_list", "ordered", "checksum", "suspect_code", "readable"})
