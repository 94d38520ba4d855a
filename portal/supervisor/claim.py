"""Saying from the first moment on that this home is in use, so that `down` can stop us at any time.

Belongs here: writing and removing the run file around a command. Not here: its form (run_file.py).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.supervisor import run_file
from portal.supervisor.identity import TOKEN, Identity
from portal.supervisor.run_file import RunFile, Service


@contextmanager
def claimed(home: Path) -> Iterator[RunFile]:
    """A run file that names this process for the length of the block; what it starts carries the token."""
    me = Identity.of(os.getpid())
    assert me is not None  # a process that asks is alive
    run = RunFile(token=secrets.token_hex(16), supervisor=Service(me.pid, me.started))
    os.environ[TOKEN] = run.token
    run_file.write(home, run)
    try:
        yield run
    finally:
        run_file.remove(home)
        del os.environ[TOKEN]
