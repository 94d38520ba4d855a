"""A zip package opened with suspicion: structural pre-flight, and parts read under byte limits.

Belongs here: the zip directory, inflating with a cap, XML events with DOCTYPE banned. Does not
belong here: what the parts mean (ooxml.py, sheet_scan.py, ods.py). Runs in the child process.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.parsers import expat

from schemas.problems import Problem

MAX_ENTRIES = 20_000
MAX_TOTAL = 4_000_000_000  # bytes all parts together may claim to hold
MAX_SHEET = 1_500_000_000
MAX_PART = 300_000_000  # shared strings, content.xml
MAX_SMALL = 40_000_000  # workbook, styles, relations
MAX_TEXT = 1 << 20  # characters of one cell; Excel itself ends at 32,767
MAX_TOKEN = 1 << 24  # bytes of one tag or comment; the XML parser would read a longer one again and again
MAX_DEPTH = 200
MAX_ELEMENTS = 12_000_000  # of a part read by the XML parser, which takes a second for a million
CHUNK = 1 << 20

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]


class Package:
    """The parts of a zip package by lower-case name. Close it, or use it in a `with` block."""

    def __init__(self, path: Path, shown_name: str) -> None:
        """Raises Problem `workbook_damaged`, `workbook_password`, `workbook_suspicious`, `workbook_too_big`."""
        self.shown_name = shown_name
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise Problem("workbook_damaged", file=shown_name, reason=str(error) or "zip") from error
        self._parts: dict[str, zipfile.ZipInfo] = {}
        self._check_directory()

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def __contains__(self, name: str) -> bool:
        return _plain_name(name) in self._parts

    @property
    def names(self) -> list[str]:
        return list(self._parts)

    def _check_directory(self) -> None:
        entries = self._archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise self.suspicious(f"{len(entries)} parts")
        total = sum(entry.file_size for entry in entries)
        if total > MAX_TOTAL:
            limit = f"{MAX_TOTAL // 1_000_000} MB"
            raise Problem("workbook_too_big", file=self.shown_name, what=f"{total // 1_000_000} MB", limit=limit)
        end_of_last = 0
        for entry in sorted(entries, key=lambda entry: entry.header_offset):
            # Parts that share bytes are how a few kilobytes unpack to gigabytes (CVE-2024-0450).
            if entry.header_offset < end_of_last:
                raise self.suspicious(f"overlapping parts ({entry.filename!r:.60})")
            end_of_last = entry.header_offset + entry.compress_size
            if entry.flag_bits & 1:
                raise Problem("workbook_password", file=self.shown_name)
            name = _plain_name(entry.filename)
            if ".." in name.split("/"):
                raise self.suspicious(f"part name {entry.filename!r:.60}")
            if name in self._parts and not name.endswith("/"):
                raise self.suspicious(f"part {entry.filename!r:.60} twice")
            self._parts[name] = entry

    def suspicious(self, reason: str) -> Problem:
        return Problem("workbook_suspicious", file=self.shown_name, reason=reason)

    def damaged(self, reason: str) -> Problem:
        return Problem("workbook_damaged", file=self.shown_name, reason=reason)

    def too_big(self, name: str, limit: int) -> Problem:
        size = f"{limit // 1_000_000} MB"
        return Problem("workbook_too_big", file=self.shown_name, what=f"{name} > {size}", limit=size)

    def chunks(self, name: str, limit: int, chunk_size: int = CHUNK) -> Iterator[bytes]:
        """The inflated bytes of a part, counted while they come: what the directory says may be a lie.

        Raises Problem `workbook_damaged` (also if there is no such part), `workbook_too_big`.
        """
        entry = self._parts.get(_plain_name(name))
        if entry is None:
            raise self.damaged(f"part {name!r} is missing")
        seen = 0
        try:
            with self._archive.open(entry) as part:
                while chunk := part.read(chunk_size):
                    seen += len(chunk)
                    if seen > limit:
                        raise self.too_big(name, limit)
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise self.damaged(f"{name}: {error}") from error

    def read(self, name: str, limit: int = MAX_SMALL) -> bytes:
        """The whole part. Raises what `chunks` raises."""
        return b"".join(self.chunks(name, limit))

    def parse(
        self,
        name: str,
        start: Start,
        end: End | None = None,
        text: Callable[[str], None] | None = None,
        limit: int = MAX_SMALL,
    ) -> None:
        """XML events of a part, element and attribute names without their namespace prefix.

        A StopIteration from a handler ends the parse early.
        Raises Problem `workbook_damaged` on broken XML, `workbook_suspicious` on a DOCTYPE.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.ordered_attributes = False
        depth = elements = 0

        def on_start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth, elements
            depth += 1
            elements += 1
            if elements > MAX_ELEMENTS:
                limit = f"{MAX_ELEMENTS:,}"
                raise Problem("workbook_too_big", file=self.shown_name, what=f"{name} > {limit}", limit=limit)
            if depth > MAX_DEPTH:
                raise self.suspicious(f"{name}: nested deeper than {MAX_DEPTH}")
            for key in attributes:
                if ":" in key:
                    attributes = {local(key): value for key, value in attributes.items()}
                    break
            start(local(tag) if ":" in tag else tag, attributes)

        def on_end(tag: str) -> None:
            nonlocal depth
            depth -= 1
            if end is not None:
                end(local(tag) if ":" in tag else tag)

        def on_doctype(*_: object) -> None:
            raise self.suspicious(f"{name}: DOCTYPE")

        parser.StartElementHandler = on_start
        parser.EndElementHandler = on_end
        parser.StartDoctypeDeclHandler = on_doctype
        if text is not None:
            parser.CharacterDataHandler = text
        try:
            fed = 0
            for chunk in self.chunks(name, limit):
                parser.Parse(chunk, False)
                fed += len(chunk)
                if fed - parser.CurrentByteIndex > MAX_TOKEN:
                    raise self.suspicious(f"{name}: a tag of more than {MAX_TOKEN >> 20} MB")
            parser.Parse(b"", True)
        except StopIteration:
            return
        except expat.ExpatError as error:
            raise self.damaged(f"{name}: {error}") from error


def local(name: str) -> str:
    """A tag or attribute name without its namespace prefix."""
    return name.rpartition(":")[2]


def resolve(base: str, target: str) -> str:
    """A relation's target as a part name, relative to the part it was found in."""
    target = target.replace("\\", "/")
    if target.startswith("/"):
        return target.lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), target))


def _plain_name(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
