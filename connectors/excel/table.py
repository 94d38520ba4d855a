"""One file read with one template: the right sheet, its table, its pages.

Belongs here: choosing the sheet, putting layout, rows and notes together. Does not belong here:
folders and versions (connector.py), any parsing of the file (the child process).
"""

from __future__ import annotations

import fnmatch
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from connectors.base import Page, SourceFile
from connectors.excel import layout, opened, sniff
from connectors.excel.cells import column_letters
from connectors.excel.headers import plain
from connectors.excel.layout import Layout
from connectors.excel.rows import DataRows
from connectors.excel.sandbox import Book, Sheet
from schemas.model import Template
from schemas.problems import Problem

PAGE_ROWS = 20_000
_WHOLE_BELOW = 3_000_000  # bytes; smaller files are read whole at once, larger ones head first


@dataclass(frozen=True)
class Table:
    """Where a template's table stands in a file that was opened."""

    sheet: Sheet
    layout: Layout
    notes: tuple[Problem, ...]


def open_head(path: Path, shown_name: str, passwords: Sequence[str] = ()) -> Book:
    """The file with at least the first rows of every sheet. Raises Problem."""
    small = path.exists() and path.stat().st_size < _WHOLE_BELOW
    return opened.read_workbook(path, shown_name, None if small else layout.HEAD_ROWS, passwords=passwords)


def locate(book: Book, template: Template, shown_name: str) -> Table:
    """The sheet and table of the template.

    Raises Problem `workbook_no_sheet`, `workbook_no_header`, `workbook_missing_columns`.
    """
    candidates = _sheets(book, template)
    if not candidates:
        names = ", ".join(sheet.name or "" for sheet in book.sheets) or "-"
        raise Problem("workbook_no_sheet", file=shown_name, template=template.title.zh, sheets=names)
    found = [(sheet, layout.find(sheet, template)) for sheet in candidates]
    fitting = [(sheet, place) for sheet, place in found if place is not None]
    if not fitting:
        columns = ", ".join(column.source for column in template.columns)
        sheet = candidates[0]
        raise Problem(
            "workbook_no_header",
            file=shown_name,
            sheet=sheet.name or shown_name,
            template=template.title.zh,
            columns=columns,
        )
    # max() keeps the first of equals: the order of preference in the template, then tab order
    sheet, place = max(fitting, key=lambda pair: (not pair[1].missing, pair[0].visible, pair[1].score))
    if place.missing:
        raise Problem(
            "workbook_missing_columns",
            file=shown_name,
            sheet=sheet.name or shown_name,
            row=place.header_rows[1],
            columns=", ".join(place.missing),
            nearest="; ".join(place.nearest) or "-",
        )
    return Table(sheet, place, (*_file_notes(book, shown_name), *_sheet_notes(book, sheet), *place.notes))


def _sheets(book: Book, template: Template) -> list[Sheet]:
    """Sheets by the template's names and patterns in that order; all of them if it names none or for CSV."""
    if not template.sheets or (len(book.sheets) == 1 and book.kind == sniff.CSV):
        return list(book.sheets)
    chosen: list[Sheet] = []
    for pattern in template.sheets:
        wanted = unicodedata.normalize("NFKC", pattern).strip().lower()
        for sheet in book.sheets:
            name = unicodedata.normalize("NFKC", sheet.name or "").strip().lower()
            if sheet not in chosen and fnmatch.fnmatchcase(name, wanted):
                chosen.append(sheet)
    # A renamed sheet ("Sheet1") is no reason to refuse a table whose header fits.
    return chosen or [sheet for sheet in book.sheets if layout.find(sheet, template) is not None]


def _file_notes(book: Book, shown_name: str) -> list[Problem]:
    notes = []
    extension = PurePosixPath(shown_name).suffix.lower()
    if sniff.KIND_OF_EXTENSION.get(extension) != book.kind:
        notes.append(Problem("note_wrong_extension", extension=extension or "-", kind=book.kind))
    if book.encoding:
        notes.append(Problem("note_encoding", encoding=book.encoding, delimiter=book.delimiter))
    return notes


def _sheet_notes(book: Book, sheet: Sheet) -> list[Problem]:
    others = [other.name or "" for other in book.sheets if other is not sheet]
    return [Problem("note_other_sheets", sheets=", ".join(others))] if others else []


def read_file(
    path: Path,
    template: Template,
    shown_name: str,
    page_rows: int = PAGE_ROWS,
    passwords: Sequence[str] = (),
) -> Iterator[Page]:
    """Pages of the template's table in one file; at least one page, perhaps without rows.

    Rows carry the template's columns as text, KEY and ROW_NO; `position` is the file's SHA-256 and
    the last row. Raises Problem: see `sandbox.read_workbook` and `locate`.
    """
    book = open_head(path, shown_name, passwords)
    table = locate(book, template, shown_name)
    if not table.sheet.complete:
        name = table.sheet.name
        book = opened.read_workbook(path, shown_name, only=[name] if name is not None else None, passwords=passwords)
        whole = next(sheet for sheet in book.sheets if sheet.name == name)
        place = layout.find(whole, template) or table.layout
        table = Table(whole, place, (*_file_notes(book, shown_name), *_sheet_notes(book, whole), *place.notes))
    rows = DataRows(table.sheet, table.layout, template)
    sha256 = opened.digest(path)
    file = SourceFile(
        path=shown_name,
        sheet=table.sheet.name,
        sha256=sha256,
        columns={source: column_letters(column) for source, column in table.layout.columns.items()},
        header_row=table.layout.header_rows[1],
        notes=(*table.notes, *rows.notes()),
    )
    done = 0
    for good, rejected in rows.pages(page_rows):
        done += good.num_rows + rejected.num_rows
        yield Page(rows=good, rejected=rejected, file=file, position={"sha256": sha256, "rows": done})


def match_template(
    path: Path, templates: Iterable[Template], shown_name: str | None = None, passwords: Sequence[str] = ()
) -> Template:
    """The template that fits a file best by its headers.

    Raises Problem `workbook_no_template` naming the nearest one and what is missing, and what
    `sandbox.read_workbook` raises.
    """
    shown_name = shown_name or path.name
    return best_template(open_head(path, shown_name, passwords), templates, shown_name)


def best_template(book: Book, templates: Iterable[Template], shown_name: str) -> Template:
    """As `match_template`, for a file that is already open."""
    ranked = []
    for order, template in enumerate(templates):
        for sheet in _sheets(book, template):
            place = layout.find(sheet, template)
            if place is None:
                continue
            share = place.score / max(len(place.headers), len(template.columns))
            named = sheet.name in template.sheets
            own = {plain(source) for source in place.columns}
            exact = sum(plain(header.leaf) in own for header in place.headers)
            ranked.append(((not place.missing, named, exact, share, -order), template, place))
    if not ranked:
        templates = list(templates)
        columns = ", ".join(column.source for column in templates[0].columns if column.required) if templates else "-"
        title = templates[0].title.zh if templates else "-"
        raise Problem("workbook_no_template", file=shown_name, template=title, columns=columns)
    _, template, place = max(ranked, key=lambda entry: entry[0])
    if place.missing:
        raise Problem(
            "workbook_no_template", file=shown_name, template=template.title.zh, columns=", ".join(place.missing)
        )
    return template
