"""Faults of the demo MES, switched on by a test: what real servers do now and then.

Belongs here: which fault strikes which request, and what it does to a reply. Does not belong here: the
protocol (`mes_server.py`). A server knows them only if it was started with `--faults`; then
POST /_faults {"fault": name, "times": 2, "after": 1, "seconds": 3600} arms one, {} clears all.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Any

FAULTS_PATH = "/_faults"
# What happens before a list is answered (the reply is no list), and what is done to the list.
REFUSALS = ("rate_limit", "rate_limit_epoch_ms", "busy_code", "error_500", "error_502", "stall", "garbage",
            "truncated", "expired_token", "reset")  # fmt: skip
CHANGES = ("page_repeat", "duplicates", "out_of_order", "clock_skew")
STALL_SECONDS = 2.0


@dataclass
class Fault:
    """One armed fault. times: requests it strikes; after: requests it lets pass first."""

    name: str
    times: int
    after: int
    seconds: float


class Faults:
    """What is armed; thread-safe. Raises ValueError for a fault that is none."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._lock = threading.Lock()
        self.skew_seconds = 0.0  # added to the server's clock, also in update times

    def arm(self, body: dict[str, Any]) -> None:
        if not body:
            with self._lock:
                self._armed.clear()
                self.skew_seconds = 0.0
            return
        name = str(body.get("fault"))
        if name not in REFUSALS + CHANGES:
            raise ValueError(f"fault is one of {', '.join(REFUSALS + CHANGES)}")
        fault = Fault(name, int(body.get("times", 1)), int(body.get("after", 0)), float(body.get("seconds", 1)))
        with self._lock:
            if name == "clock_skew":
                self.skew_seconds = fault.seconds
            else:
                self._armed.append(fault)

    def strike(self) -> Fault | None:
        """The fault of this request, if one is armed for it."""
        with self._lock:
            for fault in self._armed:
                if fault.after > 0:
                    fault.after -= 1
                elif fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def changed(self, fault: Fault | None, page: dict[str, Any]) -> dict[str, Any]:
        """The data of a list reply as this fault and the skewed clock leave it."""
        items = list(page["list"])
        if self.skew_seconds:
            shift = int(self.skew_seconds * 1000)
            items = [item | {"updateTime": item["updateTime"] + shift} for item in items]
        if fault is not None and items:
            if fault.name == "duplicates":
                items = [*items, items[0], items[-1]]
            elif fault.name == "out_of_order":
                older = items[0] | {"updateTime": items[0]["updateTime"] - 1000, "code": "older version"}
                items = [*reversed(items), older]
        return page | {"list": items}


def limit_headers(fault: Fault) -> dict[str, str]:
    """How a server says when to come back."""
    if fault.name == "rate_limit_epoch_ms":
        return {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int((time.time() + fault.seconds) * 1000))}
    return {"Retry-After": str(math.ceil(fault.seconds))}
