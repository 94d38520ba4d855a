"""The one door to everything in schemas/: contracts, mappings, code lists, templates.

Belongs here: finding the files, caching, fingerprints. Does not belong here: reading one file
(`contract_loader`, `mapping_loader`, `code_loader`, `template_loader`).
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from schemas.code_loader import read_code_list
from schemas.contract_loader import read_with_places
from schemas.contract_references import check_references
from schemas.mapping_loader import read_mapping
from schemas.model import CellType, CodeList, Column, Contract, Mapping, Rule, Template
from schemas.preset_mappings import preset_mappings
from schemas.problems import Problem
from schemas.template_loader import load_templates, templates
from schemas.template_mappings import template_mappings

__all__ = ["SCHEMAS", "cell_types", "code_lists", "contract_file", "contracts", "fingerprint", "mappings", "templates"]

SCHEMAS = Path(__file__).resolve().parent


def _files(folder: Path, pattern: str) -> list[Path]:
    """The files of one kind; a folder without any is a mistake, not an empty answer."""
    found = sorted(folder.glob(pattern))
    if not found:
        raise Problem("schema_folder_empty", folder=str(folder), pattern=pattern)
    return found


@cache
def code_lists(root: Path = SCHEMAS) -> dict[str, CodeList]:
    """{name: CodeList} of root/codes. Raises Problem naming file and line."""
    return {path.stem: read_code_list(path) for path in _files(root / "codes", "*.yaml")}


@cache
def contracts(root: Path = SCHEMAS) -> dict[str, Contract]:
    """{entity: Contract} of root/contracts. Raises Problem naming file and line."""
    codes = code_lists(root)
    if "department" not in codes:
        raise Problem("schema_folder_empty", folder=str(root / "codes"), pattern="department.yaml")
    for path in sorted((root / "contracts").glob("*.y*ml")):
        if not path.name.endswith(".odcs.yaml"):
            raise Problem("contract_file_ending", file=str(path))
    found = [read_with_places(path, codes) for path in _files(root / "contracts", "*.odcs.yaml")]
    entities = {read.contract.entity: _columns(read.contract) for read in found}
    for read in found:
        check_references(read, entities)
    return {read.contract.entity: read.contract for read in found}


def contract_file(path: Path, root: Path = SCHEMAS) -> Contract:
    """A contract in a file of any name and place, checked beside the contracts of `root` as if it stood among them.

    Raises Problem naming file and line.
    """
    read = read_with_places(path, code_lists(root), any_name=True)
    entities = {name: _columns(contract) for name, contract in contracts(root).items()}
    check_references(read, {**entities, read.contract.entity: _columns(read.contract)})
    return read.contract


def _columns(contract: Contract) -> dict[str, Column]:
    return {column.name: column for column in contract.columns}


@cache
def mappings(root: Path = SCHEMAS) -> dict[str, Mapping]:
    """{dataset: Mapping} of root/mappings, of the presets that are in use beside root, and of root/templates.

    Raises Problem naming file and line.
    """
    known, codes = contracts(root), code_lists(root)
    # None is no mistake: a new project has no sources yet.
    found = [read_mapping(path, known, codes) for path in sorted((root / "mappings").glob("*.yaml"))]
    written = {mapping.dataset for mapping in found}
    project = root.parent
    found += preset_mappings(project / "pipelines" / "defs", project / "connectors" / "presets", written, known, codes)
    folder = root / "templates"
    found += template_mappings(load_templates(folder).values(), written | {mapping.dataset for mapping in found}, known)
    return {mapping.dataset: mapping for mapping in found}


_CELL_TYPES: dict[str, CellType] = {"integer": "number", "decimal": "number", "date": "date", "timestamp": "date"}


def cell_types(template: Template, root: Path = SCHEMAS) -> dict[str, CellType]:
    """{source column: what its cells hold}: as the template says, else as the entity column it fills, else text."""
    contract = contracts(root).get(template.entity)
    columns = {column.name: column.type for column in contract.columns} if contract else {}
    return {
        column.source: column.type or _CELL_TYPES.get(columns.get(column.column or "", ""), "text")
        for column in template.columns
    }


def fingerprint(contract: Contract, mapping: Mapping, root: Path = SCHEMAS) -> str:
    """Changes whenever what contract, mapping and code lists decide about a row changes (64 hex digits).

    Built from the loaded values, so that a comment or another indentation changes nothing; without wordings
    (titles, why, fix, descriptions, examples) and header synonyms, so that a better sentence judges no row again.
    """
    codes = code_lists(root)
    used = {column.code_list for column in contract.columns if column.code_list}
    used |= {rule.args["code_list"] for rule in contract.rules if "code_list" in rule.args}
    parts = [
        contract.entity,
        contract.business_key,
        [_deciding(column, {"title", "description", "example", "synonyms"}) for column in contract.columns],
        [_deciding(rule, {"title", "why", "fix"}) for rule in contract.rules],
        (mapping.dataset, mapping.entity, mapping.department, mapping.columns),
        [codes[name] for name in sorted(used)],
    ]
    return hashlib.sha256(repr(parts).encode("utf-8")).hexdigest()


def _deciding(described: Column | Rule, wording: set[str]) -> list[Any]:
    """The fields of a column or a rule without its wording."""
    return [getattr(described, entry.name) for entry in fields(described) if entry.name not in wording]
