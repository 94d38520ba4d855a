"""The answer of a standardiser: the standard text, the rule that made it, or why there is none.

Belongs here: that shape and how to make it. Not here: any standardiser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Suggestion(NamedTuple):
    """What was probably meant: shown to people, applied only when one of them says so.

    value: standard text of the column. rule: why (a key of rules.yaml, "suggestions").
    confidence: 0 to 1, how often such a suggestion is right.
    """

    value: str
    rule: str
    confidence: float


class Standard(NamedTuple):
    """What one raw text means.

    value: canonical text (numbers "12.5", dates "2024-03-05", booleans "true"/"false"), or None.
    rule: what was done to it (a key of rules.yaml, "changes"), None if it was standard already.
    reason: why no value could be made (a key of rules.yaml); None if it was sure.
    suggestion: what it probably should be, beside the value that it is; None if nothing is to be said.
    Value None with reason None means blank.
    """

    value: str | None
    rule: str | None = None
    reason: str | None = None
    suggestion: Suggestion | None = None


Standardiser = Callable[[str], Standard]

BLANK = Standard(None)


def unsure(reason: str, suggestion: Suggestion | None = None) -> Standard:
    """No value: a silent wrong one would be worse."""
    return Standard(None, None, reason, suggestion)
