"""Suggestions from what departments accepted, for texts of the store nobody decided on yet.

Belongs here: fetching accepted and dismissed pairs, and the texts they may fit. Not here: what follows from them
(learned.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from hub.quality.literals import identifier
from hub.quality.sets.surroundings import Surroundings
from hub.suggestions.compare import MOST
from hub.suggestions.confidence import MEASURED
from hub.suggestions.idea import Idea
from hub.suggestions.learned import Pair, same_changes
from schemas.model import Column, Contract

Connection = psycopg.Connection[Any]
Place = tuple[str, str, str]  # department, entity, column


def from_learned(connection: Connection, around: Surroundings, contract: Contract) -> Iterator[Idea]:
    """All suggestions for this entity that follow from decisions of the departments."""
    accepted = _pairs(connection, "select department, entity, column_name, raw_value, value"
                                  " from quality.remembered_value where active")  # fmt: skip
    if not accepted:
        return
    dismissed = _pairs(connection, "select department, entity, column_name, raw_value, value from quality.suggestion"
                                   " where status = 'dismissed'")  # fmt: skip
    kinds = {entity: {column.name: kind_of(column) for column in each.columns} for entity, each in
             around.contracts.items()}  # fmt: skip
    for (department, entity, column), pairs in accepted.items():
        if entity == contract.entity and column in kinds[entity] and contract.column(column).type == "string":
            no = dismissed.get((department, entity, column), set())
            yield from _same_parts(connection, around, contract, department, column, pairs, no)
        kind = kinds.get(entity, {}).get(column)
        for own in contract.columns if kind else ():
            if kind_of(own) == kind and (entity, column) != (contract.entity, own.name):
                known = {raw for raw, _ in accepted.get((department, contract.entity, own.name), ())}
                for raw, value in pairs:
                    if raw not in known:
                        facts = {"seen": 1, "by": f"{entity}.{column}"}
                        yield Idea(own.name, raw, value, "learned.text", MEASURED["learned.text"], facts,
                                   department=department)  # fmt: skip


def kind_of(column: Column) -> str | None:
    """What makes two columns mean the same by the same text; None where the text alone does not say it."""
    if column.code_list:
        return f"list {column.code_list}"
    if column.references:
        return f"reference {column.references.entity}.{column.references.column}"
    return column.standard if column.standard in ("name", "company_name", "unit", "uscc") else None


def _pairs(connection: Connection, query: str) -> dict[Place, set[Pair]]:
    pairs: dict[Place, set[Pair]] = {}
    for department, entity, column, raw, value in connection.execute(query.encode()).fetchall():
        pairs.setdefault((department, entity, column), set()).add((raw, value))
    return pairs


def _same_parts(
    connection: Connection,
    around: Surroundings,
    contract: Contract,
    department: str,
    column: str,
    accepted: set[Pair],
    dismissed: set[Pair],
) -> Iterator[Idea]:
    datasets = [each.dataset for each in around.mappings.values()
                if each.department == department and each.entity == contract.entity]  # fmt: skip
    query = f"""
        select distinct {identifier(column)} from {around.rows(contract.entity)} as r
        where {identifier(column)} is not null and _dataset = any(%s) limit {MOST}"""
    texts = [text for (text,) in connection.execute(query.encode(), (datasets,))]
    decided = {raw for raw, _ in accepted | dismissed}
    open_ = (text for text in texts if text not in decided)
    for text, learned in same_changes(accepted, dismissed, open_, set(texts)).items():
        facts = {"seen": learned.accepted, "of": learned.accepted + learned.dismissed}
        yield Idea(column, text, learned.value, "learned.part", learned.confidence, facts, department=department)
