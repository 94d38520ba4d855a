"""E-mail addresses.

Belongs here: their form, and what was probably meant by signs of a Chinese keyboard. Not here: telephones.
"""

from __future__ import annotations

import re

from hub.cleansing.result import Standard, Suggestion, unsure
from hub.cleansing.text import half_width, preflight_text

_EMAIL = re.compile(r"[a-z0-9._%+'-]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE | re.ASCII)
_LEAD = re.compile(r"^(?:mailto|e-?mail|邮箱|电子邮箱|邮件)\s*:\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s;,/、|]+")


def email(raw: str) -> Standard:
    """One address, its domain in lower case; several, or none that can be, are unsure.

    >>> email(" Zhang.San＠QQ.com").value, email("zhang@qq。com").suggestion.value
    ('Zhang.San@qq.com', 'zhang@qq.com')
    """
    special = preflight_text(raw)
    if special:
        return special
    typed = _LEAD.sub("", half_width(raw)).strip("<>")
    if _is_email(typed):
        local, _, domain = typed.partition("@")
        value = f"{local}@{domain.lower()}"
        return Standard(value, None if value == raw else "email.form")
    parts = [part for part in _BETWEEN.split(typed) if part]
    if len(parts) > 1 and all(map(_is_email, parts)):
        return unsure("email.several")
    likely = re.sub(r"\s+", "", typed).translate(str.maketrans("。，,、", "...."))
    return unsure("email.unread", Suggestion(likely.lower(), "email.signs", 0.95) if _is_email(likely) else None)


def _is_email(text: str) -> bool:
    local = text.partition("@")[0]
    return bool(_EMAIL.fullmatch(text)) and not (local.startswith(".") or local.endswith(".") or ".." in local)
