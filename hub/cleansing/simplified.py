"""Traditional characters where the factory writes simplified ones.

Belongs here: the change by OpenCC, and which characters it concerns. Not here: who asks for it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from hub.cleansing.result import Suggestion


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def simplified(text: str) -> str:
    """Traditional characters as simplified ones; phrases that keep theirs keep them (乾坤).

    >>> simplified("蘇州軸承"), simplified("乾坤")
    ('苏州轴承', '乾坤')
    """
    return str(_converter().convert(text))


@cache
def traditional() -> frozenset[str]:
    """The characters of the basic block that may change; a text without any of them is simplified already."""
    every = [chr(code) for code in range(0x4E00, 0xA000)]
    return frozenset(
        char for char, after in zip(every, simplified("\n".join(every)).split("\n"), strict=True) if char != after
    )


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(f"[{''.join(sorted(traditional()))}]")


def suggested(text: str) -> Suggestion | None:
    """The text in simplified characters, if any of its characters is traditional."""
    if text.isascii() or not _pattern().search(text):
        return None
    after = simplified(text)
    changed = sum(before != now for before, now in zip(text, after, strict=False))
    # One odd character may be a name's own; several are a text from Taiwan or Hong Kong.
    return Suggestion(after, "text.traditional", 0.95 if changed > 1 else 0.8) if changed else None
