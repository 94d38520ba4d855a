"""Presets: recipes for the tables of well-known ERP products, as data in connectors/presets/*.yaml.

Belongs here: loading them, and filling the keys a table's configuration leaves out. Does not belong
here: anything about one product (that is data), recognising a product (`discover.py`).

A file holds {preset, title, signature: [tables that only this product has], dictionary, settings, offered,
objects: {object: {title, entity, department, recipe, mapping, assumed, note}}}. `recipe` is what an
`ErpTable` document says, `mapping` what a file of schemas/mappings says under `columns`. Names of the
recipe that nobody has seen in a public source stand in `assumed`: check them at the customer.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from schemas.model import Text
from schemas.yaml_lines import load_document

PRESETS_DIR = Path(__file__).resolve().parent.parent / "presets"


@dataclass(frozen=True)
class PresetObject:
    """One object of a preset; `recipe` and `mapping` as they stand in the file."""

    name: str  # "<preset>.<object>"
    object: str
    title: Text
    entity: str
    department: str
    recipe: Mapping[str, Any]
    mapping: Mapping[str, Any]
    assumed: frozenset[str] = frozenset()
    note: Text | None = None


@dataclass(frozen=True)
class Preset:
    """signature: tables whose presence tells the product; dictionary: how its captions are read
    (`captions.py` names the ways), forms: which business objects it is looked up for. settings: what its
    `SourceSystem` document says beside address and title; offered: what it could say, written as a comment."""

    name: str
    title: Text
    signature: tuple[str, ...]
    dictionary: str | None = None
    forms: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    offered: str | None = None
    note: Text | None = None
    objects: Mapping[str, PresetObject] = field(default_factory=dict)


@cache
def presets(folder: Path = PRESETS_DIR) -> dict[str, Preset]:
    """Database presets by name; those of REST APIs have a `kind`. Raises Problem `yaml_*` for a broken file."""
    documents = [load_document(path).data for path in sorted(folder.glob("*.yaml"))]
    return {preset.name: preset for preset in (_read(data) for data in documents if "kind" not in data)}


def find_preset(wanted: str, object_name: str) -> PresetObject:
    """The object "<preset>.<object>", or `object_name` of the preset "<preset>".

    Raises PydanticCustomError `preset_unknown` with the nearest names, so that the loader of the
    configuration can name file and line.
    """
    preset_name, dot, name = wanted.partition(".")
    found = presets().get(preset_name)
    name = name if dot else object_name
    if found is None or name not in found.objects:
        known = [item.name for preset in presets().values() for item in preset.objects.values()]
        near = difflib.get_close_matches(f"{preset_name}.{name}", known, n=3, cutoff=0.5)
        near = near or ([item.name for item in found.objects.values()] if found else sorted(presets()))
        raise PydanticCustomError(
            "preset_unknown", "no preset {preset}; near: {near}", {"preset": wanted, "near": ", ".join(near)}
        )
    return found.objects[name]


def expanded(data: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of an `ErpTable` document with the keys of its preset filled in; what is written wins.

    `more_columns` is added to `columns`. Raises what `find_preset` raises.
    """
    whole = dict(data)
    if whole.get("preset") is not None:
        item = find_preset(str(whole["preset"]), str(whole.get("object")))
        whole = {"title": {"zh": item.title.zh, "en": item.title.en}, **item.recipe, **whole}
    columns, more = whole.get("columns"), whole.get("more_columns")
    if isinstance(columns, list) and isinstance(more, list):
        whole["columns"] = [*columns, *(name for name in more if name not in columns)]
    return whole


def _read(data: Mapping[str, Any]) -> Preset:
    name = str(data["preset"])
    objects = {}
    for key, item in data["objects"].items():
        objects[key] = PresetObject(
            name=f"{name}.{key}",
            object=key,
            title=Text(**item["title"]),
            entity=item["entity"],
            department=item["department"],
            recipe=item["recipe"],
            mapping=item["mapping"],
            assumed=frozenset(item.get("assumed", [])),
            note=Text(**item["note"]) if "note" in item else None,
        )
    return Preset(
        name=name,
        title=Text(**data["title"]),
        signature=tuple(data["signature"]),
        dictionary=data.get("dictionary"),
        forms=tuple(data.get("forms", [])),
        settings=data.get("settings", {}),
        offered=data.get("offered"),
        note=Text(**data["note"]) if "note" in data else None,
        objects=objects,
    )
