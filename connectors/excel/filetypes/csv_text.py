"""CSV and other delimited text: delimiter, quotes, records. Everything stays text.

Belongs here: guesses about delimited text and the cells that follow. Does not belong here: encodings
(encodings.py), headers, templates. The row number of a cell is its record's number, as a spreadsheet program shows it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from connectors.excel.filetypes.cells import MAX_COLUMN, MAX_ROW, CellSink
from connectors.excel.filetypes.encodings import NAMES, decode
from connectors.excel.safety.spool import Spool
from schemas.problems import Problem

MAX_BYTES = 500_000_000
MAX_FIELD = 32_767  # a spreadsheet cell holds no more; a longer one means a quote was never closed
_DELIMITERS = ",;\t|^\x01"
# Delimiters of several characters that exports of ERP systems write, with the mark that ends a record (else a line
# end): they quote nothing, so a record is simply split.
_LONG_DELIMITERS = (("+|", "&|"), ("||", None), ("~|", None), ("@|@", None), ("|+|", None), ("$$", None))
_AS_TEXT = re.compile(r'="([^"]*)"')  # how exports keep Excel from taking a code for a number
_MOST_ROWS = 10 * MAX_ROW


def delimiter_of(text: str) -> str:
    """The delimiter that splits the first lines most often and most evenly; "," if none does."""
    lines = [line for line in text[:100_000].splitlines()[:50] if line.strip()]
    best, best_score = ",", 0.0
    for candidate in _DELIMITERS:
        counts = [len(next(csv.reader([line], delimiter=candidate), [])) - 1 for line in lines]
        usual = max(set(counts), key=counts.count, default=0)
        score = usual * counts.count(usual) / max(len(counts), 1)
        if score > best_score:
            best, best_score = candidate, score
    return best


def long_delimiter_of(text: str) -> tuple[str, str | None] | None:
    """(field mark, record mark or None) of an export that parts fields by several characters, None for others."""
    head = text[:100_000]
    for field, record in _LONG_DELIMITERS:
        if record is not None:
            records = [part for part in head.split(record)[:-1] if part.strip()]
        else:
            records = [line for line in head.splitlines()[:50] if line.strip()]
        counts = {part.count(field) for part in records}
        if records and min(counts) > 0 and len(counts) == 1:
            return field, record
    return None


def read_csv(path: Path, shown_name: str, target: Spool) -> dict[str, str]:
    """Writes the cells to `target`; returns {"encoding", "delimiter"}.

    Raises Problem `workbook_text_damaged`, `workbook_too_big`.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        limit = f"{MAX_BYTES // 1_000_000} MB"
        raise Problem("workbook_too_big", file=shown_name, what=f"{size // 1_000_000} MB", limit=limit)
    text, encoding = decode(path.read_bytes(), shown_name)
    csv.field_size_limit(MAX_BYTES)  # kept by the process: the file before this one may have left another
    first_line, _, rest = text.partition("\n")
    named = first_line.strip().lower().startswith("sep=") and len(first_line.strip("\r\n")) == 5
    if named:
        delimiter = first_line.strip("\r\n")[4]  # Excel's own way to name the delimiter; it is no row of data
        text = "\n" + rest
    elif long := long_delimiter_of(text):
        delimiter = long[0]
        _write(_split(text, *long), shown_name, target)
        return {"encoding": NAMES[encoding], "delimiter": delimiter}
    else:
        delimiter = delimiter_of(text)
    csv.field_size_limit(MAX_FIELD)
    try:
        _records(text, delimiter, csv.QUOTE_MINIMAL, shown_name, target)
    except csv.Error:  # an unclosed quote would swallow the rest of the file: take quotes as plain characters
        csv.field_size_limit(MAX_BYTES)
        _records(text, delimiter, csv.QUOTE_NONE, shown_name, target)
    return {"encoding": NAMES[encoding], "delimiter": {"\t": "Tab", "\x01": "\\x01"}.get(delimiter, delimiter)}


def _split(text: str, field: str, record: str | None) -> Iterator[list[str]]:
    if record is None:
        yield from (line.split(field) for line in text.splitlines())
        return
    for part in text.split(record):
        # The line end behind a record mark belongs to nobody; within a record it belongs to a value.
        part = part.removeprefix("\r").removeprefix("\n")
        if part:
            yield part.split(field)


def _records(text: str, delimiter: str, quoting: int, shown_name: str, target: Spool) -> None:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    _write(reader, shown_name, target)


def _write(records: Iterable[list[str]], shown_name: str, target: Spool) -> None:
    sink = CellSink(target)
    try:
        for row, record in enumerate(records, start=1):
            if row > _MOST_ROWS or len(record) > MAX_COLUMN:
                what = f"{row} x {len(record)}"
                raise Problem("workbook_too_big", file=shown_name, what=what, limit=f"{_MOST_ROWS} x {MAX_COLUMN}")
            for column, value in enumerate(record, start=1):
                if value:
                    if value[0] == "=" and (kept := _AS_TEXT.fullmatch(value.strip())):
                        value = kept[1]
                    if value:
                        sink.add(row, column, value.replace("\0", "_x0000_"))
    finally:
        sink.close()
