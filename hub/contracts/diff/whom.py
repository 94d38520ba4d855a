"""Who is concerned by a change to a column: datasets, upload templates, contracts, rules, views, departments.

Belongs here: the lines below a change. Does not belong here: finding users of an entity (hub/contracts/users.py).
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC

from hub.contracts.diff.change import said
from hub.contracts.users import Users, rule_names, users, views_of
from schemas.loader import code_lists
from schemas.model import Contract, Text


class Concerned:
    """Names who uses the columns of one entity."""

    def __init__(self, contract: Contract, contracts: MappingABC[str, Contract]) -> None:
        self.contract = contract
        self.used: Users = users(contract, contracts)

    def everybody(self, column: str) -> tuple[Text, ...]:
        """All who read or deliver a column, and their departments."""
        return (*self.suppliers(column), *self.readers(column))

    def suppliers(self, column: str) -> tuple[Text, ...]:
        """Datasets and templates that deliver the column."""
        lines = [
            said("to_dataset", dataset=mapping.dataset, department=department(mapping.department),
                 source=entry.source or f"“{entry.value}”")
            for mapping in self.used.mappings for entry in mapping.columns if entry.column == column
        ]  # fmt: skip
        return (*lines, *self._templates(column))

    def without(self, column: str) -> tuple[Text, ...]:
        """Datasets that do not deliver the column."""
        return tuple(
            said("to_dataset_without", dataset=mapping.dataset, department=department(mapping.department))
            for mapping in self.used.mappings
            if column not in {entry.column for entry in mapping.columns}
        )

    def readers(self, column: str) -> tuple[Text, ...]:
        """Contracts, rules, views and marts that use the column."""
        lines = [
            said("to_contract", entity=referrer.entity, column=referrer.column)
            for referrer in self.used.referrers
            if referrer.target == column
        ]
        lines += [
            said("to_rule", rule=rule.id)
            for rule in self.contract.rules
            if rule.column != column and column in own_columns(rule.args, rule.where)
        ]
        lines += [
            said("to_rule", rule=rule.id)
            for rule in self.used.rules
            if rule.kind != "reference" and rule_names(rule, self.contract.entity, column)
        ]
        lines += [said("to_view", view=view) for view in views_of(self.contract.entity, column)]
        return tuple(lines)

    def departments(self, column: str | None) -> tuple[Text, ...]:
        """One line with the departments whose rows a rule about the column may hold."""
        codes = dict.fromkeys(
            mapping.department
            for mapping in self.used.mappings
            if column is None or any(entry.column == column for entry in mapping.columns)
        )
        if not codes:
            return ()
        named = [department(code) for code in codes]
        joined = Text("、".join(name.zh for name in named), ", ".join(name.en for name in named))
        return (said("to_department", departments=joined),)

    def _templates(self, column: str) -> list[Text]:
        return [
            said("to_template", template=template.name, department=department(template.department), header=entry.source)
            for template in self.used.templates
            for entry in template.columns
            if entry.column == column
        ]


def department(code: str) -> Text:
    """The names of a department."""
    known = {entry.code: entry.title for entry in code_lists()["department"].codes}
    return known.get(code, Text(code, code))


def own_columns(args: MappingABC[str, object], where: str | None) -> set[str]:
    """Words in a rule's arguments and condition, its columns among them."""
    import re

    text = " ".join([*(str(value) for value in args.values()), where or ""])
    return set(re.findall(r"[a-z_][a-z0-9_]*", text))
