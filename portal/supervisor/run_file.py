"""$WATERWORKS_HOME/run.json: what runs, where it answers, and how to recognise it again.

{"token", "supervisor": {pid, started}, "ready": bool, "portal_url", "services": {name: {pid, started, url}}}
Belongs here: reading and writing that file. Not here: acting on it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from portal.supervisor.identity import Identity


@dataclass
class Service:
    pid: int
    started: float
    url: str | None = None  # where it answers, if people or programs may ask it

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.started)


@dataclass
class RunFile:
    token: str
    supervisor: Service
    ready: bool = False
    services: dict[str, Service] = field(default_factory=dict)

    def url(self, name: str) -> str | None:
        service = self.services.get(name)
        return service.url if service else None


def path(home: Path) -> Path:
    return home / "run.json"


def write(home: Path, run: RunFile) -> None:
    """Replace the file in one step: a reader sees the old one or the new one."""
    fresh = home / f"run.json.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(run), file, indent=1)
    fresh.replace(path(home))


def read(home: Path) -> RunFile | None:
    """The recorded run, alive or not; None if there is none (or a foreign file stands there)."""
    try:
        data = json.loads(path(home).read_text())
        return RunFile(
            token=data["token"],
            supervisor=Service(**data["supervisor"]),
            ready=data["ready"],
            services={name: Service(**service) for name, service in data["services"].items()},
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def running(home: Path) -> RunFile | None:
    """The recorded run if its supervisor is alive."""
    run = read(home)
    return run if run is not None and run.supervisor.identity.is_alive() else None


def remove(home: Path) -> None:
    path(home).unlink(missing_ok=True)
