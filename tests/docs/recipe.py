"""Recipes as a reader follows them: fenced blocks of a Markdown file, done in a copy of the project.

Belongs here: finding blocks, doing what they say, the copy. Does not belong here: tests.

Blocks: ```sh run, ```yaml file=<path>, ```yaml append=<path>, ```yaml column=<contract>:<column> (put at
the end of that column), ```sql rows (must return rows). Blocks without such a word only show something.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.settings import PROJECT
from hub.store.engine import connect
from hub.store.postgres import EmbeddedPostgres

_BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROOMS = ("schemas", "connectors", "hub", "pipelines", "portal", "dagster_home", "examples")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "vendor", "node_modules", "logs", "history", "storage", "*.db")


@dataclass(frozen=True)
class Block:
    language: str
    word: str
    text: str


def blocks(markdown: str) -> list[Block]:
    """The blocks that a test does, in order."""
    return [Block(*match) for match in _BLOCK.findall(markdown)]


@dataclass
class Project:
    """A copy of the rooms in a folder of its own, with its own home and store."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def copy(cls) -> Project:
        folder = Path(tempfile.mkdtemp(prefix="waterworks-recipe-"))
        folder.chmod(0o755)  # as root the store runs as another user, who must be able to enter
        for room in ROOMS:
            shutil.copytree(PROJECT / room, folder / room, ignore=NOT_COPIED)
        shutil.copy(PROJECT / "pyproject.toml", folder)
        scripts = folder / "bin"
        scripts.mkdir()
        program = scripts / "waterworks"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m portal.cli.main "$@"\n')
        program.chmod(0o755)
        return cls(folder)

    def without_sources(self) -> Project:
        """Take the demo's sources out: what somebody has who starts with sources of their own."""
        for path in (self.folder / "pipelines" / "defs").iterdir():
            if path.is_dir():
                shutil.rmtree(path)
        for path in (self.folder / "schemas" / "mappings").glob("*.yaml"):
            path.unlink()
        return self

    @property
    def home(self) -> Path:
        return self.folder / ".waterworks"

    def remove(self) -> None:
        server = EmbeddedPostgres(self.home)
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def follow(self, recipe: Path) -> list[list[tuple[Any, ...]]]:
        """Do every block of the recipe; returns the rows of its ```sql rows blocks.

        Raises AssertionError with the output of a command that fails.
        """
        found = []
        for block in blocks(recipe.read_text(encoding="utf-8")):
            if (block.language, block.word) == ("sh", "run"):
                self.run(block.text)
            elif (block.language, block.word) == ("sql", "rows"):
                found.append(self.query(block.text))
            elif block.language == "yaml":
                self._write(*block.word.split("=", 1), block.text)
            else:
                raise AssertionError(f"{recipe.name}: no meaning for ```{block.language} {block.word}")
        return found

    def run(self, script: str) -> str:
        """The output of a shell script run in the project; AssertionError if it fails."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("WATERWORKS_", "DAGSTER_"))
        }
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env={
                **inherited,
                **self.environment,
                "PATH": f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
                "PYTHONPATH": str(self.folder),  # before the installed project
                "LANG": "C.UTF-8",
            },
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, (
            f"{script}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}\n{self._logs()}"
        )
        return done.stdout

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the project's store, which runs for that long."""
        server = EmbeddedPostgres(self.home)
        server.start()
        try:
            with connect(server.url()) as connection:
                return connection.execute(statement.encode()).fetchall()
        finally:
            server.stop()

    def _logs(self) -> str:
        """The last lines of what the project's programs logged."""
        logs = sorted((self.home / "logs").glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs)

    def _write(self, how: str, where: str, text: str) -> None:
        path, _, column = where.partition(":")
        target = self.folder / path
        if how == "file":
            assert not target.exists(), f"{path} is there already"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        elif how == "append":
            target.write_text(target.read_text(encoding="utf-8") + text, encoding="utf-8")
        elif how == "column":
            target.write_text(_below_column(target.read_text(encoding="utf-8"), column, text), encoding="utf-8")
        else:
            raise AssertionError(f"no meaning for {how}={where}")


def _below_column(contract: str, column: str, text: str) -> str:
    """The contract with `text` at the end of the column's description."""
    start = contract.index(f"      - name: {column}\n")
    following = re.compile(r"^ {0,6}\S", re.MULTILINE).search(contract, start + len(f"      - name: {column}\n"))
    end = following.start() if following else len(contract)
    return contract[:end] + text + contract[end:]
