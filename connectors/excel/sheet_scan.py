"""The cells of one .xlsx sheet: exact address, stored value as text, and the facts around it.

Belongs here: two ways through the same XML, a regular expression over plain common XML (as Excel,
WPS and most libraries write it) and an XML parser for everything else. Does not belong here:
headers, templates. Runs in the child process.
"""

from __future__ import annotations

import re
from pathlib import Path

from connectors.excel import cells, formats, sums
from connectors.excel.cells import CellSink, Facts
from connectors.excel.ooxml import WorkbookParts, number, plain_xml, relations, unescape, xml_text
from connectors.excel.package import MAX_SHEET, Package

_CELL = re.compile(
    r'<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]{1,7})")?(?: t="([a-zA-Z]+)")?(?: [a-z]+="[^"]*")*'
    r"(?:/>|>(<f(?: [^>]*)?(?:/>|>[^<]*</f>))?(?:<v(?: [^>]*)?>([^<]*)</v>|<v(?: [^>]*)?/>)?(.*?)</c>)",
    re.DOTALL,
)
# Numbers whose stored digits are already what number_text() makes of them.
_PLAIN_NUMBER = re.compile(r"[1-9][0-9]{0,14}|-?(?:0|[1-9][0-9]{0,8})\.[0-9]{0,4}[1-9]")
_ROW = re.compile(r"<row ([^>]*)>")
_ROW_NUMBER = re.compile(r'(?:^| )r="([0-9]+)"')
_HIDDEN = re.compile(r' hidden="(?:1|true|on)"')
_COLUMN = re.compile(r"<col ([^>]*)>")
_MERGE = re.compile(r'<mergeCell [^>]*?ref="([^"]+)"')
_FILTER = re.compile(r'<autoFilter [^>]*?ref="([^"]+)"[^>]*>(.*?)</autoFilter>', re.DOTALL)
_FORMULA = re.compile(r'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*><f(?: [^>]*)?>([^<]*)<')
_PHONETIC = re.compile(r"<rPh\b.*?</rPh>", re.DOTALL)
_TEXT = re.compile(r"<t(?: [^>]*)?(?:/>|>([^<]*)</t>)")
_LONGEST_ROW = 64 << 20


class _Odd(Exception):
    """The XML is not plain enough for the fast way."""


