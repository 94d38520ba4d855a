"""Contracts: schemas/contracts/<entity>.odcs.yaml (Open Data Contract Standard 3.1) -> Contract.

Belongs here: reading our part of ODCS and refusing what the hub could not carry out. Does not
belong here: columns, rules, terms (`contract_columns`, `contract_rules`, `contract_terms`), the official ODCS
schema check (a test does that), rule SQL (hub/quality).

What we read beyond plain ODCS stands in `customProperties`: title {zh, en}, description {zh, en},
unit, standard, code_list, synonyms; for a rule title, why, fix {zh, en}. docs/contracts.md explains every key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from schemas.contract_columns import read_column
from schemas.contract_conflicts import check_conflicts
from schemas.contract_custom import Custom
from schemas.contract_rules import read_rule
from schemas.contract_terms import read_service_levels
from schemas.fields import Fields
from schemas.model import CodeList, Column, Contract, Rule
from schemas.yaml_lines import load_document
from schemas.yaml_traps import check_traps

TOP = {
    "apiVersion", "kind", "id", "name", "version", "status", "tenant", "tags", "domain", "dataProduct", "description",
    "schema", "servers", "support", "price", "team", "roles", "slaDefaultElement", "slaProperties",
    "authoritativeDefinitions", "customProperties", "contractCreatedTs",
}  # fmt: skip
TABLE = {
    "id", "name", "logicalType", "physicalName", "physicalType", "businessName", "description", "tags",
    "dataGranularityDescription", "authoritativeDefinitions", "properties", "quality",
    "customProperties",
}  # fmt: skip
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True)
class Read:
    """A contract and the places in its file: of each column by name, of each rule by id."""

    contract: Contract
    columns: dict[str, Fields]
    rules: dict[str, Fields]


def read_contract(path: Path, codes: dict[str, CodeList], *, any_name: bool = False) -> Contract:
    """One contract. Raises Problem naming file, line and what is allowed.

    `any_name`: the file need not be called after its entity (an older version kept beside the new one).
    """
    return read_with_places(path, codes, any_name=any_name).contract


def read_with_places(path: Path, codes: dict[str, CodeList], *, any_name: bool = False) -> Read:
    """As `read_contract`, with the places for checks that need other contracts, too."""
    document = load_document(path)
    check_traps(document)
    top = Fields(document)
    top.only(TOP)
    top.choice("apiVersion", ["v3.1.0"])
    top.choice("kind", ["DataContract"])
    owner = top.child("team").choice("name", [code.code for code in codes["department"].codes])
    table = _table(top)
    entity = table.text("name")
    if path.name != f"{entity}.odcs.yaml" and not any_name:
        table.fail_at("contract_file_name", "name", entity=entity)
    if "physicalName" in table:
        table.choice("physicalName", [f"core.{entity}"])
    columns, places = _columns(table, codes)
    rules, rule_places = _rules(table, entity, columns, places, codes)
    check_conflicts(rules, rule_places, columns, codes)
    custom = Custom(table)
    custom.only({"title", "description"})
    contract = Contract(
        entity=entity,
        title=custom.both("title"),
        description=custom.both("description"),
        owner=owner,
        columns=tuple(columns.values()),
        business_key=_business_key(table, entity, places),
        rules=tuple(rules),
        path=str(path),
        version=_version(top),
        sla=read_service_levels(top),
    )
    return Read(contract, places, rule_places)


def _table(top: Fields) -> Fields:
    tables = list(top.children("schema"))
    if len(tables) != 1:
        top.fail_at("contract_one_table", "schema", count=len(tables))
    tables[0].instead({"relationships": "properties: relationships; quality: {kind: reference, also: [...]}"})
    tables[0].only(TABLE)
    return tables[0]


def _version(top: Fields) -> str:
    version = top.text("version")
    if not _VERSION.fullmatch(version):
        top.fail_at("schema_not_allowed", "version", key="version", value=version, allowed="1.0.0, 1.1.0, 2.0.0, ...")
    return version


def _columns(table: Fields, codes: dict[str, CodeList]) -> tuple[dict[str, Column], dict[str, Fields]]:
    columns: dict[str, Column] = {}
    places: dict[str, Fields] = {}
    for fields in table.children("properties"):
        column = read_column(fields, codes)
        if column.name in columns:
            fields.fail_at("schema_twice", "name", key="name", value=column.name)
        columns[column.name], places[column.name] = column, fields
    return columns, places


def _rules(
    table: Fields, entity: str, columns: dict[str, Column], places: dict[str, Fields], codes: dict[str, CodeList]
) -> tuple[list[Rule], dict[str, Fields]]:
    rules: list[Rule] = []
    found: dict[str, Fields] = {}
    owners: list[tuple[Fields, str | None]] = [(table, None), *((fields, name) for name, fields in places.items())]
    for owner, column in owners:
        for fields in owner.children("quality", required=False):
            rule = read_rule(fields, entity, column, columns, codes)
            if rule.id in found:
                fields.fail_at("schema_twice", "id", key="id", value=rule.id)
            rules.append(rule)
            found[rule.id] = fields
    return rules, found


def _business_key(table: Fields, entity: str, places: dict[str, Fields]) -> tuple[str, ...]:
    """Names of the key columns by their position; each is required, the positions run from 1."""
    keys: dict[int, str] = {}
    for name, fields in places.items():
        if not fields.flag("primaryKey"):
            continue
        if not fields.flag("required"):
            fields.fail_at("contract_key_not_required", "primaryKey", column=name)
        position = fields.whole("primaryKeyPosition", least=1) if "primaryKeyPosition" in fields else 1
        if position in keys:
            at = "primaryKeyPosition" if "primaryKeyPosition" in fields else "primaryKey"
            fields.fail_at("schema_twice", at, key="primaryKeyPosition", value=position)
        keys[position] = name
    if not keys:
        table.fail_at("schema_missing_key", "properties", key="primaryKey", where=entity)
    return tuple(keys[position] for position in sorted(keys))
