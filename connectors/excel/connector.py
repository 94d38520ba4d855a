"""Workbooks from folders, mail and SFTP as one source system.

Belongs here: reading the file that counts, what became of every other, check and discover. Does not
belong here: which file counts (choosing.py), how a file is read (table.py and below), fetching (inbox/).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from connectors.base import Check, Deletions, Discovered, Page
from connectors.config_models import SystemConfig
from connectors.excel.files import names
from connectors.excel.files.choosing import Choice, Gathered, choose, gather
from connectors.excel.files.folder import settled, unsettled, watch
from connectors.excel.files.inbox.shelf import Shelf
from connectors.excel.files.verdicts import Verdicts
from connectors.excel.files.versions import Seen
from connectors.excel.finding import table
from connectors.excel.finding.table import match_template, read_file
from connectors.excel.safety.sandbox import Book
from schemas.model import Template, Text
from schemas.problems import Problem
from schemas.template_loader import templates as all_templates

__all__ = ["ExcelConnector", "FileStatus", "match_template", "read_file", "wording"]


@dataclass(frozen=True)
class FileStatus:
    """One file and what became of it.

    objects: the configured objects it belongs to. rule: why this version counts, or why another does.
    origin: sender, subject and the like of a file that was fetched. duplicate: the same bytes as another.
    """

    path: str
    status: Literal["current", "superseded", "duplicate", "unreadable", "unknown", "skipped"]
    objects: tuple[str, ...] = ()
    problem: Problem | None = None
    sha256: str | None = None
    rule: Problem | None = None
    origin: dict[str, Any] | None = None


class ExcelConnector:
    """The workbooks of one system; `templates`: object name -> layout."""

    def __init__(
        self,
        system: SystemConfig,
        folder: Path | None,
        templates: Mapping[str, Template] | None = None,
        folders: Mapping[str, Path] | None = None,
        passwords: Sequence[str] = (),
        home: Path | None = None,
        remembered: Callable[[str], Mapping[str, str | None]] | None = None,
    ) -> None:
        """No I/O; templates are taken from the configuration when first used unless they are given.

        folder: the system's own; folders: further ones by name. home: where fetched files and what is
        known about files lie; without it there are none, and nothing is remembered between connectors.
        remembered: template name -> {header: source column} that people decided on.
        """
        self.system = system.system
        self.folder = folder
        self.folders = {**({"": folder} if folder is not None else {}), **(folders or {})}
        self.passwords = tuple(passwords)
        self.shelf = Shelf(system.system, home) if home is not None else None
        self.remembered = remembered
        self._config = system
        self._given = templates
        self._home = home
        self._known: Verdicts | None = None
        self._decided: dict[str, Mapping[str, str | None]] = {}

    @property
    def templates(self) -> dict[str, Template]:
        if self._given is not None:
            return dict(self._given)
        known = all_templates()
        return {name: known[item.template] for name, item in self._config.workbooks.items()}

    def check(self) -> Check:
        """Does every input answer, and is there a file for every object? One point per input and object."""
        from connectors.excel.files.checking import check_inputs

        return check_inputs(self, self._config)

    def discover(self) -> list[Discovered]:
        """One entry per configured object with the columns found; a file that cannot be read says why.

        Raises Problem `workbook_folder_*` if no input can be looked into.
        """
        gathered = self.gather()
        if gathered.failed and not gathered.files:
            raise next(iter(gathered.failed.values()))
        found = []
        for name, template in self.templates.items():
            columns = tuple(column.source for column in template.columns)
            try:
                file = self.choose(gathered, name).file
                place = table.locate(self._head(file), template, file.path, self.decided(template))
            except Problem as problem:
                found.append(Discovered(name, None, columns, template.key, wording(problem)))
                continue
            sheet = f" / {place.sheet.name}" if place.sheet.name else ""
            note = Text(zh=file.path + sheet, en=file.path + sheet)
            found.append(Discovered(name, None, tuple(place.layout.columns), template.key, note))
        return found

    def files(self) -> list[FileStatus]:
        """Every file and what became of it; none is passed over in silence.

        Raises Problem `workbook_folder_*` if an input cannot be looked into.
        """
        gathered = self.gather()
        for problem in gathered.failed.values():
            raise problem
        watch(gathered.files, self._config.settle)
        choices: dict[str, Choice] = {}
        for name in self.templates:
            try:
                choices[name] = self.choose(gathered, name)
            except Problem:
                continue  # no file: the sync of the object says so
        found = _Record(self, gathered, choices).statuses()
        if self._known is not None:
            self._known.save(status.sha256 for status in found if status.sha256)
        return found

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        """All rows of the version that counts of one object's workbook; `position` does not shorten it.

        Raises Problem: `workbook_unknown_object`, `workbook_no_current_file`, `workbook_changing`,
        `workbook_cut_off`, `workbook_pinned_missing`, `workbook_folder_*` and what `read_file` raises.
        """
        template = self.templates.get(object_name)
        if template is None:
            known = ", ".join(self.templates) or "-"
            raise Problem("workbook_unknown_object", system=self.system, object=object_name, known=known)
        choice = self.choose(self.gather(), object_name)
        file = choice.file
        if file.sha256 is None:
            file = settled(file, self._config.settle)
        notes = (*([choice.why] if choice.older else []), *_came_from(file))
        decided = self.decided(template)
        for page in read_file(file.full, template, file.path, page_rows, self.passwords, decided):
            about = replace(page.file, notes=(*notes, *page.file.notes)) if page.file else None
            yield replace(page, file=about, position={"path": file.path, **page.position})

    def deletions(self, object_name: str) -> Deletions:
        """By the read: a workbook holds every row its keeper has, so a row that is gone was deleted."""
        return "read"

    def gather(self) -> Gathered:
        """What lies in every input now."""
        return gather(self.folders, self.shelf)

    def choose(self, gathered: Gathered, name: str) -> Choice:
        """The file of one object. Raises Problem as `choosing.choose` does."""
        return choose(self._config, name, self.templates[name], gathered, lambda file: self.fits(file, name))

    def fits(self, file: Seen, name: str) -> bool:
        """Whether the content has the table of the object's template."""
        try:
            self.locate(file, name)
        except Problem:
            return False
        return True

    def locate(self, file: Seen, name: str) -> None:
        """Raises Problem if the table of the object's template is not in the file."""
        template = self.templates[name]
        decided = self.decided(template)

        def ask() -> None:
            table.locate(self._head(file), template, file.path, decided)

        self.known.about(self.digest(file), f"{template.name} {sorted(decided.items())}", file.path, ask)

    def decided(self, template: Template) -> Mapping[str, str | None]:
        """{header: source column} that people decided on for this template."""
        if template.name not in self._decided:
            self._decided[template.name] = dict(self.remembered(template.name)) if self.remembered else {}
        return self._decided[template.name]

    def stranger(self, file: Seen) -> Template:
        """The template that fits a file whose name none watches. Raises Problem."""
        templates = {template.name: template for template in self.templates.values()}

        def ask() -> str:
            return table.best_template(self._head(file), templates.values(), file.path, decided).name

        decided = {name: self.decided(template) for name, template in templates.items()}
        asked = f"? {sorted((name, sorted(words.items())) for name, words in decided.items() if words)}"
        return templates[self.known.about(self.digest(file), asked, file.path, ask) or ""]

    def digest(self, file: Seen) -> str:
        """SHA-256 of the content. Raises Problem `workbook_missing`, `workbook_open_denied`."""
        try:
            return self.known.digest(file)
        except PermissionError as error:
            raise Problem("workbook_open_denied", file=file.path, reason=error.strerror or str(error)) from error
        except OSError as error:
            raise Problem("workbook_missing", file=file.path, reason=error.strerror or str(error)) from error

    @property
    def known(self) -> Verdicts:
        """What earlier syncs found out, read when first asked for."""
        if self._known is None:
            path = self._home / "cache" / "workbooks" / f"{self.system}.json" if self._home is not None else None
            self._known = Verdicts(path, self.templates.values(), self.passwords)
        return self._known

    def unsettled(self, file: Seen) -> Problem | None:
        """Why a file does not count as completely copied at this moment; None if it does."""
        return unsettled(file, self._config.settle) if file.sha256 is None else None

    def _head(self, file: Seen) -> Book:
        return table.open_head(file.full, file.path, self.passwords)


