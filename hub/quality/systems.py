"""What rules over all rows know of the source systems: their kind, and which are kept in account sets.

Belongs here: naming systems in SQL. Not here: the rules (`set_templates.py`), reading the configuration.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from connectors.config_models import SystemConfig
from hub.quality.literals import text

KINDS_OF_SYSTEMS = ("erp", "mes", "excel")
_ALWAYS = (*KINDS_OF_SYSTEMS, "uploads")


@dataclass(frozen=True)
class Systems:
    """kinds: {system: "erp", "mes" or "excel"}; in_sets: systems whose keys begin with an account set."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    in_sets: frozenset[str] = frozenset()

    @classmethod
    def of(cls, configured: Iterable[SystemConfig]) -> Systems:
        """The systems of pipelines/defs."""
        known = list(configured)
        return cls(
            {item.system: item.kind for item in known},
            frozenset(item.system for item in known if item.databases is not None),
        )

    def named(self, words: Collection[str]) -> list[str]:
        """The systems a rule means: each word is a system's name or a kind."""
        return sorted({*words, *(name for name, kind in self.kinds.items() if kind in words)})

    def unknown(self, words: Collection[str]) -> list[str]:
        """Words that are neither a kind nor a configured system; none while no system is configured."""
        return [word for word in words if self.kinds and word not in self.kinds and word not in _ALWAYS]

    def as_table(self) -> str:
        """SQL of a common table `source_system(name, kind, in_sets)`."""
        rows = [
            f"({text(name)}, {text(kind)}, {str(name in self.in_sets).lower()})"
            for name, kind in sorted(self.kinds.items())
        ]
        values = ", ".join(rows or ["(null::text, null::text, false)"])
        return f"source_system(name, kind, in_sets) as (values {values})"


NO_SYSTEMS = Systems()


def system_of(alias: str, dataset: str = "_dataset") -> str:
    """SQL for the system a row came from."""
    return f"split_part({alias}.{dataset}, '.', 1)"


def account_set(alias: str, systems: Systems, dataset: str = "_dataset", key: str = "_source_key") -> str | None:
    """SQL for the account set a row came from, null for rows of other systems; None if no system has any.

    The set is the first part of the key (connectors/erp/account_sets.py), with \\ before a | of its own.
    """
    if not systems.in_sets:
        return None
    names = ", ".join(map(text, sorted(systems.in_sets)))
    return (
        f"case when {system_of(alias, dataset)} in ({names})"
        f" then substring({alias}.{key} from '^(?:[^|\\\\]|\\\\.)*') end"
    )
