"""Raw rows as immutable, content-addressed Parquet: the audit trail and the replay source.

Belongs here: hashing rows, writing and reading landed files. Not here: the store.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.base import KEY, ROW_NO

HASH = "_hash"


def with_row_hash(rows: pa.Table) -> pa.Table:
    """The rows plus HASH: md5 (32 hex digits) of all source values, in column order, null kept apart.

    Position columns do not count: a row that only moved in its sheet is the same row.
    """
    columns = [name for name in rows.column_names if name not in (KEY, ROW_NO)]
    parts = ", ".join(f"coalesce(cast({_quoted(name)} as varchar), chr(30))" for name in columns) or "''"
    with duckdb.connect() as engine:
        engine.register("page", rows)
        digests: pa.Table = engine.sql(f"select md5(concat_ws(chr(31), {parts})) from page").to_arrow_table()
    return rows.append_column(HASH, digests.column(0).combine_chunks())


def text_hashes(values: list[str]) -> list[str]:
    """md5 of each text, as 32 hex digits."""
    return [hashlib.md5(value.encode(), usedforsecurity=False).hexdigest() for value in values]


def write_landed(rows: pa.Table, folder: Path, dataset: str) -> tuple[str, str]:
    """Write the rows once, under the name of their own content.

    Returns (path relative to `folder`, sha256). The same rows give the same file, so that a repeated
    read leaves nothing new behind; a crash leaves at most a temporary file.
    """
    target_folder = folder / dataset
    target_folder.mkdir(parents=True, exist_ok=True)
    temporary = target_folder / f".{uuid.uuid4().hex}.tmp"
    pq.write_table(rows, temporary, compression="zstd")
    with temporary.open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    temporary.replace(target_folder / f"{digest}.parquet")
    return f"{dataset}/{digest}.parquet", digest


def read_landed(folder: Path, path: str) -> pa.Table:
    """The raw rows of one landed file."""
    return pq.read_table(folder / path)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
