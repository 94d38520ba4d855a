"""Contracts by the name a person gives: an entity, or the path of a YAML file anywhere.

Belongs here: finding and reading. Does not belong here: what is made of the contract.
"""

from __future__ import annotations

from pathlib import Path

from schemas.loader import contract_file, contracts
from schemas.model import Contract
from schemas.problems import Problem

_FILES = (".yaml", ".yml")


def is_file(name: str) -> bool:
    """Whether a name means a file: it ends like one, or has a folder in it."""
    return name.endswith(_FILES) or "/" in name or "\\" in name


def named(name: str) -> Contract:
    """The contract of an entity or of a file.

    Raises Problem `contract_unknown`, and those of reading a contract.
    """
    if is_file(name):
        return contract_file(Path(name))
    known = contracts()
    if name not in known:
        raise Problem("contract_unknown", name=name, known=", ".join(sorted(known)))
    return known[name]


def with_neighbours(contract: Contract) -> dict[str, Contract]:
    """{entity: contract} of the installation, with this one in the place of the one it replaces."""
    return {**contracts(), contract.entity: contract}
