"""The cells of one .xlsx sheet by an XML parser: every way XML can be written, ten times slower.

Belongs here: XML events to cells and facts. Does not belong here: plain XML (plain_rows.py), what a
value means (cell_value.py). Runs in the child process.
"""

from __future__ import annotations

from connectors.excel.filetypes import cells, sums
from connectors.excel.filetypes.cell_value import CellValues
from connectors.excel.filetypes.cells import CellSink
from connectors.excel.filetypes.ooxml import number, unescape
from connectors.excel.safety.package import MAX_SHEET, MAX_TEXT, Package

MAX_RANGES = 100_000


def read_exact(package: Package, part: str, values: CellValues, sink: CellSink, head_rows: int | None) -> bool:
    """Adds all cells of the sheet, or those of its first rows; says whether the sheet names tables of its own.

    Raises Problem for damaged or hostile sheets.
    """
    facts, has_tables = values.facts, False
    state = _Position()

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal has_tables
        if tag == "row":
            row = attributes.get("r", "")
            state.row = int(row) if row.isdigit() and len(row) < 20 else state.row + 1
            state.column = 0
            if state.row > cells.MAX_ROW or state.row < 1:
                raise package.suspicious(f"{part}: row {row}")
            if attributes.get("hidden", "0") in ("1", "true", "on"):
                facts.hide_row(state.row)
        elif tag == "c":
            _start_cell(package, part, state, attributes)
        elif tag in ("v", "is", "f", "t", "rPh") and state.in_cell:
            state.path.append(tag)
            state.formula = state.formula or tag == "f"
        elif tag == "col" and attributes.get("hidden", "0") in ("1", "true", "on"):
            facts.hidden_columns.append([number(attributes.get("min")), number(attributes.get("max"))])
        elif tag == "mergeCell":
            add_ranges([attributes.get("ref", "")], facts.merges)
        elif tag == "autoFilter":
            state.filtered = attributes.get("ref", "")
        elif tag == "filterColumn":
            add_ranges([state.filtered], facts.filters)
        elif tag == "tablePart":
            has_tables = True

    def end(tag: str) -> None:
        if tag == "c":
            inline = unescape("".join(state.inline)) if state.inline else None
            value = "".join(state.value)
            if state.kind == "str":
                value = unescape(value)
            shown = values.text_of(state.row, state.column, state.kind, state.style, value, state.formula, inline)
            if shown:
                kind = values.kind_of(state.kind, state.style, state.formula)
                sink.add(state.row, state.column, shown, kind)
            if state.formula:
                facts.formulas.add(state.row, state.column)
                letters = cells.column_letters(state.column)
                if sums.adds_up_above("".join(state.formula_text), letters, state.row):
                    facts.sums.add(state.row, state.column)
            state.in_cell = False
        elif state.path and state.path[-1] == tag:
            state.path.pop()
        if tag == "row" and head_rows and state.row >= head_rows:
            facts.complete = False
            raise StopIteration

    def text(piece: str) -> None:
        state.length += len(piece)
        if state.length > MAX_TEXT:
            raise package.suspicious(f"{part}: a cell of more than {MAX_TEXT >> 20} MB")
        if state.path == ["v"]:
            state.value.append(piece)
        elif state.path == ["is", "t"]:
            state.inline.append(piece)
        elif state.path == ["f"]:
            state.formula_text.append(piece)

    package.parse(part, start, end, text, MAX_SHEET)
    return has_tables


def _start_cell(package: Package, part: str, state: _Position, attributes: dict[str, str]) -> None:
    if "r" in attributes:
        place = cells.parse_address(attributes["r"])
        if place is None:
            raise package.suspicious(f"{part}: cell {attributes['r']!r:.40}")
        state.row, state.column = place
    else:
        state.column += 1
        if state.column > cells.MAX_COLUMN:
            raise package.suspicious(f"{part}: more than {cells.MAX_COLUMN} cells in row {state.row}")
    state.start(attributes.get("t", ""), attributes.get("s", ""))


def add_ranges(references: list[str], found: list[list[int]]) -> None:
    """Ranges like "A1:B7" as [first row, first column, last row, last column]; what is none is left out."""
    for reference in references:
        first, _, last = reference.partition(":")
        top, bottom = cells.parse_address(first), cells.parse_address(last or first)
        if top and bottom and len(found) < MAX_RANGES and [*top, *bottom] not in found[-1:]:
            found.append([*top, *bottom])


class _Position:
    """Where the XML parser stands."""

    def __init__(self) -> None:
        self.row = self.column = 0
        self.path: list[str] = []
        self.filtered = ""
        self.start("", "")
        self.in_cell = False

    def start(self, kind: str, style: str) -> None:
        self.kind, self.style = kind, style
        self.value: list[str] = []
        self.inline: list[str] = []
        self.formula_text: list[str] = []
        self.length = 0
        self.formula = False
        self.in_cell = True
