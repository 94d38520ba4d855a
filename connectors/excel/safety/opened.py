"""Files that were opened, kept while their content stays the same: one file is parsed once per sync.

Belongs here: the memory of this process over contents, digests and problems. Does not belong here:
opening (sandbox.py), what was decided about a file in an earlier sync (verdicts.py). Two templates read
from one workbook, the record of the folder and the load of each object all ask for the same content.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from connectors.excel.safety import sandbox
from connectors.excel.safety.sandbox import Book
from schemas.problems import Problem

# Cells are memory-mapped from files without a name, so this is disk rather than memory.
KEPT_BYTES = 512 << 20
_RACY_NS = 3_000_000_000  # a file changed so shortly before it was hashed may change again with equal time and size

Stat = tuple[int, int, int]  # size, modification time in ns, inode
_Key = tuple[str, int | None, tuple[str, ...] | None, str]

# What a busy machine may have caused; another try may go well.
PASSING = {"workbook_out_of_time", "workbook_out_of_memory", "workbook_reader_failed", "workbook_missing"}

_lock = threading.Lock()
_books: OrderedDict[_Key, tuple[Book, int]] = OrderedDict()
_problems: OrderedDict[tuple[_Key, str], Problem] = OrderedDict()
_digests: dict[str, tuple[Stat, str]] = {}


def stat_of(path: Path) -> Stat:
    """What tells whether a file has changed. Raises OSError."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def digest(path: Path) -> str:
    """SHA-256 of the file's bytes; hashed again only if size, time or inode changed. Raises OSError."""
    now = stat_of(path)
    known = _digests.get(str(path))
    if known is not None and known[0] == now:
        return known[1]
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if is_calm(now):
        _digests[str(path)] = (now, sha256)
    return sha256


def remember_digest(path: Path, stat: Stat, sha256: str) -> None:
    """Take over what an earlier process found."""
    _digests.setdefault(str(path), (stat, sha256))


def is_calm(stat: Stat) -> bool:
    """Whether equal size and time prove equal content."""
    return abs(time.time_ns() - stat[1]) > _RACY_NS


def read_workbook(
    path: Path,
    shown_name: str,
    head_rows: int | None = None,
    only: Sequence[str] | None = None,
    passwords: Sequence[str] = (),
) -> Book:
    """As `sandbox.read_workbook`, but the same content is parsed once. Raises what that raises."""
    try:
        content = digest(path)
    except OSError as error:
        raise Problem("workbook_missing", file=shown_name, reason=error.strerror or str(error)) from error
    secret = hashlib.sha256("\0".join(passwords).encode()).hexdigest() if passwords else ""
    key: _Key = (content, head_rows, tuple(only) if only is not None else None, secret)
    with _lock:
        if (known := _problems.get((key, shown_name))) is not None:
            raise Problem(known.code, **known.params)
        if (kept := _books.get(key)) is not None:
            _books.move_to_end(key)
            return kept[0]
    try:
        book = sandbox.read_workbook(path, shown_name, head_rows=head_rows, only=only, passwords=passwords)
    except Problem as problem:
        if problem.code in PASSING:
            raise
        with _lock:
            _problems[key, shown_name] = problem
            while len(_problems) > 1000:
                _problems.popitem(last=False)
        raise
    _keep(key, book)
    return book


def _keep(key: _Key, book: Book) -> None:
    size = sum(sheet.cells.nbytes for sheet in book.sheets)
    with _lock:
        _books[key] = (book, size)
        while sum(kept for _, kept in _books.values()) > KEPT_BYTES and len(_books) > 1:
            _books.popitem(last=False)


def forget() -> None:
    """Let go of everything; for tests and for processes that live long."""
    with _lock:
        _books.clear()
        _problems.clear()
        _digests.clear()
