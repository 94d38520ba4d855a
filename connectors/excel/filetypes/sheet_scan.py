"""The cells of one .xlsx sheet: exact address, stored value as text, and the facts around it.

Belongs here: choosing between two ways through the same XML, arrays over plain common XML (as Excel,
WPS and most libraries write it) and an XML parser for everything else; what stands before and after
the rows. Does not belong here: cells (plain_rows.py, exact_rows.py), headers, templates. Runs in the
child process.
"""

from __future__ import annotations

import re

from connectors.excel.filetypes.cell_scan import Odd
from connectors.excel.filetypes.cell_text import SharedStrings
from connectors.excel.filetypes.cell_value import CellValues
from connectors.excel.filetypes.cells import CellSink, Facts
from connectors.excel.filetypes.exact_rows import add_ranges, read_exact
from connectors.excel.filetypes.ooxml import WorkbookParts, number, relations
from connectors.excel.filetypes.plain_rows import PlainRows
from connectors.excel.filetypes.sheet_pieces import SheetPieces
from connectors.excel.safety.package import Package
from connectors.excel.safety.spool import Spool

_HIDDEN = re.compile(r' hidden="(?:1|true|on)"')
_COLUMN = re.compile(r"<col ([^>]*)>")
_MERGE = re.compile(r'<mergeCell [^>]*?ref="([^"]+)"')
_FILTER = re.compile(r'<autoFilter [^>]*?ref="([^"]+)"[^>]*>(.*?)</autoFilter>', re.DOTALL)


class SheetScan:
    """One pass over one sheet; `head_rows` stops it early (then `facts.complete` is False)."""

    def __init__(self, package: Package, book: WorkbookParts, strings: SharedStrings, head_rows: int | None) -> None:
        self.package, self.book, self.strings, self.head_rows = package, book, strings, head_rows
        self.facts = Facts()
        self._has_tables = False

    def run(self, part: str, target: Spool) -> Facts:
        """Writes the cells to `target`. Raises Problem for damaged or hostile sheets."""
        for way in (self._plain, self._exact):
            self.facts, self._has_tables = Facts(recalculate=self.book.recalculate), False
            values = CellValues(self.package, self.book, self.strings, self.facts)
            sink = CellSink(target)
            try:
                way(part, values, sink)
            except Odd:
                continue
            finally:
                sink.close()
            break
        if self._has_tables:
            self._filters_of_tables(part)
        return self.facts

    def _exact(self, part: str, values: CellValues, sink: CellSink) -> None:
        self._has_tables = read_exact(self.package, part, values, sink, self.head_rows)

    def _plain(self, part: str, values: CellValues, sink: CellSink) -> None:
        rows = PlainRows(values, self.head_rows)
        pieces = SheetPieces(self.package, part, self.head_rows is not None)
        self._columns(pieces.before())
        for data in pieces.rows():
            sink.write(*rows.read(data))
            if not self.facts.complete:
                return
        after = pieces.after()
        if "</worksheet>" not in after:
            raise Odd
        add_ranges(_MERGE.findall(after), self.facts.merges)
        add_ranges([ref for ref, inside in _FILTER.findall(after) if "<filterColumn" in inside], self.facts.filters)
        self._has_tables = "<tablePart " in after

    def _filters_of_tables(self, part: str) -> None:
        """A table ("format as table") keeps its filter in a part of its own."""

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "table":
                filtered.append(attributes.get("ref", ""))
            elif tag == "filterColumn":
                add_ranges(filtered[-1:], self.facts.filters)

        for kind, table in relations(self.package, part).values():
            if kind == "table" and table in self.package:
                filtered: list[str] = []
                self.package.parse(table, start)

    def _columns(self, text: str) -> None:
        for attributes in _COLUMN.findall(text):
            if _HIDDEN.search(" " + attributes):
                named = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
                self.facts.hidden_columns.append([number(named.get("min")), number(named.get("max"))])
