"""The cells of an .ods workbook, read from its content.xml.

Belongs here: OpenDocument tables as (row, column, text) with errors, percentages, hidden rows and
columns. Does not belong here: headers, templates. Runs in the child process.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from connectors.excel.filetypes import number_formats as formats
from connectors.excel.filetypes import sums
from connectors.excel.filetypes.cells import (
    BOOLEAN,
    DATE,
    ERROR,
    FORMULA,
    MAX_COLUMN,
    MAX_ROW,
    NUMBER,
    TEXT,
    CellSink,
    Facts,
    column_letters,
)
from connectors.excel.filetypes.ooxml import number
from connectors.excel.safety.package import MAX_SHEET, MAX_TEXT, Package
from connectors.excel.safety.spool import Spool
from schemas.problems import Problem

_DURATION = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?")
_KINDS = {
    "float": NUMBER, "currency": NUMBER, "percentage": NUMBER, "date": DATE, "time": DATE, "boolean": BOOLEAN,
    "error": ERROR,
}  # fmt: skip
_CODE = re.compile(r"(?=.*[^\W\d_]|.*\d-)[\w\-/ ()]+")  # a number that its format gave letters or hyphens
_MOST_REPEATS = 100_000  # a filled cell or row repeated more often is a bomb, not data
_NO_TEXT = {"annotation", "ruby-text", "shape", "frame", "custom-shape"}


class OdsRead:
    """Reads all sheets in one pass; `sheets` then holds (name, visible, facts, file) in tab order."""

    def __init__(self, package: Package, target_of: Callable[[int], Spool]) -> None:
        """Raises Problem `workbook_password`, `workbook_damaged`, `workbook_suspicious`."""
        self.package = package
        self.sheets: list[tuple[str, bool, Facts, Spool]] = []
        self._target_of = target_of
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._sink: CellSink | None = None
        self._facts = Facts()
        self._row = self._column = 0
        self._cell: dict[str, str] | None = None
        self._lines: list[str] = []
        self._skip = 0
        self._row_cells: list[tuple[int, str, int]] = []
        self._row_repeats = 1
        if "META-INF/manifest.xml" in package:
            package.parse("META-INF/manifest.xml", self._manifest)
        package.parse("content.xml", self._start, self._end, self._text, MAX_SHEET)
        if self._sink is not None:
            raise package.damaged("content.xml ends inside a table")

    def _manifest(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "encryption-data":
            raise Problem("workbook_password", file=self.package.shown_name)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._skip or tag in _NO_TEXT:
            self._skip += 1
        elif tag == "style":
            self._style = attributes.get("name", "")
        elif tag == "table-properties" and attributes.get("display") == "false":
            self._hidden_styles.add(self._style)
        elif tag == "table" and self._sink is None:
            self._start_table(attributes)
        elif self._sink is None:
            return
        elif tag == "table-column":
            repeats = max(number(attributes.get("number-columns-repeated", "1")), 1)
            if attributes.get("visibility") in ("collapse", "filter"):
                self._facts.hidden_columns.append([self._column + 1, self._column + repeats])
            self._column += repeats
        elif tag == "table-row":
            self._row_repeats = max(number(attributes.get("number-rows-repeated", "1")), 1)
            self._column = 0
            self._row_cells = []
            if attributes.get("visibility") in ("collapse", "filter") and self._row_repeats < 1000:
                for row in range(self._row + 1, self._row + self._row_repeats + 1):
                    self._facts.hide_row(row)
                if attributes["visibility"] == "filter":
                    self._facts.filters.append([self._row, 1, self._row + self._row_repeats, MAX_COLUMN])
        elif tag in ("table-cell", "covered-table-cell"):
            self._cell, self._lines = attributes, []
        elif self._cell is not None:
            if tag == "p":
                self._lines.append("")
            elif tag == "s":
                self._text(" " * min(max(number(attributes.get("c", "1")), 1), 1000))
            elif tag in ("tab", "line-break"):
                self._text("\t" if tag == "tab" else "\n")

    def _start_table(self, attributes: dict[str, str]) -> None:
        target = self._target_of(len(self.sheets))
        self._facts, self._row, self._column = Facts(), 0, 0
        visible = attributes.get("style-name", "") not in self._hidden_styles
        self.sheets.append((attributes.get("name", ""), visible, self._facts, target))
        self._sink = CellSink(target)

    def _text(self, text: str) -> None:
        if self._cell is not None and not self._skip and self._lines:
            self._lines[-1] += text
            if len(self._lines[-1]) > MAX_TEXT:
                raise self.package.suspicious(f"content.xml: a cell of more than {MAX_TEXT >> 20} MB")

    def _end(self, tag: str) -> None:
        if self._skip:
            self._skip -= 1
        elif self._sink is None:
            return
        elif tag in ("table-cell", "covered-table-cell") and self._cell is not None:
            self._end_cell(self._cell)
            self._cell = None
        elif tag == "table-row":
            self._end_row()
        elif tag == "table" and self._cell is None:
            self._sink.close()
            self._sink = None

    def _end_cell(self, cell: dict[str, str]) -> None:
        repeats = max(number(cell.get("number-columns-repeated", "1")), 1)
        row, column = self._row + 1, self._column + 1
        shown = self._shown(cell, row, column)
        self._column += repeats
        if shown:
            if self._column > MAX_COLUMN:
                raise self.package.suspicious(f"content.xml: more than {MAX_COLUMN} columns")
            kind = self._kind(cell, shown, row, column)
            self._row_cells += [(column + place, shown, kind) for place in range(repeats)]
        wide, high = number(cell.get("number-columns-spanned")), number(cell.get("number-rows-spanned"))
        if wide > 1 or high > 1:
            self._facts.merges.append([row, column, row + max(high, 1) - 1, column + max(wide, 1) - 1])

    def _end_row(self) -> None:
        assert self._sink is not None  # only called inside a table
        if self._row_cells:
            if self._row_repeats > _MOST_REPEATS or self._row + self._row_repeats > MAX_ROW:
                raise self.package.suspicious(f"content.xml: a row repeated {self._row_repeats} times")
            for row in range(self._row + 1, self._row + self._row_repeats + 1):
                for column, text, kind in self._row_cells:
                    self._sink.add(row, column, text, kind)
        self._row += self._row_repeats

    def _kind(self, cell: dict[str, str], shown: str, row: int, column: int) -> int:
        kind = BOOLEAN if shown in ("TRUE", "FALSE") else _KINDS.get(cell.get("value-type", ""), TEXT)
        if "formula" not in cell:
            return kind
        self._facts.formulas.add(row, column)
        if sums.adds_up_above(cell["formula"], column_letters(column), row):
            self._facts.sums.add(row, column)
        return kind | FORMULA

    def _shown(self, cell: dict[str, str], row: int, column: int) -> str | None:
        text = formats.safe_text("\n".join(self._lines))
        # LibreOffice writes its own value-type beside the standard one; local names make them one,
        # and only its own one says "error".
        kind = cell.get("value-type", "")
        failed = text.startswith(("#", "Err:")) and "formula" in cell and kind in ("", "string", "float")
        if kind == "error" or failed:
            self._facts.errors.add(row, column)
            return text or "#ERR"
        if kind in ("float", "currency"):
            value = formats.number_text(cell.get("value", ""))
            if text.startswith("0") and text.isdecimal() and text.lstrip("0") == value:
                return text  # a number format shows leading zeros: a code
            if text in ("TRUE", "FALSE") and value in ("1", "0"):
                return text
            if kind == "float" and _CODE.fullmatch(text) and re.sub(r"\D", "", text).lstrip("0") == value:
                self._facts.show(row, column, text)
            if len(value) > 15 and value.isdigit():
                self._facts.long_numbers.add(row, column)
            return value
        if kind == "percentage":
            return formats.formatted(cell.get("value", ""), formats.PERCENT)
        if kind == "date":
            return cell.get("date-value", text).removesuffix("T00:00:00")
        if kind == "time":
            return _duration(cell.get("time-value", "")) or text
        if kind == "boolean":
            return cell.get("boolean-value", text).upper()
        if not kind and "formula" in cell and not text:
            self._facts.not_calculated.add(row, column)
            return None
        return cell.get("string-value") or text or None


def _duration(value: str) -> str | None:
    match = _DURATION.fullmatch(value)
    if match is None:
        return None
    sign, days, hours, minutes, seconds = match.groups()
    span = timedelta(days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0))
    return formats.duration_text(-span if sign else span)
