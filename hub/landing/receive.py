"""Fetch what is new in the mailboxes and SFTP folders of a system: each message and file exactly once.

Belongs here: the order of steps and the memory in the store. Not here: the protocols (connectors/excel/
inbox), reading workbooks. A kill at any point loses and doubles nothing:

1. the file's bytes are kept under their SHA-256, and its receipt is written under a name made of the
   message (or path) and the content, so doing it twice is doing it once;
2. the store notes message, files and how far the mailbox was looked through, in one transaction;
3. the message is marked or moved on the server, and the store notes that; what was taken but not
   marked is marked first thing next time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from connectors.config import SystemConfig
from hub import alerts
from hub.landing.receive_input import POINTS, Fetched
from hub.landing.receive_mail import Mail
from hub.landing.receive_sftp import Files
from hub.store.engine import connect
from schemas.problems import Problem

__all__ = ["POINTS", "Fetched", "receive", "receive_once", "state"]

_LOCK = 7_201_003


def receive(system: SystemConfig) -> list[Fetched]:
    """Fetch from every mailbox and SFTP folder of the system; an input that fails says so and the others go on.

    Two processes that fetch for one system take turns. Raises only what the store raises.
    """
    done: list[Fetched] = []
    steps: list[tuple[Fetched, Callable[[psycopg.Connection[Any], Fetched], None]]] = []
    if (mailbox := system.mailbox) is not None:
        steps.append((Fetched(mailbox.name, "mail"), lambda c, f: Mail(c, system, mailbox, f).run()))
    if (sftp := system.sftp) is not None:
        steps.append((Fetched(sftp.name, "sftp"), lambda c, f: Files(c, system, sftp, f).run()))
    for fetched, step in steps:
        with connect(autocommit=True) as connection, _turn(connection, system.system):
            try:
                step(connection, fetched)
            except Problem as problem:
                fetched.problem = problem
            _note_state(connection, system.system, fetched)
        done.append(fetched)
    return done


_fetched_for: dict[str, str] = {}


def receive_once(system: SystemConfig, run_id: str) -> list[Fetched]:
    """As `receive`, for the first step of a run that asks; later steps of the run read what is there."""
    if _fetched_for.get(system.system) == run_id or not (system.mailbox or system.sftp):
        return []
    _fetched_for[system.system] = run_id
    return receive(system)


def state(connection: psycopg.Connection[Any], system: str) -> list[dict[str, Any]]:
    """What the last look into each input said: [{"input", "kind", "problem", "looked_at", "received_at"}]."""
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        return cursor.execute(
            "select input, kind, problem, looked_at, received_at from ops.input_state where system = %s order by 1",
            (system,),
        ).fetchall()


@contextmanager
def _turn(connection: psycopg.Connection[Any], system: str) -> Iterator[None]:
    number = int.from_bytes(hashlib.sha256(system.encode()).digest()[:4], "big", signed=True)
    connection.execute("select pg_advisory_lock(%s, %s)", (_LOCK, number))
    try:
        yield
    finally:
        connection.execute("select pg_advisory_unlock(%s, %s)", (_LOCK, number))


def _note_state(connection: psycopg.Connection[Any], system: str, fetched: Fetched) -> None:
    """The outcome of the look, for the screens; an input that fails is also an alert until it works again."""
    about = f"{system}.{fetched.input}"
    if fetched.problem is None:
        alerts.settle(connection, about)
    else:
        alerts.raise_alert(connection, system, about, "error", fetched.problem)
    connection.execute(
        """insert into ops.input_state as s (system, input, kind, position, problem, received_at)
             values (%(system)s, %(input)s, %(kind)s, '{}', %(problem)s, case when %(new)s then now() end)
           on conflict (system, input) do update set kind = excluded.kind, problem = excluded.problem,
             looked_at = now(), received_at = coalesce(excluded.received_at, s.received_at)""",
        {
            "system": system,
            "input": fetched.input,
            "kind": fetched.kind,
            "problem": Jsonb(fetched.problem.as_json()) if fetched.problem else None,
            "new": fetched.files > 0,
        },
    )
