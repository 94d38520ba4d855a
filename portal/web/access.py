"""Who may use which route, and the token every write must carry: one table, one dependency.

Belongs here: the table route x role and its check. Not here: who someone is (sessions.py). A route that
is missing from the table is refused, and a test fails.
"""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from portal.web import sessions
from portal.web.security import SAFE_METHODS
from portal.web.sessions import User
from portal.web.store import Store

ANYONE = frozenset({"anonymous", "it", "coach", "business"})
SIGNED_IN = frozenset({"it", "coach", "business"})
STEWARDS = frozenset({"it", "coach"})
IT = frozenset({"it"})

ROUTES: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/log-in"): ANYONE,
    ("POST", "/log-in"): ANYONE,
    ("POST", "/language"): ANYONE,
    ("GET", "/healthy"): ANYONE,
    ("POST", "/log-out"): SIGNED_IN,
    ("GET", "/"): SIGNED_IN,
    ("GET", "/quality"): SIGNED_IN,
    ("GET", "/quality/findings"): SIGNED_IN,
    ("GET", "/quality/rules/{rule}/rows"): SIGNED_IN,
    ("GET", "/quality/findings.json"): SIGNED_IN,
    ("GET", "/quality/findings/{finding_id}"): SIGNED_IN,
    ("GET", "/quality/held"): SIGNED_IN,
    ("GET", "/quality/held.json"): SIGNED_IN,
    ("GET", "/quality/rejected"): SIGNED_IN,
    ("GET", "/quality/rejected.json"): SIGNED_IN,
    ("POST", "/quality/findings/{finding_id}/correct"): STEWARDS,
    ("GET", "/suggestions"): STEWARDS,
    ("GET", "/suggestions/remembered"): STEWARDS,
    ("GET", "/suggestions/corrections"): STEWARDS,
    ("POST", "/suggestions/accept"): STEWARDS,
    ("POST", "/suggestions/dismiss"): STEWARDS,
    ("POST", "/suggestions/remembered/{remembered_id}/off"): STEWARDS,
    ("POST", "/suggestions/remembered/{remembered_id}/on"): STEWARDS,
    ("POST", "/suggestions/corrections/{correction_id}/take-back"): STEWARDS,
    ("GET", "/uploads"): SIGNED_IN,
    ("PUT", "/uploads"): SIGNED_IN,
    ("GET", "/uploads/{upload_id}"): SIGNED_IN,
    ("GET", "/uploads/{upload_id}/progress"): SIGNED_IN,
    ("GET", "/uploads/{upload_id}/grid.json"): SIGNED_IN,
    ("GET", "/uploads/{upload_id}/preview"): SIGNED_IN,
    ("GET", "/uploads/{upload_id}/corrected"): SIGNED_IN,
    ("POST", "/uploads/{upload_id}/retry"): SIGNED_IN,
    ("POST", "/uploads/{upload_id}/password"): SIGNED_IN,
    ("POST", "/uploads/{upload_id}/accept"): SIGNED_IN,
    ("POST", "/uploads/{upload_id}/submit"): SIGNED_IN,
    ("POST", "/uploads/{upload_id}/approve"): STEWARDS,
    ("POST", "/uploads/{upload_id}/return"): STEWARDS,
    ("GET", "/templates"): SIGNED_IN,
    ("GET", "/templates/{name}"): SIGNED_IN,
    ("GET", "/sync"): IT,
    ("GET", "/sync/files"): IT,
    ("POST", "/sync/{system}/check"): IT,
    ("POST", "/sync/alerts/{alert_id}/seen"): IT,
    ("POST", "/sync/{dataset}/accept-schema"): IT,
    ("GET", "/data-docs/{path:path}"): STEWARDS,
    ("GET", "/audit"): IT,
}

# Not guarded: machines call them, and prove who they are by a signature over the body (pages/hooks.py).
SIGNED_BODIES = frozenset({("POST", "/hooks/{system}/{object_name}")})


class LogInFirst(Exception):
    """Nobody is signed in and the route needs somebody."""


class Refused(Exception):
    """The role does not reach this far, or the form token is missing; `key` names the sentence."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


def may(role: str, method: str, path: str) -> bool:
    """True if the table lets this role use the route."""
    return role in ROUTES.get((method, path), frozenset())


async def _sent_token(request: Request) -> str:
    """The form token from the header or, for a small form, from its hidden field."""
    if request.method in SAFE_METHODS:
        return ""
    header = request.headers.get("x-csrf-token")
    if header is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        if int(request.headers.get("content-length") or 0) > 100_000:
            raise Refused("access.form_too_large")
        return str((await request.form()).get("csrf", ""))
    return header or ""


def guard(request: Request, connection: Store, sent_token: Annotated[str, Depends(_sent_token)]) -> None:
    """Find the user, check the role and the form token. Sets request.state.user and .csrf.

    Raises LogInFirst or Refused.
    """
    user = sessions.find(connection, request.cookies.get(sessions.COOKIE))
    visitor = request.cookies.get(sessions.VISITOR_COOKIE, "")
    request.state.user = user
    request.state.csrf = user.csrf if user else sessions.visitor_token(visitor) if visitor else ""
    method = "GET" if request.method == "HEAD" else request.method
    path = request.scope["route"].path
    if not may(user.role if user else "anonymous", method, path):
        if user is None:
            raise LogInFirst
        raise Refused("access.role")
    if request.method not in SAFE_METHODS and not (
        request.state.csrf and hmac.compare_digest(sent_token.encode(), request.state.csrf.encode())
    ):
        raise Refused("access.token")
    connection.commit()  # a long request (an upload) must not sit in an open transaction


def current_user(request: Request) -> User:
    """The signed-in user; the guard has run before."""
    user: User = request.state.user
    return user


Me = Annotated[User, Depends(current_user)]
