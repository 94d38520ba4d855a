"""Which rules of a contract file are other ones than those in force.

Belongs here: comparing two contracts rule by rule. Not here: what breaks whom (hub/contracts/diff).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from hub.quality.history import definition
from schemas.model import CodeList, Contract, Rule
from schemas.problems import Problem

Change = Literal["new", "changed", "same"]


def rules_to_try(
    tried: Contract,
    in_force: Contract | None,
    codes: dict[str, CodeList],
    named: Collection[str] = (),
    every: bool = False,
) -> list[tuple[Rule, Change]]:
    """The rules that are new or whose definition changed; with `every` all; with `named` those, by id or last part.

    Raises Problem `rule_try_unknown` for a name that no rule has, `rule_try_nothing` if nothing changed.
    """
    before = {rule.id: definition(rule, in_force, codes) for rule in in_force.rules} if in_force else {}

    def change(rule: Rule) -> Change:
        if rule.id not in before:
            return "new"
        return "same" if before[rule.id] == definition(rule, tried, codes) else "changed"

    names = {name for rule in tried.rules for name in (rule.id, rule.id.partition(".")[2])}
    for name in named:
        if name not in names:
            known = ", ".join(rule.id for rule in tried.rules)
            raise Problem("rule_try_unknown", rule=name, file=tried.path, known=known)
    found = [(rule, change(rule)) for rule in tried.rules]
    if named:
        return [(rule, how) for rule, how in found if {rule.id, rule.id.partition(".")[2]} & set(named)]
    if not every:
        found = [(rule, how) for rule, how in found if how != "same"]
    if not found:
        raise Problem("rule_try_nothing", file=tried.path, entity=tried.entity)
    return found
