"""A preset's recipe as far as one real database can follow it: what the database lacks is left out and named.

Belongs here: pure functions from (recipe, catalogue) to a smaller recipe and mapping. Does not belong here:
writing documents (`proposal.py`), the presets themselves (connectors/presets).

Customers differ: a column added by a later version, a table of a module nobody bought. Leaving one join out
is better than leaving the customer with a recipe that fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.erp.database.catalogue import Catalogue, SourceTable, find_column, find_table
from connectors.erp.names import parts
from connectors.erp.presets import PresetObject
from schemas.model import Contract
from schemas.problems import Problem


@dataclass
class Adapted:
    """recipe, mapping: complete, in the forms of the preset. changed: keys of the recipe that differ from
    the preset's. missing: what was left out, in words of the source. usable: False if the main table, a key
    column or something the entity needs is missing."""

    item: PresetObject
    recipe: dict[str, Any]
    mapping: dict[str, Any]
    changed: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    usable: bool = True
    table: SourceTable | None = None


def adapted(item: PresetObject, catalogue: Catalogue, contract: Contract) -> Adapted:
    """The recipe of a preset's object for this database."""
    result = Adapted(item, dict(item.recipe), dict(item.mapping))
    main = _table(catalogue, str(item.recipe["table"]))
    if main is None:
        result.usable = False
        result.missing.append(str(item.recipe["table"]))
        return result
    result.table = main
    there: dict[str, SourceTable] = {"": main}
    _columns(result, main)
    _joins(result, catalogue, there)
    outputs = _outputs(result.recipe)
    replaced = _computed(result, there)
    outputs |= set(result.recipe.get("computed", {}))
    _conditions(result, there)
    _mapping(result, outputs, replaced)
    needed = {name for name in contract.business_key if contract.column(name).required}
    if not needed <= set(result.mapping) or not set(item.recipe["key"]) <= set(result.recipe["columns"]):
        result.usable = False
    return result


def _columns(result: Adapted, main: SourceTable) -> None:
    wanted = list(result.recipe["columns"])
    kept = [name for name in wanted if _column(main, name)]
    if kept != wanted:
        result.missing += [f"{main.name}.{name}" for name in wanted if name not in kept]
        result.changed.add("columns")
        result.recipe["columns"] = kept


def _joins(result: Adapted, catalogue: Catalogue, there: dict[str, SourceTable]) -> None:
    kept: list[dict[str, Any]] = []
    for join in result.recipe.get("joins", []):
        name = str(join.get("as") or parts(join["table"])[-1])
        table = _table(catalogue, join["table"])
        if table is None:
            result.missing.append(str(join["table"]))
            continue
        lost = [left for left in join["match"] if not _seen(there, left)]
        lost += [
            f"{table.name}.{right}"
            for right in (*join["match"].values(), *join.get("where", {}))
            if not _column(table, right)
        ]
        if lost:
            result.missing += lost
            continue
        there[name] = table
        columns = {output: column for output, column in join.get("columns", {}).items() if _column(table, column)}
        result.missing += [
            f"{table.name}.{column}" for output, column in join.get("columns", {}).items() if output not in columns
        ]
        kept.append({**join, "columns": columns} if "columns" in join else dict(join))
    if kept != list(result.recipe.get("joins", [])):
        result.changed.add("joins")
        result.recipe["joins"] = kept


def _computed(result: Adapted, there: dict[str, SourceTable]) -> dict[str, str]:
    """Drops computed columns that cannot be; returns {dropped: plain column that may stand in for it}."""
    kept: dict[str, Any] = {}
    replaced: dict[str, str] = {}
    for name, item in result.recipe.get("computed", {}).items():
        form = "ratio" if "ratio" in item else "joined"
        seen = [part for part in item[form] if _seen(there, part)]
        result.missing += [part for part in item[form] if part not in seen]
        # Of a joined text the first part is the code itself, the others only tell variants apart.
        if len(seen) == len(item[form]):
            kept[name] = item
        elif form == "joined" and len(seen) >= 2 and item[form][0] in seen:
            kept[name] = {**item, "joined": seen}
        elif item[form][0] in seen:
            replaced[name] = _output_of(result.recipe, item[form][0]) or ""
    if kept != dict(result.recipe.get("computed", {})):
        result.changed.add("computed")
        result.recipe["computed"] = kept
    return {name: column for name, column in replaced.items() if column}


def _conditions(result: Adapted, there: dict[str, SourceTable]) -> None:
    where = result.recipe.get("where", {})
    kept = {name: wanted for name, wanted in where.items() if _seen(there, name)}
    if kept != where:
        result.missing += [f"where {name}" for name in where if name not in kept]
        result.changed.add("where")
        result.recipe["where"] = kept
    any_of = [part for part in result.recipe.get("any_of", []) if all(_seen(there, name) for name in part)]
    if any_of != result.recipe.get("any_of", []):
        result.changed.add("any_of")
        result.recipe["any_of"] = any_of


def _mapping(result: Adapted, outputs: set[str], replaced: Mapping[str, str]) -> None:
    for column, entry in list(result.mapping.items()):
        said = {"source": entry} if isinstance(entry, str) else dict(entry)
        if "value" in said:
            continue
        source, fallback = said.get("source"), said.get("fallback")
        source = replaced.get(str(source), source)
        if source not in outputs:
            source, fallback = fallback, None
        if fallback not in outputs:
            fallback = None
        if source not in outputs:
            del result.mapping[column]
            continue
        said = {**said, "source": source, "fallback": fallback}
        if fallback is None:
            del said["fallback"]
        result.mapping[column] = source if set(said) == {"source"} else said


def _outputs(recipe: Mapping[str, Any]) -> set[str]:
    return {*recipe["columns"], *(name for join in recipe.get("joins", []) for name in join.get("columns", {}))}


def _output_of(recipe: Mapping[str, Any], name: str) -> str | None:
    """Under which name `column` or `alias.column` is read, if it is."""
    path = parts(name)
    if len(path) == 1:
        return name if name in recipe["columns"] else None
    for join in recipe.get("joins", []):
        if str(join.get("as") or parts(join["table"])[-1]) == path[0]:
            return next((output for output, column in join.get("columns", {}).items() if column == path[1]), None)
    return None


def _seen(there: Mapping[str, SourceTable], name: str) -> bool:
    path = parts(name)
    alias, column = (path[0], path[1]) if len(path) == 2 else ("", name)
    return alias in there and _column(there[alias], column)


def _table(catalogue: Catalogue, name: str) -> SourceTable | None:
    try:
        return find_table(catalogue, "", "-", name)
    except Problem:
        return None


def _column(table: SourceTable, name: str) -> bool:
    try:
        find_column(table, "", "-", name)
    except Problem:
        return False
    return True
