"""Extra facts of a finding, for its sentence: limits, lengths, what else has the same value, a suggestion.

Belongs here: `detail(...)`, computed once per distinct failing value. Not here: the wording.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.cleansing.codes import digits_for_letters, lookup, spelling_key
from hub.cleansing.text import narrow
from hub.quality.predicates import suspicion
from schemas.model import CodeList, Contract, Rule

Detail = dict[str, Any]
# (rule, standard value, raw text, reason it was not read, code lists) -> facts
_Maker = Callable[[Rule, str | None, str | None, str | None, dict[str, CodeList]], Detail]


def detail(
    rule: Rule,
    contract: Contract,
    value: str | None,
    raw: str | None,
    reason: str | None,
    codes: dict[str, CodeList],
) -> Detail:
    """Facts about one failing value; {} where the rule's title says it all.

    value: standard value as text; raw: source text; reason: why it was not read (cleansing/rules.yaml).
    """
    facts = _MAKERS[rule.kind](rule, value, raw, reason, codes) if rule.kind in _MAKERS else {}
    if reason is not None:
        facts["reason"] = reason
    if rule.kind == "readable" and reason in ("unit.unknown", "code.unknown") and rule.column is not None:
        name = contract.column(rule.column).code_list or "unit"
        suggestion = nearest(raw or "", codes[name])
        facts |= {"suggestion": suggestion} if suggestion else {}
    elif rule.kind in ("readable", "pattern") and rule.column is not None:
        example = contract.column(rule.column).example
        if example:
            facts["example"] = example
    return facts


def _limits(rule: Rule, *_: Any) -> Detail:
    return {name: str(rule.args[name]) for name in ("min", "max") if rule.args.get(name) is not None} | (
        {"exclusive": True} if rule.args.get("exclusive") else {}
    )


def _length(rule: Rule, value: str | None, *_: Any) -> Detail:
    length = len(value or "")
    limit = "max" if rule.args.get("max") is not None and length > int(rule.args["max"]) else "min"
    return {"problem": limit, limit: int(rule.args[limit]), "length": length}


def _listed(rule: Rule, value: str | None, raw: str | None, reason: str | None, codes: dict[str, CodeList]) -> Detail:
    name = str(rule.args.get("code_list", ""))
    suggestion = nearest(value or raw or "", codes[name]) if name in codes else None
    return {"code_list": name} | ({"suggestion": suggestion} if suggestion else {})


def nearest(value: str, codes: CodeList) -> str | None:
    """The code whose spelling is closest, if one clearly is: a hint for a person, never applied."""
    from rapidfuzz import fuzz, process

    spellings = {key: code for key, code in lookup(codes).items() if not key.startswith("=")}
    typed = spelling_key(value)
    inside = {code for key, code in spellings.items() if len(key) > 1 and key in typed}
    if len(inside) == 1:
        return inside.pop()
    best = process.extract(typed, list(spellings), scorer=fuzz.ratio, limit=3, score_cutoff=60)
    found = {spellings[key] for key, score, _ in best if score == best[0][1]}
    return found.pop() if len(found) == 1 else None


def _uscc(rule: Rule, value: str | None, *_: Any) -> Detail:
    length = len(value or "")
    # 15 digits: the business licence number used before 2015, to be replaced, not repaired.
    problem = "old_number" if length == 15 else "length" if length != 18 else "check_digit"
    return {"problem": problem, "length": length, "expected": 18}


def _suspect(rule: Rule, value: str | None, *_: Any) -> Detail:
    digits = rule.args.get("min_digits")
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


_MAKERS: dict[str, _Maker] = {
    "range": _limits,
    "length": _length,
    "in_list": _listed,
    "checksum": _uscc,
    "suspect_code": _suspect,
}
