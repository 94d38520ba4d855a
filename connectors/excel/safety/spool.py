"""Where a reading child puts what it found: in memory while it is small, in a file once it is not.

Belongs here: the two places behind one file-like object. Does not belong here: what is written.
Many small files are read faster when their answers need no files of their own.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

_MOST_IN_MEMORY = 1 << 20


class Spool:
    """Takes bytes. `data` has them while they are few; else they are in the file `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data: bytearray | None = bytearray()
        self._file: IO[bytes] | None = None
        self._size = 0
        self.closed = False

    def write(self, piece: bytes) -> int:
        self._size += len(piece)
        if self.data is not None and self._size > _MOST_IN_MEMORY:
            self._file = self.path.open("wb")
            self._file.write(self.data)
            self.data = None
        if self.data is not None:
            self.data += piece
        elif self._file is not None:
            self._file.write(piece)
        return len(piece)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self.closed = True

    def restart(self) -> None:
        """Forget what was written: another way of reading begins anew."""
        self.close()
        self.data, self._file, self._size, self.closed = bytearray(), None, 0, False
