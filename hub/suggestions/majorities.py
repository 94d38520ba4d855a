"""What most rows say: spellings of one text, and values that depend on others.

Belongs here: deciding over counted values, purely. Not here: counting them (counted.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hub.suggestions.confidence import LEAST, share

Counts = Mapping[str, int]  # value -> rows

_LEGAL = re.compile("股份|有限|责任|公司|集团")
_PUNCTUATION = re.compile(r"(?<!\d)[\W_]+|[\W_]+(?!\d)")


class Majority(NamedTuple):
    """value: what `seen` of `of` rows say."""

    value: str
    seen: int
    of: int


def spelling_key(text: str) -> str:
    """Equal for spellings that differ in width, case, blanks and punctuation only; a sign between digits counts.

    >>> spelling_key("Ａ-b （c）") == spelling_key("ab(C)"), spelling_key("1.5") == spelling_key("15")
    (True, False)
    """
    return _PUNCTUATION.sub("", unicodedata.normalize("NFKC", text).casefold())


def dominant_spellings(counts: Counts) -> dict[str, Majority]:
    """{spelling: the one that nearly all rows with the same key use}, for every other spelling."""
    groups: dict[str, dict[str, int]] = {}
    for text, rows in counts.items():
        if key := spelling_key(text):
            groups.setdefault(key, {})[text] = rows
    return {
        text: most
        for group in groups.values()
        if len(group) > 1 and (most := majority(group)) is not None
        for text in group
        if text != most.value
    }


def majority(counts: Counts) -> Majority | None:
    """The value of nearly all rows, if there are enough of them to be sure; None otherwise."""
    value, seen = max(counts.items(), key=lambda entry: (entry[1], entry[0]))
    of = sum(counts.values())
    return Majority(value, seen, of) if len(counts) > 1 and share(seen, of) >= LEAST else None


def known_name(counts: Counts) -> Majority | None:
    """The name under which one registration number is known: at least two rows agree, and no two on another name.

    A number belongs to one organisation, so the other names are slips or short forms of it.
    """
    (value, seen), *others = sorted(counts.items(), key=lambda entry: -entry[1])
    if not others or seen < 2 or any(rows > 1 for _, rows in others):
        return None
    return Majority(value, seen, sum(counts.values()))


def may_stand_for(other: str, name: str) -> bool:
    """Whether `other` is a short form or a slip of `name`: not another company, and not the fuller name of the two.

    >>> may_stand_for("恒力公司", "苏州恒力有限公司"), may_stand_for("苏州恒力有限公司", "恒力有限公司")
    (True, False)
    """
    from rapidfuzz.distance import OSA, Indel

    if len(other) > len(name) + 1 and _is_shortened(name, other):
        return False
    return OSA.distance(name, other) <= 2 or Indel.normalized_similarity(_bare(name), _bare(other)) >= 0.6


def _is_shortened(short: str, full: str) -> bool:
    """Whether the characters of `short` stand in `full` in the same order."""
    rest = iter(full)
    return all(char in rest for char in short)


def _bare(name: str) -> str:
    return _LEGAL.sub("", name)


def one_of(values: Iterable[str]) -> str | None:
    """The only value; None if there are more."""
    different = set(values)
    return different.pop() if len(different) == 1 else None
