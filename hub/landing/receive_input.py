"""What fetching from mail and from SFTP have in common: a place in the store, a shelf, a receipt per file.

Belongs here: the shared memory and the shape of an outcome. Not here: the order of steps (receive.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from connectors.config import SystemConfig
from connectors.excel.files.inbox.shelf import Received, Shelf
from hub.settings import home
from schemas.problems import Problem

POINTS = ("kept", "noted", "marked")  # names for hub/landing/crash.py, in the order of the steps in receive.py


@dataclass
class Fetched:
    """What one look into one input brought. waiting: files still being uploaded, fetched next time."""

    input: str
    kind: str
    files: int = 0
    messages: int = 0
    waiting: int = 0
    problem: Problem | None = None


class Input:
    """What mail and SFTP have in common: a place in the store, a shelf, a receipt per file."""

    def __init__(self, connection: psycopg.Connection[Any], system: SystemConfig, name: str, fetched: Fetched) -> None:
        self.connection = connection
        self.system = system.system
        self.name = name
        self.fetched = fetched
        self.shelf = Shelf(system.system, home())

    def position(self) -> dict[str, Any]:
        row = self.connection.execute(
            "select position from ops.input_state where system = %s and input = %s", (self.system, self.name)
        ).fetchone()
        return dict(row[0]) if row else {}

    def move(self, position: dict[str, Any]) -> None:
        self.connection.execute(
            """insert into ops.input_state (system, input, kind, position) values (%s, %s, %s, %s)
               on conflict (system, input) do update set position = excluded.position""",
            (self.system, self.name, self.fetched.kind, Jsonb(position)),
        )

    def note(self, received: Received) -> None:
        self.connection.execute(
            """insert into ops.received_file (system, id, input, path, sha256, size, modified_at, origin)
               values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (system, id) do nothing""",
            (
                self.system,
                received.id,
                received.input,
                received.path,
                received.sha256,
                received.size,
                datetime.fromtimestamp(received.modified_ns / 1e9, UTC),
                Jsonb(received.origin),
            ),
        )
