"""The cells of whole rows of plain sheet XML, for all cells at once.

Belongs here: what the places found by cell_scan.py mean, as Arrow arrays, and the facts beside them.
Cells written in an unusual way are read one by one by the same rules as the exact way has. Does not
belong here: files, XML that is not plain (exact_rows.py). Runs in the child process.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from connectors.excel.filetypes import cell_scan, cells, sums, words
from connectors.excel.filetypes import number_formats as formats
from connectors.excel.filetypes.cell_scan import Odd, Rows
from connectors.excel.filetypes.cell_text import Column
from connectors.excel.filetypes.cell_value import CellValues, is_time
from connectors.excel.filetypes.ooxml import xml_text

_CELL = re.compile(
    r'<c r="([A-Z]{1,3})([0-9]{1,7})"((?: [a-zA-Z:]+="[^"]*")*)'
    r" ?(?:/>|>(<f(?: [^>]*)?(?:/>|>[^<]*</f>))?(?:<v(?: [^>]*)?>([^<]*)</v>|<v(?: [^>]*)?/>)?(.*?)</c>)",
    re.DOTALL,
)
_UNORDERED = re.compile(r'<c((?: [a-zA-Z:]+="[^"]*")*?) r="([A-Z]{1,3}[0-9]{1,7})"')
_ATTRIBUTE = re.compile(r' ([a-zA-Z:]+)="([^"]*)"')
_PHONETIC = re.compile(r"<rPh\b.*?</rPh>", re.DOTALL)
_TEXT = re.compile(r"<t(?: [^>]*)?(?:/>|>([^<]*)</t>)")
_ROW = re.compile(rb"<row( [^>]*)>")
_ROW_NUMBER = re.compile(rb' r="([0-9]{1,7})"')
_HIDDEN = re.compile(rb' hidden="(?:1|true|on)"')
_SUM = re.compile(rb"(?:SUM|SUBTOTAL|AGGREGATE)\(")
_FORMULA = re.compile(rb"<f(?: [^>]*)?>([^<]*)<")
_BOOLEANS = pa.array(["FALSE", "TRUE"])
_KIND_OF_TYPE = np.array(
    [cells.NUMBER, cells.TEXT, cells.BOOLEAN, cells.ERROR, cells.TEXT, cells.TEXT, cells.DATE, *[0] * 249], np.uint8
)
_AS_IT_IS = np.zeros(256, np.bool_)  # types whose value is the text
_AS_IT_IS[[cell_scan.ERROR, cell_scan.STRING, cell_scan.INLINE]] = True
_known: dict[tuple[str, bool], dict[str, str]] = {}  # see _formatted()
_MOST_KNOWN, _MOST_KINDS = 100_000, 50
_MOST_DIGITS = 15  # of a number that Excel keeps exactly
_MINUS, _DOT, _ZERO, _NINE = (ord(character) for character in "-.09")

Cells = tuple[NDArray[np.int64], NDArray[np.int64], pa.Array, NDArray[np.uint8]]  # row, column, text, kind


class PlainRows:
    """Reads pieces of one sheet. `head_rows`: cells below are left out."""

    def __init__(self, values: CellValues, head_rows: int | None) -> None:
        self.values, self.facts, self.head_rows = values, values.facts, head_rows
        kinds = [*values.book.formats, formats.GENERAL]
        self._formats = sorted(set(kinds))
        self._style_format = np.array([self._formats.index(kind) for kind in kinds])
        self._format_is_time = np.array([is_time(kind) for kind in self._formats])

    def read(self, data: bytes) -> Cells:
        """The cells of whole rows. Raises Odd, Problem."""
        if not data.isascii():
            try:
                data.decode("utf-8")
            except UnicodeDecodeError as error:
                raise Odd from error
        rows = cell_scan.scan(data)
        if b" hidden=" in data:
            self._hidden_rows(data)
        odd = self._odd(rows)
        if self.head_rows is not None:
            keep = rows.row <= self.head_rows
            self.facts.complete &= bool(keep.all())
            rows = rows.only(keep)
        self._formulas(rows)
        column = Column(len(rows), rows.data)
        self._put_plain(rows, column)
        kinds = _KIND_OF_TYPE[rows.type]
        kinds[(kinds == cells.NUMBER) & self._format_is_time[self._format_number(rows.style)]] = cells.DATE
        kinds[rows.formula] |= cells.FORMULA
        self._put_odd(rows, odd, column, kinds)
        filled = column.filled()
        if len(filled) == len(rows):
            return rows.row, rows.column, column.array(), kinds
        return rows.row[filled], rows.column[filled], column.array(filled), kinds[filled]

    # --- cells written in the usual way -------------------------------------------------------------

    def _format_number(self, style: NDArray[np.int64]) -> NDArray[np.int64]:
        return self._style_format[np.minimum(style, len(self._style_format) - 1)]

    def _put_plain(self, rows: Rows, column: Column) -> None:
        """The text of every cell that is not odd; more cells may turn out to be odd."""
        length = rows.end - rows.start
        mark_escapes(rows)
        at = words.view(rows.data)
        plain = ~rows.odd & (length > 0)
        shared = np.flatnonzero(plain & (rows.type == cell_scan.SHARED))
        if len(shared):
            place, good = words.whole_numbers(at[rows.start[shared]], length[shared].astype(np.uint64))
            good &= place < len(self.values.strings)
            rows.odd[shared[~good]] = True
            strings = self.values.strings
            column.put_views(shared[good], strings.views, strings.buffers, place[good].astype(np.int64))
        first = at[rows.start] & np.uint64(0xFF)
        boolean = plain & (rows.type == cell_scan.BOOLEAN)
        if boolean.any():
            good = (length == 1) & ((first == _ZERO) | (first == _ZERO + 1))
            rows.odd |= boolean & ~good
            mine = np.flatnonzero(boolean & good)
            column.put(mine, _BOOLEANS, (first[mine] - np.uint64(_ZERO)).astype(np.int64))
        errors = np.flatnonzero(plain & (rows.type == cell_scan.ERROR))
        self.facts.errors.add_all(rows.row[errors], rows.column[errors])
        as_it_is = plain & _AS_IT_IS[rows.type]
        rows.odd |= plain & (rows.type == cell_scan.DATE)
        numbers = np.flatnonzero(plain & (rows.type == cell_scan.NUMBER))
        if len(numbers):
            kind = self._format_number(rows.style[numbers])
            general = kind == self._formats.index(formats.GENERAL)
            ready = general & plain_numbers(at, rows.start[numbers], rows.end[numbers])
            as_it_is[numbers[ready]] = True
            for number in np.unique(kind[~ready]):
                self._put_formatted(rows, column, numbers[~ready & (kind == number)], self._formats[number])
        slices = np.flatnonzero(as_it_is)
        column.put_slices(slices, rows.start[slices], rows.end[slices])
        empty = np.flatnonzero(
            ~rows.odd & (length == 0) & rows.formula & ((rows.type == cell_scan.ERROR) | ~_AS_IT_IS[rows.type])
        )
        self.facts.not_calculated.add_all(rows.row[empty], rows.column[empty])

    def _put_formatted(self, rows: Rows, column: Column, mine: NDArray[np.int64], kind: str) -> None:
        """Numbers whose text is computed; each different one once."""
        column.put_slices(mine, rows.start[mine], rows.end[mine])
        encoded = column.array(mine).dictionary_encode()
        texts = _formatted(encoded.dictionary.to_pylist(), kind, self.values.book.epoch_1904)
        numbers = encoded.indices.to_numpy()
        column.put(mine, pa.array(texts, pa.string()), numbers)
        if max(map(len, texts)) > _MOST_DIGITS:
            long = np.array([len(text) > _MOST_DIGITS and text.isdigit() for text in texts])[numbers]
            self.facts.long_numbers.add_all(rows.row[mine[long]], rows.column[mine[long]])
        if kind.startswith(formats.SHOWN):
            shown = [formats.shown_text(text, kind) for text in texts]
            for cell, number in zip(mine, numbers, strict=True):
                if (text := shown[number]) is not None and len(texts[number]) <= _MOST_DIGITS:
                    self.facts.show(int(rows.row[cell]), int(rows.column[cell]), text)

    # --- cells written in an unusual way ------------------------------------------------------------

    def _odd(self, rows: Rows) -> dict[int, dict[str, Any]]:
        """The odd cells so far, parsed, by where they begin; their addresses go into `rows`. Raises Odd, Problem."""
        found = {}
        for cell in np.flatnonzero(rows.odd).tolist():
            parsed = self._parse(rows, cell)
            rows.row[cell], rows.column[cell], rows.formula[cell] = parsed["row"], parsed["column"], parsed["formula"]
            found[int(rows.cell_start[cell])] = parsed
        return found

    def _parse(self, rows: Rows, cell: int) -> dict[str, Any]:
        xml = rows.data[rows.cell_start[cell] : rows.cell_end[cell]].decode("utf-8")
        if "<!" in xml or "<?" in xml:
            raise Odd
        match = _CELL.fullmatch(_UNORDERED.sub(r'<c r="\2"\1', xml, count=1))
        if match is None:
            raise Odd
        letters, row_text, attributes, formula, value, rest = match.groups()
        row, column = int(row_text), cells.column_number(letters)
        if row > cells.MAX_ROW or column > cells.MAX_COLUMN or row < 1:
            raise self.values.package.suspicious(f"cell {letters}{row_text}")
        named = dict(_ATTRIBUTE.findall(attributes))
        return {
            "row": row, "column": column, "kind": named.get("t", ""), "style": named.get("s", ""),
            "value": xml_text(value or ""), "formula": bool(formula), "inline": _inline(rest) if rest else None,
        }  # fmt: skip

    def _put_odd(self, rows: Rows, known: dict[int, dict[str, Any]], column: Column, kinds: NDArray[np.uint8]) -> None:
        mine, texts = [], []
        for cell in np.flatnonzero(rows.odd).tolist():
            parsed = known.get(int(rows.cell_start[cell])) or self._parse(rows, cell)
            kinds[cell] = self.values.kind_of(parsed["kind"], parsed["style"], parsed["formula"])
            shown = self.values.text_of(**parsed)
            mine.append(cell)
            texts.append(shown or "")
        if mine:
            column.put(np.array(mine), pa.array(texts, pa.string()), np.arange(len(mine)))

    # --- beside the cells ---------------------------------------------------------------------------

    def _hidden_rows(self, data: bytes) -> None:
        for match in _ROW.finditer(data):
            if _HIDDEN.search(match[1]) and (row := _ROW_NUMBER.search(match[1])):
                self.facts.hide_row(int(row[1]))

    def _formulas(self, rows: Rows) -> None:
        """Counts formulas and marks those that add up the cells above them."""
        mine = np.flatnonzero(rows.formula)
        self.facts.formulas.add_all(rows.row[mine], rows.column[mine])
        if len(mine) and b"(" in rows.data and any(word.encode() in rows.data for word in sums.WORDS):
            found = np.array([match.start() for match in _SUM.finditer(rows.data)])
            around = np.unique(np.searchsorted(rows.cell_start, found, side="right") - 1)
            for cell in around[rows.formula[around] & (around >= 0)].tolist():
                formula = _FORMULA.search(rows.data, rows.cell_start[cell], rows.cell_end[cell])
                row, column = int(rows.row[cell]), int(rows.column[cell])
                if formula and sums.adds_up_above(formula[1].decode(), cells.column_letters(column), row):
                    self.facts.sums.add(row, column)


def _formatted(raws: list[str], kind: str, epoch_1904: bool) -> list[str]:
    """formats.formatted() of each; what was computed before is known, for this file and those after it."""
    known = _known.setdefault((kind, epoch_1904), {})
    if len(known) > _MOST_KNOWN or len(_known) > _MOST_KINDS:
        _known.clear()
        known = _known[kind, epoch_1904] = {}
    texts = []
    for raw in raws:
        text = known.get(raw)
        if text is None:
            text = known[raw] = formats.formatted(raw.strip(), kind, epoch_1904)
        texts.append(text)
    return texts


def plain_numbers(at: words.Words, start: words.Places, end: words.Places) -> NDArray[np.bool_]:
    """Which texts are numbers whose digits are already what formats.number_text() makes of them.

    At most 15 digits, no needless zero, no exponent: such a number survives the way through binary.
    """
    length = end - start
    low, high = at[start], at[start + 8]
    mask_low = words.FIRST[np.minimum(length, 8)]
    mask_high = words.FIRST[np.clip(length - 8, 0, 8)]
    dots = np.bitwise_count(words.matches(low, ".") & mask_low) + np.bitwise_count(words.matches(high, ".") & mask_high)
    others = np.bitwise_count(words.no_digits(low) & mask_low) + np.bitwise_count(words.no_digits(high) & mask_high)
    minus = (low & np.uint64(0xFF)) == _MINUS
    body = low >> np.where(minus, np.uint64(8), np.uint64(0))
    first, second = body & np.uint64(0xFF), (body >> np.uint64(8)) & np.uint64(0xFF)
    last = at[end - 1] & np.uint64(0xFF)
    digits = length - minus - dots
    sound = (
        (length <= 16) & (digits <= 15) & (digits > 0) & (others == dots + minus) & (first >= _ZERO) & (first <= _NINE)
    )
    whole = (dots == 0) & ((first != _ZERO) | (length == 1))
    fraction = (dots == 1) & (last > _ZERO) & (last <= _NINE) & ((first != _ZERO) | (second == _DOT))
    return np.asarray(sound & (whole | fraction))


def mark_escapes(rows: Rows) -> None:
    """Cells whose value holds an entity, a carriage return or one of Excel's _xHHHH_ escapes are odd."""
    characters = np.frombuffer(rows.data, np.uint8)
    found = [np.flatnonzero(characters == ord(mark)) for mark in "&\r" if mark.encode() in rows.data]
    if b"_x" in rows.data:
        found.append(np.flatnonzero((characters[:-1] == ord("_")) & (characters[1:] == ord("x"))))
    if not found or not len(rows):
        return
    places = np.concatenate(found)
    cell = np.searchsorted(rows.cell_start, places, side="right") - 1
    inside = (cell >= 0) & (places >= rows.start[cell]) & (places < rows.end[cell])
    rows.odd[cell[inside]] = True


def _inline(text: str) -> str | None:
    if "<is" not in text:
        if text.strip():
            raise Odd
        return None
    if "<rPh" in text:
        text = _PHONETIC.sub("", text)
    return "".join(xml_text(piece) for piece in _TEXT.findall(text))
