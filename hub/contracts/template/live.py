"""What drop-downs offer from the store's master data: the codes a column may refer to, with their names.

Belongs here: asking the store. Does not belong here: which columns refer to what (contracts).
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as MappingABC
from typing import Any

import psycopg
from psycopg import sql

from hub.contracts.template.plan import Choices
from hub.quality.systems import Systems
from schemas.model import Contract, Mapping, Reference, Rule

MOST = 50_000  # entries of one list; more make a workbook nobody can open quickly


def live_choices(
    connection: psycopg.Connection[Any],
    contract: Contract,
    contracts: MappingABC[str, Contract],
    mappings: Iterable[Mapping],
    systems: Systems,
    department: str | None = None,
) -> dict[str, Choices]:
    """{column of the contract: what it may refer to}; columns without master data in the store are left out.

    Offered is what the column's reference rule would accept: rows of the systems it trusts, and no master record that
    is not in use any more. department: only what the sources of that department hold.
    """
    own = sorted(entry.dataset for entry in mappings if entry.department == department) if department else None
    found = {}
    for column, reference in references(contract).items():
        target = contracts.get(reference.entity)
        if target is None:
            continue
        values = _values(connection, target, reference.column, _trusted(contract, column, systems), own)
        if values:
            found[column] = Choices(tuple(values[:MOST]), live=True, cut=len(values) > MOST)
    return found


def references(contract: Contract) -> dict[str, Reference]:
    """{column: what it refers to}: the contract's foreign keys, and its reference rules."""
    found = {column.name: column.references for column in contract.columns if column.references is not None}
    for rule in contract.rules:
        if rule.kind == "reference" and rule.column is not None and rule.where is None:
            entity, _, column = str(rule.args["to"]).partition(".")
            found.setdefault(rule.column, Reference(entity, column))
    return found


def _trusted(contract: Contract, column: str, systems: Systems) -> list[str] | None:
    """The systems whose rows count as truth for the column; None = all."""

    def named(rule: Rule) -> bool:
        return rule.kind == "reference" and rule.column == column and bool(rule.args.get("sources"))

    rule = next((rule for rule in contract.rules if named(rule)), None)
    return systems.named([str(word) for word in rule.args["sources"]]) if rule is not None else None


def _values(
    connection: psycopg.Connection[Any], target: Contract, column: str, trusted: list[str] | None, own: list[str] | None
) -> list[tuple[str, str]]:
    """[(code, name or "")] in order of the code, at most MOST + 1."""
    table = sql.Identifier("core", target.entity)
    exists = connection.execute("select to_regclass(%s) is not null", (f'core."{target.entity}"',)).fetchone()
    if exists is None or not exists[0]:
        return []
    name = _name_column(target, column)
    conditions: list[sql.Composable] = [sql.SQL("{} is not null").format(sql.Identifier(column))]
    if any(entry.name == "is_active" and entry.type == "boolean" for entry in target.columns):
        conditions.append(sql.SQL("is_active is not false"))
    if trusted is not None:
        conditions.append(sql.SQL("split_part(_dataset, '.', 1) = any({})").format(sql.Literal(trusted)))
    if own is not None:
        conditions.append(sql.SQL("_dataset = any({})").format(sql.Literal(own)))
    query = sql.SQL("select {0}::text, coalesce(min({1}), '') from {2} where {3} group by {0} order by {0} limit {4}")
    meaning = sql.SQL("{}::text").format(sql.Identifier(name)) if name else sql.SQL("null::text")
    return connection.execute(
        query.format(sql.Identifier(column), meaning, table, sql.SQL(" and ").join(conditions), sql.Literal(MOST + 1))
    ).fetchall()


def _name_column(target: Contract, column: str) -> str | None:
    names = [entry.name for entry in target.columns if entry.name.endswith("_name") and entry.name != column]
    return names[0] if names else None
