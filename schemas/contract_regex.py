"""Regular expressions in rules: RE2, whose time grows with the text only, so none can run for ever.

Belongs here: whether an expression is one, and which of the common extras it asks for that RE2 does without.
"""

from __future__ import annotations

import re

from schemas.condition_types import database
from schemas.fields import Fields

MAX_LENGTH = 1000
_EXTRAS = (
    ("(?=", re.compile(r"\(\?=")),
    ("(?!", re.compile(r"\(\?!")),
    ("(?<=", re.compile(r"\(\?<=")),
    ("(?<!", re.compile(r"\(\?<!")),
    ("(?>", re.compile(r"\(\?>")),
    ("(?P=", re.compile(r"\(\?P=")),
    ("\\k<", re.compile(r"\\k<")),
    ("*+ ++ ?+", re.compile(r"[*+?}]\+")),
)
_BACKREFERENCE = re.compile(r"(?<!\\)(?:\\\\)*(\\[1-9])")


def check_regex(at: Fields, key: str, rule: str) -> None:
    """Raises Problem `rule_regex_large`, `rule_regex_extra` or `rule_regex_broken` at the line of `key`."""
    regex = at.text(key)
    if len(regex) > MAX_LENGTH:
        at.fail_at("rule_regex_large", key, rule=rule, reason=f"{len(regex)} > {MAX_LENGTH}")
    reason = "NUL" if "\0" in regex else _refusal(regex)
    if reason is None:
        return
    extra = next((name for name, form in _EXTRAS if form.search(regex)), None)
    reference = _BACKREFERENCE.search(regex)
    if extra is None and reference is not None:
        extra = reference[1]
    if extra is not None:
        at.fail_at("rule_regex_extra", key, rule=rule, regex=regex, extra=extra)
    if "repetition size" in reason or "too large" in reason:
        at.fail_at("rule_regex_large", key, rule=rule, reason=reason)
    at.fail_at("rule_regex_broken", key, rule=rule, regex=regex, reason=reason)


def _refusal(regex: str) -> str | None:
    """Why RE2 refuses the expression, in its words; None if it takes it."""
    import duckdb

    try:
        database().cursor().execute("select regexp_full_match('', ?)", [regex])
    except duckdb.Error as error:
        return str(error).partition("Error: ")[2] or str(error)
    return None


def matches(regex: str, value: str) -> bool:
    """Whether the whole text matches an expression that `check_regex` has passed."""
    ((found,),) = database().cursor().execute("select regexp_full_match(?, ?)", [value, regex]).fetchall()
    return bool(found)
