"""Regular expressions of rules in the words of each engine. They are written in the syntax of RE2.

Belongs here: matching a whole value or a part of it, in DuckDB (RE2, linear in the value) and PostgreSQL. Not here:
which rules match what.
"""

from __future__ import annotations

import re
from typing import Literal

from hub.quality.literals import text
from schemas.problems import Problem

Dialect = Literal["duckdb", "postgres"]
# What RE2 says of ASCII only, and PostgreSQL of whatever its locale says.
_CLASSES = {
    "d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r ",
    "p{Han}": "\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
}  # fmt: skip
_PART = re.compile(
    r"\\(?P<class>d|w|s|p\{Han\})|\\(?P<negated>D|W|S|P\{Han\})|(?P<other>\\[pP](?:\{\w*\}|\w)|\\[zAQEC])|\\."
    r"|(?P<open>\[\^?\]?)|(?P<named>\[:\^?\w+:\])|(?P<close>\])",
    re.DOTALL,
)
_FLAGS = re.compile(r"\(\?([ims]+)\)")


def full_match(column: str, regex: str, dialect: Dialect) -> str:
    """SQL: the whole value matches; null for null."""
    if dialect == "duckdb":
        return f"regexp_full_match({column}, {text(regex)})"
    flags, body = _for_postgres(regex)
    return f"{column} ~ {text(f'{flags}^(?:{body})$')}"


def search(column: str, regex: str, dialect: Dialect) -> str:
    """SQL: a part of the value matches; null for null."""
    if dialect == "duckdb":
        return f"regexp_matches({column}, {text(regex)})"
    flags, body = _for_postgres(regex)
    return f"{column} ~ {text(flags + body)}"


def in_every_engine(regex: str) -> tuple[str, str] | None:
    """(embedded options, expression) that also Python's re reads alike; None if there are no such words.

    >>> in_every_engine(r"(?i)[a-z]\\d"), in_every_engine("(?m)^a$")
    (('(?i)', '[a-z][0-9]'), None)
    """
    try:
        flags, body = _for_postgres(regex)
    except Problem:
        return None
    return (flags, body) if flags in ("", "(?i)") and "[[:" not in body else None


def _for_postgres(regex: str) -> tuple[str, str]:
    """(embedded options, expression). Raises Problem for what PostgreSQL cannot say.

    >>> _for_postgres(r"(?i)\\d+[^\\d]")
    ('(?i)', '[0-9]+[^0-9]')
    """
    found = _FLAGS.match(regex)
    flags, body = (found[0], regex[found.end() :]) if found else ("", regex)
    if _FLAGS.search(body):
        raise Problem("rule_regex_not_portable", regex=regex, part=_FLAGS.search(body)[0])  # type: ignore[index]
    inside = False

    def said(part: re.Match[str]) -> str:
        nonlocal inside
        name = part["class"] or (part["negated"] or "").replace("D", "d").replace("W", "w").replace("S", "s")
        if part["other"] is not None or (inside and part["negated"]):
            raise Problem("rule_regex_not_portable", regex=regex, part=part[0])
        if part["class"]:
            return _CLASSES[name] if inside else f"[{_CLASSES[name]}]"
        if part["negated"]:
            return f"[^{_CLASSES[name.replace('P{', 'p{')]}]"
        if part["open"] and not inside:
            inside = True
        elif part["close"]:
            inside = False
        return part[0]

    return flags, _PART.sub(said, body)
