"""The shape of a suggestion that comes from comparing rows, before it is stored.

Belongs here: that shape. Not here: where it comes from (the other modules), how it is stored (refresh.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Idea:
    """`value` in place of `current`, in column `column` of an entity.

    current: the standard value as text that the rows have now, None where they have none. dataset: only its rows;
    None: those of every dataset of the `department`; both None: all. source_key: only this row (`dataset` is given
    then). this_row_only: the text may be right elsewhere, so that accepting corrects the row and remembers nothing.
    rule: a key of hub/cleansing/rules.yaml, "suggestions". detail: facts a person can check, such as
    {"seen": 19, "of": 20}.
    """

    column: str
    current: str | None
    value: str
    rule: str
    confidence: float
    detail: dict[str, Any] = field(default_factory=dict)
    dataset: str | None = None
    department: str | None = None
    source_key: str | None = None
    this_row_only: bool = False
