"""Named points at which a test may kill the process, to prove that nothing is lost or doubled.

Belongs here: the names and the kill. Not here: anything that runs in normal operation; without
WATERWORKS_CRASH_AT every call returns at once.
"""

from __future__ import annotations

import os
import signal

POINTS = ("read_page", "stage", "validate", "before_commit", "after_commit")
REJUDGE_POINTS = ("rejudge_page", "rejudge_commit", "rejudge_committed")
SETTLE_POINTS = ("settle_commit", "settle_committed")
_reached: dict[str, int] = {}


def reach(point: str) -> None:
    """Kill this process with SIGKILL if WATERWORKS_CRASH_AT is "<point>" or "<point>:<n-th time>"."""
    wanted = os.environ.get("WATERWORKS_CRASH_AT")
    if wanted is None:
        return
    name, _, nth = wanted.partition(":")
    _reached[point] = _reached.get(point, 0) + 1
    if name == point and _reached[point] == int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
