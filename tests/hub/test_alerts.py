"""Alerts: one per thing, counted when it happens again, sent to a real HTTP service."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hub import alerts
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.problems import Problem

LOST = Problem("lease_lost", system="k3")
HELD = Problem("lease_held", system="k3", holder="x", since="2026-01-01")


@pytest.fixture
def store(postgres_url, monkeypatch):
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    upgrade()
    with connect() as connection:
        yield connection


@pytest.fixture
def robot():
    """A service that takes messages; `answer` is the status it gives."""

    class Robot(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            server.messages.append(json.loads(body))  # type: ignore[attr-defined]
            self.send_response(server.answer)  # type: ignore[attr-defined]
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Robot)
    server.messages, server.answer = [], 200  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def open_alerts(store) -> list[tuple]:
    return store.execute("select dataset, times, severity from ops.alert where seen_at is null order by id").fetchall()


def test_what_happens_again_is_counted_and_what_ended_is_closed(store) -> None:
    for _ in range(3):
        alerts.raise_alert(store, "k3", "k3.material", "error", LOST)
    alerts.raise_alert(store, "k3", "k3.material", "warn", HELD)
    alerts.raise_alert(store, "k3", "k3.customer", "error", LOST)
    assert open_alerts(store) == [("k3.material", 3, "error"), ("k3.material", 1, "warn"), ("k3.customer", 1, "error")]
    alerts.settle(store, "k3.material")
    assert open_alerts(store) == [("k3.customer", 1, "error")]


def test_a_person_takes_note_once(store) -> None:
    alerts.raise_alert(store, "k3", None, "error", LOST)
    (number,) = store.execute("select id from ops.alert").fetchone()
    assert alerts.mark_seen(store, number, "it")
    assert not alerts.mark_seen(store, number, "it")


def test_taking_note_holds_for_every_table_the_same_sentence_stands_for(store) -> None:
    alerts.raise_alert(store, "k3", "k3.material", "error", LOST)
    alerts.raise_alert(store, "k3", "k3.customer", "error", LOST)
    alerts.raise_alert(store, "k3", "k3.customer", "warn", HELD)
    (number,) = store.execute("select id from ops.alert where dataset = 'k3.material'").fetchone()
    assert alerts.mark_seen(store, number, "it")
    assert open_alerts(store) == [("k3.customer", 1, "warn")]


def test_an_alert_is_sent_once_in_both_languages(store, robot) -> None:
    environment = {alerts.URL: f"http://127.0.0.1:{robot.server_port}/robot?key=geheim", alerts.FORMAT: "wecom"}
    alerts.raise_alert(store, "k3", "k3.material", "error", LOST)
    assert alerts.send_waiting(store, environment) == 1
    assert alerts.send_waiting(store, environment) == 0
    (message,) = robot.messages
    assert message["msgtype"] == "markdown"
    assert LOST.text("zh") in message["markdown"]["content"]
    assert LOST.text("en") in message["markdown"]["content"]


def test_a_service_that_refuses_is_asked_again_and_its_secret_address_is_not_kept(store, robot) -> None:
    environment = {alerts.URL: f"http://127.0.0.1:{robot.server_port}/robot?key=geheim"}
    robot.answer = 500
    alerts.raise_alert(store, "k3", "k3.material", "error", LOST)
    assert alerts.send_waiting(store, environment) == 0
    (told,) = store.execute("select send_problem from ops.alert").fetchone()
    assert told
    assert "geheim" not in told
    robot.answer = 200
    assert alerts.send_waiting(store, environment) == 1


def test_without_an_address_nothing_is_sent(store) -> None:
    alerts.raise_alert(store, "k3", "k3.material", "error", LOST)
    assert alerts.send_waiting(store, {}) == 0


@pytest.mark.parametrize(("form", "key"), [("wecom", "content"), ("dingtalk", "text")])
def test_robots_get_what_they_understand(form: str, key: str) -> None:
    assert LOST.text("zh") in alerts.message(LOST, "error", form)["markdown"][key]
    assert alerts.message(LOST, "error", "json")["code"] == "lease_lost"
