"""A running portal over a filled PostgreSQL, its worker, and a real headless Chromium."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import make_url

from hub.settings import PROJECT
from hub.store.engine import connect
from hub.store.migrate import upgrade
from portal import vendor
from tests.portal.web import world
from tests.servers import PostgresServer, free_port


@dataclass
class Portal:
    """A served portal. `store`: SQLAlchemy URL; `home`: its state folder."""

    url: str
    store: str
    home: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ, "WATERWORKS_HOME": str(self.home), "WATERWORKS_STORE_URL": self.store,
            "PYTHONPATH": str(PROJECT),
        }  # fmt: skip
        log = (self.home / f"{command[2] if len(command) > 2 else 'process'}.log").open("ab")
        process = subprocess.Popen([sys.executable, *command], env=environment, stdout=log, stderr=log, cwd=PROJECT)
        self.processes.append(process)
        return process

    def start_web(self) -> subprocess.Popen[bytes]:
        port = self.url.rpartition(":")[2]
        process = self.start("-m", "uvicorn", "portal.web.app:app", "--host", "127.0.0.1", "--port", port)
        _wait_until_up(f"{self.url}/log-in", process)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start("-m", "portal.worker")

    def sql(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        with connect(self.store) as connection:
            cursor = connection.execute(statement, params)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def away(self, database: str) -> Iterator[None]:
        """The store refuses every connection to this database while the block runs."""
        admin = make_url(self.store).set(database="postgres").render_as_string(hide_password=False)
        with connect(admin, autocommit=True) as connection:
            connection.execute(f'alter database "{database}" allow_connections false')
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (database,))
            yield
            connection.execute(f'alter database "{database}" allow_connections true')

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(20)


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the portal ended with {process.returncode}"
        try:
            httpx.get(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"{url} did not answer within 60 s")


@pytest.fixture(scope="session")
def portal(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    vendor.fetch()
    store = postgres_server.url(postgres_server.create_database())
    home = tmp_path_factory.mktemp("home")
    upgrade(store)
    with connect(store) as connection:
        world.fill(connection, home)
    served = Portal(f"http://127.0.0.1:{free_port()}", store, home)
    served.start_web()
    served.start_worker()
    yield served
    served.stop()


@dataclass
class Watch:
    """What must never happen while a page is open: requests elsewhere, CSP violations, script errors."""

    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def context(browser: Browser, portal: Portal) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=portal.url, viewport={"width": 1400, "height": 900}, locale="zh-CN")
    made.set_default_timeout(15_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, portal: Portal) -> Iterator[Page]:
    opened = context.new_page()
    watch = watched(opened, portal.url)
    yield opened
    assert watch.foreign == []
    assert watch.complaints == []


def watched(page: Page, own: str) -> Watch:
    """Note every request to another host and every console error of the page."""
    watch = Watch()
    page.on(
        "request",
        lambda request: None if request.url.startswith((own, "blob:", "data:")) else watch.foreign.append(request.url),
    )

    def listen(message: Any) -> None:
        # A refused log-in is a 401 by design; Chromium logs it as an error of the network.
        if message.type == "error" and "Failed to load resource" not in message.text:
            watch.complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    return watch


def log_in(page: Page, login: str) -> None:
    """Through the form, as a person does."""
    page.goto("/log-in")
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill(world.PASSWORD)
    page.locator("form.stack button").click()
    page.wait_for_url("**/")
