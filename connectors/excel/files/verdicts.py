"""What was found out about files in earlier syncs, so that a file that did not change is not opened again.

Belongs here: one JSON file per system with digests by size and time, and verdicts by content. Does not
belong here: reaching a verdict (connector.py). Verdicts are forgotten when the templates, the passwords
or the reader itself change; losing the file costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from connectors.excel.files.versions import Seen
from connectors.excel.safety import opened
from schemas.model import Template
from schemas.problems import Problem

_ROOM = Path(__file__).resolve().parent.parent


@cache
def _reader_version() -> str:
    """Changes with every change of the code that reads workbooks."""
    digest = hashlib.sha256()
    for path in sorted(_ROOM.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Verdicts:
    """The memory of one system; without a path, of one connector.

    `question`: a template's name with what people decided about its headers, or "?" for which one fits.
    """

    def __init__(self, path: Path | None, templates: Iterable[Template], passwords: Iterable[str]) -> None:
        self.path = path
        secret = hashlib.sha256("\0".join(passwords).encode()).hexdigest()
        self._rules = hashlib.sha256(f"{_reader_version()}{secret}{list(templates)!r}".encode()).hexdigest()
        self._stats: dict[str, Any] = {}
        self._verdicts: dict[str, dict[str, Any]] = {}
        self._changed = False
        self._load()

    def _load(self) -> None:
        if self.path is None:
            return
        try:
            known = json.loads(self.path.read_text(encoding="utf-8"))
            self._stats = dict(known["stats"])
            if known["rules"] == self._rules:
                self._verdicts = dict(known["verdicts"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # not there yet, or written by another version
        for path, (size, modified, inode, sha256) in self._stats.items():
            opened.remember_digest(Path(path), (size, modified, inode), sha256)

    def digest(self, file: Seen) -> str:
        """SHA-256 of the content. Raises OSError."""
        if file.sha256 is not None:
            return file.sha256
        sha256 = opened.digest(file.full)
        stat = opened.stat_of(file.full)
        entry = [*stat, sha256]
        if opened.is_calm(stat) and self._stats.get(str(file.full)) != entry:
            self._stats[str(file.full)] = entry
            self._changed = True
        return sha256

    def about(self, sha256: str, question: str, shown: str, ask: Callable[[], str | None]) -> str | None:
        """The answer of `ask` (a text, None or a raised Problem), remembered for this content."""
        known = self._verdicts.get(sha256, {}).get(question)
        if known is None:
            try:
                known = {"answer": ask()}
            except Problem as problem:
                if problem.code in opened.PASSING:
                    raise
                known = {"problem": problem.as_json()}
            self._verdicts.setdefault(sha256, {})[question] = known
            self._changed = True
        if "problem" in known:
            params = known["problem"]["params"]
            raise Problem(known["problem"]["code"], **(params | {"file": shown} if "file" in params else params))
        answer: str | None = known["answer"]
        return answer

    def save(self, present: Iterable[str]) -> None:
        """Write what is known about the contents that are still there."""
        contents = set(present)
        gone = [sha256 for sha256 in self._verdicts if sha256 not in contents]
        for sha256 in gone:
            del self._verdicts[sha256]
        for path in [path for path, entry in self._stats.items() if entry[3] not in contents]:
            del self._stats[path]
        if self.path is None or not (self._changed or gone):
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        under_way = self.path.with_name(f".{self.path.name}.{os.getpid()}{secrets.token_hex(4)}")
        text = json.dumps({"rules": self._rules, "stats": self._stats, "verdicts": self._verdicts}, ensure_ascii=False)
        under_way.write_text(text, encoding="utf-8")
        under_way.replace(self.path)
        self._changed = False
