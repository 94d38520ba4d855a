"""What one stored cell value means: its text, its kind, and what is odd about it.

Belongs here: the rules of the format for a single cell, as the exact way and odd cells of the plain
way need them. Does not belong here: finding cells in XML. Runs in the child process.
"""

from __future__ import annotations

from connectors.excel.filetypes import cells
from connectors.excel.filetypes import number_formats as formats
from connectors.excel.filetypes.cell_text import SharedStrings
from connectors.excel.filetypes.cells import Facts
from connectors.excel.filetypes.ooxml import WorkbookParts, number
from connectors.excel.safety.package import Package

_BOOLEANS = {"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}
_KINDS = {"b": cells.BOOLEAN, "e": cells.ERROR, "d": cells.DATE, "": cells.NUMBER, "n": cells.NUMBER}


class CellValues:
    """The meaning of values in one sheet; notes what is odd in `facts`."""

    def __init__(self, package: Package, book: WorkbookParts, strings: SharedStrings, facts: Facts) -> None:
        self.package, self.book, self.strings, self.facts = package, book, strings, facts

    def format_of(self, style: int) -> str:
        """Kind of number format of a cell style, as formats.kind_of_format() tells it."""
        return self.book.formats[style] if style < len(self.book.formats) else formats.GENERAL

    def kind_of(self, kind: str, style: str, formula: bool) -> int:
        """cells.TEXT and so on, with cells.FORMULA."""
        found = _KINDS.get(kind, cells.TEXT)
        if found == cells.NUMBER and is_time(self.format_of(number(style))):
            found = cells.DATE
        return found | cells.FORMULA if formula else found

    def text_of(
        self, row: int, column: int, kind: str, style: str, value: str, formula: bool, inline: str | None
    ) -> str | None:
        """The text of one cell; None for blank. Raises Problem for a shared string that is not there."""
        if kind == "inlineStr":
            return inline if inline is not None else value or None
        if kind == "str":
            return value or None  # a formula may have an empty text as its result
        if not value:
            if formula:
                self.facts.not_calculated.add(row, column)
            return inline
        if kind == "s":
            place = value.strip()
            if place.isascii() and place.isdigit() and len(place) < 10 and int(place) < len(self.strings):
                return self.strings[int(place)] or None
            raise self.package.damaged(f"{cells.address(row, column)}: shared string {value!r:.20}")
        if kind == "b":
            return _BOOLEANS.get(value, value)
        if kind == "e":
            self.facts.errors.add(row, column)
            return value
        if kind == "d":
            # Excel shows the time as it is written, whatever zone the "Z" behind it claims.
            return value.removesuffix("Z").removesuffix("T00:00:00").removesuffix("T00:00:00.000")
        format_kind = self.format_of(number(style))
        shown = formats.formatted(value.strip(), format_kind, self.book.epoch_1904)
        if len(shown) > 15 and shown.isdigit():
            self.facts.long_numbers.add(row, column)
        elif format_kind.startswith(formats.SHOWN) and (text := formats.shown_text(shown, format_kind)) is not None:
            self.facts.show(row, column, text)
        return shown


def is_time(format_kind: str) -> bool:
    """Does this kind of format make a date, a time or a duration of a number?"""
    return format_kind in (formats.DATE, formats.TIME, formats.ELAPSED)
