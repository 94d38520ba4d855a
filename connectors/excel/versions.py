"""Which files of a watched folder belong to a template, and which of them counts.

Belongs here: names, versions in names, modification times. Does not belong here: opening files.
"""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from connectors.excel.sniff import KIND_OF_EXTENSION
from schemas.model import Template


@dataclass(frozen=True)
class Seen:
    """One file of the folder; `path` relative to it, with forward slashes."""

    path: str
    full: Path
    size: int
    modified_ns: int

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def is_lock(self) -> bool:
        return self.name.startswith(("~$", ".~lock."))

    @property
    def is_hidden(self) -> bool:
        return any(part.startswith(".") for part in PurePosixPath(self.path).parts) and not self.is_lock

    @property
    def is_table(self) -> bool:
        return PurePosixPath(self.path).suffix.lower() in KIND_OF_EXTENSION


def files_in(folder: Path) -> list[Seen]:
    """Every file below the folder, sorted by path; links that lead out of the folder are left out."""
    root = folder.resolve()
    found = []
    for parent, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            full = Path(parent, name)
            try:
                if full.is_symlink() and not full.resolve(strict=True).is_relative_to(root):
                    continue
                status = full.stat()
            except OSError:  # a link to nowhere, or a file that was moved away just now
                continue
            path = full.relative_to(root).as_posix()
            found.append(Seen(path, full, status.st_size, status.st_mtime_ns))
    return found


def belongs(path: str, template: Template) -> bool:
    """Does the file's path fit one of the template's patterns? Width and Unicode form do not matter."""
    plain = unicodedata.normalize("NFKC", path)
    return any(_fits(plain, unicodedata.normalize("NFKC", pattern)) for pattern in template.files)


def _fits(path: str, pattern: str) -> bool:
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(fnmatch.fnmatchcase(*pair) for pair in zip(parts, wanted, strict=True))


def newest_first(files: list[Seen], template: Template) -> list[Seen]:
    """The template's files, the one that counts first: by version in the name, then by modification time."""
    mine = [file for file in files if not file.is_lock and not file.is_hidden and belongs(file.path, template)]
    return sorted(mine, key=lambda file: (version_of(file.name, template), file.modified_ns, file.path), reverse=True)


def version_of(name: str, template: Template) -> tuple[int, ...]:
    """The numbers of the version in a file's name: "客户档案_2026-11.xlsx" -> (2026, 11); () if it has none."""
    if template.version_from is None:
        return ()
    match = re.search(template.version_from, unicodedata.normalize("NFKC", name))
    return tuple(int(digits) for digits in re.findall(r"\d+", match[1])) if match and match[1] else ()
