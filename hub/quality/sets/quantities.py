"""Quantities with units: converting them, so that grams can be added to kilograms, and reading tolerances.

Belongs here: pieces of SQL for amounts. Not here: the rules that add and compare them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from hub.quality.literals import identifier, text
from hub.quality.sets.surroundings import Surroundings
from schemas.model import Column, Rule
from schemas.problems import Problem


def number(rule: Rule, argument: str, default: str = "0") -> Decimal:
    """A number among a rule's arguments. Raises Problem `rule_limit_unreadable`."""
    value = rule.args.get(argument)
    try:
        read = Decimal(str(default if value is None else value))
    except InvalidOperation as error:
        raise Problem("rule_limit_unreadable", rule=rule.id, value=str(value), type="decimal") from error
    if not read.is_finite():
        raise Problem("rule_limit_unreadable", rule=rule.id, value=str(value), type="decimal")
    return read


@dataclass(frozen=True)
class UnitFactors:
    """How amounts are converted by the unit column `unit`; "" = they are taken as they stand.

    table: a common table with a comma behind it, or "".
    """

    unit: str
    table: str

    @classmethod
    def of(cls, rule: Rule, around: Surroundings) -> UnitFactors:
        """As the rule's argument `unit` says."""
        unit = rule.args.get("unit")
        return cls.named(str(unit), around) if unit else cls("", "")

    @classmethod
    def named(cls, unit: str, around: Surroundings) -> UnitFactors:
        """By the code list of units: attributes `dimension` and `factor` (base units in one of it)."""
        listed = around.codes.get("unit")
        values = [
            f"({text(code.code)}, {text(str(code.attributes['dimension']))}, {Decimal(str(code.attributes['factor']))})"
            for code in (listed.codes if listed else ())
            if {"dimension", "factor"} <= set(code.attributes)
        ]
        rows = ", ".join(values or ["(null::text, null::text, null::numeric)"])
        return cls(unit, f"unit_factor(code, dimension, factor) as (values {rows}), ")

    def join(self, alias: str, unit: str | None = None) -> str:
        """SQL that brings the factor of a row's unit; `unit`: the column, if it has another name there."""
        if not self.unit:
            return ""
        return f"left join unit_factor as u_{alias} on u_{alias}.code = {alias}.{identifier(unit or self.unit)}"

    def kind(self, alias: str, unit: str | None = None) -> str:
        """SQL for what may be compared: the unit's dimension, or the unit itself where the list has none for it."""
        if not self.unit:
            return "''"
        return f"coalesce(u_{alias}.dimension, {alias}.{identifier(unit or self.unit)}, '')"

    def amount(self, alias: str, column: Column) -> str:
        """SQL for the row's number in the base unit of its dimension."""
        value = f"{alias}.{identifier(column.name)}"
        return f"{value} * coalesce(u_{alias}.factor, 1)" if self.unit else value

    def factor(self, alias: str) -> str:
        """SQL for how many base units one unit of the row is."""
        return f"coalesce(u_{alias}.factor, 1)" if self.unit else "1"
