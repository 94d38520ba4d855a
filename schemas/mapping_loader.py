"""Mappings: schemas/mappings/<system>.<object>.yaml -> Mapping.

Belongs here: which source column becomes which entity column, checked against contract and codes.
Does not belong here: how the source is read (pipelines/defs), how values change (hub/cleansing).
"""

from __future__ import annotations

import re
from pathlib import Path

from schemas.fields import Fields
from schemas.model import CodeList, Column, ColumnMapping, Contract, Mapping
from schemas.rule_kinds import STANDARDS
from schemas.yaml_lines import load_document


def read_mapping(path: Path, contracts: dict[str, Contract], codes: dict[str, CodeList]) -> Mapping:
    """One file {dataset, entity, department, columns: {column: source | {source, value, values, ...}}}.

    Raises Problem naming file, line and what is allowed.
    """
    fields = Fields(load_document(path))
    fields.only({"dataset", "entity", "department", "columns"})
    dataset = fields.text("dataset")
    if path.name != f"{dataset}.yaml" or dataset.count(".") != 1:
        fields.fail_at("mapping_file_name", "dataset", dataset=dataset)
    department = fields.choice("department", [code.code for code in codes["department"].codes])
    return build_mapping(fields, dataset, department, contracts, codes, str(path))


def build_mapping(
    fields: Fields,
    dataset: str,
    department: str,
    contracts: dict[str, Contract],
    codes: dict[str, CodeList],
    path: str,
    key: str = "columns",
) -> Mapping:
    """The mapping whose `entity` and columns (under `key`) stand in `fields`. Raises Problem as above."""
    contract = contracts[fields.choice("entity", contracts)]
    columns = fields.child(key)
    names = [column.name for column in contract.columns]
    for name in columns.data:
        if name not in names:
            columns.fail_at(
                "mapping_unknown_column", name, column=name, entity=contract.entity, allowed=", ".join(names)
            )
    for name in contract.business_key:
        if contract.column(name).required and name not in columns:
            columns.fail("mapping_without_key", *columns.steps, column=name, entity=contract.entity)
    return Mapping(
        dataset=dataset,
        entity=contract.entity,
        department=department,
        columns=tuple(_column(columns, contract.column(name), codes) for name in columns.data),
        path=path,
    )


def _column(columns: Fields, column: Column, codes: dict[str, CodeList]) -> ColumnMapping:
    if not isinstance(columns.get(column.name), dict):
        return ColumnMapping(column=column.name, source=columns.text(column.name))
    entry = columns.child(column.name)
    entry.only({"source", "value", "values", "standard", "fallback", "factor"})
    if ("source" in entry) == ("value" in entry):
        columns.fail_at("mapping_source_or_value", column.name, column=column.name)
    values = {}
    if "values" in entry:
        table = entry.child("values")
        for raw in table.data:
            values[raw] = table.text(raw)
            _check_code(table, raw, values[raw], column, codes)
    if "value" in entry:
        _check_code(entry, "value", entry.text("value"), column, codes)
    return ColumnMapping(
        column=column.name,
        source=entry.optional_text("source"),
        value=entry.optional_text("value"),
        values=values,
        standard=entry.choice("standard", STANDARDS) if "standard" in entry else None,
        fallback=entry.optional_text("fallback"),
        factor=_factor(entry, column) if "factor" in entry else None,
    )


def _factor(entry: Fields, column: Column) -> str:
    """A decimal as text; only numbers can be multiplied."""
    text = str(entry.get("factor"))
    if column.type not in {"decimal", "integer"} or not re.fullmatch(r"\d+(\.\d+)?", text):
        entry.fail_at("mapping_factor", "factor", column=column.name, value=text)
    return text


def _check_code(fields: Fields, key: str, code: str, column: Column, codes: dict[str, CodeList]) -> None:
    """A status map or constant may only lead to a standard code (true/false for booleans)."""
    allowed: list[str] = []
    if column.type == "boolean":
        allowed = ["true", "false"]
    elif column.code_list:
        allowed = [known.code for known in codes[column.code_list].codes]
    if allowed and code not in allowed:
        fields.fail_at("schema_not_allowed", key, key=column.name, value=code, allowed=", ".join(allowed))
