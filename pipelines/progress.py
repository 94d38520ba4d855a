"""What a run tells whoever started it in this process, while it works.

Belongs here: the list of listeners. A run started by the Dagster daemon has none and only logs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Listener = Callable[[dict[str, Any]], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Call `listener` with every event of this process: {"event": name, ...} of JSON values."""
    _listeners.append(listener)


def report(event: str, **facts: Any) -> None:
    for listener in _listeners:
        listener({"event": event, **facts})
