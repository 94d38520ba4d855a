"""Limits of one column: what the rules of kind range, sign and step leave together.

Belongs here: intervals of numbers and dates. Does not belong here: reading a limit (`contract_arguments.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from schemas.contract_arguments import as_limit, as_number
from schemas.fields import Fields
from schemas.limits import is_relative
from schemas.model import Column, Rule
from schemas.rule_kinds import NUMBERS

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Bound:
    """One end of an interval: the value, whether it is left out, the rule it comes from, whether it moves daily."""

    value: Any  # Decimal or datetime
    open: bool
    rule: str
    moves: bool = False


Interval = tuple[Bound | None, Bound | None]


def check_limits(rules: list[Rule], places: Mapping[str, Fields], column: Column) -> None:
    """Raises Problem at the rule that leaves no value to a column, alone or with one before it.

    Rules with the same `where` are about the same rows, and those without one about these, too.
    """
    for rule in rules:
        at = _implementation(places[rule.id])
        if rule.kind in {"length", "total"}:
            least, most = as_number(rule.args.get("min")), as_number(rule.args.get("max"))
            if least is not None and most is not None and least > most:
                _fail_alone(at, rule, least, most)
        low, high = _interval(rule, column)
        if _empty(low, high):
            _fail_alone(at, rule, rule.args["min"], rule.args["max"])
        _check_example(at, rule, column, low, high)
    for where in dict.fromkeys([None, *(rule.where for rule in rules)]):
        _check_together([rule for rule in rules if rule.where in {None, where}], places, column)


def _check_together(rules: list[Rule], places: Mapping[str, Fields], column: Column) -> None:
    left: dict[bool, Interval] = {False: (None, None), True: (None, None)}  # by whether the limits move
    for rule in rules:
        own_low, own_high = _interval(rule, column)
        for moves, (low, high) in left.items():
            low = _higher(low, own_low if own_low and own_low.moves == moves else None)
            high = _lower(high, own_high if own_high and own_high.moves == moves else None)
            left[moves] = (low, high)
            if low is not None and high is not None and _empty(low, high):
                other = low.rule if high.rule == rule.id else high.rule
                at = _implementation(places[rule.id])
                at.fail("rule_ranges_disjoint", *at.steps, rule=rule.id, other=other, column=column.name)
    _check_steps(rules, places, column, *left[False])


def _implementation(place: Fields) -> Fields:
    return Fields(place.document, *place.steps, "implementation")


def _interval(rule: Rule, column: Column) -> Interval:
    if rule.kind == "range":
        low, high = (_bound(rule, limit, column) for limit in ("min", "max"))
        return low, high
    if rule.kind == "sign":
        bound = Bound(_ZERO, rule.args["is"] in {"positive", "negative"}, rule.id)
        return (bound, None) if rule.args["is"] in {"positive", "not_negative"} else (None, bound)
    return None, None


def _bound(rule: Rule, limit: str, column: Column) -> Bound | None:
    value = rule.args.get(limit)
    if value is None:
        return None
    return Bound(as_limit(value, column.type), bool(rule.args.get("exclusive")), rule.id, is_relative(value))


def _empty(low: Bound | None, high: Bound | None) -> bool:
    """Whether nothing lies between; a fixed limit and one that moves are not compared."""
    if low is None or high is None or low.moves != high.moves:
        return False
    return bool(low.value > high.value or (low.value == high.value and (low.open or high.open)))


def _higher(one: Bound | None, other: Bound | None) -> Bound | None:
    if one is None or other is None:
        return one or other
    return other if (other.value, other.open) > (one.value, one.open) else one


def _lower(one: Bound | None, other: Bound | None) -> Bound | None:
    if one is None or other is None:
        return one or other
    return other if (other.value, not other.open) < (one.value, not one.open) else one


def _check_example(at: Fields, rule: Rule, column: Column, low: Bound | None, high: Bound | None) -> None:
    if column.example is None or rule.where is not None or (low is None and high is None):
        return
    value: Decimal | datetime | None = as_limit(column.example, column.type)
    if value is None:
        return
    example = Bound(value, False, "")
    if _empty(low, example) or _empty(example, high):
        at.fail("rule_example_fails", *at.steps, rule=rule.id, column=column.name, example=column.example)


def _check_steps(
    rules: list[Rule], places: Mapping[str, Fields], column: Column, low: Bound | None, high: Bound | None
) -> None:
    """A multiple of the step lies between the limits."""
    if column.type not in NUMBERS or low is None or high is None:
        return
    for rule in rules:
        step = as_number(rule.args.get("of")) if rule.kind == "step" else None
        if step is None:
            continue
        first = (low.value / step).to_integral_value(ROUND_CEILING) * step
        if low.open and first == low.value:
            first += step
        if _empty(Bound(first, False, rule.id), high):
            at = places[rule.id]
            at.fail("rule_ranges_disjoint", *at.steps, rule=rule.id, other=low.rule, column=column.name)


def _fail_alone(at: Fields, rule: Rule, low: Any, high: Any) -> None:
    at.fail_at("rule_empty_range", "min", rule=rule.id, low=str(low), high=str(high))
