"""Which of the names that exist a mistyped name most likely meant.

Belongs here: ordering names for a sentence. Does not belong here: deciding anything by likeness.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher


def nearest_first(wrong: str, known: Iterable[str]) -> list[str]:
    """All known names, those most like `wrong` first, names that are equally far in their own order."""
    wrong = wrong.casefold()
    return sorted(known, key=lambda name: -round(SequenceMatcher(None, wrong, name.casefold()).ratio(), 2))


def listed(wrong: str, known: Iterable[str]) -> str:
    """The known names as one text for a sentence, the likeliest first; "-" if there is none."""
    return ", ".join(nearest_first(wrong, known)) or "-"
