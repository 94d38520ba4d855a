"""The demo MES with each of its faults: the rows read are the server's, or a sentence says what is wrong."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.base import KEY
from connectors.config import load_systems
from connectors.config_models import SystemConfig
from connectors.mes.connector import MesConnector
from examples.demo_factory.build import MES
from examples.demo_factory.mes_faults import CHANGES, FAULTS_PATH, REFUSALS
from schemas.problems import Problem
from tests.demo.test_mes_server import LOGIN, Mes, running

ENVIRONMENT = {
    "WATERWORKS_MES_APP_KEY": LOGIN["appKey"],
    "WATERWORKS_MES_APP_SECRET": LOGIN["appSecret"],
    "WATERWORKS_MES_FACTORY": LOGIN["factoryNumber"],
}
QUICK = {"connect_seconds": 2, "read_seconds": 1, "tries": 3, "first_wait_seconds": 0.01, "longest_wait_seconds": 1}


@pytest.fixture(scope="module")
def mes(world_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mes, Path]]:
    database = tmp_path_factory.mktemp("mes") / MES
    shutil.copy(world_folder / MES, database)
    with running(database, "--rate", "5000", "--faults") as server:
        yield server, database


@pytest.fixture(autouse=True)
def no_fault_left(mes: tuple[Mes, Path]) -> Iterator[None]:
    yield
    arm(mes[0])


def arm(server: Mes, fault: str | None = None, **more: Any) -> None:
    body = {"fault": fault} | more if fault else {}
    assert server.session.post(server.url + FAULTS_PATH, json=body, timeout=5).status_code == 200


def source(server: Mes, **limits: Any) -> MesConnector:
    """The demo's own configuration with small pages and short patience."""
    system = load_systems()["mes"]
    paging = system.paging.model_copy(update={"page_size": 20})
    quick = system.limits.model_copy(update=QUICK | limits)
    return MesConnector(SystemConfig(**dict(system) | {"paging": paging, "limits": quick}), server.url, ENVIRONMENT)


def rows_read(connector: MesConnector, position: Any = None) -> dict[str, tuple[str, int]]:
    rows: dict[str, tuple[str, int]] = {}
    for page in connector.read("customer", position, 30):
        for row in page.rows.to_pylist():
            assert row[KEY] not in rows, "a key came twice"
            rows[row[KEY]] = (row["code"], row["updateTime"])
    return rows


def rows_there(database: Path, skew_ms: int = 0) -> dict[str, tuple[str, int]]:
    with closing(sqlite3.connect(database)) as db:
        found = db.execute("select id, code, update_time from customer").fetchall()
    return {str(number): (code, stamp + skew_ms) for number, code, stamp in found}


# What a fault that does not pass is told as; None: it is outlived even then.
LASTING = {
    "rate_limit": "mes_rate_limited",
    "rate_limit_epoch_ms": "mes_rate_limited",
    "busy_code": "mes_rate_limited",
    "error_500": "mes_server_error",
    "error_502": "mes_server_error",
    "stall": "mes_timeout|mes_unreachable",
    "garbage": "mes_not_json",
    "truncated": "mes_unreachable",
    "expired_token": "mes_token_refused",
    "reset": "mes_unreachable",
    "page_repeat": "mes_page_repeats|mes_rows_missing",
    "duplicates": None,
    "out_of_order": None,
    "clock_skew": None,
}


def test_every_fault_is_tried() -> None:
    assert set(LASTING) == set(REFUSALS + CHANGES)


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("fault", LASTING)
def test_a_passing_fault_loses_and_doubles_nothing(mes: tuple[Mes, Path], fault: str, after: int) -> None:
    server, database = mes
    arm(server, fault, times=1, after=after, seconds=0.5)
    there = rows_there(database, 500 if fault == "clock_skew" else 0)
    assert len(there) > 60
    assert rows_read(source(server)) == there


@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_is_one_sentence_and_what_comes_after_it_is_whole(mes: tuple[Mes, Path], fault: str) -> None:
    server, database = mes
    arm(server, fault, times=10**6, after=1, seconds=0.1)
    expected = LASTING[fault]
    if expected is None:
        assert rows_read(source(server)) == rows_there(database, 100 if fault == "clock_skew" else 0)
        return
    with pytest.raises(Problem) as caught:
        rows_read(source(server))
    assert caught.value.code in expected.split("|")
    for language in ("zh", "en"):
        assert LOGIN["appSecret"] not in caught.value.text(language)
    arm(server)
    assert rows_read(source(server)) == rows_there(database)


@pytest.mark.parametrize("skew", [-7200, 7200])
def test_a_clock_that_is_wrong_loses_no_change(mes: tuple[Mes, Path], skew: int) -> None:
    server, database = mes
    arm(server, "clock_skew", seconds=skew)
    connector = source(server)
    position = list(connector.read("customer", None, 1000))[-1].position
    with closing(sqlite3.connect(database)) as db, db:
        (changed,) = db.execute("select id from customer order by id limit 1").fetchone()
        db.execute("update customer set phone = phone || '1' where id = ?", (changed,))
    assert str(changed) in rows_read(connector, position)
    warned = [point for point in connector.check().points if point.point == "clock"]
    assert [point.verdict for point in warned] == ["warn"]


def test_a_server_without_the_switch_knows_no_faults(world_folder: Path) -> None:
    with running(world_folder / MES) as server:
        reply = requests.post(server.url + FAULTS_PATH, json={"fault": "error_500"}, timeout=5)
        assert reply.status_code == 401
        assert rows_read(source(server)) == rows_there(world_folder / MES)


def test_an_unknown_fault_is_refused(mes: tuple[Mes, Path]) -> None:
    reply = requests.post(mes[0].url + FAULTS_PATH, json={"fault": "earthquake"}, timeout=5)
    assert reply.status_code == 400
