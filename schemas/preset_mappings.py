"""Mappings of tables that name a preset in pipelines/defs and have no file in schemas/mappings.

Belongs here: finding such tables and taking the mapping their preset brings. Does not belong here: what
a preset reads (connectors/erp/presets.py); a file in schemas/mappings always comes before its preset.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from schemas.fields import Fields
from schemas.mapping_loader import build_mapping
from schemas.model import CodeList, Contract, Mapping
from schemas.problems import Problem
from schemas.yaml_lines import load_document, load_documents


def preset_mappings(
    defs: Path, presets: Path, known: set[str], contracts: dict[str, Contract], codes: dict[str, CodeList]
) -> list[Mapping]:
    """A mapping for every dataset of defs/*/defs.yaml with a `preset` and not in `known`.

    A defs file or a preset that cannot be read is left out here: who reads the configuration itself
    (connectors/config.py) says what is wrong with it. Raises Problem for a mistake in a preset's mapping.
    """
    found = []
    for path in sorted(defs.glob("*/defs.yaml")):
        for attributes in _with_preset(path):
            system, object_name = str(attributes.get("system")), str(attributes.get("object"))
            dataset = f"{system}.{object_name}"
            file, _, name = str(attributes["preset"]).partition(".")
            source = presets / f"{file}.yaml"
            if dataset in known or not source.is_file():
                continue
            document = load_document(source)
            name = name or object_name
            if "mapping" in (document.data.get("objects") or {}).get(name, {}):
                fields = Fields(document, "objects", name)
                department = fields.choice("department", [code.code for code in codes["department"].codes])
                found.append(
                    build_mapping(fields, dataset, department, contracts, codes, f"{source}#{name}", key="mapping")
                )
    return found


def _with_preset(path: Path) -> list[dict[str, Any]]:
    try:
        if b"preset:" not in path.read_bytes():
            return []
        documents = load_documents(path)
    except (OSError, Problem):
        return []
    attributes = [item.data.get("attributes") for item in documents if isinstance(item.data, dict)]
    return [item for item in attributes if isinstance(item, dict) and item.get("preset")]
