"""Raw rows as immutable, content-addressed Parquet: the audit trail and the replay source.

Belongs here: writing and reading landed files. Not here: hashing rows (digests.py), the store.
"""

from __future__ import annotations

import base64
import hashlib
import os
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.base import KEY
from schemas.problems import Problem


def write_landed(rows: pa.Table, folder: Path, dataset: str) -> tuple[str, str]:
    """Write the rows once, under the name of their own content.

    Returns (path relative to `folder`, sha256). The same rows give the same file, so that a repeated
    read leaves nothing new behind; a crash leaves at most a temporary file.
    """
    target_folder = folder / dataset
    target_folder.mkdir(parents=True, exist_ok=True)
    temporary = target_folder / f".{uuid.uuid4().hex}.tmp"
    # zstd finds repeated values by itself: without dictionaries files are half as large and cost half the CPU.
    pq.write_table(rows, temporary, compression="zstd", compression_level=1, use_dictionary=False)
    with temporary.open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    temporary.replace(target_folder / f"{digest}.parquet")
    return f"{dataset}/{digest}.parquet", digest


def read_landed(folder: Path, path: str) -> pa.Table:
    """The raw rows of one landed file, in exactly the types they were landed in."""
    return _typed_as_landed(pq.ParquetFile(folder / path))


class LandedFile:
    """One landed file that is only believed if its content is still what its name says.

    Raises Problem `landed_file_missing` or `landed_file_damaged`.
    """

    def __init__(self, folder: Path, path: str, sha256: str) -> None:
        self.path = folder / path
        try:
            with self.path.open("rb") as file:
                whole = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError as error:
            raise Problem("landed_file_missing", file=str(self.path)) from error
        except OSError as error:
            raise Problem("landed_file_damaged", file=str(self.path), reason=str(error)) from error
        if not whole:
            raise Problem("landed_file_damaged", file=str(self.path), reason="sha256")

    def keys(self) -> pa.ChunkedArray:
        return pq.read_table(self.path, columns=[KEY])[KEY]

    def rows(self) -> pa.Table:
        return _typed_as_landed(pq.ParquetFile(self.path))


def _typed_as_landed(file: pq.ParquetFile) -> pa.Table:
    """Parquet knows fewer types than Arrow (no seconds): the schema kept beside the rows gives the others back."""
    rows = file.read()
    kept = (file.metadata.metadata or {}).get(b"ARROW:schema")
    if kept is None:
        return rows
    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(kept)))
    return rows if rows.schema.equals(schema) else rows.cast(schema)
