"""Yes and no, as people and systems write them."""

from __future__ import annotations

from hub.cleansing.result import Standard, unsure
from hub.cleansing.text import half_width, preflight, with_width

# The first line of each is how systems store it: no change worth telling.
_STORED = {"true": "true", "1": "true", "false": "false", "0": "false"}
_YES = ("是", "有", "对", "y", "yes", "t", "√", "✓", "✔", "启用", "有效", "在用", "正常")
_NO = ("否", "没有", "不", "n", "no", "f", "×", "✗", "✘", "停用", "无效", "禁用", "作废")
_WORDS = dict.fromkeys(_YES, "true") | dict.fromkeys(_NO, "false")


def boolean(raw: str) -> Standard:
    """ "true" or "false".

    >>> boolean("是"), boolean("TRUE").rule, boolean("也许").reason
    (Standard(value='true', rule='boolean.word', reason=None), None, 'boolean.unread')
    """
    special = preflight(raw)
    if special:
        return special
    word = half_width(raw).lower()
    if word in _STORED:
        return with_width(raw, Standard(_STORED[word]))
    if word in _WORDS:
        return Standard(_WORDS[word], "boolean.word")
    return unsure("boolean.unread")
