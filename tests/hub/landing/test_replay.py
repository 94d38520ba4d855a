"""Landed rows given back: the newest version of every key, in the types they came in, or a sentence."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from connectors.base import KEY
from hub.landing.digests import key_digests, with_row_hash
from hub.landing.replay import Wanted, replay
from hub.landing.stage import read_landed, write_landed
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.problems import Problem
from tests.hub.landing.held import BOMS, LIST, World, bom, listed

pytestmark = pytest.mark.servers


@pytest.fixture
def world(postgres_url, monkeypatch, tmp_path):
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    upgrade(postgres_url)
    return World(tmp_path / "home" / "landing")


def given(world: World, name: str, *keys: str):
    wanted = Wanted(key_digests(pa.array(keys, pa.string())))
    with connect() as connection:
        return list(replay(connection, name, wanted, world.landing)), wanted


def test_values_come_back_in_the_types_they_were_landed_in(tmp_path):
    rows = pa.table(
        {
            "at": pa.array([dt.datetime(2024, 3, 5, 13, 30), None], pa.timestamp("s")),
            "exact": pa.array([dt.datetime(2024, 3, 5, 13, 30), None], pa.timestamp("ns")),
            "time": pa.array([dt.time(13, 30), None], pa.time32("s")),
            "day": pa.array([dt.date(2024, 3, 5), None], pa.date32()),
            "qty": pa.array([Decimal("1.500"), None], pa.decimal128(38, 3)),
            "count": pa.array([2**64 - 1, None], pa.uint64()),
            "text": pa.array(["轴承", None], pa.large_string()),
            "picture": pa.array([b"\x00\xff", None], pa.binary()),
            "nothing": pa.nulls(2),
            KEY: pa.array(["1", "2"], pa.string()),
        }
    )
    path, _ = write_landed(rows, tmp_path, "k3.material")
    back = read_landed(tmp_path, path)
    assert back.schema == rows.schema
    assert with_row_hash(back).equals(with_row_hash(rows))


def test_of_every_key_the_newest_version_is_given_once(world):
    world.rows[BOMS] = {str(line): bom(line, 1) for line in range(1, 8)}
    world.load(BOMS)
    world.rows[BOMS]["2"] = bom(2, 5)
    world.load(BOMS)
    world.rows[BOMS]["7"] = bom(7, 6)
    world.load(BOMS)
    (page,), wanted = given(world, BOMS, "1", "2", "7", "never there")
    found = dict(zip(page.rows[KEY].to_pylist(), page.rows["component_number"].to_pylist(), strict=True))
    assert found == {"1": "M-00001", "2": "M-00005", "7": "M-00006"}
    assert wanted.left == 1


def test_rows_of_a_workbook_bring_their_cells(world):
    world.rows[LIST] = {key: listed(key) for key in ("11", "12")}
    world.load(LIST)
    ((page,), _) = given(world, LIST, "12")
    assert page.file is not None
    assert (page.file.path, page.file.columns["物料编码"], page.rows["_row_no"].to_pylist()) == ("料号.xlsx", "A", [3])


def test_old_files_are_not_opened_and_a_needed_one_must_be_whole(world):
    world.rows[BOMS] = {"1": bom(1, 1)}
    world.load(BOMS)
    world.rows[BOMS] = {"1": bom(1, 2)}
    world.load(BOMS)
    ((old, new),) = [tuple(path for (path,) in world.all("select path from ops.landed_file order by id"))]
    (world.landing / old).unlink()
    ((page,), _) = given(world, BOMS, "1")
    assert page.rows["component_number"].to_pylist() == ["M-00002"]
    content = (world.landing / new).read_bytes()
    (world.landing / new).write_bytes(content[:-1] + b"x")
    with pytest.raises(Problem) as caught:
        given(world, BOMS, "1")
    assert caught.value.code == "landed_file_damaged"
    (world.landing / new).unlink()
    with pytest.raises(Problem) as caught:
        given(world, BOMS, "1")
    assert caught.value.code == "landed_file_missing"
