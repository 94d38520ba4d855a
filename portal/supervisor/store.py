"""The store's server while somebody needs it: the first user starts it, the last one stops it.

Belongs here: sharing the embedded PostgreSQL between a supervisor and commands such as `sync`. A store
given by URL is never started or stopped. Not here: the server itself (hub/store/postgres.py).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hub.settings import load_environment
from hub.store.postgres import EmbeddedPostgres, record_path

STORE_URL = "WATERWORKS_STORE_URL"


def is_embedded() -> bool:
    """True unless a store is named by URL, in the environment or in the environment file."""
    load_environment()
    return not os.environ.get(STORE_URL)


@contextmanager
def store_in_use(home: Path) -> Iterator[EmbeddedPostgres | None]:
    """The store runs for the length of the block, and os.environ names it; None for a store given by URL.

    Raises Problem `store_not_initialised`, `postgres_failed`.
    """
    if not is_embedded():
        yield None
        return
    server = EmbeddedPostgres(home)
    with _lock(home) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        server.url()  # says so if there is no store yet, before anything is created
        server.start()
        os.environ[STORE_URL] = server.url()
        try:
            yield server
        finally:
            os.environ.pop(STORE_URL, None)
            _stop_unless_used(server, file)


def stop_leftover(home: Path) -> bool:
    """Stop an embedded server that nobody uses (its supervisor was killed); True if one was stopped."""
    if not record_path(home).exists():
        return False
    server = EmbeddedPostgres(home)
    with _lock(home) as file:
        return server.pid() is not None and _stop_unless_used(server, file)


def _stop_unless_used(server: EmbeddedPostgres, file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False  # another user; it will stop the server when it is done
    server.stop()
    return True


@contextmanager
def _lock(home: Path) -> Iterator[IO[str]]:
    home.mkdir(parents=True, exist_ok=True)
    # Not inherited by children, so the lock is free when its holder is gone, however it went.
    with (home / "postgres.lock").open("w") as file:
        yield file
