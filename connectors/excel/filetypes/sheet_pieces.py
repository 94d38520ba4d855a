"""A sheet's XML in bounded pieces: what stands before its rows, whole rows, what stands after them.

Belongs here: cutting plain XML where rows end. Does not belong here: what stands in the pieces.
Runs in the child process.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.excel.filetypes.cell_scan import Odd
from connectors.excel.filetypes.ooxml import plain_xml
from connectors.excel.safety.package import MAX_SHEET, Package
from schemas.problems import Problem

_START, _END = b"<sheetData", b"</sheetData>"
_CHUNK, _HEAD_CHUNK = 1 << 20, 1 << 16  # the arrays for a megabyte of XML still fit the processor's cache
_LONGEST_ROW = 32 << 20  # 16,384 cells of two kilobytes each
_LONGEST_AROUND = 64 << 20  # before or after the rows: merges, validations, conditional formats


class SheetPieces:
    """Call before(), then rows(), then after(); all raise Odd for XML that is not plain."""

    def __init__(self, package: Package, part: str, head_only: bool) -> None:
        self.package, self.part = package, part
        self._chunks = package.chunks(part, MAX_SHEET, _HEAD_CHUNK if head_only else _CHUNK)
        self._rest = b""

    def _more(self) -> bool:
        piece = next(self._chunks, None)
        if piece is None:
            return False
        if b"\0" in piece:
            raise Odd
        self._rest += piece
        return True

    def before(self) -> str:
        """The text before <sheetData>."""
        while (start := self._rest.find(_START)) < 0 or b">" not in self._rest[start:]:
            if len(self._rest) > _LONGEST_AROUND and b":worksheet" not in self._rest[:1000]:
                raise self._too_much_around()
            if len(self._rest) > _LONGEST_AROUND or not self._more():
                raise Odd
        text = _plain(self._rest[:start])
        self._rest = self._rest[start + len(_START) :]
        tag, _, self._rest = self._rest.partition(b">")
        if tag.strip() == b"/":
            self._rest = _END + self._rest
        elif tag.strip() and not tag.startswith(b" "):
            raise Odd
        return text

    def rows(self) -> Iterator[bytes]:
        """Whole rows, about a megabyte at a time. Raises Problem `workbook_suspicious` for a row without end."""
        while True:
            end = self._rest.find(_END)
            cut = end if end >= 0 else self._rest.rfind(b"<row ")
            if cut > 0:
                data, self._rest = self._rest[:cut], self._rest[cut:]
                yield data
            if end >= 0:
                self._rest = self._rest[len(_END) :]
                return
            if len(self._rest) > _LONGEST_ROW:
                if self._rest.startswith(b"<row "):
                    raise self.package.suspicious(f"{self.part}: a row of more than {_LONGEST_ROW >> 20} MB")
                raise Odd
            if not self._more():
                raise Odd  # let the XML parser say what is wrong

    def after(self) -> str:
        """The text after </sheetData>."""
        while self._more():
            if len(self._rest) > _LONGEST_AROUND:
                raise self._too_much_around()
        return _plain(self._rest)

    def _too_much_around(self) -> Problem:
        return self.package.suspicious(f"{self.part}: more than {_LONGEST_AROUND >> 20} MB around its rows")


def _plain(data: bytes) -> str:
    text = plain_xml(data)
    if text is None:
        raise Odd
    return text
