"""User accounts: create or update one, check a password.

Belongs here: ops.user_account. Not here: sessions and cookies (portal/web/sessions.py).
"""

from __future__ import annotations

import secrets
import threading
from functools import cache
from typing import Any

import psycopg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from schemas.problems import Problem

ROLES = ("it", "coach", "business")
_hasher = PasswordHasher()
# A check costs 64 MiB and a quarter of a CPU second: two at once at most.
_slots = threading.BoundedSemaphore(2)


def ensure_user(
    connection: psycopg.Connection[Any], login: str, name: str, role: str, department: str, password: str
) -> None:
    """Create the account or bring it to these values; an unchanged password keeps its hash and sessions.

    A changed password, role or department ends the account's sessions.
    Raises Problem `role_unknown` for a role that does not exist.
    """
    if role not in ROLES:
        raise Problem("role_unknown", role=role, known=", ".join(ROLES))
    known = connection.execute(
        "select password_hash, role, department from ops.user_account where login = %s", (login,)
    ).fetchone()
    same_password = known is not None and _matches(known[0], password)
    password_hash = known[0] if known is not None and same_password else _hasher.hash(password)
    connection.execute(
        """insert into ops.user_account (login, name, role, department, password_hash)
           values (%s, %s, %s, %s, %s)
           on conflict (login) do update set name = excluded.name, role = excluded.role,
             department = excluded.department, password_hash = excluded.password_hash""",
        (login, name, role, department, password_hash),
    )
    if known is not None and (not same_password or known[1] != role or known[2] != department):
        connection.execute("delete from ops.user_session where login = %s", (login,))


def password_fits(connection: psycopg.Connection[Any], login: str, password: str) -> bool:
    """True if the account exists and the password is its own; takes equally long either way."""
    row = connection.execute("select password_hash from ops.user_account where login = %s", (login,)).fetchone()
    fits = _matches(row[0] if row else _nobodys_hash(), password)
    return fits and row is not None


@cache
def _nobodys_hash() -> str:
    """Verified when the login does not exist, so that the answer takes as long as for a wrong password."""
    return _hasher.hash(secrets.token_hex())


def _matches(password_hash: str, password: str) -> bool:
    with _slots:
        try:
            return _hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
