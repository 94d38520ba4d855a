"""Which rules a table can hold itself, as CHECK constraints.

Belongs here: choosing and rendering them. Does not belong here: keys and foreign keys (`ddl.py`).
A CHECK refuses the row, so only rules that hold a row back become one: severity error, or all of them when wanted.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass

from hub.contracts.portable import NotPortableError, is_fixed, passing
from hub.contracts.quoting import name_in
from hub.quality.predicates import CONDITIONS, Scope
from schemas.model import CodeList, Contract, Rule

# Kinds whose condition looks at the row's own values and nothing else.
_SIMPLE = frozenset({"range", "in_list", "length", "sign", "step", "ordered", "expression", "pattern"})
# What other parts of the table hold already (NOT NULL, types, keys), or what can be no part of it.
_ELSEWHERE = frozenset({"required", "readable", "unique", "reference"})


@dataclass(frozen=True)
class Check:
    """A CHECK constraint: the rule's id and the condition every row meets."""

    name: str
    sql: str


@dataclass(frozen=True)
class Refused:
    """Something of the contract that the table does not hold, and why (a word for a comment)."""

    what: str
    why: str


@dataclass(frozen=True)
class Checks:
    held: tuple[Check, ...]
    refused: tuple[Refused, ...]


def checks(contract: Contract, codes: MappingABC[str, CodeList], dialect: str, strict: bool) -> Checks:
    """The rules as CHECK constraints, and those a table cannot hold."""
    columns = {column.name: column for column in contract.columns}
    scope = Scope(contract, dict(codes), {}, {}, "postgres")
    held: list[Check] = []
    refused: list[Refused] = []
    if dialect == "oracle":
        held += [
            Check(f"{contract.entity}.{column.name}.is", f"{name_in(dialect, column.name)} IN (0, 1)")
            for column in contract.columns
            if column.type == "boolean"
        ]
    for rule in contract.rules:
        if rule.severity != "error" and not strict:
            continue
        if rule.kind not in _SIMPLE and not _conditional(rule):
            if rule.kind not in _ELSEWHERE or rule.where:
                refused.append(Refused(rule.id, rule.kind))
            continue
        try:
            fails = failing(rule, scope)
            if not is_fixed(fails):
                refused.append(Refused(rule.id, "its answer changes with the day"))
                continue
            held.append(Check(rule.id, passing(fails, dialect, columns)))
        except NotPortableError as error:
            refused.append(Refused(rule.id, f"{dialect}: {error.what}"))
    return Checks(tuple(held), tuple(refused))


def failing(rule: Rule, scope: Scope) -> str:
    """PostgreSQL's condition for a row that breaks a row rule, among the rows the rule is about.

    Unlike hub.quality.predicates.failing it stays as people wrote it: today is the day somebody asks.
    """
    fails = f"not ({rule.args['sql']})" if rule.kind == "expression" else CONDITIONS[rule.kind](rule, scope)
    return f"(({rule.where}) and ({fails}))" if rule.where else fails


def _conditional(rule: Rule) -> bool:
    """A column that must be filled in some rows; NOT NULL would ask for it in all."""
    return rule.kind == "required" and rule.where is not None
