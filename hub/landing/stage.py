"""Raw rows as immutable, content-addressed Parquet: the audit trail and the replay source.

Belongs here: writing and reading landed files. Not here: hashing rows (digests.py), the store.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


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
    """The raw rows of one landed file."""
    return pq.read_table(folder / path)
