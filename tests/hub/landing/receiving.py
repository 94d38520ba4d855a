"""A world whose workbooks come by mail and SFTP from real servers; imported by the tests of both."""

from __future__ import annotations

import os
import shutil
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from connectors.config import SystemConfig, load_systems
from connectors.excel.safety import opened
from hub.landing.files import record_files
from hub.landing.receive import Fetched, receive
from hub.landing.sync import sync_object
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.template_loader import templates
from tests.input_servers import MailServer, SftpServer, start_mail, start_sftp

MAILBOX = """
      mailbox:
        host_env: WATERWORKS_MAIL_HOST
        port: {port}
        user_env: WATERWORKS_MAIL_USER
        password_env: WATERWORKS_MAIL_PASSWORD
        ca_file_env: WATERWORKS_MAIL_CA
        {more}
"""
SFTP = """
      sftp:
        host_env: WATERWORKS_SFTP_HOST
        port: {port}
        user_env: WATERWORKS_SFTP_USER
        key_file_env: WATERWORKS_SFTP_KEY
        path: {path}
        host_key: {host_key}
        quiet_seconds: 0
        {more}
"""


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    server = start_mail()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def sftp_server() -> Iterator[SftpServer]:
    server = start_sftp()
    yield server
    server.stop()


@dataclass
class World:
    """A store, a home, and a system whose inputs a test chooses."""

    folder: Path
    store: str
    inputs: str = ""

    def system(self) -> SystemConfig:
        defs = self.folder / "defs" / "workbooks"
        defs.mkdir(parents=True, exist_ok=True)
        head = textwrap.dedent(
            """
            type: pipelines.components.SourceSystem
            attributes:
              system: workbooks
              kind: excel
              plant: P1
              title: {zh: 表格, en: Workbooks}
              settle: {quiet_seconds: 0, wait_seconds: 1}
            """
        )
        tail = textwrap.dedent(
            """
            ---
            type: pipelines.components.WorkbookTemplate
            attributes: {system: workbooks, object: customer_list, template: customer_list}
            """
        )
        inputs = textwrap.indent(textwrap.dedent(self.inputs), "  ")
        (defs / "defs.yaml").write_text(head + inputs + tail, encoding="utf-8")
        return load_systems(self.folder / "defs")["workbooks"]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with connect(self.store) as connection:
            return connection.execute(query.encode()).fetchall()

    def fetch(self) -> Fetched:
        [fetched] = receive(self.system())
        return fetched

    def sync(self) -> list[str]:
        result = sync_object(self.system(), "customer_list", f"run {time.monotonic()}", wait_seconds=0)
        assert result.problem is None, result.problem
        record_files(self.system())
        return [code for (code,) in self.rows("select customer_code from core.customer order by 1")]

    def statuses(self) -> dict[str, tuple[str, str | None]]:
        return {
            path: (status, code)
            for path, status, code in self.rows("select path, status, problem ->> 'code' from ops.source_file")
        }


@pytest.fixture
def world(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    wider = {
        name: replace(template, files=(*template.files, "销售部/客户档案*.csv", "客户档案*.csv"))
        for name, template in templates().items()
    }
    monkeypatch.setattr("connectors.excel.connector.all_templates", lambda: wider)
    upgrade(postgres_url)
    opened.forget()
    return World(tmp_path, postgres_url)


@pytest.fixture
def mailbox(world: World, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> MailServer:
    mail_server.empty()
    for name, value in mail_server.environment().items():
        monkeypatch.setenv(name, value)
    world.inputs = MAILBOX.format(port=mail_server.port, more="")
    return mail_server


@pytest.fixture
def sftp(world: World, sftp_server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> SftpServer:
    shutil.rmtree(sftp_server.folder)
    sftp_server.folder.mkdir()
    for name, value in sftp_server.environment().items():
        monkeypatch.setenv(name, value)
    world.inputs = SFTP.format(
        port=sftp_server.port, path=sftp_server.folder, host_key=sftp_server.host_key, more="name: 供应商"
    )
    return sftp_server


def put(server: SftpServer, path: str, data: bytes, age: int = 3600) -> Path:
    full = server.folder / path
    full.parent.mkdir(parents=True, exist_ok=True)
    full.write_bytes(data)
    os.utime(full, (time.time() - age, time.time() - age))
    return full
