"""The MES over real HTTP, in its own process, as connectors meet it."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from examples.demo_factory.build import MES
from examples.demo_factory.mes_tables import MES_TABLES, PREFIX, TOKEN_PATH

LOGIN = {"appKey": "demo", "appSecret": "demo-secret", "factoryNumber": "F001"}


@dataclass
class Mes:
    url: str
    process: subprocess.Popen[str]
    session: requests.Session

    def token(self) -> str:
        return self.session.post(self.url + TOKEN_PATH, json=LOGIN, timeout=5).json()["data"]["token"]

    def ask(self, table: str, body: Any, token: str | None) -> requests.Response:
        headers = {"access_token": token} if token else {}
        return self.session.post(self.url + PREFIX + MES_TABLES[table].path, json=body, headers=headers, timeout=5)


@contextmanager
def running(database: Path, *options: str) -> Iterator[Mes]:
    command = [sys.executable, "-m", "examples.demo_factory", "mes", "--db", str(database), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, requests.Session() as session:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("MES listening on http://127.0.0.1:")
            yield Mes(line.split()[-1], process, session)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def database(world_folder: Path) -> Path:
    return world_folder / MES


@pytest.fixture(scope="module")
def mes(database: Path) -> Iterator[Mes]:
    with running(database, "--rate", "1000") as server:
        yield server


def test_every_list_can_be_paged_through_completely(mes: Mes, database: Path) -> None:
    token = mes.token()
    for table in MES_TABLES:
        seen: list[int] = []
        page = 1
        while True:
            data = mes.ask(table, {"page": page, "size": 200}, token).json()["data"]
            seen += [item["id"] for item in data["list"]]
            if not data["list"] or len(seen) >= data["total"]:
                break
            page += 1
        with closing(sqlite3.connect(database)) as db:
            assert seen == [row[0] for row in db.execute(f"select id from {table} order by id")]
        assert min(seen) > 2**53


def test_items_have_the_documented_shape(mes: Mes) -> None:
    token = mes.token()
    order = mes.ask("work_order", {"page": 1, "size": 1}, token).json()["data"]["list"][0]
    assert set(order) == {"id", "workOrderCode", "materialCode", "planAmount", "status", "planStartTime",
                          "planEndTime", "erpOrderCode", "updateTime"}  # fmt: skip
    assert set(order["planAmount"]) == {"amount", "unitName"}
    assert set(order["status"]) == {"code", "message"}
    amounts = [
        report["reportAmount"]["amount"]
        for report in mes.ask("production_report", {"page": 1, "size": 200}, token).json()["data"]["list"]
    ]
    assert {type(amount) for amount in amounts} >= {int, str}


def test_token_is_needed_and_may_stand_in_the_query(mes: Mes) -> None:
    assert mes.ask("material", {}, None).status_code == 401
    assert mes.ask("material", {}, "invented").status_code == 401
    path = f"{mes.url}{PREFIX}{MES_TABLES['material'].path}?access_token={mes.token()}"
    assert mes.session.post(path, json={"size": 1}, timeout=5).json()["code"] == 200


def test_wrong_secret_is_told_in_the_body(mes: Mes) -> None:
    reply = mes.session.post(mes.url + TOKEN_PATH, json=LOGIN | {"appSecret": "no"}, timeout=5)
    assert reply.status_code == 200
    assert reply.json()["code"] == 401001
    assert reply.json()["data"] is None


@pytest.mark.parametrize("body", [{"size": 201}, {"page": 0}, {"page": "1"}, {"updateTimeFrom": "yesterday"}, [1]])
def test_bad_requests_are_told_in_the_body(mes: Mes, body: Any) -> None:
    reply = mes.ask("material", body, mes.token())
    assert reply.status_code == 200
    assert reply.json()["code"] != 200
    assert reply.json()["message"]


def test_unknown_path_is_404(mes: Mes) -> None:
    reply = mes.session.post(
        f"{mes.url}{PREFIX}/no/such/_list", json={}, headers={"access_token": mes.token()}, timeout=5
    )
    assert reply.status_code == 404


def test_tokens_expire(database: Path) -> None:
    with running(database, "--token-seconds", "0.4") as mes:
        token = mes.token()
        assert mes.ask("equipment", {}, token).status_code == 200
        time.sleep(0.6)
        assert mes.ask("equipment", {}, token).status_code == 401
        assert mes.ask("equipment", {}, mes.token()).status_code == 200


def test_too_many_requests_get_429_with_retry_after(database: Path) -> None:
    with running(database, "--rate", "3") as mes:
        token = mes.token()
        replies = [mes.ask("equipment", {}, token) for _ in range(6)]
        limited = [reply for reply in replies if reply.status_code == 429]
        assert limited
        assert int(limited[0].headers["Retry-After"]) >= 1
        assert limited[0].json()["code"] == 429
        time.sleep(1)
        assert mes.ask("equipment", {}, token).status_code == 200


def test_a_changed_record_is_found_by_update_time_and_pages_stay_stable(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / MES
    shutil.copy(database, copy)
    with running(copy) as mes:
        token = mes.token()
        before = mes.ask("employee", {"page": 1, "size": 100}, token).json()["data"]["list"]
        newest = max(item["updateTime"] for item in before)
        since = {"updateTimeFrom": newest + 1, "size": 100}
        assert mes.ask("employee", {"updateTimeTo": newest, "size": 1}, token).json()["data"]["total"] > 0
        with closing(sqlite3.connect(copy)) as db, db:
            last_known = db.execute("select max(update_time) from employee").fetchone()[0]
            db.execute("update employee set phone = '13900000000' where id = ?", (before[3]["id"],))
        changed = mes.ask("employee", {"updateTimeFrom": last_known + 1}, token).json()["data"]
        assert [(item["id"], item["phone"]) for item in changed["list"]] == [(before[3]["id"], "13900000000")]
        assert changed["total"] == 1
        after = mes.ask("employee", {"page": 1, "size": 100}, token).json()["data"]["list"]
        assert [item["id"] for item in after] == [item["id"] for item in before]
        assert mes.ask("employee", since, token).json()["data"]["total"] >= 1


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_stops_cleanly_on_a_signal_also_with_open_connections(database: Path, tmp_path: Path, sign: int) -> None:
    port_file = tmp_path / "port"
    with running(database, "--port-file", str(port_file)) as mes:
        mes.token()  # the session keeps its connection open
        assert mes.url.endswith(f":{port_file.read_text().strip()}")
        mes.process.send_signal(sign)
        assert mes.process.wait(timeout=5) == 0
        with pytest.raises(requests.ConnectionError):
            requests.post(mes.url + TOKEN_PATH, json=LOGIN, timeout=2)


def test_says_what_is_wrong_instead_of_starting(tmp_path: Path, mes: Mes, database: Path) -> None:
    command = [sys.executable, "-m", "examples.demo_factory", "mes", "--db"]
    absent = subprocess.run([*command, str(tmp_path / MES)], capture_output=True, text=True, timeout=30, check=False)
    assert absent.returncode == 3
    assert "build --out" in absent.stderr
    port = mes.url.rsplit(":", 1)[1]
    taken = subprocess.run(
        [*command, str(database), "--port", port], capture_output=True, text=True, timeout=30, check=False
    )
    assert taken.returncode == 3
    assert port in taken.stderr
