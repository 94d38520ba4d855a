"""The texts that the cells of an .xlsx share, as one Arrow column.

Belongs here: the shared strings part, by arrays over plain XML and by an XML parser for everything
else. Does not belong here: cells. Runs in the child process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from connectors.excel.filetypes import cell_scan
from connectors.excel.filetypes.cell_scan import Odd
from connectors.excel.filetypes.cell_text import Column, SharedStrings
from connectors.excel.filetypes.ooxml import plain_xml, unescape, xml_text
from connectors.excel.filetypes.plain_rows import mark_escapes
from connectors.excel.safety.package import MAX_PART, MAX_TEXT, Package

_PHONETIC = re.compile(r"<rPh\b.*?</rPh>", re.DOTALL)
_TEXT = re.compile(r"<t(?: [^>]*)?(?:/>|>([^<]*)</t>)")
_CHUNK = 1 << 20
_BATCH = 100_000


def shared_strings(package: Package, part: str | None) -> SharedStrings:
    """All of them, rich text joined, phonetic guides left out. The count the part claims is ignored.

    Raises Problem for damaged or hostile parts.
    """
    if part is None:
        return SharedStrings()
    try:
        arrays = list(_plain(package, part))
    except Odd:
        arrays = list(_exact(package, part))
    if sum(array.nbytes for array in arrays) > MAX_PART:
        raise package.too_big(part, MAX_PART)
    return SharedStrings(pa.concat_arrays(arrays) if arrays else None)


def _plain(package: Package, part: str) -> Iterator[pa.Array]:
    rest, started = b"", False
    for piece in package.chunks(part, MAX_PART, _CHUNK):
        if b"\0" in piece:
            raise Odd
        rest += piece
        if not started:
            start = rest.find(b"<si")
            if start < 0:
                if b"</sst>" not in rest and b"<sst" in rest and len(rest) < _CHUNK:
                    continue
                if len(rest) > 4 * _CHUNK:
                    raise Odd
                continue
            _as_plain(rest[:start])
            rest, started = rest[start:], True
        if rest.rstrip().endswith(b"</sst>"):
            continue  # the last piece is read with what follows, below
        cut = max(rest.rfind(b"<si>"), rest.rfind(b"<si "))
        if cut > 0:
            yield _strings(rest[:cut])
            rest = rest[cut:]
        elif len(rest) > MAX_TEXT:
            raise package.suspicious(f"{part}: a text of more than {MAX_TEXT >> 20} MB")
    items, end, after = rest.partition(b"</sst>")
    if not started:
        if b"<sst" not in _as_plain(rest).encode():
            raise Odd
        return
    if not end or after.strip():
        raise Odd
    yield _strings(items)


def _as_plain(data: bytes) -> str:
    text = plain_xml(data)
    if text is None:
        raise Odd
    return text


def _strings(data: bytes) -> pa.Array:
    if not data.isascii() and plain_xml(data) is None:
        raise Odd
    data, _, extensions = data.partition(b"<extLst")
    if extensions and b"<si" in extensions:
        raise Odd
    items = cell_scan.scan_strings(data)
    mark_escapes(items)
    column = Column(len(items), items.data)
    plain = np.flatnonzero(~items.odd)
    column.put_slices(plain, items.start[plain], items.end[plain])
    odd = np.flatnonzero(items.odd)
    if len(odd):
        texts = []
        for start, end in zip(items.cell_start[odd].tolist(), items.cell_end[odd].tolist(), strict=True):
            xml = items.data[start:end].decode()
            if "<!" in xml or "<?" in xml:
                raise Odd
            text = _PHONETIC.sub("", xml)
            texts.append("".join(xml_text(piece) for piece in _TEXT.findall(text)))
        column.put(odd, pa.array(texts, pa.string()), np.arange(len(odd)))
    return column.array(np.arange(len(items)))


def _exact(package: Package, part: str) -> Iterator[pa.Array]:
    found: list[str] = []
    pieces: list[str] = []
    length = 0
    state = {"text": False, "phonetic": False}

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal length
        if tag == "si":
            pieces.clear()
            length = 0
        elif tag == "rPh":
            state["phonetic"] = True
        elif tag == "t":
            state["text"] = not state["phonetic"]

    def end(tag: str) -> None:
        if tag == "si":
            found.append(unescape("".join(pieces)))
        elif tag == "rPh":
            state["phonetic"] = False
        elif tag == "t":
            state["text"] = False

    def text(piece: str) -> None:
        nonlocal length
        if state["text"]:
            pieces.append(piece)
            length += len(piece)
            if length > MAX_TEXT:
                raise package.suspicious(f"{part}: a text of more than {MAX_TEXT >> 20} MB")

    package.parse(part, start, end, text, MAX_PART)
    for place in range(0, len(found), _BATCH):
        yield pa.array(found[place : place + _BATCH], pa.string())
