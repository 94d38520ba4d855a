"""`touch` changes one cell, one ERP row and one MES record, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from examples.demo_factory.build import ERP, MES, STAMP, WORKBOOKS
from examples.demo_factory.touch import next_phone, touch
from schemas.problems import Problem
from tests.demo.contents import sheets, tables


def test_exactly_three_changes(world_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "world"
    shutil.copytree(world_folder, folder)
    said = touch(folder)
    assert len(said) == 3
    for name in (ERP, MES):
        before, after = tables(world_folder / name), tables(folder / name)
        changed = [(t, b, a) for t in before for b, a in zip(before[t], after[t], strict=True) if a != b]
        assert len(changed) == 1
    for path in sorted((folder / WORKBOOKS).rglob("*.[xc]*")):
        if path.name.startswith("~$"):
            continue
        before_cells = sheets(world_folder / WORKBOOKS / path.relative_to(folder / WORKBOOKS))
        differing = [
            (sheet, row, column)
            for sheet, rows in sheets(path).items()
            for row, values in enumerate(rows)
            for column, value in enumerate(values)
            if value != before_cells[sheet][row][column]
        ]
        assert len(differing) == (1 if path.name == "客户档案_2026-11.xlsx" else 0), path
    assert touch(folder) != said


def test_layout_survives(world_folder: Path, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    folder = tmp_path / "world"
    shutil.copytree(world_folder, folder)
    touch(folder)
    sheet = load_workbook(folder / WORKBOOKS / "销售部/客户档案_2026-11.xlsx")["客户"]
    assert sheet.column_dimensions["J"].hidden
    assert "A3:C3" in {str(merged) for merged in sheet.merged_cells.ranges}


def test_needs_a_complete_world(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        touch(tmp_path)
    assert caught.value.code == "demo_world_missing"


def test_needs_the_url_of_an_erp_elsewhere(world_folder: Path, tmp_path: Path) -> None:
    text = (world_folder / STAMP).read_text(encoding="utf-8")
    (tmp_path / STAMP).write_text(text.replace('"k3.db"', '"postgresql://h/d"'), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        touch(tmp_path)
    assert caught.value.code == "demo_erp_elsewhere"


@pytest.mark.parametrize(("old", "new"), [("0512-1239", "0512-1230"), (None, "13800000000")])
def test_next_phone(old: str | None, new: str) -> None:
    assert next_phone(old) == new
