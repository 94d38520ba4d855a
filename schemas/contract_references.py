"""What contracts say about each other: foreign keys, targets of rules, queries over several entities.

Belongs here: every check that needs more than one contract. Does not belong here: checks of one contract alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.contract_loader import Read
from schemas.contract_sql import check_condition, check_query
from schemas.fields import Fields
from schemas.model import Column, Contract, Reference, Rule
from schemas.nearness import listed
from schemas.rule_kinds import KINDS, NUMBERS

Entities = Mapping[str, Mapping[str, Column]]


def check_references(read: Read, entities: Entities) -> None:
    """Raises Problem if something in `read` leads to an entity or column that is not there, or of another type."""
    for name, place in read.columns.items():
        column = read.contract.column(name)
        if column.references is not None:
            at = Fields(place.document, *place.steps, "relationships", 0)
            target = _target(at, ("to",), name, column.references, entities)
            _check_type(at, ("to",), name, column, column.references, target)
    for rule in read.contract.rules:
        place = read.rules[rule.id]
        at = Fields(place.document, *place.steps, "implementation")
        _check_rule(at, rule, read.contract, entities)
        if KINDS[rule.kind].sql == "query":
            check_query(at, "sql", rule.id, entities)


def _check_rule(at: Fields, rule: Rule, contract: Contract, entities: Entities) -> None:
    kind = KINDS[rule.kind]
    for argument in kind.targets:
        value = rule.args.get(argument)
        for index, text in enumerate(value if isinstance(value, list) else [value] if value else []):
            where = (argument, index) if isinstance(value, list) else (argument,)
            entity, _, name = str(text).partition(".")
            reference = Reference(entity, name)
            target = _target(at, where, rule.id, reference, entities)
            if argument in kind.same_type and rule.column is not None:
                _check_type(at, where, rule.id, contract.column(rule.column), reference, target)
            if argument in kind.number_targets and target.type not in NUMBERS:
                at.fail("rule_target_no_number", *at.steps, *where, rule=rule.id, target=str(text), type=target.type)
    for argument, about in kind.conditions.items():
        if argument in rule.args:
            given = next((str(rule.args[name]) for name in about if name in rule.args), rule.entity)
            entity = given.partition(".")[0]
            check_condition(at, argument, rule.id, entities[entity], entity)


def _target(at: Fields, where: tuple[str | int, ...], what: str, reference: Reference, entities: Entities) -> Column:
    target = f"{reference.entity}.{reference.column}"
    if reference.entity not in entities:
        at.fail("rule_unknown_reference", *at.steps, *where, rule=what, target=target,
                allowed=listed(reference.entity, entities))  # fmt: skip
    columns = entities[reference.entity]
    if reference.column not in columns:
        allowed = ", ".join(f"{reference.entity}.{name}" for name in listed(reference.column, columns).split(", "))
        at.fail("rule_unknown_reference", *at.steps, *where, rule=what, target=target, allowed=allowed)
    return columns[reference.column]


def _check_type(
    at: Fields, where: tuple[str | int, ...], what: str, own: Column, reference: Reference, target: Column
) -> None:
    if own.type != target.type:
        at.fail("contract_reference_type", *at.steps, *where, rule=what, column=own.name, type=own.type,
                target=f"{reference.entity}.{reference.column}", target_type=target.type)  # fmt: skip
