"""Two versions of a contract compared.

Belongs here: the whole comparison, and what is about the contract itself. Does not belong here: counting rows
(`count.py`), printing (portal/cli/contract.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.contracts.diff.change import Change, said, shown
from hub.contracts.diff.columns import column_changes
from hub.contracts.diff.rules import rule_changes
from hub.contracts.diff.whom import Concerned, department
from hub.contracts.named import with_neighbours
from schemas.model import Contract
from schemas.problems import Problem


def compare(old: Contract, new: Contract) -> list[Change]:
    """What changes from the one to the other; empty if nothing does.

    Who is concerned is told by this installation: its mappings, templates, other contracts, views.
    Raises Problem `contract_diff_entities`.
    """
    if old.entity != new.entity:
        raise Problem("contract_diff_entities", old=old.entity, new=new.entity)
    concerned = Concerned(old, with_neighbours(old))
    changes = [
        *column_changes(old, new, concerned),
        *_whole(old, new, concerned),
        *rule_changes(old, new, concerned),
    ]
    return [*changes, *_version(old, new, changes)]


def _whole(old: Contract, new: Contract, concerned: Concerned) -> Iterator[Change]:
    if old.business_key != new.business_key:
        told = said("key", old=", ".join(old.business_key), new=", ".join(new.business_key))
        columns = dict.fromkeys([*old.business_key, *new.business_key])
        lines = dict.fromkeys(line for column in columns for line in concerned.everybody(column))
        yield Change("key", old.entity, "breaks", told, tuple(lines))
    if old.owner != new.owner:
        told = said("owner", old=department(old.owner), new=department(new.owner))
        yield Change("owner", old.entity, "harmless", told)
    for name in dict.fromkeys([*old.sla, *new.sla]):
        if old.sla.get(name) != new.sla.get(name):
            told = said("sla", name=name, old=shown(old.sla.get(name)), new=shown(new.sla.get(name)))
            yield Change("sla", old.entity, "harmless", told, concerned.departments(None))


def _version(old: Contract, new: Contract, changes: list[Change]) -> Iterator[Change]:
    """The version number says whether somebody has to act: first number = yes."""
    if any(change.verdict == "breaks" for change in changes) and _first(new) <= _first(old):
        yield Change("version", old.entity, "breaks", said("version_stays", old=old.version, new=new.version))
    elif old.version != new.version:
        yield Change("version", old.entity, "harmless", said("version", old=old.version, new=new.version))


def _first(contract: Contract) -> int:
    number = contract.version.partition(".")[0]
    return int(number) if number.isdecimal() else 0
