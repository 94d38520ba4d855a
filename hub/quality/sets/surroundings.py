"""What a rule over several rows may look at, and the pieces of SQL that all families share.

Belongs here: naming rows, columns, keys and places in SQL. Not here: any rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.quality.literals import identifier, text
from hub.quality.portable import condition_for
from hub.quality.relations import relation
from hub.quality.systems import NO_SYSTEMS, Systems, account_set, system_of
from schemas.model import CodeList, Column, Contract, Mapping, Rule
from schemas.problems import Problem


@dataclass(frozen=True)
class Surroundings:
    """contracts by entity, mappings by dataset, code lists by name, and the configured source systems.

    today: the day of the run, where a rule asks for it.
    """

    contracts: MappingABC[str, Contract]
    systems: Systems = NO_SYSTEMS
    mappings: MappingABC[str, Mapping] = field(default_factory=dict)
    codes: MappingABC[str, CodeList] = field(default_factory=dict)
    today: date = field(default_factory=lambda: datetime.now(ZoneInfo("Asia/Shanghai")).date())

    def rows(self, entity: str, dataset: str | None = None) -> str:
        """All rows of an entity, held ones included, to be used behind FROM with an alias."""
        return relation(self.contracts[entity], dataset)

    def rows_where(self, rule: Rule, entity: str, where: Any) -> str:
        """Those of them for which a condition of the rule is true; Problem if it is no condition over them."""
        if where is None:
            return self.rows(entity)
        contract = self.contracts[entity]
        return relation(contract, None, condition_for(str(where), contract, "postgres", rule.id, self.today))

    def own_rows(self, rule: Rule) -> str:
        """The rows a rule is about: those of its entity for which its `where` is true."""
        return self.rows_where(rule, rule.entity, rule.where)

    def day(self) -> str:
        """SQL for the day of the run."""
        return f"date '{self.today.isoformat()}'"

    def place(self, alias: str) -> str:
        """SQL for where a code means one thing: the system, and inside it the account set."""
        part = account_set(alias, self.systems)
        return system_of(alias) if part is None else f"concat_ws('|', {system_of(alias)}, {part})"

    def from_sources(self, alias: str, words: Iterable[Any]) -> str:
        """SQL condition: the row comes from one of the systems that `words` (names or kinds) mean; "true" if none."""
        named = [str(word) for word in words]
        return f"{system_of(alias)} in ({', '.join(map(text, self.systems.named(named)))})" if named else "true"


def value_text(expression: str, column_type: str) -> str:
    """SQL for a core value as text, the way a source would write it: 12.5, 2024-03-05T13:30:00."""
    if column_type == "decimal":
        return f"trim_scale({expression})::text"
    if column_type == "timestamp":
        return f"""to_char({expression}, 'YYYY-MM-DD"T"HH24:MI:SS')"""
    return f"{expression}::text"


def own_column(rule: Rule, around: Surroundings) -> Column:
    """The column a rule is about. Raises Problem if it names none."""
    if rule.column is None:
        raise Problem("rule_needs_column", rule=rule.id, kind=rule.kind)
    return around.contracts[rule.entity].column(rule.column)


def own_text(rule: Rule, around: Surroundings, alias: str = "c") -> str:
    """SQL for the text of the column a rule is about."""
    column = own_column(rule, around)
    return value_text(f"{alias}.{identifier(column.name)}", column.type)


def target(rule: Rule, named: str, around: Surroundings) -> tuple[str, Column]:
    """(entity, column) of "<entity>.<column>". Raises Problem if there is no such column."""
    entity, _, name = named.partition(".")
    if entity not in around.contracts:
        known = ", ".join(around.contracts)
        raise Problem("set_rule_no_entity", rule=rule.id, file=_file(rule, around), value=named, known=known)
    columns = around.contracts[entity].columns
    for column in columns:
        if column.name == name:
            return entity, column
    known = ", ".join(column.name for column in columns)
    raise Problem("set_rule_no_entity", rule=rule.id, file=_file(rule, around), value=named, known=known)


def unfit(rule: Rule, around: Surroundings, argument: str) -> Problem:
    """The problem of an argument that does not go with the others."""
    value = str(rule.where if argument == "where" else rule.args.get(argument))
    return Problem("set_rule_unfit", rule=rule.id, file=_file(rule, around), argument=argument, value=value)


def names_of(value: Any) -> list[str]:
    """A column name or a list of them, as a list."""
    if value is None:
        return []
    return [str(name) for name in value] if isinstance(value, list | tuple) else [str(value)]


def key_of(alias: str, columns: Collection[str]) -> str:
    """SQL for several columns as one text that can be hashed; null if one of them is null."""
    names = [f"{alias}.{identifier(name)}::text" for name in columns]
    # A | inside a value must not make two keys one.
    return names[0] if len(names) == 1 else " || '|' || ".join(rf"replace({name}, '|', '\|')" for name in names)


def _file(rule: Rule, around: Surroundings) -> str:
    return around.contracts[rule.entity].path
