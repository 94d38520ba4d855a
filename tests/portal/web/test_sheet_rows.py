"""Paging through the rows of an upload reads only the row groups it needs, and every row once."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from portal.web import sheet_rows


@pytest.mark.parametrize("size", [1, 7, 50, 200])
def test_every_row_once(tmp_path: Path, size: int) -> None:
    upload = {"stored_path": "x.xlsx", "notes": None, "header_row": 1}
    table = pa.table({"name": [f"n{i}" for i in range(103)], "_key": ["k"] * 103, "_row_no": range(2, 105)})
    with pq.ParquetWriter(sheet_rows.rows_file(tmp_path, upload), table.schema) as writer:
        writer.write_table(table.slice(0, 53), row_group_size=20)
        writer.write_table(table.slice(53), row_group_size=20)
    seen = []
    for page in range(1, 200):
        total, lines = sheet_rows.paged(tmp_path, upload, page, size)
        assert total == 103
        if not lines:
            break
        assert len(lines) <= size
        seen += lines
    assert [line["row_no"] for line in seen] == list(range(2, 105))
    assert seen[5] == {"row_no": 7, "cells": {"name": "n5"}}
    picked = sheet_rows.numbered(tmp_path, upload, [3, 104])
    assert [line["row_no"] for line in picked] == [3, 104]
