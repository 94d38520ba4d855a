"""Row rules of a contract as ONE DuckDB statement over the standardised page.

Belongs here: putting the conditions of `predicates.py` together. The conditions of all rules are evaluated in a
single scan into bit masks, so that a row without a finding costs one comparison, and rules share what they read.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hub.quality.engine import Run
from hub.quality.predicates import Scope, claims, failing
from schemas.model import CodeList, Contract, Rule
from schemas.problems import Problem

ORDINAL = "_ordinal"  # position of the row in the page
PAGE = "page"  # name of the registered page
BITS = 62  # of a bigint, without the sign


@dataclass(frozen=True)
class Condition:
    """A rule and the SQL that is true where a row breaks it."""

    rule: Rule
    sql: str

    @property
    def is_trusted(self) -> bool:
        """Whether all its SQL is ours, so that it runs on any value."""
        return self.rule.kind != "expression" and self.rule.where is None


@dataclass(frozen=True)
class Compiled:
    """conditions: one per rule that applies. unread: {entity column: name of its boolean column in the page}."""

    conditions: tuple[Condition, ...]
    unread: dict[str, str]


def compile_rules(
    contract: Contract, fed: Collection[str], unread: Collection[str], codes: dict[str, CodeList], run: Run
) -> Compiled:
    """The conditions of the row rules that apply.

    fed: entity columns that have a source in this dataset; a rule about any other column has nothing to say here.
    unread: columns with at least one unread cell on the page. A rule that cannot be compiled is noted in `run`.
    """
    flags = {column: f"_unread_{number}" for number, column in enumerate(sorted(unread))}
    scope = Scope(contract, codes, flags, claims(contract), today=run.today)
    conditions = []
    for rule in contract.rules:
        if rule.scope != "row" or not applies(rule, fed) or rule.id in run.broken:
            continue
        if rule.kind == "readable" and rule.column not in flags:
            continue  # nothing on this page was left unread
        try:
            conditions.append(Condition(rule, failing(rule, scope)))
        except Problem as problem:
            run.broken[rule.id] = problem
    return Compiled(tuple(conditions), flags)


def applies(rule: Rule, fed: Collection[str]) -> bool:
    """Whether the dataset has what the rule is about: its columns; of the columns of `unique`, one will do."""
    if rule.kind == "unique":
        return any(column in fed for column in rule.args["columns"])
    beside = [rule.args["before"]] if rule.kind == "ordered" else rule.args.get("by") or []
    return all(column in fed for column in beside) and (rule.column is None or rule.column in fed)


def statement(conditions: Collection[Condition]) -> str:
    """SELECT _ordinal, failed_0, failed_1, ...: bit n % BITS of failed_(n // BITS) is rule n; only rows that fail."""
    every = list(conditions)
    masks = [every[first : first + BITS] for first in range(0, len(every), BITS)]
    sums = [
        " + ".join(f"case when {condition.sql} then {1 << bit} else 0 end" for bit, condition in enumerate(mask))
        for mask in masks
    ]
    columns = ", ".join(f"cast({bits} as bigint) as failed_{number}" for number, bits in enumerate(sums))
    some = " or ".join(f"failed_{number} <> 0" for number in range(len(masks)))
    return f"select * from (select {ORDINAL}, {columns} from {PAGE}) as masked where {some}"
