"""Which columns tell the rows of one table apart, and which refer to another table.

Belongs here: reading keys off a contract. Does not belong here: writing them down (`ddl.py`, `rule_sql.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingABC

from schemas.model import Contract, Reference

Contracts = MappingABC[str, Contract]


def table_key(contract: Contract) -> tuple[str, ...]:
    """The columns that tell the rows of one source apart: the business key, or a `unique` rule that widens it."""
    for columns in unique_rules(contract):
        if set(columns) > set(contract.business_key):
            return columns
    return contract.business_key


def keys(contract: Contract) -> list[tuple[str, ...]]:
    """The table's own key, then the other columns that are unique together."""
    first = table_key(contract)
    return [first, *sorted(set(unique_rules(contract)) - {first})]


def unique_rules(contract: Contract) -> list[tuple[str, ...]]:
    """The columns of rules that hold a repeated row back, whatever else is in it."""
    return [
        tuple(str(name) for name in rule.args["columns"])
        for rule in contract.rules
        if rule.kind == "unique" and rule.severity == "error" and not rule.where and not rule.args.get("ignoring")
    ]


def foreign_keys(contract: Contract, contracts: Contracts) -> Iterator[tuple[str, Reference, bool]]:
    """(column, what it refers to, whether a database can hold it: the target is a key of its own)."""
    for column in contract.columns:
        reference = column.references
        if reference is not None:
            target = contracts.get(reference.entity)
            yield column.name, reference, target is not None and (reference.column,) in keys(target)
