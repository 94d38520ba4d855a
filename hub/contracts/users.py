"""Who uses an entity: datasets that feed it, upload templates, other contracts, views and marts, departments.

Belongs here: finding them in schemas/ and in the SQL of this package. Does not belong here: what a change does to
them (`diff/`), the page (`dictionary/`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hub.landing.dataset import UPLOADS, all_mappings
from hub.store.master_views import DOMAINS
from schemas.loader import templates
from schemas.model import Contract, Mapping, Rule, Template

_HUB = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Referrer:
    """A column of another contract (or of this one) that refers to a column here."""

    entity: str
    column: str
    target: str


@dataclass(frozen=True)
class Users:
    """Everybody who uses an entity; views: names such as master.material, mart.open_work_order."""

    mappings: tuple[Mapping, ...]
    templates: tuple[Template, ...]
    referrers: tuple[Referrer, ...]
    rules: tuple[Rule, ...]  # of other contracts, that name this entity's table
    views: tuple[str, ...]


def users(contract: Contract, contracts: MappingABC[str, Contract]) -> Users:
    """Who uses the entity of this contract."""
    entity = contract.entity
    fed = [mapping for mapping in all_mappings().values() if mapping.entity == entity]
    return Users(
        # An upload maps like its watched workbook does: told once, as a template.
        tuple(mapping for mapping in fed if not mapping.dataset.startswith(f"{UPLOADS}.")),
        tuple(template for template in templates().values() if template.entity == entity),
        tuple(_referrers(entity, contracts)),
        tuple(
            rule
            for other in contracts.values()
            for rule in other.rules
            if other.entity != entity and names_table(_text(rule), entity)
        ),
        tuple(views_of(entity)),
    )


def views_of(entity: str, column: str | None = None) -> list[str]:
    """Views and marts over the entity; with `column`, those whose SQL names it."""
    found = [f"master.{entity}"] if entity in DOMAINS else []
    for name, sql in _marts().items():
        if names_table(sql, entity) and (column is None or re.search(rf"\b{re.escape(column)}\b", sql)):
            found.append(name)
    return found


def names_table(sql: str, entity: str) -> bool:
    """Whether a query reads core.<entity>."""
    return re.search(rf'\bcore\.(?:"{re.escape(entity)}"|{re.escape(entity)}\b)', sql) is not None


def rule_names(rule: Rule, entity: str, column: str) -> bool:
    """Whether a rule of another contract uses the column of the entity."""
    said = _text(rule)
    if re.search(rf"\b{re.escape(entity)}\.{re.escape(column)}\b", said):
        return True
    return names_table(said, entity) and re.search(rf"\b{re.escape(column)}\b", said) is not None


def _text(rule: Rule) -> str:
    return " ".join(map(str, _flat(list(rule.args.values()))))


def _flat(values: object) -> list[object]:
    if isinstance(values, dict):
        return _flat(list(values.values()))
    if isinstance(values, list | tuple):
        return [inner for value in values for inner in _flat(value)]
    return [values]


def _referrers(entity: str, contracts: MappingABC[str, Contract]) -> list[Referrer]:
    found = {
        Referrer(other.entity, column.name, column.references.column): None
        for other in contracts.values()
        for column in other.columns
        if column.references is not None and column.references.entity == entity
    }
    for other in contracts.values():
        for rule in other.rules:
            target, _, column = str(rule.args.get("to", "")).partition(".")
            if rule.kind == "reference" and target == entity and rule.column is not None:
                found[Referrer(other.entity, rule.column, column)] = None
    return list(found)


@cache
def _marts() -> dict[str, str]:
    """{mart.<table>: its SQL} of the files in hub/marts."""
    found = {}
    for path in sorted((_HUB / "marts").glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        found.update(dict.fromkeys(re.findall(r"insert into (mart\.\w+)", sql), sql))
    return found
