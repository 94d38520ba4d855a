"""Events over HTTP: signed, kept once, landed by the hub in the right order, deletions included."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn

from connectors import config
from connectors.config import load_systems
from hub.landing.events import land_events, waiting_datasets
from hub.landing.sync import sync_object
from hub.store.engine import connect
from hub.store.migrate import upgrade
from portal.web import names
from portal.web.app import create_app
from portal.web.pages.hooks import MAX_BYTES
from tests.connectors.mes.api import Answer, Api, Asked, serving
from tests.servers import free_port

SECRET = "钥匙-2026"
DEFS = """
type: pipelines.components.SourceSystem
attributes:
  system: mes
  kind: mes
  plant: P1
  title: {zh: 测试 MES, en: Test MES}
  url_env: WATERWORKS_MES_URL
  webhook:
    secret_env: WATERWORKS_MES_WEBHOOK_SECRET
    signature_header: X-Signature
    prefix: "sha256="
    signed: ["{timestamp}", ".", "{body}"]
    timestamp_header: X-Timestamp
---
type: pipelines.components.MesEndpoint
attributes:
  system: mes
  object: material
  path: /material/_list
  key: [id]
  updated: {filter_from: updatedFrom, column: updateTime, overlap_minutes: 0}
  columns: {code: code, name: name, spec: spec, unitName: unitName}
  webhook: {records: data, id: eventId, deleted: {removed: [true]}}
"""


@dataclass
class Plant:
    """A MES with records, a portal in this process and a store."""

    api: Api
    client: httpx.Client
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def sync(self) -> None:
        result = sync_object(load_systems(config.DEFS_DIR)["mes"], "material", "test", wait_seconds=0)
        assert result.problem is None, str(result.problem)

    def land(self) -> Any:
        return land_events(load_systems(config.DEFS_DIR)["mes"], "material", "test", wait_seconds=0)

    def send(self, event: Any, secret: str = SECRET, at: float | None = None, **headers: str) -> Any:
        body = json.dumps(event, ensure_ascii=False).encode()
        stamp = str(int(at or time.time()))
        digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        sent = {"X-Timestamp": stamp, "X-Signature": f"sha256={digest}", **headers}
        return self.client.post("/hooks/mes/material", content=body, headers=sent)

    def names(self) -> dict[str, str]:
        with connect() as connection:
            return dict(connection.execute("select material_code, material_name from core.material").fetchall())

    def statuses(self) -> list[str]:
        with connect() as connection:
            return [row[0] for row in connection.execute("select status from ops.webhook_event order by id")]


def record(number: int, name: str, at: int, **more: Any) -> dict[str, Any]:
    return {
        "id": 2**60 + number, "code": f"01.01.{number:04d}", "name": name, "spec": "6201", "unitName": "个",
        "updateTime": at, **more,
    }  # fmt: skip


@contextmanager
def served() -> Iterator[str]:
    """The portal in a thread of this process."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(), host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def plant(tmp_path, postgres_url, monkeypatch):
    (tmp_path / "mes").mkdir()
    (tmp_path / "mes" / "defs.yaml").write_text(DEFS, encoding="utf-8")
    monkeypatch.setattr(config, "DEFS_DIR", tmp_path)
    monkeypatch.setattr(names, "_systems_read", (0.0, {}))
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WATERWORKS_MES_WEBHOOK_SECRET", SECRET)
    upgrade()
    records: dict[str, dict[str, Any]] = {}

    def answer(asked: Asked) -> Answer:
        since = int(asked.body.get("updatedFrom") or 0)
        page, size = int(asked.body.get("page", 1)), int(asked.body.get("size", 200))
        found = sorted((r for r in records.values() if r["updateTime"] >= since), key=lambda r: r["id"])
        part = found[(page - 1) * size : page * size]
        return Answer({"code": 200, "message": "", "data": {"list": part, "total": len(found)}})

    with serving(answer) as api, served() as url, httpx.Client(base_url=url, timeout=30) as client:
        monkeypatch.setenv("WATERWORKS_MES_URL", api.url)
        made = Plant(api, client, records)
        for number in range(1, 4):
            records[str(number)] = record(number, f"轴承{number}", 1000)
        made.sync()
        yield made


def later(seconds: int = 0) -> int:
    """An update time after everything that was read so far, epoch ms."""
    return int(time.time() * 1000) + 60_000 + 1000 * seconds


def test_an_event_is_landed_like_a_read(plant: Plant) -> None:
    answer = plant.send({"eventId": "e1", "data": [record(2, "角接触轴承", later()), record(9, "新轴承", later())]})
    assert (answer.status_code, answer.json()) == (202, {"new": 2, "known": 0})
    with connect() as connection:
        assert [dataset for dataset, _ in waiting_datasets(connection)] == ["mes.material"]
    result = plant.land()
    assert (result.rows_read, result.loaded, result.adds_up) == (2, 2, True)
    assert plant.names() == {
        "01.01.0001": "轴承1", "01.01.0002": "角接触轴承", "01.01.0003": "轴承3", "01.01.0009": "新轴承",
    }  # fmt: skip
    assert plant.land() is None


