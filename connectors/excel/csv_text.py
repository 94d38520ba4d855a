"""CSV and other delimited text: encoding, delimiter, records. Everything stays text.

Belongs here: guesses about delimited text and the cells that follow. Does not belong here: headers,
templates. The row number of a cell is its record's number, as a spreadsheet program shows it.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from connectors.excel.cells import MAX_COLUMN, MAX_ROW, CellSink
from schemas.problems import Problem

MAX_BYTES = 500_000_000
MAX_FIELD = 32_767  # a spreadsheet cell holds no more; a longer one means a quote was never closed
_DELIMITERS = ",;\t|"


def decode(data: bytes, shown_name: str) -> tuple[str, str]:
    """(text, encoding): byte order mark, then strict UTF-8, then GB18030, as measured the safest ladder.

    Raises Problem `workbook_text_damaged` with the line of the first undecodable byte.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _strict(data, encoding, shown_name), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _strict(data, "gb18030", shown_name), "gb18030"


def _strict(data: bytes, encoding: str, shown_name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Problem("workbook_text_damaged", file=shown_name, line=line) from error


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


def read_csv(path: Path, shown_name: str, target: Path) -> dict[str, str]:
    """Writes the cells to `target`; returns {"encoding", "delimiter"}.

    Raises Problem `workbook_text_damaged`, `workbook_too_big`.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        limit = f"{MAX_BYTES // 1_000_000} MB"
        raise Problem("workbook_too_big", file=shown_name, what=f"{size // 1_000_000} MB", limit=limit)
    text, encoding = decode(path.read_bytes(), shown_name)
    first_line, _, rest = text.partition("\n")
    if first_line.strip().lower().startswith("sep=") and len(first_line.strip()) == 5:
        delimiter = first_line.strip()[4]  # Excel's own way to name the delimiter; it is no row of data
        text = "\n" + rest
    else:
        delimiter = delimiter_of(text)
    csv.field_size_limit(MAX_FIELD)
    try:
        _records(text, delimiter, csv.QUOTE_MINIMAL, shown_name, target)
    except csv.Error:  # an unclosed quote would swallow the rest of the file: take quotes as plain characters
        csv.field_size_limit(MAX_BYTES)
        _records(text, delimiter, csv.QUOTE_NONE, shown_name, target)
    return {"encoding": {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "gb18030": "GB18030"}.get(encoding, "UTF-16"),
            "delimiter": "Tab" if delimiter == "\t" else delimiter}  # fmt: skip


def _records(text: str, delimiter: str, quoting: int, shown_name: str, target: Path) -> None:
    sink = CellSink(target)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    try:
        for row, record in enumerate(reader, start=1):
            if row > 10 * MAX_ROW or len(record) > MAX_COLUMN:
                what = f"{row} x {len(record)}"
                raise Problem("workbook_too_big", file=shown_name, what=what, limit=f"{10 * MAX_ROW} x {MAX_COLUMN}")
            for column, value in enumerate(record, start=1):
                if value:
                    sink.add(row, column, value.replace("\0", "_x0000_"))
    finally:
        sink.close()
