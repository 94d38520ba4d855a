"""Where things are on this machine: one place that reads the environment.

Belongs here: paths and URLs of the installation. Not here: secrets of source systems (connectors
read them when used), anything that does I/O on import.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from schemas.problems import Problem

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

    WATERWORKS_STORE_URL names the store; without it the embedded cluster of this home is used.
    Raises Problem `store_not_initialised` if there is neither.
    """
    from hub.store.postgres import recorded_url

    url = os.environ.get("WATERWORKS_STORE_URL") or recorded_url(home())
    if url is None:
        raise Problem("store_not_initialised", home=str(home()))
    return Settings(home=home(), store_url=url)
