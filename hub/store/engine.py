"""Connections to the store.

Belongs here: opening connections. Not here: SQL about data, the server process (postgres.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, make_url

from hub.settings import settings
from schemas.problems import Problem


def dsn(url: str | None = None) -> str:
    """The psycopg connection string for a SQLAlchemy URL (default: this installation's store)."""
    parsed = make_url(url or settings().store_url)
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def connect(url: str | None = None, *, autocommit: bool = False) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A psycopg connection to the store; commits at the end of the block, rolls back on an error.

    Raises Problem `store_unreachable` if the server does not answer.
    """
    target = make_url(url or settings().store_url)
    try:
        connection = psycopg.connect(dsn(url), autocommit=autocommit, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise Problem(
            "store_unreachable", host=f"{target.host}:{target.port or 5432}", reason=str(error).strip().splitlines()[-1]
        ) from error
    with connection:
        yield connection


def one(cursor: psycopg.Cursor[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The row of a statement that always gives one (an aggregate, INSERT ... RETURNING).

    Raises LookupError if it gave none after all.
    """
    row = cursor.fetchone()
    if row is None:
        raise LookupError("the statement gave no row")
    return row


def engine(url: str | None = None) -> Engine:
    """A SQLAlchemy engine on the store (migrations, table reflection)."""
    return create_engine(make_url(url or settings().store_url).set(drivername="postgresql+psycopg"))
