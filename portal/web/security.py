"""What every response and request must satisfy: headers, Host, Origin, size of forms.

Belongs here: checks that need no user. Not here: sessions (sessions.py), roles and CSRF tokens (access.py).
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CSP = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
    "frame-ancestors 'none'; img-src 'self' data:"
)
# Great Expectations' pages carry inline styles; they may neither send anything nor be framed.
_DATA_DOCS_CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; connect-src 'none'; base-uri 'none'; object-src 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
DATA_DOCS = "/data-docs/"


def allowed_hosts() -> frozenset[str]:
    """Host names (without port) this portal answers to; WATERWORKS_PORTAL_HOSTS adds more, comma-separated."""
    extra = os.environ.get("WATERWORKS_PORTAL_HOSTS", "")
    return frozenset({"127.0.0.1", "localhost", "::1", *(name.strip().lower() for name in extra.split(",") if name)})


class Guard:
    """Refuses foreign Host and Origin and sets the security headers of every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _set_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        refusal = _refusal(scope["method"], Headers(scope=scope))
        if refusal:
            await PlainTextResponse(refusal, status_code=403)(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)


def _set_headers(headers: MutableHeaders, path: str) -> None:
    headers["Content-Security-Policy"] = _DATA_DOCS_CSP if path.startswith(DATA_DOCS) else _CSP
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if path.startswith("/static/"):
        headers.setdefault("Cache-Control", "max-age=3600")
    else:
        headers["Cache-Control"] = "no-store"


def _refusal(method: str, headers: Headers) -> str | None:
    """Why this request is not answered, or None."""
    host = headers.get("host", "")
    if (urlsplit(f"//{host}").hostname or "") not in allowed_hosts():
        return "This address is not known here. Use the address your IT gave you, or ask IT to add it."
    if method not in SAFE_METHODS:
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return "The request comes from another site and is refused."
        if headers.get("sec-fetch-site") not in (None, "same-origin", "none"):
            return "The request comes from another site and is refused."
    return None
