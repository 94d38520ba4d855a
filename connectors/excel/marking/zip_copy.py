"""A zip package written with the untouched parts of another one, bytes as they are.

Belongs here: the records of the zip format (PKWARE APPNOTE 6.3.10, sections 4.3.7 and 4.3.12 to 4.3.16)
as far as workbooks need them. Does not belong here: what the parts mean. Python's zipfile can only
inflate and deflate again, which costs most of the time of a marked copy and changes every part.
"""

from __future__ import annotations

import struct
import time
import zipfile
import zlib
from typing import IO

_LOCAL, _CENTRAL, _END = 0x04034B50, 0x02014B50, 0x06054B50
_LOCAL_LENGTH = 30
_UTF8_NAME, _SIZES_BEHIND = 0x800, 0x8
_MOST = 0xFFFFFFFE


class ZipCopy:
    """Writes to `out`; call finish() at the end. Raises ValueError for what needs the 64-bit form."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._directory: list[bytes] = []

    def copy(self, source: IO[bytes], entry: zipfile.ZipInfo) -> None:
        """One entry of another package, its stored bytes unchanged. Raises ValueError if it is not where it says."""
        source.seek(entry.header_offset)
        header = source.read(_LOCAL_LENGTH)
        if len(header) != _LOCAL_LENGTH or struct.unpack_from("<I", header)[0] != _LOCAL:
            raise ValueError(f"{entry.filename}: no entry where the directory says")
        name_length, extra_length = struct.unpack_from("<HH", header, 26)
        source.seek(name_length + extra_length, 1)
        data = source.read(entry.compress_size)
        if len(data) != entry.compress_size:
            raise ValueError(f"{entry.filename}: cut short")
        stamp = struct.unpack_from("<HH", header, 10)
        flags = entry.flag_bits & ~_SIZES_BEHIND
        self._entry(entry.orig_filename, flags, entry.compress_type, stamp, entry.CRC, entry.file_size, data)

    def add(self, name: str, content: bytes, level: int) -> None:
        """One new or changed entry."""
        deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
        data = deflate.compress(content) + deflate.flush()
        now = time.localtime()
        stamp = (
            now.tm_hour << 11 | now.tm_min << 5 | now.tm_sec // 2,
            (now.tm_year - 1980) << 9 | now.tm_mon << 5 | now.tm_mday,
        )
        self._entry(name, 0, zipfile.ZIP_DEFLATED, stamp, zlib.crc32(content), len(content), data)

    def _entry(
        self, name: str, flags: int, method: int, stamp: tuple[int, ...], crc: int, size: int, data: bytes
    ) -> None:
        offset = self._out.tell()
        if max(offset, size, len(data)) > _MOST or len(self._directory) >= 0xFFFF:
            raise ValueError("package of more than 4 GB")
        raw = name.encode("ascii") if name.isascii() else name.encode("utf-8")
        flags = flags if name.isascii() else flags | _UTF8_NAME
        rest = struct.pack("<HHHHHIIIHH", 20, flags, method, *stamp, crc, len(data), size, len(raw), 0)
        self._out.write(struct.pack("<I", _LOCAL) + rest + raw + data)
        tail = struct.pack("<HHHII", 0, 0, 0, 0, offset)
        self._directory.append(struct.pack("<IH", _CENTRAL, 20) + rest + tail + raw)

    def finish(self) -> None:
        """Write the directory."""
        start = self._out.tell()
        directory = b"".join(self._directory)
        count = len(self._directory)
        self._out.write(directory + struct.pack("<IHHHHIIH", _END, 0, 0, count, count, len(directory), start, 0))
