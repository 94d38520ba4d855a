"""Keys and rejected rows of a page.

Belongs here: pure functions over Arrow tables. Does not belong here: I/O, statements.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import REJECTED_SCHEMA
from connectors.erp.database.values import raw_json
from connectors.erp.reading.query import Output


def key_column(rows: pa.Table, key: Sequence[Output]) -> pa.ChunkedArray:
    """The `_key` of each row: its key values as text joined by "|"; "|" and "\\" inside a part of a
    composite key are escaped with "\\", so that two different keys never look the same."""
    parts = [_as_text(rows[part.name]) for part in key]
    if len(parts) == 1:
        return parts[0]
    escaped = [pc.replace_substring(pc.replace_substring(part, "\\", "\\\\"), "|", "\\|") for part in parts]
    return pc.binary_join_element_wise(*escaped, "|")


def last_values(rows: pa.Table, order: Sequence[Output]) -> list[Any]:
    """The order values of the last row."""
    return [rows[output.name][-1].as_py() for output in order]


def looks_equal(left: Sequence[Any], right: Sequence[Any]) -> bool:
    """True if a database could take both for the same key: case, width, accents and trailing blanks
    do not count under many collations."""
    return [_folded(value) for value in left] == [_folded(value) for value in right]


def as_json(rows: pa.Table) -> list[str]:
    """Each row as JSON text."""
    return [raw_json(list(row.values()), rows.column_names) for row in rows.to_pylist()]


def content_key(raw: str, equal: Counter[str]) -> str:
    """A key for a row that has none, the same at the next read; `equal` counts rows with equal content."""
    key = f"row-{hashlib.sha256(raw.encode()).hexdigest()[:16]}"
    equal[key] += 1
    return key if equal[key] == 1 else f"{key}#{equal[key]}"


def rejected_rows(keys: Sequence[str], raw: Sequence[str], reason: str) -> pa.Table:
    """REJECTED_SCHEMA rows: key or position, what was read, why it was refused."""
    columns = [list(keys), [None] * len(raw), list(raw), [reason] * len(raw)]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, REJECTED_SCHEMA, strict=True)]
    return pa.table(arrays, schema=REJECTED_SCHEMA)


def _as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_string(values.type):
        return values
    if pa.types.is_binary(values.type):
        return pa.chunked_array([pa.array([value and value.hex() for value in values.to_pylist()], pa.string())])
    return pc.cast(values, pa.string())


def _folded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    decomposed = unicodedata.normalize("NFKD", value).casefold().rstrip()
    return "".join(char for char in decomposed if not unicodedata.combining(char))
