"""Whether a changed rule lets through less or more than before.

Belongs here: comparing arguments, kind by kind. Does not belong here: sentences (`rules.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from schemas.model import Rule

Tendency = Literal["stricter", "looser", "different"]
# Arguments that are a limit: +1 = a greater one lets through less.
_LIMITS = {
    "min": 1, "max": -1, "of": 1, "deviations": -1, "tolerance": -1, "within_percent": -1, "percent": -1, "hours": -1,
    "max_drop_percent": -1, "at_most": -1, "min_digits": 1,
}  # fmt: skip
# A flag that, once true, lets through less.
_TIGHTENING = frozenset({"exclusive", "strict"})
# Lists: what is added makes the rule stricter (+1) or looser (-1).
_LISTS = {"values": -1, "columns": -1, "by": -1, "with": -1, "ignoring": 1, "sources": -1}


def tendency(old: Rule, new: Rule) -> tuple[Tendency, list[str]] | None:
    """(what became of it, the arguments that changed as "name: old -> new"); None if nothing did."""
    changed = {
        name: (old.args.get(name), new.args.get(name))
        for name in dict.fromkeys([*old.args, *new.args])
        if old.args.get(name) != new.args.get(name)
    }
    told = [f"{name}: {_short(before)} → {_short(after)}" for name, (before, after) in changed.items()]
    ways = {_way(new.kind, name, before, after) for name, (before, after) in changed.items()}
    if old.where != new.where:
        told.append(f"where: {_short(old.where)} → {_short(new.where)}")
        ways.add("looser" if old.where is None else "stricter" if new.where is None else "different")
    if old.kind != new.kind or old.column != new.column:
        told.append(f"{old.kind} {old.column or ''} → {new.kind} {new.column or ''}")
        ways = {"different"}
    if not ways:
        return None
    return (ways.pop() if len(ways) == 1 else "different"), told


def _way(kind: str, name: str, before: Any, after: Any) -> Tendency:
    if name in _TIGHTENING:
        return "stricter" if after else "looser"
    if name in _LISTS:
        return _by_lists(_LISTS[name], set(map(str, before or ())), set(map(str, after or ())))
    if name in _LIMITS and not (name == "of" and kind not in ("step",)):
        return _by_limits(_LIMITS[name], before, after)
    return "different"


def _by_lists(sign: int, before: set[str], after: set[str]) -> Tendency:
    ways: dict[Tendency, Callable[[], bool]] = {
        "stricter": lambda: after > before if sign > 0 else after < before,
        "looser": lambda: after < before if sign > 0 else after > before,
    }
    return next((way for way, test in ways.items() if test()), "different")


def _by_limits(sign: int, before: Any, after: Any) -> Tendency:
    if before is None or after is None:  # a limit that was not there, or is there no longer
        return "looser" if after is None else "stricter"
    try:
        grown = float(after) > float(before)
    except (TypeError, ValueError):
        grown = str(after) > str(before)  # dates as 2026-01-31 compare as texts
    return "stricter" if grown == (sign > 0) else "looser"


def _short(value: Any) -> str:
    text = "-" if value is None else " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."
