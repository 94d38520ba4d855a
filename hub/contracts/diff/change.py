"""One difference between two versions, as both languages tell it.

Belongs here: the type and making its sentences. Does not belong here: finding differences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from hub.contracts.words import word
from schemas.model import Column, Rule, Text

# breaks: somebody's work stops until it is changed, too. holds: rows of today may be held back. harmless: neither.
Verdict = Literal["breaks", "holds", "harmless"]


@dataclass(frozen=True)
class Change:
    """`subject`: the column or rule id concerned. `whom`: who has to do something, one line each.

    probe: a rule that today's rows may break because of the change, for counting them.
    """

    kind: str
    subject: str
    verdict: Verdict
    sentence: Text
    whom: tuple[Text, ...] = ()
    probe: Rule | None = None


def said(key: str, /, **params: Any) -> Text:
    """The words of a key in both languages; a parameter may be a Text itself."""

    def spoken(language: Any) -> str:
        own = {name: value[language] if isinstance(value, Text) else value for name, value in params.items()}
        return word(language, f"diff.{key}", **own)

    return Text(spoken("zh"), spoken("en"))


def called(column: Column) -> Text:
    """A column by title and name."""
    return Text(f"{column.title.zh}（{column.name}）", f"{column.title.en} ({column.name})")


def shown(value: object) -> object:
    """A value, or "none"."""
    return said("none") if value in (None, "", (), {}) else value
