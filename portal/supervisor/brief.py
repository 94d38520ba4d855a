"""One child for the length of a block, for commands that need it only while they work."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from portal.supervisor.child import Child
from schemas.problems import Problem

START_SECONDS = 30


@contextmanager
def running_child(child: Child) -> Iterator[Child]:
    """Start `child`, wait until it answers, stop it at the end of the block.

    Raises Problem `service_does_not_start`.
    """
    child.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not child.ready:
            if child.look() is not None or time.monotonic() > deadline:
                raise Problem("service_does_not_start", service=child.name, log=str(child.log))
            time.sleep(0.05)
        yield child
    finally:
        child.signal_group(signal.SIGTERM)
        if child.process is not None:
            try:
                child.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.signal_group(signal.SIGKILL)
                child.process.wait()
