"""What a department accepted before, applied to texts nobody decided on yet.

Belongs here: the same text in another column of the same kind; the same part of a text replaced by the same part.
Not here: a text of the same column, which is remembered and no suggestion any more (hub/cleansing/decisions.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import takewhile
from typing import NamedTuple

from hub.suggestions.confidence import LEAST, MEASURED, share

Pair = tuple[str, str]  # raw text, accepted value

_KEPT, _LEAST_PAIRS = 2, 2  # characters that must stay for it to be a part, and pairs that must agree


class Change(NamedTuple):
    """`old` replaced by `new` at the beginning or the end of a text."""

    at: str  # "start", "end"
    old: str
    new: str

    def on(self, text: str) -> str | None:
        """The text after the change; None if it does not have the part, or nothing but it."""
        if len(text) < len(self.old) + _KEPT:
            return None
        if self.at == "end" and text.endswith(self.old):
            return text[: len(text) - len(self.old)] + self.new
        if self.at == "start" and text.startswith(self.old):
            return self.new + text[len(self.old) :]
        return None


class Learned(NamedTuple):
    """value: what the change makes of a text; accepted, dismissed: how often the same change was."""

    value: str
    confidence: float
    accepted: int
    dismissed: int


def change_of(raw: str, value: str) -> Change | None:
    """The part that differs, if the rest is one piece of at least two characters.

    >>> change_of("恒力有限责任公司", "恒力有限公司")
    Change(at='end', old='责任公司', new='公司')
    >>> change_of("(停)恒力", "恒力"), change_of("ab", "xy")
    (Change(at='start', old='(停)', new=''), None)
    """
    head = _shared(raw, value)
    tail = _shared(raw[::-1], value[::-1])[::-1]
    if len(head) >= max(len(tail), _KEPT):
        # The shared tail belongs to the part: 责任公司 -> 公司 is a change at the end, 责任 -> nothing is not.
        return Change("end", raw[len(head) :], value[len(head) :]) if raw != head else None
    if len(tail) >= _KEPT:
        return Change("start", raw[: len(raw) - len(tail)], value[: len(value) - len(tail)]) if raw != tail else None
    return None


def _shared(one: str, other: str) -> str:
    """What both begin with."""
    return "".join(pair[0] for pair in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def same_changes(
    accepted: Iterable[Pair], dismissed: Iterable[Pair], texts: Iterable[str], known: Collection[str]
) -> dict[str, Learned]:
    """{text: what the department's own changes make of it}.

    known: values that the column has; a change that leads to one of them needs two accepted examples, any other
    as many as make it sure by themselves.
    """
    said_yes = Counter(change for pair in set(accepted) if (change := change_of(*pair)))
    said_no = Counter(change for pair in set(dismissed) if (change := change_of(*pair)))
    ways = [(change, yes, said_no[change]) for change, yes in said_yes.items() if yes >= _LEAST_PAIRS]
    found: dict[str, Learned] = {}
    for text in texts if ways else ():
        for change, yes, no in ways:
            value = change.on(text)
            if value is None or value == text:
                continue
            sure = share(yes, yes + no) if change.old else 0.0  # adding to everything proves nothing
            if value in known and no == 0:
                sure = max(sure, MEASURED["learned.part"])
            if sure >= LEAST and sure > found.get(text, Learned("", 0.0, 0, 0)).confidence:
                found[text] = Learned(value, sure, yes, no)
    return found
