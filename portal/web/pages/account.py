"""Log in, log out, language."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from portal import users
from portal.web import sessions
from portal.web.render import page
from portal.web.store import Store, audit, value

router = APIRouter()
Field = Annotated[str, Form(max_length=200)]
# Failed log-ins per account and per address in ten minutes; more are refused without a look at the password.
_TRIES_PER_LOGIN = 5
_TRIES_PER_ADDRESS = 20


@router.get("/healthy")
def healthy(connection: Store) -> Response:
    """200 when portal and store answer; for the supervisor."""
    return PlainTextResponse("ok")


@router.get("/log-in")
def log_in_page(request: Request, next: str = "/") -> Response:
    """The log-in form; a signed-in user goes on to the page asked for."""
    if request.state.user:
        return RedirectResponse(_own_path(next), 303)
    return _form(request, next)


@router.post("/log-in")
def log_in(request: Request, connection: Store, login: Field, password: Field, next: Field = "/") -> Response:
    """Start a session, or say that login and password do not fit."""
    login = login.strip()
    address = request.client.host if request.client else ""
    if _too_many_tries(connection, login, address):
        return _form(request, next, login, "login.too_many", 429)
    if not users.password_fits(connection, login, password):
        audit(connection, login, "log_in_failed", login, address=address)
        return _form(request, next, login, "login.wrong", 401)
    # A fresh id at every log-in: an id planted before it is worth nothing.
    sessions.end(connection, request.cookies.get(sessions.COOKIE))
    session_id = sessions.start(connection, login)
    chosen = request.cookies.get(sessions.LANGUAGE_COOKIE)
    if chosen in ("zh", "en"):
        connection.execute("update ops.user_account set language = %s where login = %s", (chosen, login))
    audit(connection, login, "log_in", login, address=address)
    answer = RedirectResponse(_own_path(next), 303)
    sessions.set_cookie(request, answer, sessions.COOKIE, session_id, sessions.ABSOLUTE_HOURS * 3600)
    return answer


@router.post("/log-out")
def log_out(request: Request, connection: Store) -> Response:
    """End the session."""
    sessions.end(connection, request.cookies.get(sessions.COOKIE))
    audit(connection, request.state.user.login, "log_out", request.state.user.login)
    answer = RedirectResponse("/log-in", 303)
    answer.delete_cookie(sessions.COOKIE, path="/")
    return answer


@router.post("/language")
def set_language(request: Request, connection: Store, to: Field, next: Field = "/") -> Response:
    """Change the language and come back to the same page with the same filters."""
    chosen = "en" if to == "en" else "zh"
    if request.state.user:
        login = request.state.user.login
        connection.execute("update ops.user_account set language = %s where login = %s", (chosen, login))
        audit(connection, login, "language", chosen)
    answer = RedirectResponse(_own_path(next), 303)
    sessions.set_cookie(request, answer, sessions.LANGUAGE_COOKIE, chosen, 365 * 86400)
    return answer


def _form(request: Request, next: str, login: str = "", problem: str | None = None, status: int = 200) -> Response:
    visitor = request.cookies.get(sessions.VISITOR_COOKIE) or secrets.token_urlsafe(32)
    request.state.csrf = sessions.visitor_token(visitor)
    answer = page(request, "log_in", status, next=_own_path(next), login=login, problem=problem)
    sessions.set_cookie(request, answer, sessions.VISITOR_COOKIE, visitor)
    return answer


def _too_many_tries(connection: Store, login: str, address: str) -> bool:
    # Counted since the account's last success, so that a good log-in clears its own slate.
    by_login = value(
        connection,
        """select count(*) from ops.audit where action = 'log_in_failed' and login = %(login)s
             and at > now() - interval '10 minutes'
             and at > coalesce(
               (select max(at) from ops.audit where action = 'log_in' and login = %(login)s), '-infinity')""",
        {"login": login},
    )
    by_address = value(
        connection,
        """select count(*) from ops.audit where action = 'log_in_failed' and detail ->> 'address' = %(address)s
             and at > now() - interval '10 minutes'""",
        {"address": address},
    )
    return by_login >= _TRIES_PER_LOGIN or by_address >= _TRIES_PER_ADDRESS


def _own_path(target: str) -> str:
    """Only a path of this portal; anything else goes home (no open redirect)."""
    if target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable():
        return target
    return "/"
