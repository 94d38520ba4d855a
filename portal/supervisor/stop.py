"""Stop a recorded run from another shell, also when its supervisor was killed.

Belongs here: `stop_run`. Not here: the orderly stop of a living supervisor (supervisor.py).
"""

from __future__ import annotations

from pathlib import Path

from portal.supervisor import run_file
from portal.supervisor.identity import carrying, end
from portal.supervisor.store import stop_leftover

SUPERVISOR_SECONDS = 45  # its own patience with the children, and the store's check point


def stop_run(home: Path) -> bool:
    """Stop everything the run file of `home` names and what that started; True if anything ran."""
    run = run_file.read(home)
    stopped = False
    if run is not None:
        if run.supervisor.identity.is_alive():
            stopped = True
            end([run.supervisor.identity], SUPERVISOR_SECONDS)
        left = [service.identity for name, service in run.services.items() if name != "postgres"]
        left = [process for process in left if process.is_alive()] + carrying(run.token)
        stopped |= bool(left)
        end(left, patience=10)
        run_file.remove(home)
    return stop_leftover(home) or stopped
