"""The rows of a checked upload as the grid shows them, read from what the worker left beside the file.

Belongs here: paging through that Parquet file. Not here: writing it (portal/checking.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from connectors.base import ROW_NO
from portal.web.store import Row


def rows_file(uploads: Path, upload: Row) -> Path:
    """Where the worker keeps the raw rows of an upload."""
    return uploads / f"{upload['stored_path']}.rows.parquet"


def columns(upload: Row, file: Path) -> list[tuple[str, str]]:
    """[(column letter, header)] in sheet order."""
    letters: dict[str, str] = (upload["notes"] or {}).get("columns", {})
    shown = [name for name in pq.read_schema(file).names if not name.startswith("_")]
    return sorted(((letters.get(name, ""), name) for name in shown), key=lambda pair: (len(pair[0]) or 9, pair[0]))


def description(uploads: Path, upload: Row) -> dict[str, Any] | None:
    """{columns, header_row}: the frame of the grid; None if the rows are gone."""
    file = rows_file(uploads, upload)
    return {"columns": columns(upload, file), "header_row": upload["header_row"]} if file.is_file() else None


def paged(uploads: Path, upload: Row, page: int, size: int) -> tuple[int, list[dict[str, Any]]]:
    """(number of rows, one page of them in sheet order)."""
    with pq.ParquetFile(rows_file(uploads, upload)) as file:
        first, skipped = (page - 1) * size, 0
        groups: list[int] = []
        for number in range(file.num_row_groups):
            length = file.metadata.row_group(number).num_rows
            if skipped + length <= first and not groups:
                skipped += length
            elif skipped + sum(file.metadata.row_group(group).num_rows for group in groups) < first + size:
                groups.append(number)
        records = file.read_row_groups(groups).slice(first - skipped, size).to_pylist() if groups else []
        return file.metadata.num_rows, _lines(records)


def numbered(uploads: Path, upload: Row, numbers: list[int]) -> list[dict[str, Any]]:
    """The rows with these sheet row numbers."""
    if not numbers:
        return []
    return _lines(pq.read_table(rows_file(uploads, upload), filters=[(ROW_NO, "in", numbers)]).to_pylist())


def _lines(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "row_no": record[ROW_NO],
            "cells": {name: item for name, item in record.items() if not name.startswith("_")},
        }
        for record in records
    ]
