"""A folder of workbooks as a source system.

Belongs here: which files there are, what became of each, and reading the one that counts. Does not
belong here: how a file is read (table.py and below).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from connectors.base import Check, Deletions, Discovered, Page
from connectors.config_models import SystemConfig
from connectors.excel import table
from connectors.excel.sandbox import Book
from connectors.excel.table import match_template, read_file
from connectors.excel.versions import Seen, files_in, newest_first
from schemas.model import Template, Text
from schemas.problems import Problem
from schemas.template_loader import templates as all_templates

__all__ = ["ExcelConnector", "FileStatus", "match_template", "read_file"]

_SETTLED_SECONDS = 5  # a file untouched for so long is not being copied any more
_WATCH_SECONDS = 0.4


@dataclass(frozen=True)
class FileStatus:
    """One file of the folder and what became of it. `objects`: the configured objects it belongs to."""

    path: str
    status: Literal["current", "superseded", "unreadable", "unknown", "skipped"]
    objects: tuple[str, ...] = ()
    problem: Problem | None = None
    sha256: str | None = None


class ExcelConnector:
    """The workbooks below one folder; `templates`: object name -> layout."""

    def __init__(self, system: SystemConfig, folder: Path, templates: Mapping[str, Template] | None = None) -> None:
        """No I/O; templates are taken from the configuration when first used unless they are given."""
        self.system = system.system
        self.folder = folder
        self._config = system
        self._given = templates
        self._heads: dict[tuple[str, int, int], Book | Problem] = {}

    @property
    def templates(self) -> dict[str, Template]:
        if self._given is not None:
            return dict(self._given)
        known = all_templates()
        return {name: known[item.template] for name, item in self._config.workbooks.items()}

    def check(self) -> Check:
        """Is the folder there, and is there a file for every object?"""
        try:
            files = self._files()
        except Problem as problem:
            return Check(self.system, False, _wording(problem))
        lacking = [template.title for template in self.templates.values() if not newest_first(files, template)]
        count = sum(1 for file in files if file.is_table and not file.is_lock)
        if lacking:
            incomplete = Problem(
                "workbook_check_lacking",
                folder=str(self.folder),
                zh=", ".join(title.zh for title in lacking),
                en=", ".join(title.en for title in lacking),
            )
            return Check(self.system, False, _wording(incomplete))
        sentence = Problem("workbook_check_ok", folder=str(self.folder), files=count, objects=len(self.templates))
        return Check(self.system, True, _wording(sentence))

    def discover(self) -> list[Discovered]:
        """One entry per configured object with the columns found; a file that cannot be read says why.

        Raises Problem `workbook_folder_missing`.
        """
        files = self._files()
        found = []
        for name, template in self.templates.items():
            columns = tuple(column.source for column in template.columns)
            try:
                file = self._current(files, name, template)
                place = table.locate(self._head(file), template, file.path)
            except Problem as problem:
                found.append(Discovered(name, None, columns, template.key, _wording(problem)))
                continue
            sheet = f" / {place.sheet.name}" if place.sheet.name else ""
            note = Text(zh=file.path + sheet, en=file.path + sheet)
            found.append(Discovered(name, None, tuple(place.layout.columns), template.key, note))
        return found

    def files(self) -> list[FileStatus]:
        """Every file below the folder and what became of it; none is passed over in silence.

        Raises Problem `workbook_folder_missing`.
        """
        files = self._files()
        current: dict[str, list[str]] = {}
        newer: dict[str, tuple[str, str]] = {}
        for name, template in self.templates.items():
            mine = [file for file in newest_first(files, template) if file.is_table]
            if mine:
                current.setdefault(mine[0].path, []).append(name)
                newer |= {file.path: (name, mine[0].path) for file in mine[1:]}
        return [self._status(file, current, newer) for file in files if not file.is_hidden]

    def _status(self, file: Seen, current: dict[str, list[str]], newer: dict[str, tuple[str, str]]) -> FileStatus:
        if file.is_lock:
            return FileStatus(file.path, "skipped", problem=Problem("workbook_lock_file", file=file.path))
        if not file.is_table:
            return FileStatus(file.path, "skipped", problem=Problem("workbook_not_a_table", file=file.path))
        if file.path in current:
            return self._current_status(file, tuple(current[file.path]))
        if file.path in newer:
            name, by = newer[file.path]
            older = Problem("workbook_older_version", file=file.path, newer=by)
            return FileStatus(file.path, "superseded", (name,), older)
        return self._stranger(file)

    def _current_status(self, file: Seen, objects: tuple[str, ...]) -> FileStatus:
        status = FileStatus(file.path, "current", objects)
        try:
            status = replace(status, sha256=table.digest(file.full))
            for name in objects:
                table.locate(self._head(file), self.templates[name], file.path)
        except Problem as problem:
            return replace(status, status="unreadable", problem=problem)
        except OSError as error:
            reason = Problem("workbook_missing", file=file.path, reason=error.strerror or str(error))
            return replace(status, status="unreadable", problem=reason)
        return status

    def _stranger(self, file: Seen) -> FileStatus:
        """A workbook whose name no template watches."""
        try:
            book = self._head(file)
        except Problem as problem:
            return FileStatus(file.path, "unreadable", problem=problem)
        try:
            fitting = table.best_template(book, self.templates.values(), file.path)
        except Problem as problem:
            return FileStatus(file.path, "unknown", problem=problem)
        patterns = ", ".join(fitting.files)
        misplaced = Problem("workbook_name_not_watched", file=file.path, template=fitting.title.zh, patterns=patterns)
        return FileStatus(file.path, "unknown", problem=misplaced)

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        """All rows of the newest version of one object's workbook; `position` does not shorten it.

        Raises Problem: `workbook_unknown_object`, `workbook_no_current_file`, and what `read_file` raises.
        """
        template = self.templates.get(object_name)
        if template is None:
            known = ", ".join(self.templates) or "-"
            raise Problem("workbook_unknown_object", system=self.system, object=object_name, known=known)
        file = self._current(self._files(), object_name, template)
        _wait_until_settled(file)
        for page in read_file(file.full, template, file.path, page_rows):
            yield replace(page, position={"path": file.path, **page.position})

    def deletions(self, object_name: str) -> Deletions:
        """By the read: a workbook holds every row its keeper has, so a row that is gone was deleted."""
        return "read"

    def _files(self) -> list[Seen]:
        if not self.folder.is_dir():
            raise Problem("workbook_folder_missing", folder=str(self.folder))
        return files_in(self.folder)

    def _current(self, files: list[Seen], name: str, template: Template) -> Seen:
        mine = [file for file in newest_first(files, template) if file.is_table]
        if not mine:
            raise Problem(
                "workbook_no_current_file",
                folder=str(self.folder),
                template=template.title.zh,
                patterns=", ".join(template.files),
            )
        return mine[0]

    def _head(self, file: Seen) -> Book:
        """The file's first rows, kept as long as the file does not change."""
        mark = (file.path, file.size, file.modified_ns)
        if mark not in self._heads:
            try:
                self._heads[mark] = table.open_head(file.full, file.path)
            except Problem as problem:
                self._heads[mark] = problem
        book = self._heads[mark]
        if isinstance(book, Problem):
            raise book
        return book


def _wait_until_settled(file: Seen) -> None:
    """Raises Problem `workbook_changing` if the file grows while we look (a copy that is still running)."""
    if time.time() - file.modified_ns / 1e9 > _SETTLED_SECONDS:
        return
    time.sleep(_WATCH_SECONDS)
    try:
        status = file.full.stat()
    except OSError as error:
        raise Problem("workbook_missing", file=file.path, reason=error.strerror or str(error)) from error
    if (status.st_size, status.st_mtime_ns) != (file.size, file.modified_ns):
        raise Problem("workbook_changing", file=file.path)


def _wording(problem: Problem) -> Text:
    return Text(zh=problem.text("zh"), en=problem.text("en"))
