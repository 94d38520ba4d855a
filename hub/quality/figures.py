"""How many rows of a dataset each rule checked, how many break it now, and what cannot be said.

Belongs here: counts for one dataset; scores, issues and the checks that Dagster shows take theirs from here.
Not here: scores by day and department (hub/marts/scores.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from hub.quality.relations import relation
from hub.quality.states import READ, State
from schemas.model import Contract, Mapping, Rule

CANNOT_RUN = "cannot_run"


@dataclass(frozen=True)
class Figures:
    """Counts of one dataset, by rule id.

    rows: its rows, loaded and held. checked: rows the rule is about: all, or those its `where` is true for; 1 for a
    rule about the dataset as a whole. failed: rows with an open finding. unknown: why nobody can say how the rule
    stands (a state of states.py, or CANNOT_RUN); its checked and failed are then what was known last.
    """

    rows: int
    checked: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    def passed(self, rule: Rule) -> bool | None:
        """Whether the rule holds within its threshold; None: unknown."""
        if rule.id in self.unknown:
            return None
        return within_threshold(rule, self.checked.get(rule.id, 0), self.failed.get(rule.id, 0))


def within_threshold(rule: Rule, checked: int, failed: int) -> bool:
    """Whether `failed` of `checked` rows is still what the rule tolerates; without a threshold none is."""
    limit = rule.threshold
    if limit is None:
        return failed == 0
    if limit.unit == "rows":
        return failed <= limit.at_most
    return failed * 100 <= limit.at_most * checked


def applicable(contract: Contract, mapping: Mapping) -> list[Rule]:
    """The rules that can say something about the dataset: a column that it does not bring would always pass."""
    fed = {column.column for column in mapping.columns}
    return [rule for rule in contract.rules if rule.column is None or rule.column in fed]


def dataset_figures(
    connection: psycopg.Connection[Any],
    mapping: Mapping,
    contract: Contract,
    state: State = State(READ),
) -> Figures:
    """The figures of one dataset: rules that apply to it, and those that found something all the same.

    state: if it was not read, every rule is unknown.
    """
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        failed: dict[str, int] = dict(
            cursor.execute(
                "select rule, count(distinct source_key) from quality.finding"
                " where dataset = %s and resolved_at is null group by rule",
                (mapping.dataset,),
            ).fetchall()
        )
        broken = "select rule from quality.rule_run where problem is not null and dataset in ('', %s)"
        cannot_run = {rule for (rule,) in cursor.execute(broken, (mapping.dataset,))}
    rules = {rule.id: rule for rule in applicable(contract, mapping)}
    rules |= {rule.id: rule for rule in contract.rules if failed.get(rule.id)}
    rows, conditional = _counted(connection, mapping, contract, rules.values())
    checked, unknown = {}, {}
    for rule in rules.values():
        of_rows = rows if rule.where is None else conditional.get(rule.id)
        checked[rule.id] = 1 if rule.scope == "dataset" else max(of_rows or 0, failed.get(rule.id, 0))
        if not state.known:
            unknown[rule.id] = state.state
        elif rule.id in cannot_run or (of_rows is None and rule.scope != "dataset"):
            unknown[rule.id] = CANNOT_RUN
    return Figures(rows, checked, {rule: failed.get(rule, 0) for rule in rules}, unknown)


def _counted(
    connection: psycopg.Connection[Any], mapping: Mapping, contract: Contract, rules: Iterable[Rule]
) -> tuple[int, dict[str, int]]:
    """(rows of the dataset, {rule id: rows its `where` is true for}); a rule whose `where` breaks is left out."""
    conditions = {rule.id: rule.where for rule in rules if rule.where is not None and rule.scope != "dataset"}
    try:
        return _count(connection, mapping, contract, conditions)
    except (psycopg.ProgrammingError, psycopg.DataError):
        found: dict[str, int] = {}
        for rule, where in conditions.items():
            try:
                found |= _count(connection, mapping, contract, {rule: where})[1]
            except (psycopg.ProgrammingError, psycopg.DataError):
                continue
        return _count(connection, mapping, contract, {})[0], found


def _count(
    connection: psycopg.Connection[Any], mapping: Mapping, contract: Contract, conditions: dict[str, str]
) -> tuple[int, dict[str, int]]:
    """One pass over the rows for all conditions; the text goes without parameters, so that a % is only a %."""
    if conditions:
        counts = ", ".join(f"count(*) filter (where ({where}\n))" for where in conditions.values())
        query = f"select count(*), {counts} from {relation(contract, mapping.dataset)} as r"
    else:
        query = f"select count(*) from {relation(contract, mapping.dataset)} as r"
    with connection.transaction(), connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        row = cursor.execute(query.encode()).fetchone() or (0,) * (len(conditions) + 1)
    return int(row[0]), dict(zip(conditions, map(int, row[1:]), strict=True))
