"""The environment of everything we start: the environment file, the store, and Dagster's view of it.

Belongs here: variables and their derivation. Not here: asking the user (portal/cli).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dotenv import dotenv_values
from sqlalchemy import make_url

from hub.settings import PROJECT, environment_file, home, settings
from schemas.problems import Problem

DAGSTER_DATABASE = "WATERWORKS_DAGSTER_DATABASE"


def child_environment() -> dict[str, str]:
    """os.environ plus what a child needs. The store must be in use (store.py), so that its URL is known.

    Raises Problem `folder_unwritable`.
    """
    url = make_url(settings().store_url)
    files = home() / "dagster"
    make_folder(files)
    make_folder(home() / "logs")
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        # So that `examples` and a checkout that is not installed are found, whatever the current folder.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",
        "WATERWORKS_HOME": str(home()),
        "DAGSTER_HOME": str(PROJECT / "dagster_home"),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "WATERWORKS_DAGSTER_HOST": url.host or "127.0.0.1",
        "WATERWORKS_DAGSTER_PORT": str(url.port or 5432),
        "WATERWORKS_DAGSTER_USER": url.username or "",
        "WATERWORKS_DAGSTER_PASSWORD": url.password or "",
        DAGSTER_DATABASE: os.environ.get(DAGSTER_DATABASE, "dagster"),
        "WATERWORKS_DAGSTER_FILES": str(files),
    }


def write_environment(changes: dict[str, str]) -> Path:
    """Set KEY=value lines of the environment file (mode 600: it may hold passwords); other lines stay."""
    path = environment_file()
    make_folder(path.parent)
    values = {name: value or "" for name, value in dotenv_values(path).items()} if path.exists() else {}
    values.update(changes)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("# Settings and secrets of this installation, read by everything `waterworks` starts.\n")
        for name, value in values.items():
            quoted = value.replace("\\", "\\\\").replace("'", "\\'")
            file.write(f"{name}='{quoted}'\n")
    fresh.replace(path)
    return path


def make_folder(folder: Path) -> None:
    """Create a folder, if need be with those above it; Problem `folder_unwritable` says why it could not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"no right to write into {folder}")
    except OSError as error:
        raise Problem("folder_unwritable", folder=str(folder), reason=error.strerror or str(error)) from error
