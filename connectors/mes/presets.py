"""Presets of REST APIs: what a vendor's API looks like, as data in connectors/presets/*.yaml with `kind: mes`.

Belongs here: loading them, and filling the keys a configuration leaves out. Does not belong here: anything
about one product (that is data), presets of databases (connectors/erp/presets.py).

A file holds {preset, kind: mes, title, source, system: {what a `SourceSystem` says}, objects: {object:
{title, entity, department, recipe: {what a `MesEndpoint` says}, mapping, assumed, note}}}. Variables in it
are named {SYSTEM} for the system that uses it: two plants with the same product keep apart. `mapping` is
what a file of schemas/mappings says under `columns`. What nobody has seen in a public source stands in
`assumed`: check it at the customer.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from schemas.yaml_lines import load_document

PRESETS_DIR = Path(__file__).resolve().parent.parent / "presets"
_WHOLE = {"columns", "key", "times", "before"}  # replaced as a whole by what is written


@cache
def rest_presets(folder: Path = PRESETS_DIR) -> dict[str, dict[str, Any]]:
    """Every preset of a REST API by name. Raises Problem `yaml_*` for a broken file."""
    found = [load_document(path).data for path in sorted(folder.glob("*.yaml"))]
    return {str(data["preset"]): data for data in found if data.get("kind") == "mes"}


def with_system_preset(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a `SourceSystem` document with those of its preset below; what is written wins.

    Raises PydanticCustomError `mes_preset_unknown`.
    """
    name = attributes.get("preset")
    if name is None:
        return dict(attributes)
    preset = rest_presets().get(str(name))
    if preset is None:
        raise _unknown(str(name), list(rest_presets()))
    return named_for(merged(preset["system"], attributes), str(attributes.get("system")))


def with_object_preset(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a `MesEndpoint` document with those of "<preset>.<object>" below; what is written wins.

    `more_columns` is added to `columns`. Raises PydanticCustomError `mes_preset_unknown`.
    """
    whole = dict(attributes)
    wanted = whole.get("preset")
    if wanted is not None:
        name, dot, chosen = str(wanted).partition(".")
        preset = rest_presets().get(name)
        item = preset["objects"].get(chosen if dot else str(whole.get("object"))) if preset else None
        if item is None:
            known = [f"{file}.{key}" for file, data in rest_presets().items() for key in data["objects"]]
            raise _unknown(str(wanted), known)
        recipe = merged({"title": item["title"]}, item["recipe"])
        whole = named_for(merged(recipe, whole), str(whole.get("system")))
    columns, more = as_columns(whole.get("columns")), as_columns(whole.pop("more_columns", None))
    if isinstance(columns, dict) and isinstance(more, dict):
        columns = columns | more
    if columns is not None:
        whole["columns"] = columns
    return whole


def as_columns(columns: Any) -> Any:
    """`columns` may be a list of paths: each lands under its own name, dots as underscores."""
    if isinstance(columns, list) and all(isinstance(path, str) for path in columns):
        return {path.replace(".", "_"): path for path in columns}
    return columns


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Objects joined key by key, `above` first; lists, values and `{env: NAME}` replace what is below."""
    joined = dict(below)
    for key, value in above.items():
        under = joined.get(key)
        if isinstance(value, dict) and isinstance(under, dict) and key not in _WHOLE and "env" not in (*value, *under):
            joined[key] = merged(under, value)
        else:
            joined[key] = value
    return joined


def named_for(value: Any, system: str) -> Any:
    """Names of environment variables with the system's own name in them."""
    if isinstance(value, dict):
        return {key: named_for(part, system) for key, part in value.items()}
    if isinstance(value, list):
        return [named_for(part, system) for part in value]
    return value.replace("{SYSTEM}", system.upper()) if isinstance(value, str) else value


def _unknown(wanted: str, known: list[str]) -> PydanticCustomError:
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4) or sorted(known)
    return PydanticCustomError(
        "mes_preset_unknown", "no preset {preset}; near: {near}", {"preset": wanted, "near": ", ".join(near)}
    )
