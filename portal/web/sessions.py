"""Server-side sessions: a random id in the cookie, everything else in ops.user_session.

Belongs here: start, find, end a session; the user it stands for. Not here: what the user may do (access.py).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import psycopg
from starlette.requests import Request
from starlette.responses import Response

from schemas.problems import Language

COOKIE = "waterworks_session"
VISITOR_COOKIE = "waterworks_visitor"  # before log-in: carries nothing but the secret of the form token
LANGUAGE_COOKIE = "waterworks_language"
IDLE_MINUTES = 30
ABSOLUTE_HOURS = 12


@dataclass(frozen=True)
class User:
    """Who is signed in, in this session."""

    login: str
    name: str
    role: str
    department: str
    language: Language
    csrf: str


def start(connection: psycopg.Connection[Any], login: str) -> str:
    """A new session; returns the id for the cookie. Old, ended sessions are swept on the way."""
    session_id = secrets.token_urlsafe(32)
    connection.execute(
        "delete from ops.user_session where created_at < now() - make_interval(hours => %s)", (ABSOLUTE_HOURS,)
    )
    connection.execute(
        "insert into ops.user_session (id_sha256, login, csrf) values (%s, %s, %s)",
        (_sha256(session_id), login, secrets.token_urlsafe(32)),
    )
    return session_id


def find(connection: psycopg.Connection[Any], session_id: str | None) -> User | None:
    """The user of a live session (idle under 30 min, younger than 12 h), or None."""
    if not session_id:
        return None
    row = connection.execute(
        """select a.login, a.name, a.role, a.department, a.language, s.csrf, s.seen_at < now() - interval '1 minute'
           from ops.user_session s join ops.user_account a using (login)
           where s.id_sha256 = %s and s.seen_at > now() - make_interval(mins => %s)
             and s.created_at > now() - make_interval(hours => %s)""",
        (_sha256(session_id), IDLE_MINUTES, ABSOLUTE_HOURS),
    ).fetchone()
    if row is None:
        return None
    if row[6]:  # at most one write a minute and session
        connection.execute("update ops.user_session set seen_at = now() where id_sha256 = %s", (_sha256(session_id),))
    login, name, role, department, language, csrf, _ = row
    return User(login, name, role, department, "en" if language == "en" else "zh", csrf)


def end(connection: psycopg.Connection[Any], session_id: str | None) -> None:
    """End the session, if there is one."""
    if session_id:
        connection.execute("delete from ops.user_session where id_sha256 = %s", (_sha256(session_id),))


def set_cookie(request: Request, response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """HttpOnly, SameSite=Strict, and Secure whenever the page came over HTTPS."""
    response.set_cookie(
        name, value, max_age=max_age, path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )


def visitor_token(visitor: str) -> str:
    """The form token of someone who is not signed in."""
    return _sha256(f"form token of {visitor}")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
