"""Which files belong to a template, in which order they count, and which rule decided.

Belongs here: names, versions in names, modification times, the order and its explanation. Does not
belong here: listing folders (folder.py), opening workbooks beyond their date (content_date).
"""

from __future__ import annotations

import fnmatch
import re
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from connectors.excel.config import DEFAULT_ORDER, OrderRule
from connectors.excel.files import names
from schemas.model import Template
from schemas.problems import Problem


@dataclass(frozen=True)
class Seen:
    """One file of a system.

    path: how it is named everywhere, unique in the system, with forward slashes. place: its path inside
    its own input; patterns may be written for either. by_name: it came without a folder (a mail
    attachment), so its name alone is compared with the last part of a pattern.
    origin: where it came from if it was not simply lying there, e.g. {"sender", "subject", "date"}.
    """

    path: str
    full: Path
    size: int
    modified_ns: int
    place: str = ""
    by_name: bool = False
    origin: dict[str, Any] | None = field(default=None, compare=False)
    sha256: str | None = None  # known for files that were fetched

    @property
    def name(self) -> str:
        return PurePosixPath(self.place or self.path).name

    @property
    def is_lock(self) -> bool:
        return names.is_lock(self.path)

    @property
    def is_hidden(self) -> bool:
        return names.is_hidden(self.path)

    @property
    def is_table(self) -> bool:
        return names.is_table(self.path)

    @cached_property
    def content_date(self) -> str:
        """When the workbook itself says it was last saved ("2026-11-03T08:00:00Z"); "" if it does not."""
        return content_date(self.full)


@dataclass(frozen=True)
class Version:
    """What a name says about the version of a workbook; greater is newer.

    date: year, month, day as far as given. final: 1 for 最终版, n for 最终版n. number: v3.1 -> (3, 1).
    copy: n for (n), which a browser gives to a later download; -1 for 副本, which is a spare of an original.
    """

    date: tuple[int, ...] = ()
    final: int = 0
    number: tuple[int, ...] = ()
    copy: int = 0

    def key(self) -> tuple[Any, ...]:
        return self.date, self.final, self.number


def belongs(file: Seen, template: Template) -> bool:
    """Does the file fit one of the template's patterns? Width, case and Unicode form do not matter."""
    places = {_plain(file.path), _plain(file.place or file.path)}
    for pattern in map(_plain, template.files):
        if any(_fits(place, pattern) for place in places):
            return True
        if file.by_name and fnmatch.fnmatchcase(_plain(file.name), pattern.rpartition("/")[2]):
            return True
    return False


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _fits(path: str, pattern: str) -> bool:
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(fnmatch.fnmatchcase(*pair) for pair in zip(parts, wanted, strict=True))


def newest_first(files: Sequence[Seen], template: Template, order: Sequence[OrderRule] = DEFAULT_ORDER) -> list[Seen]:
    """The template's files, the one that counts first."""
    mine = [
        file for file in files if file.is_table and not file.is_lock and not file.is_hidden and belongs(file, template)
    ]
    return in_order(mine, template, order)


def in_order(files: Sequence[Seen], template: Template, order: Sequence[OrderRule] = DEFAULT_ORDER) -> list[Seen]:
    """Newest first by the rules in turn; what all of them find equal is ordered by its path."""
    ranked = sorted(files, key=lambda file: file.path)
    for rule in reversed(order):  # sorting is stable, so the rule asked last is applied first
        if rule == "content" and len({_MEASURES["modified"](file, template) for file in ranked}) == len(ranked):
            continue  # the times tell; opening every file for its own date would be work for nothing
        ranked.sort(key=lambda file, measure=_MEASURES[rule]: measure(file, template), reverse=True)  # type: ignore[misc]
    return ranked


def reason(newer: Seen, older: Seen, template: Template, order: Sequence[OrderRule] = DEFAULT_ORDER) -> Problem:
    """The sentence that says why one file counts before another."""
    for rule in order:
        first, second = (_MEASURES[rule](file, template) for file in (newer, older))
        if first != second:
            return Problem(
                _SENTENCES[rule],
                newer=newer.path,
                older=older.path,
                newer_is=_shown(rule, newer, template),
                older_is=_shown(rule, older, template),
            )
    return Problem("version_by_path", newer=newer.path, older=older.path)


def version_of(name: str, template: Template) -> tuple[int, ...]:
    """The numbers of the template's own version pattern: "客户档案_2026-11.xlsx" -> (2026, 11); () without."""
    if template.version_from is None:
        return ()
    match = re.search(template.version_from, unicodedata.normalize("NFKC", name))
    return tuple(int(digits) for digits in re.findall(r"\d+", match[1])) if match and match[1] else ()


