"""The upload checker: `python -m portal.worker`, a process of its own beside the web server.

Belongs here: taking uploads from the queue one at a time, heartbeat, storing what the check found,
ending on SIGTERM. Not here: the check itself (checking.py). A check that was killed is started again:
its heartbeat stops, and after a while any worker takes it over.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from hub.landing.headers import remembered
from hub.settings import load_environment, settings
from hub.store.engine import connect
from portal.checking import FINDING_COLUMNS, Checked, check_file
from schemas.problems import Problem
from schemas.template_loader import templates

HEARTBEAT_SECONDS = 2.0
TAKE_OVER_SECONDS = 20  # a check without heartbeat for so long belongs to a dead worker
POLL_SECONDS = 0.5
CHECK_LOCK = 7_201_002
_log = logging.getLogger("portal.worker")


def take(connection: psycopg.Connection[Any]) -> dict[str, Any] | None:
    """The next upload to check, now marked as ours; None if there is none."""
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """update ops.upload set status = 'checking', heartbeat = now(), progress = 0, problem = null
               where id = (select id from ops.upload
                           where status = 'queued' or (status = 'checking'
                             and heartbeat < now() - make_interval(secs => %s))
                           order by id limit 1 for update skip locked)
               returning *""",
            (TAKE_OVER_SECONDS,),
        ).fetchone()


class Heartbeat:
    """Writes the heartbeat of one upload every two seconds while the block runs, on its own connection."""

    def __init__(self, upload_id: int) -> None:
        self.upload_id = upload_id
        self.progress = 5
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._done.wait(HEARTBEAT_SECONDS):
            try:
                with connect() as connection:
                    connection.execute(
                        "update ops.upload set heartbeat = now(), progress = %s where id = %s and status = 'checking'",
                        (self.progress, self.upload_id),
                    )
            except (Problem, psycopg.OperationalError) as error:
                # The page then says that the check is stuck, which is true until the store is back.
                _log.warning("no heartbeat for upload %s: %s", self.upload_id, error)


def check(connection: psycopg.Connection[Any], upload: dict[str, Any]) -> None:
    """Check one upload and store the outcome: checked with counts and findings, or unreadable with a problem.

    Findings are written in the one transaction that sets the outcome, so that a kill leaves no half check.
    """
    from connectors.excel.connector import match_template

    started = time.monotonic()
    folder = settings().uploads
    path = folder / upload["stored_path"]
    rows_file = folder / f"{upload['stored_path']}.rows.parquet"
    try:
        with Heartbeat(upload["id"]) as heartbeat, connection.transaction():
            # Two workers on one upload (the first was thought dead) take turns, and the last one's findings count.
            connection.execute("select pg_advisory_xact_lock(%s, %s)", (CHECK_LOCK, upload["id"]))
            connection.execute("delete from ops.upload_finding where upload_id = %s", (upload["id"],))
            decided = {name: remembered(name, connection) for name in templates()}
            known = list(templates().values())
            template = match_template(path, known, upload["file_name"], remembered=decided)
            heartbeat.progress = 30

            def keep(lines: list[tuple[Any, ...]]) -> None:
                _store_findings(connection, upload["id"], lines)

            def progress(rows: int) -> None:
                heartbeat.progress = min(95, 60 + rows // 20_000)

            checked = check_file(connection, path, upload["file_name"], template, rows_file, keep, progress)
            _store_outcome(connection, upload["id"], template.name, checked, time.monotonic() - started)
    except Problem as problem:
        _store_problem(connection, upload["id"], problem)
    except psycopg.OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - one bad file must not end the worker; the log keeps the trace
        _log.exception("upload %s", upload["id"])
        reason = f"{type(error).__name__}: {error}"
        _store_problem(
            connection, upload["id"], Problem("upload_check_failed", file=upload["file_name"], reason=reason)
        )


def _store_findings(connection: psycopg.Connection[Any], upload_id: int, lines: list[tuple[Any, ...]]) -> None:
    columns = ", ".join(("upload_id", *FINDING_COLUMNS))
    with connection.cursor() as cursor, cursor.copy(f"copy ops.upload_finding ({columns}) from stdin") as copy:
        for line in lines:
            copy.write_row((upload_id, *line))


def _store_outcome(
    connection: psycopg.Connection[Any], upload_id: int, template: str, checked: Checked, seconds: float
) -> None:
    counts, file = checked.counts, checked.file
    connection.execute(
        """update ops.upload set status = 'checked', progress = 100, heartbeat = now(), template = %s,
             rows_read = %s, rows_ready = %s, rows_held = %s, rows_rejected = %s, sheet = %s, header_row = %s,
             notes = %s
           where id = %s and status = 'checking'""",
        (
            template,
            counts.read,
            counts.ready,
            counts.held,
            counts.rejected,
            file.sheet if file else None,
            file.header_row if file else None,
            Jsonb(_notes(checked, asdict(counts), seconds)),
            upload_id,
        ),
    )


def _notes(checked: Checked, plan: dict[str, int], seconds: float) -> dict[str, Any]:
    file = checked.file
    return {
        "notes": [note.as_json() for note in [*(file.notes if file else ()), *checked.problems]],
        "columns": file.columns if file else {},
        "plan": {name: plan[name] for name in ("new", "changed", "same")},
        "seconds": round(seconds, 1),
    }


def _store_problem(connection: psycopg.Connection[Any], upload_id: int, problem: Problem) -> None:
    connection.execute(
        "update ops.upload set status = 'unreadable', problem = %s, heartbeat = now()"
        " where id = %s and status = 'checking'",
        (Jsonb(problem.as_json()), upload_id),
    )


def run(stop: threading.Event) -> None:
    """Check uploads until `stop` is set; waits and tries again while the store is away."""
    while not stop.is_set():
        try:
            with connect(autocommit=True) as connection:
                while not stop.is_set():
                    upload = take(connection)
                    if upload is None:
                        stop.wait(POLL_SECONDS)
                        continue
                    _log.info("checking upload %s", upload["id"])
                    check(connection, upload)
        except (Problem, psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
            _log.warning("store away: %s", error)
            stop.wait(3)


def main() -> None:
    """Run until SIGTERM or SIGINT; a check that is under way is taken up again after the next start."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    load_environment()
    stop = threading.Event()

    def end(number: int, _frame: object) -> None:
        if stop.is_set():
            raise SystemExit(128 + number)
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    Path(settings().uploads).mkdir(parents=True, exist_ok=True)
    _log.info("process %s is ready", os.getpid())
    run(stop)


if __name__ == "__main__":
    main()
