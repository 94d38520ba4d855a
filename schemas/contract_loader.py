"""Contracts: schemas/contracts/<entity>.odcs.yaml (Open Data Contract Standard 3.1) -> Contract.

Belongs here: reading our part of ODCS and refusing what the hub could not carry out. Does not
belong here: the official ODCS schema check (a test does that), rule SQL (hub/quality).

What we read beyond plain ODCS stands in `customProperties`: title {zh, en}, description {zh, en},
unit, standard, code_list, synonyms; for a rule title, why, fix {zh, en}.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NoReturn, cast, get_args

from schemas.fields import Fields
from schemas.model import CodeList, Column, ColumnType, Contract, Dimension, Rule, Severity
from schemas.rule_kinds import CHECKSUMS, KINDS, STANDARDS
from schemas.yaml_lines import load_document

# physicalType -> (type, logicalType); numeric carries precision and scale
_TYPES: dict[str, tuple[ColumnType, str]] = {
    "text": ("string", "string"),
    "bigint": ("integer", "integer"),
    "numeric": ("decimal", "number"),
    "date": ("date", "date"),
    "timestamp": ("timestamp", "timestamp"),
    "boolean": ("boolean", "boolean"),
}
_PHYSICAL = re.compile(r"(?P<name>[a-z]+)(?:\((?P<precision>\d+),(?P<scale>\d+)\))?")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def read_contract(path: Path, codes: dict[str, CodeList], *, any_name: bool = False) -> Contract:
    """One contract. Raises Problem naming file, line and what is allowed.

    any_name: the file need not be called <entity>.odcs.yaml (an older version beside the new one).
    """
    document = load_document(path)
    top = Fields(document)
    top.choice("apiVersion", ["v3.1.0"])
    top.choice("kind", ["DataContract"])
    owner = top.child("team").choice("name", [code.code for code in codes["department"].codes])
    tables = list(top.children("schema"))
    if len(tables) != 1:
        top.fail_at("contract_one_table", "schema", count=len(tables))
    table = tables[0]
    entity = table.text("name")
    if not any_name and path.name != f"{entity}.odcs.yaml":
        table.fail_at("contract_file_name", "name", entity=entity)
    custom = _Custom(table)
    properties = list(table.children("properties"))
    columns: list[Column] = []
    for fields in properties:
        column = _column(fields, codes)
        if any(known.name == column.name for known in columns):
            fields.fail_at("schema_twice", "name", key="name", value=column.name)
        columns.append(column)
    names = [column.name for column in columns]
    rules: list[Rule] = []
    places = [(fields, column.name) for fields, column in zip(properties, columns, strict=True)]
    for fields, column_name in [(table, None), *places]:
        for quality in fields.children("quality", required=False):
            rule = _rule(quality, entity, column_name, names, codes)
            if any(known.id == rule.id for known in rules):
                quality.fail_at("schema_twice", "id", key="id", value=rule.id)
            rules.append(rule)
    keys = [
        (fields.data.get("primaryKeyPosition", 1), fields.text("name"))
        for fields in properties
        if fields.flag("primaryKey")
    ]
    if not keys:
        table.fail_at("schema_missing_key", "properties", key="primaryKey", where=entity)
    return Contract(
        entity=entity,
        title=custom.both("title"),
        description=custom.both("description"),
        owner=owner,
        columns=tuple(columns),
        business_key=tuple(name for _, name in sorted(keys)),
        rules=tuple(rules),
        path=str(path),
    )


class _Custom(Fields):
    """`customProperties` [{property, value}, ...] seen as one mapping; lines stay right."""

    def __init__(self, owner: Fields) -> None:
        super().__init__(owner.document, *owner.steps)
        self.data = {}
        self._index: dict[str, int] = {}
        for index, entry in enumerate(owner.children("customProperties", required=False)):
            name = entry.text("property")
            if name in self.data:
                entry.fail_at("schema_twice", "property", key="property", value=name)
            self.data[name] = entry.get("value")
            self._index[name] = index

    def fail(self, problem: str, /, *at: str | int, **params: Any) -> NoReturn:
        """Translate the key to its place in the list."""
        name = at[len(self.steps)] if len(at) > len(self.steps) else None
        if name in self._index:
            at = (*self.steps, "customProperties", self._index[name], "value", *at[len(self.steps) + 1 :])
        super().fail(problem, *at, **params)


def _column(fields: Fields, codes: dict[str, CodeList]) -> Column:
    name = fields.text("name")
    if not _NAME.fullmatch(name):
        fields.fail_at("schema_not_allowed", "name", key="name", value=name, allowed="a-z 0-9 _")
    physical = fields.text("physicalType")
    match = _PHYSICAL.fullmatch(physical)
    base = match["name"] if match else ""
    if match is None or base not in _TYPES or (base == "numeric") != (match["precision"] is not None):
        allowed = ", ".join("numeric(20,6)" if known == "numeric" else known for known in _TYPES)
        fields.fail_at("schema_not_allowed", "physicalType", key="physicalType", value=physical, allowed=allowed)
    column_type, logical = _TYPES[base]
    fields.choice("logicalType", [logical])
    custom = _Custom(fields)
    custom.only({"title", "unit", "standard", "code_list", "synonyms"})
    if "code_list" in custom:
        custom.choice("code_list", codes)
    examples = fields.data.get("examples") or []
    return Column(
        name=name,
        type=column_type,
        title=custom.both("title"),
        required=fields.flag("required"),
        unit=custom.optional_text("unit"),
        precision=int(match["precision"] or 20),
        scale=int(match["scale"] or 6),
        standard=custom.choice("standard", STANDARDS),
        code_list=custom.optional_text("code_list"),
        synonyms=custom.texts("synonyms"),
        example=str(examples[0]) if examples else None,
    )


def _rule(fields: Fields, entity: str, column: str | None, names: list[str], codes: dict[str, CodeList]) -> Rule:
    """One entry of `quality`. `column` is the property it stands under, None for the whole table."""
    fields.choice("type", ["custom"])
    fields.choice("engine", ["waterworks"])
    rule_id = f"{entity}.{fields.text('id')}"
    implementation = fields.child("implementation")
    kind_name = implementation.text("kind")
    if kind_name not in KINDS:
        implementation.fail_at("rule_unknown_kind", "kind", rule=rule_id, kind=kind_name, allowed=", ".join(KINDS))
    args = {key: value for key, value in implementation.data.items() if key not in {"kind", "column", "where"}}
    column = implementation.optional_text("column") or column
    _check_arguments(implementation, rule_id, kind_name, args)
    mentioned = [column] if column else []
    if kind_name == "unique":
        mentioned += args["columns"]
    if kind_name == "disagreement":
        mentioned.append(args["key"])
    for name in mentioned:
        if name not in names:
            implementation.fail(
                "rule_unknown_column",
                *implementation.steps,
                rule=rule_id,
                column=name,
                entity=entity,
                allowed=", ".join(names),
            )
    if column is None:
        implementation.fail_at("schema_missing_key", "column", key="column", where=rule_id)
    if kind_name == "in_list":
        implementation.choice("code_list", codes)
    if kind_name == "checksum":
        implementation.choice("algorithm", CHECKSUMS)
    custom = _Custom(fields)
    custom.only({"title", "why", "fix"})
    return Rule(
        id=rule_id,
        entity=entity,
        kind=kind_name,
        dimension=cast(Dimension, fields.choice("dimension", get_args(Dimension))),
        severity=cast(Severity, fields.choice("severity", get_args(Severity))),
        title=custom.both("title"),
        why=custom.both("why"),
        fix=custom.both("fix"),
        column=column,
        args=args,
        scope=KINDS[kind_name].scope,
        where=implementation.optional_text("where"),
    )


def _check_arguments(fields: Fields, rule_id: str, kind_name: str, args: dict[str, Any]) -> None:
    kind = KINDS[kind_name]
    known = kind.required | kind.optional
    allowed = ", ".join(known) or "-"
    for name in kind.required:
        if args.get(name) in (None, "", []):
            fields.fail("rule_missing_argument", *fields.steps, rule=rule_id, kind=kind_name, argument=name)
    for name, value in args.items():
        if name not in known:
            fields.fail_at("rule_unknown_argument", name, rule=rule_id, kind=kind_name, argument=name, allowed=allowed)
        if not isinstance(value, known[name]):
            fields.fail_at(
                "rule_wrong_argument",
                name,
                rule=rule_id,
                argument=name,
                value=str(value),
                expected=known[name].__name__,
            )
    if kind_name == "range" and not {"min", "max"} & set(args):
        fields.fail("rule_missing_argument", *fields.steps, rule=rule_id, kind=kind_name, argument="min / max")
