"""Turning a view's values into a page: Jinja, the language, the menu.

Belongs here: what every page needs. Not here: values of one page (pages/), wording (portal/i18n).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from portal.i18n import LANGUAGES, catalogue, text
from portal.web import access, names, sessions
from schemas.problems import Language

TIMEZONE = ZoneInfo("Asia/Shanghai")
DASH = "–"


@dataclass(frozen=True)
class Item:
    """One line of the menu; `key` names its wording, `path` its route."""

    key: str
    path: str


MENU: tuple[tuple[str | None, tuple[Item, ...]], ...] = (
    (None, (Item("menu.home", "/"),)),
    ("menu.business", (Item("menu.uploads", "/uploads"), Item("menu.templates", "/templates"))),
    (
        "menu.quality",
        (
            Item("menu.dashboard", "/quality"),
            Item("menu.findings", "/quality/findings"),
            Item("menu.held", "/quality/held"),
            Item("menu.rejected", "/quality/rejected"),
            Item("menu.suggestions", "/suggestions"),
        ),
    ),
    (
        "menu.operations",
        (Item("menu.sync", "/sync"), Item("menu.files", "/sync/files"), Item("menu.audit", "/audit")),
    ),
)


@cache
def environment() -> Environment:
    """The template environment; an undefined name in a template is an error, not a blank."""
    made = Environment(
        loader=PackageLoader("portal.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "when": when, "day": day, "score": score, "state": score_state, "size": size}
    made.globals |= {"names": names, "query": query, "DASH": DASH}
    return made


def language(request: Request) -> Language:
    """The user's language; a visitor's from the cookie, then from the browser."""
    user = getattr(request.state, "user", None)
    if user is not None:
        return user.language
    wanted = request.cookies.get(sessions.LANGUAGE_COOKIE)
    if wanted in LANGUAGES:
        return wanted
    accepted = request.headers.get("accept-language", "").lower()
    return "en" if accepted.startswith("en") else "zh"


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render `templates/<template>.html`; gives it t(key), lang, user, csrf, the menu and `values`."""
    lang = language(request)
    user = getattr(request.state, "user", None)
    query_string = request.url.query
    context = {
        "t": partial(text, lang),
        "lang": lang,
        "user": user,
        "csrf": getattr(request.state, "csrf", ""),
        "menu": menu(user.role) if user else (),
        "path": request.url.path,
        "here": request.url.path + (f"?{query_string}" if query_string else ""),
        "grid_words": {key[5:]: words for key, words in catalogue(lang).items() if key.startswith("grid.")},
        "has_text": catalogue(lang).__contains__,
        **values,
    }
    return HTMLResponse(environment().get_template(f"{template}.html").render(context), status)


def menu(role: str) -> list[tuple[str | None, list[Item]]]:
    """The menu with only what the role may open."""
    groups = [(group, [item for item in items if access.may(role, "GET", item.path)]) for group, items in MENU]
    return [(group, items) for group, items in groups if items]


def number(value: Any) -> str:
    """12345 -> "12,345"; nothing known -> a dash."""
    return DASH if value is None else f"{value:,}"


def when(value: datetime | None) -> str:
    """A moment in factory time, "2026-11-22 06:30"."""
    return DASH if value is None else value.astimezone(TIMEZONE).strftime("%Y-%m-%d %H:%M")


def day(value: datetime | None) -> str:
    """A date in factory time."""
    return DASH if value is None else value.astimezone(TIMEZONE).strftime("%Y-%m-%d")


def score(value: Any) -> str:
    """A score of 0-100 with one decimal; never rounded up to a full 100."""
    if value is None:
        return DASH
    return "99.9" if 99.9 < value < 100 else f"{value:.1f}"


def score_state(value: Any) -> str:
    """ok from 95, warn from 85, bad below; none where nothing was checked."""
    if value is None:
        return "none"
    return "ok" if value >= 95 else "warn" if value >= 85 else "bad"


def size(value: int) -> str:
    """Bytes for people."""
    return f"{value / 1_048_576:.1f} MB" if value >= 1_048_576 else f"{max(1, round(value / 1024))} kB"


def query(values: dict[str, Any], **changes: Any) -> str:
    """A query string of the filled values after the changes: "?a=1&b=2", or ""."""
    merged = {key: value for key, value in {**values, **changes}.items() if value not in (None, "")}
    return f"?{urlencode(merged)}" if merged else ""
