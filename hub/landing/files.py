"""Every file of a system of workbooks and what became of it, on record in ops.source_file.

Belongs here: writing that record, what changed between versions, where a content was loaded from. Not
here: deciding what a file is (connectors/excel), fetching (receive.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from connectors.config import SystemConfig, open_connector
from connectors.excel.connector import ExcelConnector, FileStatus
from connectors.excel.files.compare import compare
from hub.landing.dataset import UPLOADS
from hub.landing.headers import with_decisions
from hub.store.engine import connect
from schemas.problems import Problem


@dataclass(frozen=True)
class Loaded:
    """Where a content was loaded from. path: the file's path in its system, or the upload's file name."""

    system: str
    dataset: str
    path: str
    finished_at: datetime


def record_files(system: SystemConfig) -> dict[str, int]:
    """Look at every input now and replace the system's record; returns {status: files}.

    A current file is compared with the version before it, once. Raises Problem `workbook_folder_*`.
    """
    connector = with_decisions(open_connector(system))
    if not isinstance(connector, ExcelConnector):
        raise TypeError(f"{system.system} is no system of workbooks")
    files = connector.files()
    with connect() as connection:
        connection.execute("delete from ops.source_file where system = %s", (system.system,))
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into ops.source_file (system, path, status, object, problem, sha256, rule, origin)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (
                        system.system,
                        file.path,
                        file.status,
                        ", ".join(file.objects) or None,
                        _json(_said(connection, file)),
                        file.sha256,
                        _json(file.rule),
                        Jsonb(file.origin) if file.origin else None,
                    )
                    for file in files
                ],
            )
        _compare_versions(connection, connector)
    return dict(Counter(file.status for file in files))


def loaded_before(connection: psycopg.Connection[Any], sha256: str, besides: str | None = None) -> list[Loaded]:
    """Every finished load of exactly this content, newest first; `besides`: a dataset that does not count."""
    rows = connection.execute(
        """select distinct on (l.dataset) l.system, l.dataset, f.source_path, l.finished_at
           from ops.landed_file f join ops.load l on l.id = f.load_id
           where f.source_sha256 = %s and l.status = 'ok' and l.dataset is distinct from %s
           order by l.dataset, l.id desc""",
        (sha256, besides),
    ).fetchall()
    return sorted((Loaded(*row) for row in rows), key=lambda loaded: loaded.finished_at, reverse=True)


def _said(connection: psycopg.Connection[Any], file: FileStatus) -> Problem | None:
    """The file's own problem; for a healthy one, that somebody uploaded the same content."""
    if file.problem is not None or file.sha256 is None or file.status != "current":
        return file.problem
    for loaded in loaded_before(connection, file.sha256):
        if loaded.system == UPLOADS:
            when = f"{loaded.finished_at:%Y-%m-%d %H:%M}"
            return Problem("workbook_uploaded_too", file=file.path, same=loaded.path, when=when)
    return None


def _compare_versions(connection: psycopg.Connection[Any], connector: ExcelConnector) -> None:
    gathered = connector.gather()
    for name, template in connector.templates.items():
        try:
            choice = connector.choose(gathered, name)
            new = connector.digest(choice.file)
            older = next((file for file in choice.older if connector.digest(file) != new), None)
            if older is None:
                continue
            dataset, old = f"{connector.system}.{name}", connector.digest(older)
            known = "select 1 from ops.version_change where (dataset, old_sha256, new_sha256) = (%s, %s, %s)"
            if connection.execute(known, (dataset, old, new)).fetchone():
                continue
            change = compare(older.full, choice.file.full, template, older.path, choice.file.path, connector.passwords)
        except Problem:
            continue  # no file, or one that cannot be read: that is said where it is read
        connection.execute(
            """insert into ops.version_change (dataset, old_sha256, new_sha256, old_path, new_path, rule, added,
                 changed, removed, change)
               values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing""",
            (
                dataset,
                old,
                new,
                older.path,
                choice.file.path,
                Jsonb(choice.reasons[older.path].as_json()),
                change.added,
                change.changed,
                change.removed,
                Jsonb(change.as_json()),
            ),
        )


def _json(problem: Problem | None) -> Jsonb | None:
    return Jsonb(problem.as_json()) if problem is not None else None
