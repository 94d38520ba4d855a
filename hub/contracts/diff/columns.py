"""What changed in the columns of a contract.

Belongs here: added, removed, renamed, retyped, narrowed and the like. Does not belong here: rules (`rules.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.contracts.diff.change import Change, called, said, shown
from hub.contracts.diff.whom import Concerned
from schemas.model import Column, Contract, Rule, Text

_LIKE = 80  # of 100, by rapidfuzz, before a name looks like a changed one


def column_changes(old: Contract, new: Contract, concerned: Concerned) -> Iterator[Change]:
    """All changes of columns. concerned: who uses the old contract."""
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    added = [column for name, column in after.items() if name not in before]
    for name, column in before.items():
        if name in after:
            yield from _changed(column, after[name], new, concerned)
            continue
        heir = next((other for other in added if _looks_like(column, other)), None)
        whom = concerned.everybody(name)
        if heir is None:
            yield Change("column_removed", name, "breaks", said("column_removed", column=called(column)), whom)
        else:
            added.remove(heir)
            told = said("column_renamed", old=called(column), new=called(heir))
            yield Change("column_renamed", name, "breaks", told, whom)
    for column in added:
        if column.required:
            told = said("column_added_required", column=called(column))
            whom = concerned.without(column.name)
            yield Change("column_added", column.name, "holds", told, whom, _probe(new, column, "required"))
        else:
            yield Change("column_added", column.name, "harmless", said("column_added", column=called(column)))


def _changed(old: Column, new: Column, contract: Contract, concerned: Concerned) -> Iterator[Change]:
    name, title = new.name, called(new)
    if old.type != new.type:
        told = said("column_type", column=title, old=old.type, new=new.type)
        yield Change("column_type", name, "breaks", told, concerned.everybody(name))
    else:
        yield from _size(old, new, contract, concerned)
    if old.unit != new.unit:
        told = said("column_unit", column=title, old=shown(old.unit), new=shown(new.unit))
        yield Change("column_unit", name, "breaks", told, concerned.everybody(name))
    if old.required != new.required:
        told = said("column_required" if new.required else "column_optional", column=title)
        whom = (*concerned.suppliers(name), *concerned.without(name)) if new.required else ()
        probe = _probe(contract, new, "required") if new.required else None
        yield Change("column_required", name, "holds" if new.required else "harmless", told, whom, probe)
    for kind, before, after in (
        ("column_code_list", old.code_list, new.code_list),
        ("column_standard", old.standard, new.standard),
        ("column_references", _target(old), _target(new)),
    ):
        if before != after:
            told = said(kind, column=title, old=shown(before), new=shown(after))
            yield Change(kind, name, "harmless" if after is None else "holds", told, concerned.suppliers(name))
    if gone := [word for word in old.synonyms if word not in new.synonyms]:
        told = said("column_synonyms", column=title, gone=", ".join(gone))
        yield Change("column_synonyms", name, "holds", told, concerned.suppliers(name))
    if (old.title, old.description, old.example) != (new.title, new.description, new.example):
        yield Change("column_words", name, "harmless", said("column_words", column=title))


def _size(old: Column, new: Column, contract: Contract, concerned: Concerned) -> Iterator[Change]:
    """Length of a text, digits of a number."""
    name = new.name
    if new.type == "string" and old.max_length != new.max_length:
        narrower = new.max_length is not None and (old.max_length is None or new.max_length < old.max_length)
        before, after = shown(old.max_length), shown(new.max_length)
        probe = _probe(contract, new, "length", max=new.max_length) if narrower else None
    elif new.type == "decimal" and (old.precision, old.scale) != (new.precision, new.scale):
        narrower = new.precision - new.scale < old.precision - old.scale or new.scale < old.scale
        before, after = f"({old.precision},{old.scale})", f"({new.precision},{new.scale})"
        most = 10 ** (new.precision - new.scale)
        probe = _probe(contract, new, "range", min=-most, max=most, exclusive=True) if narrower else None
    else:
        return
    told = said("column_narrower" if narrower else "column_wider", column=called(new), old=before, new=after)
    whom = concerned.everybody(name) if narrower else ()
    yield Change("column_size", name, "holds" if narrower else "harmless", told, whom, probe)


def _looks_like(old: Column, new: Column) -> bool:
    """Same type, and a name, title or synonym in common or nearly so."""
    from rapidfuzz import fuzz

    if old.type != new.type:
        return False
    words = {old.title.zh, old.title.en.lower(), *old.synonyms} & {new.title.zh, new.title.en.lower(), *new.synonyms}
    return bool(words) or fuzz.ratio(old.name, new.name) >= _LIKE


def _target(column: Column) -> str | None:
    return f"{column.references.entity}.{column.references.column}" if column.references else None


def _probe(contract: Contract, column: Column, kind: str, **args: object) -> Rule:
    """A rule for counting only; it is never shown."""
    nothing = Text("", "")
    return Rule(
        f"{contract.entity}.{column.name}", contract.entity, kind, "completeness", "error", nothing, nothing, nothing,
        column.name, args,
    )  # fmt: skip
