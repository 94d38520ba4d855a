"""One column of a contract: an entry of `properties` -> Column.

Belongs here: type, length, unit, standardiser, code list, synonyms, foreign key of a column. Does not belong here:
its rules (`contract_rules.py`), whether a foreign key leads anywhere (`contract_references.py`).
"""

from __future__ import annotations

import re

from schemas.contract_custom import Custom
from schemas.fields import Fields
from schemas.model import CodeList, Column, ColumnType, Reference
from schemas.nearness import listed
from schemas.rule_kinds import STANDARDS

# physicalType -> (type, logicalType); numeric carries precision and scale
TYPES: dict[str, tuple[ColumnType, str]] = {
    "text": ("string", "string"),
    "bigint": ("integer", "integer"),
    "numeric": ("decimal", "number"),
    "date": ("date", "date"),
    "timestamp": ("timestamp", "timestamp"),
    "boolean": ("boolean", "boolean"),
}
MAX_PRECISION = 38  # DuckDB, SQL Server and Oracle have no more digits
MAX_LENGTH = 4000  # nvarchar(4000) is SQL Server's longest with a number, varchar2(4000) Oracle's
_PHYSICAL = re.compile(r"(?P<name>[a-z]+)(?:\((?P<precision>\d{1,4}),(?P<scale>\d{1,4})\))?")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
# What ODCS 3.1 knows and nothing here would carry out -> what to write instead.
_INSTEAD = {
    "unique": "quality: {kind: unique}",
    "enum": "customProperties: code_list",
    "semanticType": "logicalType",
    "synonyms": "customProperties: synonyms",
    "partitioned": "-",
    "partitionKeyPosition": "-",
    "encryptedName": "-",
    "items": "-",
    "properties": "-",
}
KEYS = {
    "id", "name", "businessName", "description", "logicalType", "logicalTypeOptions", "physicalType", "physicalName",
    "primaryKey", "primaryKeyPosition", "required", "examples", "classification", "criticalDataElement", "tags",
    "transformSourceObjects", "transformLogic", "transformDescription", "authoritativeDefinitions", "relationships",
    "customProperties", "quality",
}  # fmt: skip
_LENGTH_INSTEAD = {
    "minLength": "quality: {kind: length, min: ...}",
    "pattern": "quality: {kind: pattern, regex: ...}",
    "format": "quality: {kind: format, of: ...}",
    "minimum": "quality: {kind: range, min: ...}",
    "maximum": "quality: {kind: range, max: ...}",
    "exclusiveMinimum": "quality: {kind: range, min: ..., exclusive: true}",
    "exclusiveMaximum": "quality: {kind: range, max: ..., exclusive: true}",
    "multipleOf": "quality: {kind: step, of: ...}",
}


def read_column(fields: Fields, codes: dict[str, CodeList]) -> Column:
    """One column. Raises Problem naming file, line and what is allowed."""
    fields.instead(_INSTEAD)
    fields.only(KEYS)
    name = fields.text("name")
    if not _NAME.fullmatch(name):
        fields.fail_at("schema_not_allowed", "name", key="name", value=name, allowed="a-z 0-9 _ (1-63)")
    column_type, precision, scale = _type(fields)
    custom = Custom(fields)
    custom.only({"title", "description", "unit", "standard", "code_list", "synonyms"})
    standard = custom.choice("standard", STANDARDS)
    if column_type not in STANDARDS[standard]:
        fits = [known for known, types in STANDARDS.items() if column_type in types]
        custom.fail_at("contract_standard_type", "standard", column=name, type=column_type, standard=standard,
                       allowed=", ".join(fits))  # fmt: skip
    code_list = custom.choice("code_list", codes) if "code_list" in custom else None
    if standard in {"code_list", "unit"} and code_list is None:
        custom.fail("schema_missing_key", *fields.steps, key="code_list", where=name)
    return Column(
        name=name,
        type=column_type,
        title=custom.both("title"),
        required=fields.flag("required"),
        unit=custom.optional_text("unit"),
        precision=precision,
        scale=scale,
        standard=standard,
        code_list=code_list,
        synonyms=_synonyms(custom),
        example=_example(fields),
        description=custom.both("description") if "description" in custom else None,
        max_length=_max_length(fields, column_type),
        references=_reference(fields),
    )


def _type(fields: Fields) -> tuple[ColumnType, int, int]:
    """(type, precision, scale)."""
    physical = fields.text("physicalType")
    match = _PHYSICAL.fullmatch(physical)
    base = match["name"] if match else ""
    if match is None or base not in TYPES or (base == "numeric") != (match["precision"] is not None):
        names = ["numeric(20,6)" if known == "numeric" else known for known in TYPES]
        fields.fail_at(
            "schema_not_allowed", "physicalType", key="physicalType", value=physical, allowed=listed(physical, names)
        )
    precision, scale = int(match["precision"] or 20), int(match["scale"] or 6)
    if not 1 <= precision <= MAX_PRECISION or scale > precision:
        fields.fail_at("contract_precision", "physicalType", value=physical, most=MAX_PRECISION)
    column_type, logical = TYPES[base]
    fields.choice("logicalType", [logical])
    return column_type, precision, scale


def _synonyms(custom: Custom) -> tuple[str, ...]:
    names = custom.texts("synonyms")
    for index, name in enumerate(names):
        if name in names[:index]:
            custom.fail("schema_twice", *custom.steps, "synonyms", index, key="synonyms", value=name)
    return names


def _example(fields: Fields) -> str | None:
    value = fields.data.get("examples")
    if value is None:
        return None
    if not isinstance(value, list):
        fields.fail_at("schema_need_list", "examples", key="examples")
    return str(value[0]) if value else None


def _max_length(fields: Fields, column_type: ColumnType) -> int | None:
    if "logicalTypeOptions" not in fields:
        return None
    options = fields.child("logicalTypeOptions")
    options.instead(_LENGTH_INSTEAD)
    options.only({"maxLength"} if column_type == "string" else set())
    if "maxLength" not in options:
        return None
    return options.whole("maxLength", least=1, most=MAX_LENGTH)


def _reference(fields: Fields) -> Reference | None:
    """The one foreign key of a column."""
    entries = list(fields.children("relationships", required=False))
    if not entries:
        return None
    if len(entries) > 1:
        entries[1].fail("contract_one_foreign_key", *entries[1].steps, column=fields.text("name"))
    (entry,) = entries
    entry.only({"id", "type", "to", "customProperties"})
    if "type" in entry:
        entry.choice("type", ["foreignKey"])
    entity, dot, column = entry.text("to").partition(".")
    if not (entity and dot and column):
        entry.fail_at("contract_reference_form", "to", value=entry.text("to"))
    return Reference(entity, column)