def test_an_event_that_comes_twice_is_kept_once(plant: Plant) -> None:
    event = {"eventId": "e1", "data": record(2, "角接触轴承", later())}
    assert plant.send(event).json() == {"new": 1, "known": 0}
    assert plant.send(event).json() == {"new": 0, "known": 1}
    plant.land()
    assert plant.send(event).json() == {"new": 0, "known": 1}
    assert plant.statuses() == ["landed"]


def test_events_out_of_order_end_with_the_newest(plant: Plant) -> None:
    plant.send({"eventId": "new", "data": record(2, "第三版", later(30))})
    plant.send({"eventId": "old", "data": record(2, "第二版", later(10))})
    plant.land()
    assert plant.names()["01.01.0002"] == "第三版"
    plant.send({"eventId": "older", "data": record(2, "第一版", later(5))})
    assert plant.land() is None
    assert plant.names()["01.01.0002"] == "第三版"
    assert plant.statuses() == ["landed", "outdated", "outdated"]


def test_an_event_older_than_what_was_read_changes_nothing(plant: Plant) -> None:
    plant.send({"eventId": "late", "data": record(1, "旧名", 500)})
    assert plant.land() is None
    assert plant.names()["01.01.0001"] == "轴承1"


def test_what_a_read_brought_meanwhile_is_not_landed_again(plant: Plant) -> None:
    plant.records["2"] = record(2, "角接触轴承", later())
    plant.send({"eventId": "e1", "data": plant.records["2"]})
    plant.sync()
    assert plant.land() is None
    assert plant.statuses() == ["outdated"]
    assert plant.names()["01.01.0002"] == "角接触轴承"


def test_a_deletion_is_recorded_and_the_next_read_goes_on_where_it_was(plant: Plant) -> None:
    with connect() as connection:
        before = connection.execute("select position from ops.cursor").fetchone()
    plant.send({"eventId": "e1", "data": record(3, "轴承3", later(), removed=True)})
    result = plant.land()
    assert result.deleted == 1
    assert "01.01.0003" not in plant.names()
    with connect() as connection:
        assert connection.execute("select was from quality.deleted_row").fetchall() == [("loaded",)]
        assert connection.execute("select position from ops.cursor").fetchone() == before


def test_numbers_and_ids_stay_exact(plant: Plant) -> None:
    plant.send({"eventId": "e1", "data": record(2, "角接触轴承", later(), spec=6201.50)})
    plant.land()
    with connect() as connection:
        keys = connection.execute("select _source_key from core.material order by 1").fetchall()
    assert (str(2**60 + 2),) in keys


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"secret": "wrong"}, 401, "webhook_wrong_signature"),
        ({"at": 1_700_000_000}, 401, "webhook_too_old"),
        ({"X-Signature": ""}, 401, "webhook_unsigned"),
        ({"X-Timestamp": str(int(time.time()) - 1)}, 401, "webhook_wrong_signature"),
    ],
)
def test_a_sender_without_proof_is_refused_in_a_sentence(plant: Plant, change: Any, status: int, code: str) -> None:
    answer = plant.send({"eventId": "e1", "data": record(2, "x", later())}, **change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["zh"]
    assert SECRET not in answer.text
    assert plant.statuses() == []


@pytest.mark.parametrize(
    "event", [{"eventId": "e1"}, {"eventId": "e1", "data": []}, {"eventId": "e1", "data": [{"code": "M1"}]}, [1], "x"]
)
def test_a_body_without_a_record_is_refused_in_a_sentence(plant: Plant, event: Any) -> None:
    answer = plant.send(event)
    assert (answer.status_code, answer.json()["code"]) == (400, "webhook_unreadable")


def test_addresses_sizes_and_a_missing_secret(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plant.client.post("/hooks/mes/nothing", content=b"{}").status_code == 404
    assert plant.client.post("/hooks/k3/material", content=b"{}").status_code == 404
    assert plant.client.post("/hooks/mes/material", content=b"x" * (MAX_BYTES + 1)).status_code == 413
    monkeypatch.delenv("WATERWORKS_MES_WEBHOOK_SECRET")
    assert plant.send({"eventId": "e1", "data": record(2, "x", later())}).status_code == 503


def test_a_signature_in_base64_over_sorted_parts() -> None:
    from connectors.mes.config_webhook import WebhookSender
    from connectors.mes.webhook import verify

    sender = WebhookSender(
        secret_env="X", signature_header="sign", encoding="base64", signed=["{nonce}", "{body}", "{timestamp}"],
        sort=True, timestamp_header="ts", timestamp_unit="ms", nonce_header="nonce",
    )  # fmt: skip
    body = b'{"a": 1}'
    # The three parts in byte order: digits, letters, then the brace.
    digest = hmac.new(b"key", b"1700000000000" + b"abc" + body, hashlib.sha256).digest()
    headers = {"sign": base64.b64encode(digest).decode(), "ts": "1700000000000", "nonce": "abc"}
    verify(sender, "key", headers, body, 1_700_000_010, "mes")
