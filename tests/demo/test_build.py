"""A world is a function of seed and scale, and a built one is never touched again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from stdnum.cn import uscc

from examples.demo_factory import truth
from examples.demo_factory.build import ERP, MES, STAMP, WORKBOOKS, Built, build
from examples.demo_factory.world import make_world
from schemas.problems import Problem
from tests.demo.contents import content_hash, sheets, tables


def test_the_same_seed_gives_the_same_content(world_folder: Path, tmp_path: Path) -> None:
    build(tmp_path / "again")
    assert content_hash(tmp_path / "again") == content_hash(world_folder)


def test_another_seed_gives_other_content_of_the_same_size(tmp_path: Path) -> None:
    first, second = build(tmp_path / "a", seed=1, scale=0.2), build(tmp_path / "b", seed=2, scale=0.2)
    assert content_hash(tmp_path / "a") != content_hash(tmp_path / "b")
    assert sum(first.rows.values()) == pytest.approx(sum(second.rows.values()), rel=0.1)


def test_scale_1_is_about_20000_rows_and_they_are_counted_right(built: Built, world_folder: Path) -> None:
    assert 18_000 < sum(built.rows.values()) < 23_000
    for system, file in (("k3", ERP), ("mes", MES)):
        counted = {f"{system}.{name}": len(rows) for name, rows in tables(world_folder / file).items()}
        assert counted == {name: count for name, count in built.rows.items() if name.startswith(f"{system}.")}
    # 4 rows above the data; the total row counts, since it will be read and rejected
    customers = sheets(world_folder / WORKBOOKS / "销售部/客户档案_2026-11.xlsx")["客户"]
    assert len(customers) - 4 == built.rows["workbooks.customer_list"]


def test_every_kind_of_error_is_planted(built: Built) -> None:
    assert set(built.planted) == set(truth.kinds())


def test_names_are_distinct_and_credit_codes_valid() -> None:
    world = make_world(7, 5)
    companies = world.customers + world.suppliers
    assert len({company.name.full for company in world.customers}) == len(world.customers) > 2500
    assert all(uscc.is_valid(company.uscc) for company in companies)
    assert len({(m.name, m.spec) for m in world.materials}) == len(world.materials)
    assert len({m.code for m in world.materials}) == len(world.materials)


def test_a_second_build_leaves_changes_alone(tmp_path: Path) -> None:
    build(tmp_path, scale=0.1)
    path = tmp_path / WORKBOOKS / "采购部/供应商名录.xlsx"
    path.write_bytes(b"somebody's work")
    again = build(tmp_path, scale=0.1)
    assert not again.fresh
    assert path.read_bytes() == b"somebody's work"


def test_another_world_or_half_a_world_is_replaced(tmp_path: Path) -> None:
    build(tmp_path, seed=1, scale=0.1)
    other = build(tmp_path, seed=2, scale=0.1)
    assert other.fresh
    text = (tmp_path / STAMP).read_text(encoding="utf-8")
    (tmp_path / STAMP).write_text(text.replace('"complete": true', '"complete": false'), encoding="utf-8")
    again = build(tmp_path, seed=2, scale=0.1)
    assert again.fresh
    assert asdict(again) == asdict(other)


def test_foreign_files_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / ERP).write_bytes(b"a real one")
    with pytest.raises(Problem) as caught:
        build(tmp_path)
    assert caught.value.code == "demo_folder_taken"
    assert (tmp_path / ERP).read_bytes() == b"a real one"
