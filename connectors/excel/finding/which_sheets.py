"""Which sheets of a workbook a template means.

Belongs here: names, patterns, numbers, and what is hidden. Does not belong here: finding the table in a sheet
(layout.py), which file (choosing.py).
"""

from __future__ import annotations

import fnmatch
import re
import unicodedata

from connectors.excel.safety import sniff
from connectors.excel.safety.sandbox import Book, Sheet
from schemas.model import Template


def named(book: Book, template: Template) -> list[Sheet]:
    """The sheets the template names, in its order of preference; none if it names none or none is there.

    A pin counts before everything else.
    """
    if template.pin.sheet is not None:
        pin = template.pin.sheet
        return _fitting(book, f"#{pin}" if isinstance(pin, int) else pin)
    found: list[Sheet] = []
    for pattern in template.sheets:
        found += [sheet for sheet in _fitting(book, pattern) if not any(sheet is known for known in found)]
    return [sheet for sheet in found if _is_open(sheet, template, exact=_names_exactly(template, sheet))]


def candidates(book: Book, template: Template) -> list[Sheet]:
    """Where to look for the table: the sheets named, all that may be read if none is named or there.

    A renamed sheet ("Sheet1") is no reason to refuse a table whose header fits.
    """
    if len(book.sheets) == 1 and book.kind == sniff.CSV:
        return list(book.sheets)
    chosen = named(book, template)
    if chosen or template.pin.sheet is not None:
        return chosen
    return [sheet for sheet in book.sheets if _is_open(sheet, template, exact=False)]


def _fitting(book: Book, pattern: str) -> list[Sheet]:
    if re.fullmatch(r"#\d+", pattern):
        place = int(pattern[1:]) - 1
        return [book.sheets[place]] if place < len(book.sheets) else []
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
        return [sheet for sheet in book.sheets if re.search(pattern[1:-1], _plain(sheet.name or ""), re.IGNORECASE)]
    return [sheet for sheet in book.sheets if fnmatch.fnmatchcase(_plain(sheet.name or ""), _plain(pattern))]


def _is_open(sheet: Sheet, template: Template, exact: bool) -> bool:
    """What Excel's own menu does not show was put there by a program: read only if the template names it."""
    if sheet.very_hidden and not exact:
        return False
    return sheet.visible or exact or template.hidden.sheets != "skip"


def _names_exactly(template: Template, sheet: Sheet) -> bool:
    return any(_plain(pattern) == _plain(sheet.name or "") for pattern in template.sheets)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()
