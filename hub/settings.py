"""Where things are on this machine: one place that reads the environment.

Belongs here: paths and URLs of the installation. Not here: secrets of source systems (connectors
read them when used), anything that does I/O on import.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

PROJECT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """The state folder (landing, uploads, logs, run files); WATERWORKS_HOME or <project>/.waterworks."""
    return Path(os.environ.get("WATERWORKS_HOME") or PROJECT / ".waterworks").resolve()


@dataclass(frozen=True)
class Settings:
    home: Path
    store_url: str  # SQLAlchemy URL, postgresql+psycopg://...

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def uploads(self) -> Path:
        return self.home / "uploads"

    @property
    def data_docs(self) -> Path:
        return self.home / "data_docs"

    @property
    def logs(self) -> Path:
        return self.home / "logs"


def environment_file() -> Path:
    """KEY=value lines that `waterworks` passes on to everything it starts."""
    return home() / "environment"


def load_environment() -> None:
    """Fill os.environ from the environment file; what is already set wins."""
    for name, value in dotenv_values(environment_file()).items():
        if value is not None:
            os.environ.setdefault(name, value)


def settings() -> Settings:
    """The settings of this installation; reads os.environ at every call.

    Raises KeyError if WATERWORKS_STORE_URL is unset (call `load_environment()` first, or run
    `waterworks init`).
    """
    return Settings(home=home(), store_url=os.environ["WATERWORKS_STORE_URL"])
