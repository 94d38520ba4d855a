"""Text that a spreadsheet program must not take for a formula when it opens an export."""

from __future__ import annotations


def inert(text: str) -> str:
    """The text with an apostrophe before it if it would begin a formula in a CSV file.

    >>> inert("=cmd()"), inert("-5"), inert("法兰")
    ("'=cmd()", "'-5", '法兰')
    """
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
