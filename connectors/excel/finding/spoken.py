"""Header words under other spellings: traditional characters, pinyin in full or by first letters.

Belongs here: the spellings of one text. Does not belong here: which column a header means (headers.py), fuzzy
likeness (only ever proposed to a person). Looked at when the plain spellings were not enough: both libraries cost
time to load.
"""

from __future__ import annotations

import itertools
import re
from functools import cache, lru_cache
from typing import Any

_HAN = re.compile("[\u3400-\u9fff]")
_MOST_READINGS = 16  # of one word; a longer word of ambiguous characters keeps its usual reading
MIN_INITIALS = 2


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


@lru_cache(maxsize=20_000)
def simplified(text: str) -> str:
    """The text in simplified characters: 供應商編號 -> 供应商编号."""
    return str(_converter().convert(text)) if _HAN.search(text) else text


@lru_cache(maxsize=20_000)
def pinyin(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """(full spellings, first letters) of a Chinese text without tones; both empty if it has no Chinese.

    >>> full, initials = pinyin("重量")
    >>> sorted(full), sorted(initials)
    (['chongliang', 'tongliang', 'zhongliang'], ['cl', 'tl', 'zl'])
    """
    if not _HAN.search(text):
        return frozenset(), frozenset()
    from pypinyin import Style, lazy_pinyin
    from pypinyin import pinyin as readings

    # ü is typed as v and as u; a word's own reading counts beside those of its single characters
    usual = [lazy_pinyin(text, style=Style.NORMAL)]
    each = [readings(character, style=Style.NORMAL, heteronym=True)[0] for character in text]
    count = 1
    for choices in each:
        count *= len(choices)
    if count <= _MOST_READINGS:
        usual += [list(line) for line in itertools.product(*each)]
    full = {"".join(line).replace("ü", "v").lower() for line in usual}
    initials = {"".join(part[:1] for part in line).lower() for line in usual if len(line) >= MIN_INITIALS}
    return frozenset(full | {word.replace("v", "u") for word in full}), frozenset(initials)
