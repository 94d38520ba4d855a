"""DuckDB in this process: statements of rules in bounded memory and for a limited time.

Belongs here: the connections, the time limit, what one run has to remember (`Run`). Not here: the statements
(`compile.py`, `table_templates.py`), what is made of their rows.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

import duckdb

from hub.quality.predicates import today
from schemas.model import Contract, Rule
from schemas.problems import Problem

MEMORY_LIMIT = "256MB"  # of one database; beyond it DuckDB spills to the temporary folder
# Sources load side by side, so a second thread takes CPU from another load; measured, it also costs a fifth more.
THREADS = 1
SECONDS = 60.0  # that one statement may take; WATERWORKS_RULE_SECONDS overrides it


def seconds_allowed() -> float:
    """The configured time limit of one statement. Raises Problem if it is no number above 0."""
    told = os.environ.get("WATERWORKS_RULE_SECONDS")
    if not told:
        return SECONDS
    if not re.fullmatch(r"\d+(\.\d+)?", told, re.ASCII) or float(told) <= 0:
        raise Problem("rule_seconds_unreadable", value=told)
    return float(told)


@dataclass
class Run:
    """One run of rules over one dataset, page after page.

    today: by which "today" in a rule is counted. seconds: limit of one statement. broken: {rule id: why it gave no
    result}; such a rule is left out for the rest of the run and counts as unknown, never as passed.
    """

    today: date = field(default_factory=today)
    seconds: float = field(default_factory=seconds_allowed)
    broken: dict[str, Problem] = field(default_factory=dict)

    def gave_up(self, rule: Rule, contract: Contract, error: Exception) -> None:
        """Remember that the rule cannot run."""
        self.broken[rule.id] = (
            Problem("rule_too_slow", rule=rule.id, place=place_of(rule, contract), seconds=f"{self.seconds:g}")
            if isinstance(error, duckdb.InterruptException)
            else Problem("rule_cannot_run", rule=rule.id, place=place_of(rule, contract), reason=_reason(error))
        )


def open_database(*readable: Path) -> duckdb.DuckDBPyConnection:
    """A new DuckDB in memory that reads no files but those in the folders `readable`, and spills when it is full."""
    connection = duckdb.connect(":memory:")
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    connection.execute(f"set threads = {THREADS}")
    connection.execute("set enable_progress_bar = false")  # it would be drawn into what a command prints
    # A folder of its own: DuckDB clears the folder of another process away.
    connection.execute("set temp_directory = ?", [f"{tempfile.gettempdir()}/waterworks-rules-{os.getpid()}"])
    connection.execute("set allowed_directories = ?", [[f"{folder}/" for folder in readable]])
    connection.execute("set enable_external_access = false")
    return connection


def cursor() -> duckdb.DuckDBPyConnection:
    """A connection of one's own to this process's database: opening one for each page would cost 20 ms of CPU."""
    return _shared(os.getpid()).cursor()


@cache
def _shared(process: int) -> duckdb.DuckDBPyConnection:
    return open_database()


@contextmanager
def limited(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """What runs inside on this connection is interrupted (duckdb.InterruptException) after so many seconds."""
    over, lock = False, threading.Lock()

    def stop() -> None:
        with lock:
            if not over:  # else the next statement on this connection would be hit
                connection.interrupt()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            over = True
        timer.cancel()


def place_of(rule: Rule, contract: Contract) -> str:
    """ "material.odcs.yaml:42", as far as it is known."""
    name = re.escape(rule.id.partition(".")[2])
    path = Path(contract.path)
    if not contract.path or not path.is_file():
        return contract.path or contract.entity
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if re.fullmatch(rf"\s*(?:-\s*)?\{{?\s*id:\s*[\"']?{name}[\"']?\s*(?:,.*)?", line):
            return f"{path.name}:{number}"
    return path.name


def _reason(error: Exception) -> str:
    """The first line of a message, without DuckDB's classes of errors."""
    lines = str(error).strip().splitlines()
    return re.sub(r"^(?:\w+ )+Error: ", "", lines[0]) if lines else type(error).__name__
