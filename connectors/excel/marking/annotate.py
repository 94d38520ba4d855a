"""A copy of a workbook with marked cells: coloured, commented, corrected where a value is suggested.

Belongs here: what a mark is, and choosing the way: patching an .xlsx (package_patch.py), openpyxl for
odd packages and a new workbook for .xls and .csv (rebuild.py). Does not belong here: wording of marks
(the portal).
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from connectors.excel.filetypes.cells import parse_address
from connectors.excel.safety import sniff
from schemas.problems import Problem


@dataclass(frozen=True)
class Mark:
    """One cell to mark. `sheet` None = the only sheet (CSV). `new_value` None = leave the value."""

    sheet: str | None
    cell: str  # "D12"
    severity: Literal["error", "warning", "info"]
    comment: str
    new_value: str | None = None


@dataclass(frozen=True)
class Summary:
    """The sheet that lists all marks: its name, its column titles, the words for the severities."""

    title: str
    headings: tuple[str, str, str, str, str]  # sheet, cell, severity, what, new value
    severities: dict[str, str]


Way = Literal["patched", "openpyxl", "rebuilt"]


@dataclass(frozen=True)
class Marked:
    """How a copy was made, and what its owner should know about it.

    "patched": all that is not marked is as it was. "openpyxl": an unusual package; charts and the like
    may be lost. "rebuilt": .xls, .xlsb, .ods, .csv; values only.
    """

    way: Way
    notes: tuple[Problem, ...] = ()


def annotate(source: Path, target: Path, marks: Sequence[Mark], summary: Summary, shown_name: str = "") -> Marked:
    """Write the marked copy of `source` (any kind the reader reads) to `target`, an .xlsx or .xlsm.

    Several marks of one cell share a comment; the gravest gives the colour, the last new value
    counts. Macros stay only in a target named .xlsm: Excel opens no other file that has some. The
    notes also stand in the summary sheet. Raises Problem `annotate_unreadable` and those of the reader.
    """
    from connectors.excel.marking import package_patch, rebuild

    shown_name = shown_name or source.name
    if sniff.kind_of(source, shown_name) != sniff.XLSX:
        rebuild.from_values(source, target, marks, summary, shown_name)
        return Marked("rebuilt", (Problem("note_copy_rebuilt"),))
    try:
        return Marked("patched", package_patch.patch(source, target, marks, summary, shown_name))
    except (ValueError, KeyError) as odd:
        try:
            rebuild.with_openpyxl(source, target, marks, summary)
        except (ValueError, LookupError, TypeError, AttributeError, OSError, zipfile.BadZipFile) as error:
            reason = f"{odd}; {error}"[:200]
            raise Problem("annotate_unreadable", file=shown_name, reason=reason) from error
        return Marked("openpyxl", (Problem("note_copy_rewritten"),))


def has_macros(source: Path) -> bool:
    """Does this package carry a macro project? Then only a copy named .xlsm can keep it."""
    try:
        with zipfile.ZipFile(source) as archive:
            return any(name.lower().endswith("/vbaproject.bin") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def together(marks: Sequence[Mark]) -> tuple[dict[str, str], dict[str, str], dict[str, str | None]]:
    """({cell: gravest severity}, {cell: comment}, {cell: new value}) of one sheet's marks.

    Raises ValueError for a mark on no cell.
    """
    order = ["error", "warning", "info"]
    severities: dict[str, str] = {}
    comments: dict[str, list[str]] = defaultdict(list)
    values: dict[str, str | None] = {}
    for mark in marks:
        if parse_address(mark.cell) is None or not mark.cell.isupper():
            raise ValueError(f"no cell {mark.cell!r}")
        known = severities.get(mark.cell, "info")
        severities[mark.cell] = min(known, mark.severity, key=order.index)
        if mark.comment not in comments[mark.cell]:
            comments[mark.cell].append(mark.comment)
        values[mark.cell] = mark.new_value if mark.new_value is not None else values.get(mark.cell)
    return severities, {cell: "\n".join(texts)[:30_000] for cell, texts in comments.items()}, values


def summary_lines(marks: Sequence[Mark], summary: Summary) -> list[tuple[str, str, str, str, str]]:
    """One line per mark, the texts safe to show in a cell."""
    return [
        (
            mark.sheet or "",
            mark.cell,
            summary.severities.get(mark.severity, mark.severity),
            mark.comment[:32_000],
            mark.new_value or "",
        )
        for mark in marks
    ]


def note_lines(notes: Sequence[Problem]) -> list[tuple[str, str, str, str, str]]:
    """The notes below the marks, in both languages: the copy goes to people we do not know."""
    return [("", "", "", f"{note.text('zh')} / {note.text('en')}", "") for note in notes]


def free_title(title: str, taken: set[str]) -> str:
    """A sheet name Excel accepts (31 characters, none of []:*?/\\) that is not taken."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", title)[:28]
    name, number = plain, 2
    while name.lower() in taken:
        name, number = f"{plain} {number}", number + 1
    return name
