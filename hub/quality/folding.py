"""What two texts have in common when width, case, spacing or punctuation do not count, as SQL.

Belongs here: one expression that DuckDB and PostgreSQL evaluate alike. Not here: match keys of names and codes
(hub/cleansing), which know more than single characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from hub.quality.literals import text

_WIDE = "".join(map(chr, range(0xFF01, 0xFF5F)))
_NARROW = "".join(chr(ord(char) - 0xFEE0) for char in _WIDE)
_SPACES = " \t\n\r\u00a0\u2002\u2003\u2009\u3000"
_PLACES = (range(0x21, 0x7F), range(0xA1, 0xC0), range(0x2010, 0x2060), range(0x3001, 0x3020), range(0xFF01, 0xFF66))
_PUNCTUATION = "".join(
    char for places in _PLACES for char in map(chr, places) if unicodedata.category(char)[0] == "P"
) + "+=~|<>^`￥·"  # fmt: skip


def folded(value: str, ignoring: Collection[str]) -> str:
    """SQL for the text without what is ignored: any of width, case, spacing, punctuation.

    >>> folded("x", ["case"])
    'upper(x)'
    """
    dropped = (_SPACES if "spacing" in ignoring else "") + (_PUNCTUATION if "punctuation" in ignoring else "")
    kept = [(wide, narrow) for wide, narrow in zip(_WIDE, _NARROW, strict=True) if wide not in dropped]
    if "width" in ignoring:
        if "spacing" not in ignoring:
            kept.append(("\u3000", " "))
    else:
        kept = []
    told = value
    if kept or dropped:
        before = "".join(wide for wide, _ in kept) + "".join(dict.fromkeys(dropped))
        told = f"translate({value}, {text(before)}, {text(''.join(narrow for _, narrow in kept))})"
    return f"upper({told})" if "case" in ignoring else told