_DATES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[int, ...]]], ...] = (
    (
        re.compile(r"(?<!\d)(20\d\d|19\d\d)\s*[-_./年]\s*(1[0-2]|0?[1-9])\s*[-_./月]\s*(3[01]|[12]\d|0?[1-9])(?!\d)"),
        lambda m: (int(m[1]), int(m[2]), int(m[3])),
    ),
    (
        re.compile(r"(?<!\d)(20\d\d)(1[0-2]|0[1-9])(3[01]|[12]\d|0[1-9])(?!\d)"),
        lambda m: (int(m[1]), int(m[2]), int(m[3])),
    ),
    (
        re.compile(r"(?<!\d)(20\d\d)\s*年?\s*(?:第|[-_ ])?\s*(?:[Qq]([1-4])|([1-4一二三四])\s*季度?)"),
        lambda m: (int(m[1]), 3 * (int(m[2]) if m[2] else "一二三四".find(m[3]) + 1 or int(m[3]))),
    ),
    (re.compile(r"(?<!\d)(20\d\d|19\d\d)\s*[-_./年]\s*(1[0-2]|0?[1-9])(?!\d)"), lambda m: (int(m[1]), int(m[2]))),
    (re.compile(r"(?<!\d)(20\d\d)(1[0-2]|0[1-9])(?!\d)"), lambda m: (int(m[1]), int(m[2]))),
    (re.compile(r"(?<!\d)(20\d\d)(?!\d)"), lambda m: (int(m[1]),)),
)
_FINAL = re.compile(r"(?:最终版?|终版|终稿|定稿|final)\s*[-_]?\s*(\d{0,3})(?!\d)", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?:(?<![A-Za-z])v(?:er(?:sion)?)?\.?\s*(\d{1,4}(?:\.\d{1,4}){0,3})|第\s*(\d{1,4})\s*版|"
    r"版本\s*(\d{1,4}(?:\.\d{1,4}){0,3})|(?:修订|rev\.?)\s*(\d{1,4})|(?<!\d)(\d{1,3})\s*版)",
    re.IGNORECASE,
)
_AGAIN = re.compile(r"\((\d{1,3})\)\s*$")
_SPARE = re.compile(r"副本|复件|备份|(?<![A-Za-z])(?:copy|backup)(?![A-Za-z])", re.IGNORECASE)


def named_version(name: str) -> Version:
    """What a file's name says: dates, v3, 第3版, 最终版2, (1), 副本. Full width counts as half width."""
    stem = unicodedata.normalize("NFKC", PurePosixPath(name).stem)
    date: tuple[int, ...] = ()
    for pattern, value in _DATES:
        if found := list(pattern.finditer(stem)):
            date = value(found[-1])
            stem = pattern.sub(" ", stem)
            break
    spare = bool(_SPARE.search(stem))
    again = _AGAIN.search(stem)
    final = _FINAL.search(stem)
    number = _NUMBER.search(_FINAL.sub(" ", stem))
    return Version(
        date=date,
        final=max(1, int(final[1] or 1)) if final else 0,
        number=tuple(int(part) for part in next(filter(None, number.groups())).split(".")) if number else (),
        copy=-1 if spare else int(again[1]) if again else 0,
    )


def content_date(path: Path) -> str:
    """The day and time the workbook's own properties say it was last saved; "" if there is none.

    Reads at most 64 kB of one part of the package; legacy formats tell by their file time alone.
    """
    try:
        with zipfile.ZipFile(path) as package, package.open("docProps/core.xml") as part:
            found = re.search(rb"<dcterms:modified[^>]*>([0-9T:Z.+-]{10,35})<", part.read(65_536))
    except (OSError, KeyError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return ""  # no package, or one that is refused later with its own sentence
    return found[1].decode("ascii") if found else ""


_SENTENCES: dict[str, str] = {
    "version": "version_by_version",
    "name": "version_by_name",
    "modified": "version_by_modified",
    "content": "version_by_content",
}

# Some shares keep times in steps of two seconds, so closer times are the same.
_MEASURES: dict[str, Callable[[Seen, Template], Any]] = {
    "version": lambda file, template: version_of(file.name, template),
    "name": lambda file, template: named_version(file.name).key(),
    "modified": lambda file, template: (file.modified_ns // 2_000_000_000, named_version(file.name).copy),
    "content": lambda file, template: file.content_date,
}


def _shown(rule: str, file: Seen, template: Template) -> str:
    """The value a rule compared, for people."""
    if rule == "version":
        return "-".join(f"{number:02}" for number in version_of(file.name, template)) or "-"
    if rule == "name":
        version = named_version(file.name)
        parts = [
            "-".join(f"{number:02}" for number in version.date),
            f"v{'.'.join(map(str, version.number))}" if version.number else "",
            f"最终版{version.final if version.final > 1 else ''}" if version.final else "",
        ]
        return " ".join(filter(None, parts)) or "-"
    if rule == "modified":
        from datetime import datetime

        text = f"{datetime.fromtimestamp(file.modified_ns / 1e9):%Y-%m-%d %H:%M:%S}"
        copy = named_version(file.name).copy
        return text if copy == 0 else f"{text} ({'副本' if copy < 0 else copy})"
    return file.content_date or "-"
