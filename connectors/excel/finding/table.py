"""One file read with one template: the right sheets, their tables, their pages.

Belongs here: choosing among sheets, putting layout, rows and notes together. Does not belong here:
folders and versions (connector.py), any parsing of the file (the child process).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from connectors.base import Page, SourceFile
from connectors.excel.filetypes.cells import column_letters
from connectors.excel.finding import layout, which_sheets
from connectors.excel.finding.headers import plain
from connectors.excel.finding.layout import Layout
from connectors.excel.finding.resembling import resembling
from connectors.excel.finding.rows import DataRows
from connectors.excel.safety import opened, sniff
from connectors.excel.safety.sandbox import Book, Sheet
from schemas.loader import cell_types
from schemas.model import Template
from schemas.problems import Problem

PAGE_ROWS = 20_000
_WHOLE_BELOW = 3_000_000  # bytes; smaller files are read whole at once, larger ones head first
Remembered = Mapping[str, str | None]  # header text -> source column; None: a person said it is not one of ours


@dataclass(frozen=True)
class Table:
    """Where a template's table stands in a file that was opened.

    `parts`: all that is read as one table, the best first: (sheet, layout).
    """

    sheet: Sheet
    layout: Layout
    notes: tuple[Problem, ...]
    parts: tuple[tuple[Sheet, Layout], ...] = ()


def open_head(path: Path, shown_name: str, passwords: Sequence[str] = ()) -> Book:
    """The file with at least the first rows of every sheet. Raises Problem."""
    small = path.exists() and path.stat().st_size < _WHOLE_BELOW
    return opened.read_workbook(path, shown_name, None if small else layout.HEAD_ROWS, passwords=passwords)


def locate(book: Book, template: Template, shown_name: str, remembered: Remembered | None = None) -> Table:
    """The sheet and table of the template, and what is read together with it.

    Raises Problem `workbook_no_sheet`, `workbook_no_header`, `workbook_missing_columns`.
    """
    candidates = which_sheets.candidates(book, template)
    named = which_sheets.named(book, template)
    found = [(sheet, layout.find_all(sheet, template, remembered)) for sheet in candidates]
    fitting = [(sheet, tables) for sheet, tables in found if tables]
    if not fitting:
        if (template.sheets or template.pin.sheet is not None) and not named and book.kind != sniff.CSV:
            names = ", ".join(sheet.name or "" for sheet in book.sheets) or "-"
            raise Problem("workbook_no_sheet", file=shown_name, template=template.title.zh, sheets=names)
        near = resembling(candidates[0], template) if candidates else {}
        columns = _with_nearest([column.source for column in template.columns], near)
        where = (candidates[0].name if candidates else None) or shown_name
        title = template.title.zh
        raise Problem("workbook_no_header", file=shown_name, sheet=where, template=title, columns=columns)
    # max() keeps the first of equals: the order of preference in the template, then tab order
    sheet, tables = max(fitting, key=lambda pair: _fitness(*pair))
    place = tables[0]
    if place.missing:
        raise Problem(
            "workbook_missing_columns",
            file=shown_name,
            sheet=sheet.name or shown_name,
            row=place.header_rows[1],
            columns=", ".join(place.missing),
            nearest="; ".join(place.nearest) or "-",
        )
    read = [(sheet, tables)]
    if template.all_sheets:
        read = [pair for pair in fitting if not pair[1][0].missing and (pair[0].visible or pair[0] is sheet)]
    parts = tuple((sheet, part) for sheet, several in read for part in several if not part.missing)
    notes = (*_file_notes(book, shown_name), *_sheet_notes(book, [sheet for sheet, _ in read], fitting), *place.notes)
    return Table(sheet, place, notes, parts)


def _with_nearest(columns: Sequence[str], near: Mapping[str, str]) -> str:
    """Columns for people, each with what stands in the file and may be meant: "客户编码 ≈ 编码 (A1)?"."""
    return ", ".join(f"{column} ≈ {near[column]}?" if column in near else column for column in columns)


def _fitness(sheet: Sheet, tables: list[Layout]) -> tuple[bool, bool, int]:
    return not tables[0].missing, sheet.visible, 2 * tables[0].score - tables[0].weak


def _file_notes(book: Book, shown_name: str) -> list[Problem]:
    notes = []
    extension = PurePosixPath(shown_name).suffix.lower()
    if sniff.KIND_OF_EXTENSION.get(extension) != book.kind:
        notes.append(Problem("note_wrong_extension", extension=extension or "-", kind=book.kind))
    if book.encoding:
        notes.append(Problem("note_encoding", encoding=book.encoding, delimiter=book.delimiter))
    return notes


def _sheet_notes(book: Book, read: list[Sheet], fitting: list[tuple[Sheet, list[Layout]]]) -> Iterator[Problem]:
    others = [other.name or "" for other in book.sheets if not any(other is sheet for sheet in read)]
    if len(book.sheets) > 1 and len(read) == 1:
        yield Problem("note_sheet", sheet=read[0].name or "")
    elif len(read) > 1:
        yield Problem("note_sheets", count=len(read), sheets=", ".join(sheet.name or "" for sheet in read))
    if others:
        yield Problem("note_other_sheets", sheets=", ".join(others))
    for sheet, tables in fitting:
        if tables[0].missing and not any(sheet is other for other in read):
            missing = ", ".join(tables[0].missing)
            yield Problem("note_sheet_lacks", sheet=sheet.name or "", columns=missing)


def read_file(
    path: Path,
    template: Template,
    shown_name: str,
    page_rows: int = PAGE_ROWS,
    passwords: Sequence[str] = (),
    remembered: Remembered | None = None,
) -> Iterator[Page]:
    """Pages of the template's table in one file; at least one page, perhaps without rows.

    Rows carry the template's columns as text, KEY and ROW_NO; `position` is the file's SHA-256 and
    the last row. Each page's file says sheet and columns of its own part of the table.
    Raises Problem: see `sandbox.read_workbook` and `locate`.
    """
    table = _open_whole(path, template, shown_name, passwords, remembered)
    sha256 = opened.digest(path)
    types = cell_types(template)
    seen: dict[str, int] = {}
    parts = [
        (part, DataRows(sheet, part, template, types, PurePosixPath(shown_name).name, seen))
        for sheet, part in table.parts
    ]
    notes = list(table.notes)
    for number, (part, rows) in enumerate(parts):
        if number:  # the first part's own notes are the table's
            where = rows.sheet.name or shown_name
            notes += [Problem("note_part", sheet=where, row=part.header_rows[1]), *part.notes]
        notes += rows.notes()
    notes_once = tuple({problem.text("en"): problem for problem in notes}.values())  # parts often say the same
    done = 0
    for part, rows in parts:
        file = SourceFile(
            path=shown_name,
            sheet=rows.sheet.name,
            sha256=sha256,
            columns={source: column_letters(column) for source, column in part.columns.items()},
            header_row=part.header_rows[1],
            notes=notes_once,
        )
        for good, rejected in rows.pages(page_rows):
            done += good.num_rows + rejected.num_rows
            yield Page(rows=good, rejected=rejected, file=file, position={"sha256": sha256, "rows": done})


def _open_whole(
    path: Path, template: Template, shown_name: str, passwords: Sequence[str], remembered: Remembered | None
) -> Table:
    """The template's table with all its rows."""
    book = open_head(path, shown_name, passwords)
    cut_off = [sheet for sheet in book.sheets if not sheet.complete]
    names: list[str] | None = None
    try:
        table = locate(book, template, shown_name, remembered)
        if all(sheet.complete for sheet, _ in table.parts):
            return table
        names = [sheet.name for sheet, _ in table.parts if sheet.name is not None] or None
    except Problem:
        if not cut_off:
            raise  # otherwise the header may stand further down than was looked
    book = opened.read_workbook(path, shown_name, only=names, passwords=passwords)
    return locate(book, template, shown_name, remembered)


