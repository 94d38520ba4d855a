"""The store as the views use it: one connection per request, rows as dictionaries, the audit line.

Belongs here: small helpers around psycopg. Not here: queries (queries/).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import psycopg
from fastapi import Depends
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from hub.settings import home
from hub.store.engine import connect
from schemas.problems import Problem

Row = dict[str, Any]


def request_connection() -> Iterator[psycopg.Connection[Any]]:
    """One connection for the whole request; committed at its end, rolled back on an error.

    Raises Problem `store_not_initialised` or `store_unreachable`.
    """
    if "WATERWORKS_STORE_URL" not in os.environ:
        raise Problem("store_not_initialised", home=str(home()))
    with connect() as connection:
        yield connection


# scope: committed before the answer goes out, so that the next page already sees it.
Store = Annotated[psycopg.Connection[Any], Depends(request_connection, scope="function")]


def rows(connection: psycopg.Connection[Any], sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
    """All rows of a query."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql, params).fetchall()


def one(connection: psycopg.Connection[Any], sql: str, params: Mapping[str, Any] | None = None) -> Row | None:
    """The first row of a query, or None."""
    found = rows(connection, sql, params)
    return found[0] if found else None


def value(connection: psycopg.Connection[Any], sql: str, params: Mapping[str, Any] | None = None) -> Any:
    """The first column of the first row; None if there is no row."""
    found = one(connection, sql, params)
    return next(iter(found.values())) if found else None


def audit(connection: psycopg.Connection[Any], login: str, action: str, subject: str, **detail: Any) -> None:
    """Write down who did what, in the same transaction as the deed."""
    connection.execute(
        "insert into ops.audit (login, action, subject, detail) values (%s, %s, %s, %s)",
        (login, action, subject, Jsonb(detail) if detail else None),
    )