class _Record:
    """What became of each file, decided in one pass over them."""

    def __init__(self, connector: ExcelConnector, gathered: Gathered, choices: Mapping[str, Choice]) -> None:
        self.connector = connector
        self.gathered = gathered
        self.current: dict[str, list[str]] = {}
        self.why: dict[str, Problem] = {}
        self.newer: dict[str, tuple[str, Choice]] = {}
        for name, choice in choices.items():
            self.current.setdefault(choice.file.path, []).append(name)
            self.why[choice.file.path] = choice.why
            self.newer |= {file.path: (name, choice) for file in choice.older}
        self.first: dict[str, str] = {}  # content -> the path that stands for it

    def statuses(self) -> list[FileStatus]:
        files = [file for file in self.gathered.files if not file.is_hidden]
        looked = [(file, self._look(file)) for file in files]
        # Current files stand for their content first, then whatever comes first.
        for file, answer in sorted(looked, key=lambda pair: pair[0].path not in self.current):
            if isinstance(answer, str):
                self.first.setdefault(answer, file.path)
        closed = [FileStatus(problem.params["file"], "unreadable", problem=problem) for problem in self.gathered.closed]
        found = [answer if isinstance(answer, FileStatus) else self._status(file, answer) for file, answer in looked]
        return [
            *(replace(status, origin=file.origin) for status, file in zip(found, files, strict=True)),
            *closed,
        ]

    def _look(self, file: Seen) -> FileStatus | str:
        """The SHA-256 of a table that is completely there, or the status of anything else."""
        if skipped := names.why_skipped(file.path if not file.by_name else file.name):
            return FileStatus(file.path, "skipped", problem=skipped)
        objects = tuple(self.current.get(file.path, ()))
        try:
            if waiting := self.connector.unsettled(file):
                return FileStatus(file.path, "unreadable", objects, waiting)
            return self.connector.digest(file)
        except Problem as problem:
            return FileStatus(file.path, "unreadable", objects, problem)

    def _status(self, file: Seen, sha256: str) -> FileStatus:
        status = FileStatus(file.path, "unknown", sha256=sha256)
        if (first := self.first[sha256]) != file.path:
            same = Problem("workbook_same_content", file=file.path, same=first)
            return replace(status, status="duplicate", problem=same)
        if file.path in self.current:
            objects = tuple(self.current[file.path])
            status = replace(status, status="current", objects=objects, rule=self.why[file.path])
            try:
                for name in objects:
                    self.connector.locate(file, name)
            except Problem as problem:
                return replace(status, status="unreadable", problem=problem)
            return status
        if file.path in self.newer:
            name, choice = self.newer[file.path]
            older = Problem("workbook_older_version", file=file.path, newer=choice.file.path)
            why = choice.reasons[file.path]
            return replace(status, status="superseded", objects=(name,), problem=older, rule=why)
        try:
            fitting = self.connector.stranger(file)
        except Problem as problem:
            unknown = problem.code == "workbook_no_template"
            return replace(status, status="unknown" if unknown else "unreadable", problem=problem)
        patterns = ", ".join(fitting.files)
        params = {"file": file.path, "template": fitting.title.zh, "patterns": patterns}
        return replace(status, problem=Problem("workbook_name_not_watched", **params))


def _came_from(file: Seen) -> Iterator[Problem]:
    """A note on where a fetched file came from."""
    if file.origin is not None and file.origin.get("kind") == "mail":
        origin = file.origin
        yield Problem("note_from_mail", sender=origin["sender"], subject=origin["subject"], date=origin["date"])
    elif file.origin is not None:
        yield Problem("note_from_sftp", host=file.origin["host"], path=file.origin["path"])


def wording(problem: Problem) -> Text:
    """The sentence in both languages."""
    return Text(zh=problem.text("zh"), en=problem.text("en"))
