"""When mail and SFTP start a sync: only for something new that fits, and never by waiting."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator

import dagster as dg
import pytest

from connectors.config_models import SystemConfig
from connectors.excel.config import MailboxConfig, SftpConfig
from connectors.excel.files.folder import within
from pipelines.inbox_sensor import inbox_sensors, look_at_mail, look_at_sftp
from schemas.problems import Problem
from tests.connectors.inputs import mail, with_file, xlsx_bytes
from tests.input_servers import start_mail, start_sftp

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def mailbox() -> Iterator[MailboxConfig]:
    server = start_mail()
    os.environ.update(server.environment())
    yield MailboxConfig(
        host_env="WATERWORKS_MAIL_HOST",
        port=server.port,
        user_env="WATERWORKS_MAIL_USER",
        password_env="WATERWORKS_MAIL_PASSWORD",
        ca_file_env="WATERWORKS_MAIL_CA",
        subject="*客户*",
    )
    for name in server.environment():
        os.environ.pop(name)
    server.stop()


def test_only_a_mail_that_fits_starts_a_sync(mailbox: MailboxConfig) -> None:
    import imaplib
    import ssl

    def deliver(subject: str) -> None:
        context = ssl.create_default_context(cafile=os.environ["WATERWORKS_MAIL_CA"])
        with imaplib.IMAP4_SSL("127.0.0.1", mailbox.at_port, ssl_context=context) as box:
            user, password = os.environ["WATERWORKS_MAIL_USER"], os.environ["WATERWORKS_MAIL_PASSWORD"]
            box.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
            raw = with_file(mail(subject), "客户.xlsx", xlsx_bytes()).as_bytes()
            box.append("INBOX", "", imaplib.Time2Internaldate(time.time()), raw)

    deliver("客户档案")
    cursor, new = look_at_mail("workbooks", mailbox, None)
    assert new
    cursor, new = look_at_mail("workbooks", mailbox, cursor)
    assert not new
    deliver("午饭")
    cursor, new = look_at_mail("workbooks", mailbox, cursor)
    assert not new
    deliver("客户档案")
    cursor, new = look_at_mail("workbooks", mailbox, cursor)
    assert new


def test_sftp_starts_one_sync_per_settled_change() -> None:
    server = start_sftp()
    try:
        os.environ.update(server.environment())
        config = SftpConfig(
            host_env="WATERWORKS_SFTP_HOST",
            port=server.port,
            user_env="WATERWORKS_SFTP_USER",
            key_file_env="WATERWORKS_SFTP_KEY",
            path=str(server.folder),
            host_key=server.host_key,
        )
        looks = []
        cursor: str | None = None
        for step in range(6):
            if step in (1, 2):
                (server.folder / "客户.csv").write_bytes(b"a" * step)
            cursor, new = look_at_sftp("workbooks", config, cursor)
            looks.append(new)
        assert looks == [False, False, False, True, False, False]
    finally:
        server.stop()


def test_a_server_that_says_nothing_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for name, value in (("H", "127.0.0.1"), ("U", "u"), ("P", "p")):
            monkeypatch.setenv(f"WATERWORKS_{name}", value)
        monkeypatch.setattr("pipelines.inbox_sensor._ANSWER_SECONDS", 0.3)
        system = SystemConfig.model_validate(
            {
                "system": "workbooks",
                "kind": "excel",
                "plant": "P1",
                "title": {"zh": "表格", "en": "Workbooks"},
                "mailbox": {
                    "host_env": "WATERWORKS_H",
                    "port": silent.getsockname()[1],
                    "user_env": "WATERWORKS_U",
                    "password_env": "WATERWORKS_P",
                    "every_seconds": 60,
                },
            }
        )
        [sensor] = inbox_sensors(system, dg.define_asset_job("sync_workbooks"))
        assert (sensor.name, sensor.minimum_interval_seconds) == ("mail_workbooks", 60)
        with dg.DagsterInstance.ephemeral() as instance:
            answer = sensor(dg.build_sensor_context(instance))
        assert isinstance(answer, dg.SkipReason)
        assert "127.0.0.1" in (answer.skip_message or "")


def test_a_hanging_share_is_left_behind_and_not_asked_again() -> None:
    begun = []

    def hang() -> None:
        begun.append(1)
        time.sleep(3)

    for _ in range(2):
        with pytest.raises(Problem) as caught:
            within(0.1, hang, "/mnt/dead")
        assert caught.value.code == "workbook_folder_timeout"
    assert begun == [1]
