"""The domains that are matched, and the keys a record of each has.

Belongs here: pure functions record -> keys. Not here: linking, SQL that writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hub.cleansing.codes import material_match_key
from hub.cleansing.names import name_match_key
from hub.cleansing.uscc import is_valid

Record = Mapping[str, str | None]


@dataclass(frozen=True)
class Key:
    """Records that share `kind` and `key` are linked; stronger kinds link first."""

    kind: str
    key: str


@dataclass(frozen=True)
class Domain:
    """name: entity; prefix: of golden ids; columns: what `keys` reads from core.<name>.

    identity: kind of key of which a thing has only one, so that two different ones forbid a link.
    """

    name: str
    prefix: str
    columns: tuple[str, ...]
    keys: Callable[[Record], list[Key]]
    identity: str | None


def company_keys(name_column: str) -> Callable[[Record], list[Key]]:
    """Keys of a customer or supplier: a valid 统一社会信用代码 (with branch), and the normalised name."""

    def keys(record: Record) -> list[Key]:
        found: list[Key] = []
        name = name_match_key(record[name_column] or "")
        branch = name.partition("#")[2]
        uscc = record["uscc"]
        if uscc and is_valid(uscc):
            # Branches carry the head office's number on many papers; they stay things of their own.
            found.append(Key("uscc", f"{uscc}#{branch}" if branch else uscc))
        if name:
            found.append(Key("name", name))
        return found

    return keys


def material_keys(record: Record) -> list[Key]:
    """Keys of a material: the code without separators, look-alikes and lost leading zeros."""
    code = record["material_code"]
    return [Key("code", material_match_key(code))] if code else []


DOMAINS = (
    Domain("customer", "CU", ("customer_name", "uscc"), company_keys("customer_name"), "uscc"),
    Domain("supplier", "SU", ("supplier_name", "uscc"), company_keys("supplier_name"), "uscc"),
    Domain("material", "MA", ("material_code",), material_keys, None),
)