def match_template(
    path: Path,
    templates: Iterable[Template],
    shown_name: str | None = None,
    passwords: Sequence[str] = (),
    remembered: Mapping[str, Remembered] | None = None,
) -> Template:
    """The template that fits a file best by its headers. `remembered`: template name -> what people decided.

    Raises Problem `workbook_no_template` naming the nearest one and what is missing, and what
    `sandbox.read_workbook` raises.
    """
    shown_name = shown_name or path.name
    return best_template(open_head(path, shown_name, passwords), templates, shown_name, remembered)


def best_template(
    book: Book,
    templates: Iterable[Template],
    shown_name: str,
    remembered: Mapping[str, Remembered] | None = None,
) -> Template:
    """As `match_template`, for a file that is already open."""
    templates = list(templates)
    ranked = _ranked(book, templates, remembered or {}, spoken=False)
    if not any(not place.missing for _, _, place in ranked):
        ranked = _ranked(book, templates, remembered or {}, spoken=True) or ranked
    if not ranked:
        raise _nothing_fits(book, templates, shown_name)
    _, template, place = max(ranked, key=lambda entry: entry[0])
    if place.missing:
        near = {entry.split(" ≈ ")[-1]: entry.split(" ≈ ")[0] for entry in place.nearest}
        columns = _with_nearest(place.missing, near)
        raise Problem("workbook_no_template", file=shown_name, template=template.title.zh, columns=columns)
    return template


def _nothing_fits(book: Book, templates: Sequence[Template], shown_name: str) -> Problem:
    """Names the template whose columns the file resembles most, and what of it looks like which."""
    if not templates:
        return Problem("workbook_no_template", file=shown_name, template="-", columns="-")
    guesses = [
        (template, resembling(sheet, template))
        for template in templates
        for sheet in (which_sheets.candidates(book, template) or book.sheets)[:1]
    ]
    template, near = max(guesses, key=lambda guess: len(guess[1]), default=(templates[0], {}))
    columns = _with_nearest([column.source for column in template.columns if column.required], near)
    return Problem("workbook_no_template", file=shown_name, template=template.title.zh, columns=columns)


def _ranked(
    book: Book, templates: Sequence[Template], remembered: Mapping[str, Remembered], spoken: bool
) -> list[tuple[tuple[bool, bool, int, float, int], Template, Layout]]:
    ranked = []
    for order, template in enumerate(templates):
        for sheet in which_sheets.candidates(book, template):
            place = layout.find(sheet, template, remembered.get(template.name), spoken=spoken)
            if place is None:
                continue
            share = place.score / max(len(place.headers), len(template.columns))
            named = sheet.name in template.sheets
            own = {plain(source) for source in place.columns}
            exact = sum(plain(header.leaf) in own for header in place.headers)
            ranked.append(((not place.missing, named, exact, share, -order), template, place))
    return ranked
