"""Which column of a table could fill which column of an entity, by name and caption.

Belongs here: comparing words, pure functions. Does not belong here: writing the mapping (`proposal.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.erp.examine.captions import Captions
from schemas.model import Column, Contract


@dataclass
class Guess:
    """columns: {entity column: source column}; forced: those without which no mapping loads, filled in from
    the key because nothing fitted; open: entity columns nothing was found for."""

    columns: dict[str, str] = field(default_factory=dict)
    forced: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def guessed(contract: Contract, table: str, columns: Sequence[str], key: Sequence[str], captions: Captions) -> Guess:
    """The best fitting column for each column of the entity; every source column is used once."""
    scores = [
        (_fit(wanted, name, captions.column(table, name)), number, wanted.name, name)
        for number, wanted in enumerate(contract.columns)
        for name in columns
    ]
    guess = Guess()
    used: set[str] = set()
    for score, _, wanted_name, name in sorted(scores, key=lambda item: (-item[0], item[1])):
        if score > 0 and wanted_name not in guess.columns and name not in used:
            guess.columns[wanted_name] = name
            used.add(name)
    spare = [*(name for name in key if name not in used), *(name for name in columns if name not in used)]
    for wanted_name in contract.business_key:
        if contract.column(wanted_name).required and wanted_name not in guess.columns and spare:
            guess.columns[wanted_name] = spare.pop(0)
            guess.forced.append(wanted_name)
    guess.columns = {c.name: guess.columns[c.name] for c in contract.columns if c.name in guess.columns}
    guess.open = [column.name for column in contract.columns if column.name not in guess.columns]
    return guess


def _fit(wanted: Column, name: str, caption: str | None) -> int:
    """3: the same word; 2: one is the other with something around it; 0: nothing in common."""
    words = [_folded(word) for word in (wanted.title.zh, wanted.title.en, *wanted.synonyms, wanted.name)]
    best = 0
    for said in filter(None, (_folded(name), _folded(caption or ""))):
        if said in words:
            best = max(best, 3)
        elif any(len(word) >= 2 and (word in said or (said in word and len(said) >= 3)) for word in words):
            best = max(best, 2)
    return best


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())