class SheetScan:
    """One pass over one sheet; `head_rows` stops it early (then `facts.complete` is False)."""

    def __init__(self, package: Package, book: WorkbookParts, strings: list[str], head_rows: int | None) -> None:
        self.package, self.book, self.strings, self.head_rows = package, book, strings, head_rows
        self.facts = Facts()
        self._has_tables = False
        self._numbers: dict[tuple[str, str], str] = {}
        self._general = {"", *(str(n) for n, kind in enumerate(book.formats) if n and kind == formats.GENERAL)}
        if not book.formats or book.formats[0] == formats.GENERAL:
            self._general.add("0")
        else:
            self._general.discard("")

    def run(self, part: str, target: Path) -> Facts:
        """Writes the cells to `target`. Raises Problem for damaged or hostile sheets."""
        for way in (self._fast, self._exact):
            self.facts = Facts(recalculate=self.book.recalculate)
            sink = CellSink(target)
            try:
                way(part, sink)
            except _Odd:
                sink.close()
                continue
            sink.close()
            break
        if self._has_tables:
            self._filters_of_tables(part)
        return self.facts

    def _filters_of_tables(self, part: str) -> None:
        """A table ("format as table") keeps its filter in a part of its own."""

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "table":
                filtered.append(attributes.get("ref", ""))
            elif tag == "filterColumn":
                self._ranges(filtered[-1:], self.facts.filters)

        for kind, table in relations(self.package, part).values():
            if kind == "table" and table in self.package:
                filtered: list[str] = []
                self.package.parse(table, start)

    # --- fast way -------------------------------------------------------------------------------

    def _fast(self, part: str, sink: CellSink) -> None:
        rest, in_data = b"", False
        tail: list[bytes] = []
        for piece in self.package.chunks(part, MAX_SHEET):
            rest += piece
            if tail:
                tail.append(piece)
                continue
            if not in_data:
                start = rest.find(b"<sheetData")
                if start < 0:
                    if len(rest) > _LONGEST_ROW:
                        raise _Odd
                    continue
                self._columns(_plain(rest[:start]))
                rest, in_data = rest[start:], True
            end = rest.find(b"</sheetData>")
            cut = end if end >= 0 else rest.rfind(b"</row>") + len(b"</row>")
            if end < 0 and cut < len(b"</row>"):
                if len(rest) > _LONGEST_ROW:
                    raise self.package.suspicious(f"{part}: a row of more than {_LONGEST_ROW >> 20} MB")
                continue
            if self._rows(_plain(rest[:cut]), sink):
                self.facts.complete = False
                return
            rest = rest[cut:]
            if end >= 0:
                tail.append(rest)
        if not in_data:
            raise _Odd
        if not tail:
            if b"<sheetData/>" not in rest and b"<sheetData />" not in rest:
                raise _Odd  # let the XML parser say what is wrong
            tail.append(rest)
        after = _plain(b"".join(tail))
        if "</worksheet>" not in after:
            raise _Odd
        self._ranges(_MERGE.findall(after), self.facts.merges)
        self._ranges([ref for ref, inside in _FILTER.findall(after) if "<filterColumn" in inside], self.facts.filters)
        self._has_tables = "<tablePart " in after

    def _rows(self, text: str, sink: CellSink) -> bool:
        """Adds the cells of some whole rows; True once `head_rows` is passed."""
        found = _CELL.findall(text)
        if len(found) != text.count("<c ") + text.count("<c>") + text.count("<c/>"):
            raise _Odd
        if text.count("<row") != text.count("<row ") + text.count("<row>") or ("<row" not in text and ":row" in text):
            raise _Odd
        if ' hidden="' in text:
            self._hidden_rows(text)
        if "<f" in text:
            self._formulas(text)
        rows: list[int] = []
        columns: list[int] = []
        texts: list[str] = []
        numbers: dict[str, int] = {}
        strings, seen, general = self.strings, self._numbers, self._general
        past_head = False
        for letters, row_text, style, kind, formula, value, rest in found:
            if not value and not rest and not formula:
                continue
            row = int(row_text)
            column = numbers.get(letters)
            if column is None:
                column = numbers[letters] = cells.column_number(letters)
            if row > cells.MAX_ROW or column > cells.MAX_COLUMN or row < 1:
                raise self.package.suspicious(f"cell {letters}{row_text}")
            if self.head_rows and row > self.head_rows:
                past_head = True
                break
            shown: str | None
            # The first branches are short cuts to what text_of() would say of most cells.
            if kind == "s" and value.isdecimal() and int(value) < len(strings):
                shown = strings[int(value)]
            elif (not kind or kind == "n") and style in general and _PLAIN_NUMBER.fullmatch(value):
                shown = value
            elif (not kind or kind == "n") and value and (style, value) in seen:
                shown = seen[style, value]
            elif rest.startswith("<is><t>") and rest.count("<") == 4 and rest.endswith("</t></is>"):
                shown = xml_text(rest[7:-9])
            else:
                inline = _inline(rest) if rest else None
                shown = self.text_of(row, column, kind, style, xml_text(value), bool(formula), inline)
            if shown:
                rows.append(row)
                columns.append(column)
                texts.append(shown)
        sink.extend(rows, columns, texts)
        return past_head

    def _formulas(self, text: str) -> None:
        """Counts formulas and marks those that add up the cells above them."""
        seen = self.facts.formulas
        count = text.count("<f>") + text.count("<f ")
        if self.facts.recalculate and len(seen.cells) < cells.SAMPLES:
            for letters, row, _ in _FORMULA.findall(text)[: cells.SAMPLES]:
                seen.add(int(row), cells.column_number(letters))
                count -= 1
        seen.count += count
        if any(word in text for word in sums.WORDS):
            for letters, row, formula in _FORMULA.findall(text):
                if sums.adds_up_above(formula, letters, int(row)):
                    self.facts.sums.add(int(row), cells.column_number(letters))

    def _hidden_rows(self, text: str) -> None:
        for attributes in _ROW.findall(text):
            if _HIDDEN.search(" " + attributes) and (row := _ROW_NUMBER.search(attributes)):
                self.facts.hide_row(int(row[1]))

    def _columns(self, text: str) -> None:
        for attributes in _COLUMN.findall(text):
            if _HIDDEN.search(" " + attributes):
                named = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
                self.facts.hidden_columns.append([number(named.get("min")), number(named.get("max"))])

    # --- exact way ------------------------------------------------------------------------------

    def _exact(self, part: str, sink: CellSink) -> None:
        state = _Position()

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "row":
                row = attributes.get("r", "")
                state.row = int(row) if row.isdigit() and len(row) < 20 else state.row + 1
                state.column = 0
                if state.row > cells.MAX_ROW or state.row < 1:
                    raise self.package.suspicious(f"{part}: row {row}")
                if attributes.get("hidden", "0") in ("1", "true", "on"):
                    self.facts.hide_row(state.row)
            elif tag == "c":
                self._start_cell(part, state, attributes)
            elif tag in ("v", "is", "f", "t", "rPh") and state.in_cell:
                state.path.append(tag)
                state.formula = state.formula or tag == "f"
            elif tag == "col" and attributes.get("hidden", "0") in ("1", "true", "on"):
                self.facts.hidden_columns.append([number(attributes.get("min")), number(attributes.get("max"))])
            elif tag == "mergeCell":
                self._ranges([attributes.get("ref", "")], self.facts.merges)
            elif tag == "autoFilter":
                state.filtered = attributes.get("ref", "")
            elif tag == "filterColumn":
                self._ranges([state.filtered], self.facts.filters)
            elif tag == "tablePart":
                self._has_tables = True

        def end(tag: str) -> None:
            if tag == "c":
                inline = unescape("".join(state.inline)) if state.inline else None
                value = "".join(state.value)
                if state.kind == "str":
                    value = unescape(value)
                shown = self.text_of(state.row, state.column, state.kind, state.style, value, state.formula, inline)
                if shown:
                    sink.add(state.row, state.column, shown)
                if state.formula:
                    self.facts.formulas.add(state.row, state.column)
                    letters = cells.column_letters(state.column)
                    if sums.adds_up_above("".join(state.formula_text), letters, state.row):
                        self.facts.sums.add(state.row, state.column)
                state.in_cell = False
            elif state.path and state.path[-1] == tag:
                state.path.pop()
            if tag == "row" and self.head_rows and state.row >= self.head_rows:
                self.facts.complete = False
                raise StopIteration

        def text(piece: str) -> None:
            if state.path == ["v"]:
                state.value.append(piece)
            elif state.path == ["is", "t"]:
                state.inline.append(piece)
            elif state.path == ["f"]:
                state.formula_text.append(piece)

        self.package.parse(part, start, end, text, MAX_SHEET)

    def _start_cell(self, part: str, state: _Position, attributes: dict[str, str]) -> None:
        if "r" in attributes:
            place = cells.parse_address(attributes["r"])
            if place is None:
                raise self.package.suspicious(f"{part}: cell {attributes['r']!r:.40}")
            state.row, state.column = place
        else:
            state.column += 1
            if state.column > cells.MAX_COLUMN:
                raise self.package.suspicious(f"{part}: more than {cells.MAX_COLUMN} cells in row {state.row}")
        state.start(attributes.get("t", ""), attributes.get("s", ""))

    # --- both -----------------------------------------------------------------------------------

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
            if value.strip().isdigit() and int(value) < len(self.strings):
                return self.strings[int(value)] or None
            raise self.package.damaged(f"{cells.address(row, column)}: shared string {value!r:.20}")
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}.get(value, value)
        if kind == "e":
            self.facts.errors.add(row, column)
            return value
        if kind == "d":
            return value.removesuffix("T00:00:00").removesuffix("T00:00:00.000")
        place = number(style)
        format_kind = self.book.formats[place] if place < len(self.book.formats) else formats.GENERAL
        shown = formats.formatted(value.strip(), format_kind, self.book.epoch_1904)
        if len(shown) > 15 and shown.isdigit():
            self.facts.long_numbers.add(row, column)
        elif format_kind.startswith(formats.SHOWN):
            if (text := formats.shown_text(shown, format_kind)) is not None:
                self.facts.show(row, column, text)
        elif len(self._numbers) < 200_000:
            self._numbers[style, value] = shown
        return shown

    def _ranges(self, references: list[str], found: list[list[int]]) -> None:
        for reference in references:
            first, _, last = reference.partition(":")
            top, bottom = cells.parse_address(first), cells.parse_address(last or first)
            if top and bottom and len(found) < 100_000 and [*top, *bottom] not in found[-1:]:
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
        self.formula = False
        self.in_cell = True


def _plain(data: bytes) -> str:
    text = plain_xml(data)
    if text is None:
        raise _Odd
    return text


def _inline(text: str) -> str | None:
    if "<is" not in text:
        if text.strip():
            raise _Odd
        return None
    if "<rPh" in text:
        text = _PHONETIC.sub("", text)
    return "".join(xml_text(piece) for piece in _TEXT.findall(text))
