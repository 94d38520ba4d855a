"""Which file of a system is the one to read for an object, and why.

Belongs here: putting the inputs together, versions, pins, and what a missing input means. Does not
belong here: listing (folder.py), the rules themselves (versions.py), opening files.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.config_models import SystemConfig
from connectors.excel.files.folder import list_folder
from connectors.excel.files.inbox.shelf import Shelf
from connectors.excel.files.versions import Seen, newest_first, reason
from schemas.model import Template
from schemas.problems import Problem


@dataclass(frozen=True)
class Gathered:
    """What lies in all inputs. closed: folders that may not be looked into. failed: input -> why it could not
    be looked into at all (its files are then not among `files`, although they may be there)."""

    files: tuple[Seen, ...]
    closed: tuple[Problem, ...]
    failed: Mapping[str, Problem]
    places: Mapping[str, Path]


@dataclass(frozen=True)
class Choice:
    """The file to read, why, and the versions it takes precedence over with the reason for each."""

    file: Seen
    why: Problem
    older: tuple[Seen, ...]
    reasons: Mapping[str, Problem]


def gather(folders: Mapping[str, Path], shelf: Shelf | None) -> Gathered:
    """Look into every input; one that fails does not keep the others from being looked into."""
    files: list[Seen] = []
    closed: list[Problem] = []
    failed: dict[str, Problem] = {}
    for name, folder in folders.items():
        try:
            listing = list_folder(folder, name)
        except Problem as problem:
            failed[name] = problem
            continue
        files += listing.files
        closed += listing.closed
    if shelf is not None:
        files += shelf.files()
    return Gathered(tuple(files), tuple(closed), failed, folders)


def choose(
    system: SystemConfig,
    name: str,
    template: Template,
    gathered: Gathered,
    fits: Callable[[Seen], bool],
) -> Choice:
    """The file of one object.

    `fits`: asked about mail attachments only: anybody may send a file with a watched name, so one
    without the template's table does not displace a good one.
    Raises Problem `workbook_no_current_file`, `workbook_pinned_missing`, and that of an input which
    could hold a newer version but cannot be looked into: an older one is never taken instead.
    """
    item = system.workbooks.get(name)
    if item is not None and item.file is not None:
        return _pinned(system, name, item.file, template, gathered)
    for input_name, problem in gathered.failed.items():
        if _may_come_from(input_name, template, gathered.places):
            raise problem
    order = (item.order if item is not None else None) or system.order
    mine = [file for file in newest_first(gathered.files, template, order) if not file.by_name or fits(file)]
    if not mine:
        raise Problem(
            "workbook_no_current_file",
            folder=", ".join(str(folder) for folder in gathered.places.values()) or system.title.zh,
            template=template.title.zh,
            patterns=", ".join(template.files),
        )
    first, *older = mine
    reasons = {file.path: reason(first, file, template, order) for file in older}
    why = reasons[older[0].path] if older else Problem("version_only", newer=first.path)
    return Choice(first, why, tuple(older), reasons)


def _pinned(system: SystemConfig, name: str, path: str, template: Template, gathered: Gathered) -> Choice:
    wanted = _plain(path)
    for file in gathered.files:
        if _plain(file.path) == wanted:
            why = Problem("version_pinned", newer=file.path)
            older = tuple(other for other in newest_first(gathered.files, template) if other.path != file.path)
            return Choice(file, why, older, {other.path: why for other in older})
    for problem in gathered.failed.values():
        raise problem
    raise Problem("workbook_pinned_missing", system=system.system, object=name, file=path)


def _plain(path: str) -> str:
    return unicodedata.normalize("NFKC", path).casefold()


def _may_come_from(input_name: str, template: Template, places: Mapping[str, Path]) -> bool:
    """False if every pattern of the template begins with the name of another input."""
    others = {_plain(name) for name in places if name != input_name}
    return not all(_plain(pattern).partition("/")[0] in others for pattern in template.files)
