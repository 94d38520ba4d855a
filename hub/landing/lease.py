"""Who may write a system's data: one sync at a time, and no late writes from a lost one.

Belongs here: the lock, the epoch, the fence. An advisory lock (freed by PostgreSQL when its holder
dies) keeps two syncs apart; the epoch refuses a run that lost its lock but still writes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from hub.store.engine import connect, one
from schemas.problems import Problem

_LOCK_SPACE = 7_201  # first half of the two-part advisory lock key; the second is the system's hash


@dataclass(frozen=True)
class Lease:
    system: str
    epoch: int


@contextmanager
def lease(
    system: str, holder: str, wait_seconds: float = 600, on_wait: Callable[[Problem], None] | None = None
) -> Iterator[Lease]:
    """Hold the right to write `system`'s data for the length of the block.

    Waits for another holder up to `wait_seconds`; `on_wait` is told once who it is waiting for.
    Raises Problem `lease_held` when the wait is over.
    """
    with connect(autocommit=True) as connection:
        deadline = time.monotonic() + wait_seconds
        told = False
        while not _try_lock(connection, system):
            problem = _held_by(connection, system)
            if time.monotonic() >= deadline:
                raise problem
            if not told and on_wait is not None:
                on_wait(problem)
            told = True
            time.sleep(0.2)
        (epoch,) = one(
            connection.execute(
                "insert into ops.lease as l (system, epoch, holder) values (%s, 1, %s) on conflict (system) do update"
                " set epoch = l.epoch + 1, holder = excluded.holder, taken_at = now() returning epoch",
                (system, holder),
            )
        )
        try:
            yield Lease(system, epoch)
        finally:
            # The end of the connection frees it as well, but only when the server notices.
            if not connection.broken:
                connection.execute("select pg_advisory_unlock(%s, hashtext(%s))", (_LOCK_SPACE, system))


def fence(connection: psycopg.Connection[Any], held: Lease) -> None:
    """Refuse to write under a lease that a newer run has taken over.

    Call first in every write transaction: the row lock keeps the epoch still until commit.
    Raises Problem `lease_lost`.
    """
    row = connection.execute("select epoch from ops.lease where system = %s for share", (held.system,)).fetchone()
    if row is None or row[0] != held.epoch:
        raise Problem("lease_lost", system=held.system)


def still(connection: psycopg.Connection[Any], patience_seconds: float = 1) -> dict[str, int]:
    """{system: epoch} of the systems that nobody writes right now.

    Who takes the lease later and gets the epoch after this one knows that nothing was written in between. Waits a
    moment for the lock of a sync that was killed: the server may not have noticed yet.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        leases = connection.execute(
            "select l.system, l.epoch, exists (select from pg_locks p where p.locktype = 'advisory' and p.objsubid = 2"
            " and p.classid::bigint = %s and p.objid::bigint = hashtext(l.system)::bigint & 4294967295"
            " and p.database = (select oid from pg_database where datname = current_database())) from ops.lease l",
            (_LOCK_SPACE,),
        ).fetchall()
        if time.monotonic() >= deadline or not any(busy for _, _, busy in leases):
            return {system: epoch for system, epoch, busy in leases if not busy}
        time.sleep(0.1)


def _try_lock(connection: psycopg.Connection[Any], system: str) -> bool:
    return bool(one(connection.execute("select pg_try_advisory_lock(%s, hashtext(%s))", (_LOCK_SPACE, system)))[0])


def _held_by(connection: psycopg.Connection[Any], system: str) -> Problem:
    row = connection.execute(
        "select holder, to_char(taken_at, 'YYYY-MM-DD HH24:MI:SS') from ops.lease where system = %s", (system,)
    ).fetchone()
    holder, since = row or ("?", "?")
    return Problem("lease_held", system=system, holder=holder, since=since)
