"""Quantities with their unit in the cell: "5吨" in a column of kilograms is 5000.

Belongs here: which units a column understands and how many of its own each is. Exact fractions, no floats.
Not here: columns that hold a unit's code (`units.py`), the number itself (`figures.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

from hub.cleansing.codes import exact_key, lookup, spelling_key
from schemas.model import CodeList

NO_UNITS: Mapping[str, Fraction] = MappingProxyType({})
_DATA = Path(__file__).with_name("units.yaml")
_ALIASES = {"days": "day", "hours": "H", "hour": "H"}  # as contracts name the unit of a column


@cache
def _further() -> list[tuple[str, Fraction, list[str]]]:
    """[(unit, how many of it one is, spellings)] of units.yaml."""
    entries = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return [(entry["of"], Fraction(entry["factor"]), entry["spellings"]) for entry in entries]


def understood(unit: str | None, units: CodeList | None) -> Mapping[str, Fraction]:
    """{spelling key: how many of `unit` one is} of every unit that measures the same; {} if `unit` is unknown.

    `units`: the code list, whose entries say `dimension` and `factor`.
    """
    unit = _ALIASES.get(unit or "", unit)
    sizes = (
        {code.code: (code.attributes.get("dimension"), code.attributes.get("factor")) for code in units.codes}
        if units
        else {}
    )
    sizes |= {of: (of, "1") for of, _, _ in _further() if of not in sizes and of == "day"}
    if unit not in sizes or not all(sizes[unit]):
        return NO_UNITS
    dimension, own = sizes[unit][0], Fraction(str(sizes[unit][1]))
    found: dict[str, Fraction | None] = {}
    for spelling, code in (lookup(units) if units else {}).items():
        if sizes[code][0] == dimension:
            found[spelling] = Fraction(str(sizes[code][1])) / own
    for of, factor, spellings in _further():
        if of not in sizes or sizes[of][0] != dimension:
            continue
        times = factor * Fraction(str(sizes[of][1])) / own
        for key in (key for spelling in spellings for key in (exact_key(spelling), spelling_key(spelling))):
            # Two sizes for one spelling: neither.
            found[key] = times if found.get(key, times) == times else None
    return {key: times for key, times in found.items() if times is not None}


def split(typed: str, units: Mapping[str, Fraction]) -> tuple[str, Fraction] | None:
    """("5", 1000) of "5吨" where tonnes are understood: the longest known unit at the end; None if there is none.

    >>> split("5 吨", {"吨": Fraction(1000)})
    ('5', Fraction(1000, 1))
    """
    for start in range(1, len(typed)):
        unit = typed[start:]
        if unit[0].isdigit() or unit[0] in " .,-+":
            continue
        times = units.get(exact_key(unit)) or units.get(spelling_key(unit))
        if times is not None:
            return typed[:start].strip(), times
    return None
