"""What a load leaves on record: its line in ops.load, the cursor of its dataset.

Belongs here: SQL for both; every function is called inside a transaction of the load. Not here: when.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from connectors.base import Connector, SourceFile, TellsBurden, TellsRemarks
from hub.landing.dataset import Dataset
from hub.landing.lease import Lease
from hub.quality.history import note_versions
from hub.store.engine import one
from schemas.loader import code_lists, contracts
from schemas.problems import Problem

Position = dict[str, Any]
Kind = Literal["read", "rejudge", "settle"]  # what ops.load.kind says of a load


def begin_load(
    connection: psycopg.Connection[Any], dataset: Dataset, held: Lease, run_id: str, kind: Kind = "read"
) -> int:
    """A new running load; returns its id."""
    # We hold the lease, so whatever still says "running" is a load that was killed.
    connection.execute(
        "update ops.load set status = 'interrupted', finished_at = now() where dataset = %s and status = 'running'",
        (dataset.name,),
    )
    last = connection.execute(
        "select rules from ops.load where dataset = %s order by id desc limit 1", (dataset.name,)
    ).fetchone()
    if last is None or last[0] != dataset.rules:
        # Before any row is judged by them, so that a finding they end is not put down to the source.
        note_versions(connection, contracts(), code_lists())
    (load_id,) = one(
        connection.execute(
            "insert into ops.load (run_id, system, dataset, entity, epoch, rules, kind, status)"
            " values (%s, %s, %s, %s, %s, %s, %s, 'running') returning id",
            (run_id, dataset.system, dataset.name, dataset.contract.entity, held.epoch, dataset.rules, kind),
        )
    )
    return int(load_id)


def count_rows(connection: psycopg.Connection[Any], load_id: int, counts: Counter[str]) -> None:
    """Add a page's counts to the load's."""
    connection.execute(
        "update ops.load set rows_read = rows_read + %s, loaded = loaded + %s, held = held + %s,"
        " rejected = rejected + %s, unchanged = unchanged + %s, deleted = deleted + %s, returned = returned + %s"
        " where id = %s",
        (
            *(counts[name] for name in ("rows_read", "loaded", "held", "rejected", "unchanged", "deleted", "returned")),
            load_id,
        ),
    )


def end_load(
    connection: psycopg.Connection[Any],
    load_id: int,
    status: str,
    problem: Problem | None = None,
    burden: dict[str, Any] | None = None,
    notes: Iterable[Problem] = (),
) -> None:
    """burden: what the read cost its source; notes: what reading found out and decided."""
    told = {json.dumps(note.as_json(), default=str): note.as_json() for note in notes}
    connection.execute(
        "update ops.load set status = %s, finished_at = now(), problem = %s, burden = %s, notes = %s where id = %s",
        (
            status,
            Jsonb(problem.as_json()) if problem else None,
            Jsonb(burden) if burden else None,
            Jsonb({"notes": list(told.values())}) if told else None,
            load_id,
        ),
    )


def burden_of(source: Connector | None) -> dict[str, Any] | None:
    """What reading cost the source so far; None where it does not count."""
    return source.burden_json() if isinstance(source, TellsBurden) else None


def remarks_of(source: Connector | None, object_name: str) -> list[Problem]:
    """What the source says it did to values and decided on its way."""
    return source.remarks(object_name) if isinstance(source, TellsRemarks) else []


def cursor_of(connection: psycopg.Connection[Any], dataset: Dataset) -> tuple[Position | None, str | None]:
    """(position, rules under which everything stored was judged) of the last page landed; None: never landed."""
    row = connection.execute("select position, rules from ops.cursor where dataset = %s", (dataset.name,)).fetchone()
    return (row[0], row[1]) if row else (None, None)


def move_cursor(
    connection: psycopg.Connection[Any], dataset: Dataset, load_id: int, position: Position | None, rules: str | None
) -> None:
    """None: stays as it is."""
    connection.execute(
        "insert into ops.cursor as c (dataset, position, load_id, rules) values"
        " (%(dataset)s, coalesce(%(position)s::jsonb, '{}'), %(load)s, coalesce(%(rules)s, ''))"
        " on conflict (dataset) do update set position = coalesce(%(position)s::jsonb, c.position),"
        " load_id = excluded.load_id, rules = coalesce(%(rules)s, c.rules), moved_at = now()",
        {
            "dataset": dataset.name,
            "position": None if position is None else _position_json(position),
            "load": load_id,
            "rules": rules,
        },
    )


def judged_down_to(connection: psycopg.Connection[Any], dataset: Dataset) -> int | None:
    """The landed file that an unfinished rejudge by these same rules came down to; None: begin with the newest."""
    row = connection.execute("select judged from ops.cursor where dataset = %s", (dataset.name,)).fetchone()
    if row is None or row[0] is None or row[0]["rules"] != dataset.rules:
        return None
    return int(row[0]["down_to"])


def note_judged(connection: psycopg.Connection[Any], dataset: Dataset, down_to: int) -> None:
    """Every row whose newest landed file is this or a newer one has been judged by the dataset's rules."""
    connection.execute(
        "update ops.cursor set judged = %s where dataset = %s",
        (Jsonb({"rules": dataset.rules, "down_to": down_to}), dataset.name),
    )


def vouch(connection: psycopg.Connection[Any], dataset: Dataset) -> None:
    """All stored rows have been judged by the dataset's rules."""
    connection.execute(
        "update ops.cursor set rules = %s, judged = null where dataset = %s", (dataset.rules, dataset.name)
    )


def is_new_version(connection: psycopg.Connection[Any], dataset: Dataset, file: SourceFile) -> bool:
    """True unless this very file was the last one landed by a finished load of this dataset."""
    with connection.transaction():  # one left open would make every page's transaction a part of it
        row = connection.execute(
            "select f.source_sha256, f.source_path from ops.landed_file f join ops.load l on l.id = f.load_id"
            " where f.dataset = %s and l.status = 'ok' order by f.id desc limit 1",
            (dataset.name,),
        ).fetchone()
    return row != (file.sha256, file.path)


def _position_json(position: Position) -> Jsonb:
    """Dates and decimals in a position become text."""
    return Jsonb(position, dumps=lambda value: json.dumps(value, default=str, ensure_ascii=False))
