"""Web pages under a workbook's name, as old ERP systems export them: every table becomes cells.

Belongs here: HTML and single-file web pages (MHTML) as (row, column, text), laid out as a spreadsheet program lays
them out: one thing below the other from column A. Does not belong here: encodings (encodings.py), headers,
templates. Runs in the child process.
"""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from connectors.excel.filetypes.cells import MAX_COLUMN, MAX_ROW, CellSink, Facts
from connectors.excel.filetypes.encodings import decode
from connectors.excel.filetypes.number_formats import safe_text
from connectors.excel.safety.spool import Spool
from schemas.problems import Problem

MARK = re.compile(rb"<(!doctype\s+html|html|head|body|table|meta)\b", re.IGNORECASE)
MHTML = re.compile(rb"MIME-Version:|Content-Type:\s*multipart/related", re.IGNORECASE)
_CHARSET = re.compile(rb"""charset\s*=\s*["']?([\w-]{2,20})""", re.IGNORECASE)
_SHEET_NAME = re.compile(r"<x:Name>([^<]{1,31})</x:Name>")
_SILENT = {"script", "style", "title", "xml", "noscript", "template"}
_BREAKS = {"br", "p", "div", "li"}
_CELLS = {"td", "th"}
_MOST_SPAN = 1000
_DEEPEST = 200


@dataclass
class _Table:
    """One table being read; cells of rows above that reach down are `taken`."""

    top: int
    row: int = 0
    column: int = 0
    taken: dict[int, int] = field(default_factory=dict)  # column -> last row it is taken down to
    text: list[str] | None = None
    span: tuple[int, int] = (1, 1)


class _Reader(HTMLParser):
    def __init__(self, sink: CellSink, facts: Facts, shown_name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.sink, self.facts, self.shown_name = sink, facts, shown_name
        self.next_row = 1
        self.count = 0
        self._tables: list[_Table] = []
        self._silent = 0
        self._outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self._end_outside()
            if len(self._tables) >= _DEEPEST:
                raise Problem("workbook_suspicious", file=self.shown_name, reason=f"{_DEEPEST} nested tables")
            self.count += 1
            self._tables.append(_Table(self._tables[-1].row + 1 if self._tables else self.next_row))
            self._tables[-1].row = self._tables[-1].top - 1
        elif not self._tables:
            if tag in _BREAKS or tag.startswith("h"):
                self._end_outside()
        elif tag == "tr":
            self._end_cell()
            self._tables[-1].row += 1
            self._tables[-1].column = 0
            if dict(attrs).get("style", "") and "display:none" in "".join((dict(attrs)["style"] or "").split()).lower():
                self.facts.hide_row(self._tables[-1].row)
        elif tag in _CELLS:
            self._start_cell(dict(attrs))
        elif tag in _BREAKS and self._tables[-1].text:
            self._tables[-1].text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        elif tag == "table" and self._tables:
            self._end_cell()
            table = self._tables.pop()
            if self._tables:  # a table in a cell stands below what is beside it
                self._tables[-1].row = max(self._tables[-1].row, table.row)
            else:
                self.next_row = max(table.row, table.top) + 1
        elif tag in _CELLS or tag == "tr":
            self._end_cell()
        elif tag in _BREAKS or tag.startswith("h"):
            self._end_outside()

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._tables:
            if self._tables[-1].text is not None:
                self._tables[-1].text.append(" ".join(data.split()) if data.strip() else " ")
        elif data.strip():
            self._outside.append(" ".join(data.split()))

    def _start_cell(self, attributes: dict[str, str | None]) -> None:
        self._end_cell()
        table = self._tables[-1]
        table.row = max(table.row, table.top)
        table.column += 1
        while table.taken.get(table.column, 0) >= table.row:
            table.column += 1
        if table.column > MAX_COLUMN or table.row > MAX_ROW:
            what = f"{table.row} x {table.column}"
            raise Problem("workbook_too_big", file=self.shown_name, what=what, limit=f"{MAX_ROW} x {MAX_COLUMN}")
        table.text = []
        table.span = _span(attributes.get("rowspan")), _span(attributes.get("colspan"))

    def _end_cell(self) -> None:
        if not self._tables or self._tables[-1].text is None:
            return
        table = self._tables[-1]
        text = re.sub(r" *\n+ *", "\n", "".join(table.text or [])).replace("\xa0", " ").strip()
        table.text = None
        if text:
            self.sink.add(table.row, table.column, safe_text(text))
        high, wide = table.span
        if high > 1 or wide > 1:
            merge = [table.row, table.column, table.row + high - 1, table.column + wide - 1]
            self.facts.merges.append(merge)
        if high > 1:
            for column in range(table.column, table.column + wide):
                table.taken[column] = table.row + high - 1
        table.column += wide - 1

    def _end_outside(self) -> None:
        text = " ".join(self._outside).strip()
        self._outside = []
        if text and not self._tables:
            self.sink.add(self.next_row, 1, safe_text(text))
            self.next_row += 1

    def close(self) -> None:
        super().close()
        while self._tables:
            self.handle_endtag("table")
        self._end_outside()


def read_html(data: bytes, shown_name: str, target: Spool) -> tuple[str | None, str, Facts]:
    """(sheet name the page tells, encoding, facts); the cells go to `target`.

    Raises Problem `workbook_html` for a page without a table, and what `decode` raises.
    """
    declared = _CHARSET.search(data[:4096])
    text, encoding = decode(data, shown_name, declared[1].decode("ascii") if declared else None)
    facts = Facts()
    sink = CellSink(target)
    reader = _Reader(sink, facts, shown_name)
    reader.feed(text)
    reader.close()
    sink.close()
    if not reader.count or not sink.count:
        raise Problem("workbook_html", file=shown_name)
    name = _SHEET_NAME.search(text[:20_000])
    return name[1] if name else None, encoding, facts


def pages_of(data: bytes) -> list[bytes]:
    """The pages with tables of a single-file web page, one per sheet; `data` itself if it is a plain page."""
    if MARK.match(data.lstrip(b"\xef\xbb\xbf \t\r\n")) or not MHTML.search(data[:2000]):
        return [data]
    message = email.message_from_bytes(data, policy=email.policy.default)
    pages = []
    for part in message.walk():
        if part.get_content_type() == "text/html":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and re.search(rb"<table\b", payload, re.IGNORECASE):
                pages.append(payload)
    return pages


def _span(text: str | None) -> int:
    return min(max(int(text), 1), _MOST_SPAN) if text and text.strip().isdecimal() and len(text) < 8 else 1
