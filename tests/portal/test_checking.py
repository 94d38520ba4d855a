"""Checking an upload: what repeats is found however far apart it stands, and the counts still add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from openpyxl import Workbook

from hub.store.core_tables import ensure_core_tables
from hub.store.models import SCHEMAS, Base
from portal import checking
from schemas.loader import contracts, templates

HEADER = ["物料编码", "物料名称", "规格型号", "单位"]


@pytest.fixture
def store(postgres_url: str) -> Any:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as opened:
        for schema in SCHEMAS:
            opened.execute(sa.schema.CreateSchema(schema))
        Base.metadata.create_all(opened)
    engine.dispose()
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        ensure_core_tables(connection, contracts().values())
        yield connection


def workbook(path: Path, codes: list[str]) -> Path:
    book = Workbook()
    assert book.active is not None
    book.active.append(HEADER)
    for code in codes:
        book.active.append([code, "轴承座", "M8×20", "个"])
    book.save(path)
    return path


def test_a_code_that_is_there_twice_is_found_across_pages(
    store: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "PAGE_ROWS", 3)
    codes = [f"M-1000{number}" for number in range(8)]
    file = workbook(tmp_path / "物料清单.xlsx", [*codes, "Ｍ-10001"])
    told: list[tuple[Any, ...]] = []
    checked = checking.check_file(
        store, file, file.name, templates()["material_list"], tmp_path / "rows.parquet", told.extend, lambda rows: None
    )
    found = [dict(zip(checking.FINDING_COLUMNS, line, strict=True)) for line in told]
    twice = [line for line in found if line["rule"] == "material.code_unique"]
    assert [(line["cell"], line["value"], line["hold"]) for line in twice] == [
        ("A3", "M-10001", True),
        ("A10", "Ｍ-10001", True),
    ]
    counts = checked.counts
    assert (counts.read, counts.ready, counts.held, counts.rejected) == (9, 7, 2, 0)
    assert (counts.new, counts.changed, counts.same) == (7, 0, 0)
    assert checked.problems == []
