"""Workbooks in the XML of Excel 2003 ("XML Spreadsheet"), which many systems export under the name .xls.

Belongs here: its elements as (row, column, text) with errors, formats, merges, hidden rows and columns. Does not
belong here: .xlsx (ooxml.py). Runs in the child process.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.parsers import expat

from connectors.excel.filetypes import number_formats as formats
from connectors.excel.filetypes.cells import DATE, ERROR, FORMULA, MAX_COLUMN, MAX_ROW, NUMBER, TEXT, CellSink, Facts
from connectors.excel.filetypes.ooxml import number
from connectors.excel.safety.spool import Spool
from schemas.problems import Problem

MARK = re.compile(rb"urn:schemas-microsoft-com:office:spreadsheet")
_NAMED = {  # formats that are written by name
    "Percent": formats.PERCENT, "Short Date": formats.DATE, "Medium Date": formats.DATE, "Long Date": formats.DATE,
    "General Date": formats.DATE, "Short Time": formats.TIME, "Medium Time": formats.TIME, "Long Time": formats.TIME,
    "Fixed": formats.GENERAL, "Standard": formats.GENERAL, "Currency": formats.GENERAL, "Scientific": formats.GENERAL,
    "General Number": formats.GENERAL, "Euro Currency": formats.GENERAL, "Yes/No": formats.GENERAL,
}  # fmt: skip


class Xml2003:
    """Reads all sheets in one pass; `sheets` then holds (name, visible, facts, cells) in tab order."""

    def __init__(self, data: bytes, shown_name: str, spool: Callable[[], Spool]) -> None:
        """Raises Problem `workbook_damaged`, `workbook_suspicious`."""
        self.shown_name = shown_name
        self.sheets: list[tuple[str, bool, Facts, Spool]] = []
        self._spool = spool
        self._formats: dict[str, str] = {}
        self._style = ""
        self._sink: CellSink | None = None
        self._facts = Facts()
        self._row = self._column = 0
        self._cell: dict[str, str] | None = None
        self._type = ""
        self._text: list[str] | None = None
        self._visible_text: list[str] | None = None
        self._parse(data)

    def _parse(self, data: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype
        parser.buffer_text = True
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise Problem("workbook_damaged", file=self.shown_name, reason=f"XML: {error}") from error

    def _doctype(self, *_: object) -> None:
        raise Problem("workbook_suspicious", file=self.shown_name, reason="DOCTYPE")

    def _start(self, name: str, found: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        attributes = {key.rpartition(" ")[2]: value for key, value in found.items()}
        if tag == "Style":
            self._style = attributes.get("ID", "")
        elif tag == "NumberFormat":
            code = attributes.get("Format", "")
            self._formats[self._style] = _NAMED.get(code) or formats.kind_of_format(code)
        elif tag == "Worksheet":
            self._facts, self._row = Facts(), 0
            target = self._spool()
            self._sink = CellSink(target)
            self.sheets.append((attributes.get("Name", ""), True, self._facts, target))
        elif tag == "Visible" and self._sink is not None:
            self._visible_text = []
        elif self._sink is None:
            return
        elif tag == "Column":
            self._start_column(attributes)
        elif tag == "Row":
            self._row = number(attributes.get("Index")) or self._row + 1
            self._column = 0
            if attributes.get("Hidden") == "1":
                for row in range(self._row, self._row + min(number(attributes.get("Span")), 1000) + 1):
                    self._facts.hide_row(row)
        elif tag == "Cell":
            self._start_cell(attributes)
        elif tag == "Data" and self._cell is not None:
            self._type, self._text = attributes.get("Type", "String"), []

    def _start_column(self, attributes: dict[str, str]) -> None:
        first = number(attributes.get("Index")) or self._column + 1
        self._column = first + number(attributes.get("Span"))
        if attributes.get("Hidden") == "1":
            self._facts.hidden_columns.append([first, self._column])

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._column = number(attributes.get("Index")) or self._column + 1
        if self._row > MAX_ROW or self._column > MAX_COLUMN or self._row < 1:
            raise Problem("workbook_suspicious", file=self.shown_name, reason=f"row {self._row} column {self._column}")
        self._cell = attributes
        wide, high = number(attributes.get("MergeAcross")), number(attributes.get("MergeDown"))
        if wide or high:
            self._facts.merges.append([self._row, self._column, self._row + high, self._column + wide])

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)
        elif self._visible_text is not None:
            self._visible_text.append(text)

    def _end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "Data" and self._text is not None and self._cell is not None:
            self._add("".join(self._text), self._cell)
            self._text = None
        elif tag == "Cell" and self._cell is not None:
            self._column += number(self._cell.get("MergeAcross"))
            self._cell = None
        elif tag == "Visible" and self._visible_text is not None:
            state = "".join(self._visible_text)
            sheet, _, facts, target = self.sheets[-1]
            self.sheets[-1] = (sheet, state == "SheetVisible", facts, target)
            facts.very_hidden = state == "SheetVeryHidden"
            self._visible_text = None
        elif tag == "Worksheet" and self._sink is not None:
            self._sink.close()
            self._sink = None

    def _add(self, text: str, cell: dict[str, str]) -> None:
        assert self._sink is not None  # only called inside a worksheet
        formula = FORMULA if "Formula" in cell else 0
        kind, shown = TEXT, formats.safe_text(text)
        if self._type == "Number":
            form = self._formats.get(cell.get("StyleID", ""), formats.GENERAL)
            kind = DATE if form in (formats.DATE, formats.TIME, formats.ELAPSED) else NUMBER
            shown = formats.formatted(text.strip(), form)
            if form.startswith(formats.SHOWN) and (looks := formats.shown_text(text.strip(), form)):
                self._facts.show(self._row, self._column, looks)
            if len(shown) > 15 and shown.isdigit():
                self._facts.long_numbers.add(self._row, self._column)
        elif self._type == "DateTime":
            kind = DATE
            shown = text.strip().removesuffix(".000").removesuffix("T00:00:00").removeprefix("1899-12-31T")
        elif self._type == "Boolean":
            shown = {"1": "TRUE", "0": "FALSE"}.get(text.strip(), text)
        elif self._type == "Error":
            kind = ERROR
            self._facts.errors.add(self._row, self._column)
        if shown:
            self._sink.add(self._row, self._column, shown, kind | formula)
