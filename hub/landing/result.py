"""What a load came to.

Belongs here: the counts that must add up. Not here: counting (load.py, rejudge.py, holding.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from schemas.problems import Problem


@dataclass(frozen=True)
class LoadResult:
    """rows_read = loaded + held + rejected + unchanged; deleted keys are counted beside.

    returned: of the loaded, rows that were held before.
    """

    dataset: str
    load_id: int
    status: str  # ok, failed, paused
    rows_read: int = 0
    loaded: int = 0
    held: int = 0
    rejected: int = 0
    unchanged: int = 0
    deleted: int = 0
    returned: int = 0
    problem: Problem | None = None

    @classmethod
    def of(
        cls, dataset: str, load_id: int, status: str, counts: Counter[str], problem: Problem | None = None
    ) -> LoadResult:
        """From counts by these names; others are left aside."""
        names = ("rows_read", "loaded", "held", "rejected", "unchanged", "deleted", "returned")
        return cls(dataset, load_id, status, **{name: counts[name] for name in names}, problem=problem)

    @property
    def adds_up(self) -> bool:
        return self.rows_read == self.loaded + self.held + self.rejected + self.unchanged
