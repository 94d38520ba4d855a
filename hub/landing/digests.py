"""Digests of keys and rows: what tells a changed row, a repeated key, a missing key.

Belongs here: computing digests, keeping many of them in bounded memory. Not here: the store, deciding
what a difference means (known.py).

Both digests are DuckDB's own hash: over typed columns it costs a fifth of an md5 of their texts. It is
only stable within one version of DuckDB, so SCHEME is part of every dataset's rules (dataset.py): with
another DuckDB all rows are looked at once more, and those whose content is the same stay as they are.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from connectors.base import KEY, ROW_NO

if TYPE_CHECKING:
    import duckdb

HASH = "_hash"  # fixed_size_binary[16]
SCHEME = f"duckdb-hash-{version('duckdb')}"  # its name alone: importing it would slow every start

# Up to this many records stay in memory; more go to files of about this size each.
IN_MEMORY = 1_000_000
PARTS = 16


def with_row_hash(rows: pa.Table) -> pa.Table:
    """The rows plus HASH: 128 bits over all source values in column order.

    Position columns do not count: a row that only moved in its sheet is the same row. Rows are compared
    with the row of the same key only; that a changed value goes unseen has the odds of 64 equal bits.
    """
    columns = ", ".join(_quoted(name) for name in rows.column_names if name not in (KEY, ROW_NO))
    first, second = (f"hash({salt}{', ' + columns if columns else ''})" for salt in (1, 2))
    halves = _ask(f"select {first}, {second} from page", rows)
    both = np.column_stack([half.to_numpy() for half in halves.columns])
    digests = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(both), [None, pa.py_buffer(both)])
    return rows.append_column(HASH, digests)


def text_hashes(values: list[str]) -> pa.Array:
    """md5 of each text, as fixed_size_binary[16]."""
    return pa.array([hashlib.md5(value.encode(), usedforsecurity=False).digest() for value in values], pa.binary(16))


def key_digests(keys: pa.Array) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """64 bits for each text."""
    table = _ask("select hash(key) from page", pa.table({"key": keys}))
    return np.asarray(table.column(0).to_numpy(), dtype=np.uint64)


def halves(digests: pa.Array) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """The first 64 bits of each 128-bit digest."""
    digests = pa.concat_arrays([digests]) if digests.offset else digests
    buffer = digests.buffers()[1]
    return np.frombuffer(buffer, "<u8", count=2 * len(digests))[::2] if len(digests) else np.empty(0, "<u8")


class Spool:
    """Records that begin with a u8 field "key", split by its highest bits once they are many.

    However many records: in memory there are never more than IN_MEMORY of them, or one part.
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self.count = 0
        self._chunks: list[np.ndarray[Any, Any]] = []
        self._files: list[IO[bytes]] = []

    def add(self, records: np.ndarray[Any, Any]) -> None:
        self.count += len(records)
        if self._files:
            self._spill(records)
            return
        self._chunks.append(records)
        if self.count > IN_MEMORY:
            self._files = [tempfile.TemporaryFile() for _ in range(PARTS)]  # noqa: SIM115 - close() closes them
            for chunk in self._chunks:
                self._spill(chunk)
            self._chunks = []

    def parts(self) -> Iterator[np.ndarray[Any, Any]]:
        """All records, part by part; equal keys are in one part, a part's keys are below the next part's."""
        if not self._files:
            if len(self._chunks) != 1:
                self._chunks = [np.concatenate([np.empty(0, self.dtype), *self._chunks])]
            yield self._chunks[0]
            return
        for file in self._files:
            yield _read(file, self.dtype)

    def sort(self) -> None:
        """Order the records by key within each part."""
        if not self._files:
            self._chunks = [_ordered(part) for part in self.parts()]
            return
        for file in self._files:
            ordered = _ordered(_read(file, self.dtype))
            file.seek(0)
            file.write(ordered.tobytes())

    def borders(self) -> np.ndarray[Any, np.dtype[np.uint64]]:
        """The smallest key that could be in each part but the first."""
        width = 2**64 // PARTS
        return np.array([n * width for n in range(1, PARTS)] if self._files else [], np.uint64)

    def repeated(self) -> np.ndarray[Any, np.dtype[np.uint64]]:
        """Keys that are there more than once."""
        found = []
        for part in self.parts():
            ordered = np.sort(part["key"])
            found.append(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]))
        return np.concatenate(found)

    def close(self) -> None:
        for file in self._files:
            file.close()

    def _spill(self, records: np.ndarray[Any, Any]) -> None:
        place = np.searchsorted(self.borders(), records["key"], side="right")
        for number, file in enumerate(self._files):
            file.write(records[place == number].tobytes())


def _ordered(part: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return part[np.argsort(part["key"], kind="stable")]


def _read(file: IO[bytes], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    file.seek(0)
    return np.frombuffer(file.read(), dtype)


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(config={"threads": 1})


def _ask(statement: str, page: pa.Table) -> pa.Table:
    with _engine().cursor() as cursor:  # an engine of its own would cost a hundred times the question
        cursor.register("page", page)
        table: pa.Table = cursor.sql(statement).to_arrow_table()
        return table.combine_chunks()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
