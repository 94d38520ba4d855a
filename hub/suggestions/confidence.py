"""How sure a suggestion is, and from when on it is made at all.

Belongs here: the formulas and the measured shares behind them (docs/decisions/0030). Not here: finding suggestions.

- A suggestion that rests on counted rows (most rows say so) is as sure as those rows make it: `share`.
- One that rests on a way of reasoning is as sure as that way was right where the truth is known: `MEASURED`.
- Both are then moved by what the department itself accepted and dismissed of the same kind: `learned`.
A suggestion is made from `LEAST` on; a kind that a department keeps dismissing falls below `SHOWN` and is left out.
"""

from __future__ import annotations

LEAST = 0.9
SHOWN = 0.5
# The right ones among those made on the demo factory (python -m examples.demo_factory score), by the rule of succession
# and rounded down; of what the demo factory does not have, a cautious guess that decisions will correct.
MEASURED = {
    "reference.nearest": 0.96,
    "code.elsewhere": 0.98,
    "depends.name": 0.97,
    "depends.uscc": 0.98,
    "learned.text": 0.95,
    "learned.part": 0.9,
}
_WEIGHT = 20  # so many decisions of a department weigh as much as the measured share


def share(for_it: int, all_rows: int) -> float:
    """Of counted rows, by the rule of succession: 1 of 1 proves little, 99 of 100 nearly all.

    >>> share(1, 1), share(19, 20)
    (0.6666666666666666, 0.9090909090909091)
    """
    return (for_it + 1) / (all_rows + 2)


def learned(confidence: float, accepted: int, dismissed: int) -> float:
    """After a department's own decisions on suggestions of this kind.

    >>> learned(0.9, 0, 0), learned(0.9, 0, 20), learned(0.9, 20, 0)
    (0.9, 0.45, 0.95)
    """
    return round((confidence * _WEIGHT + accepted) / (_WEIGHT + accepted + dismissed), 4)
