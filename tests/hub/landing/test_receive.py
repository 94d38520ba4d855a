"""Mailboxes and SFTP folders on real servers: every message and file once, whatever happens in between."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from connectors.config import SystemConfig, load_systems, open_connector
from connectors.excel.safety import opened
from hub.landing.files import record_files
from hub.landing.receive import POINTS, Fetched, receive
from hub.landing.sync import sync_object
from hub.settings import PROJECT
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.problems import Problem
from schemas.template_loader import templates
from tests.connectors.inputs import CUSTOMERS, csv_bytes, mail, with_file, with_raw_name, xlsx_bytes, zip_bytes
from tests.input_servers import PASSWORD, USER, MailServer, SftpServer, start_mail, start_sftp

pytestmark = pytest.mark.servers

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


# -- mail ------------------------------------------------------------------------------------------


def test_a_gbk_csv_by_mail_is_in_the_store_and_its_sender_is_known(world: World, mailbox: MailServer) -> None:
    name = "客户档案_2026-11.csv"
    mailbox.deliver(with_raw_name(b'filename="' + name.encode("gbk") + b'"', csv_bytes("gbk")))
    assert world.sync() == ["C001", "C002"]
    path = f"mail/2026-11-03 wang@supplier.example/{name}"
    assert world.statuses() == {path: ("current", None)}
    [(origin, loaded_from)] = world.rows(
        "select f.origin, l.source_path from ops.received_file f join ops.landed_file l on l.source_sha256 = f.sha256"
    )
    assert (origin["sender"], origin["subject"], loaded_from) == ("wang@supplier.example", "客户档案", path)
    assert world.rows("select customer_name from core.customer where customer_code = 'C002'") == [
        ("无锡精工轴承有限公司",)
    ]


def test_a_message_is_taken_once_however_often_it_shows_up(world: World, mailbox: MailServer) -> None:
    message = with_file(mail(), "客户档案_2026-11.xlsx", xlsx_bytes())
    mailbox.deliver(message)
    assert (world.fetch().files, world.fetch().files) == (1, 0)
    mailbox.deliver(message)  # somebody moved it back: the same message under a new UID
    assert world.fetch().files == 0
    assert world.rows("select status, marked from ops.received_message order by id") == [
        ("taken", True),
        ("again", True),
    ]
    # The mailbox was restored from a backup: every UID is new, and so is UIDVALIDITY.
    for path in (mailbox.home / "mail").glob("dovecot*"):
        path.unlink()
    assert world.fetch().files == 0
    assert len(world.rows("select distinct uidvalidity from ops.received_message")) == 2
    # A program that gives all its mails one Message-ID sends another table.
    other = with_file(mail(), "客户档案_2026-12.xlsx", xlsx_bytes(CUSTOMERS[:2]))
    other.replace_header("Message-ID", message["Message-ID"])
    mailbox.deliver(other)
    assert world.fetch().files == 1


@pytest.mark.parametrize("done", ["{move_to: 已处理}", "seen", "leave"])
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_between_two_steps_loses_and_doubles_nothing(
    world: World, mailbox: MailServer, point: str, done: str
) -> None:
    world.inputs = MAILBOX.format(port=mailbox.port, more=f"done: {done}")
    mailbox.deliver(with_file(mail(), "客户档案_2026-11.xlsx", xlsx_bytes()))
    world.system()
    program = (
        "import sys; from pathlib import Path; from connectors.config import load_systems;"
        "from hub.landing.receive import receive; receive(load_systems(Path(sys.argv[1]))['workbooks'])"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, str(world.folder / "defs")],
        cwd=PROJECT,
        env={**os.environ, "WATERWORKS_CRASH_AT": point},
    )
    assert killed.returncode == -signal.SIGKILL
    assert world.fetch().problem is None
    assert world.fetch().files == 0
    assert world.rows("select count(*) from ops.received_file") == [(1,)]
    assert world.rows("select status, marked from ops.received_message") == [("taken", True)]
    connector = open_connector(world.system())
    assert [file.path for file in connector.files()] == ["mail/2026-11-03 wang@supplier.example/客户档案_2026-11.xlsx"]
    inbox = mailbox.flags()
    if done == "seen":
        assert "\\Seen" in inbox[0]
    elif done == "leave":
        assert "\\Seen" not in inbox[0]
    else:
        assert inbox == []
        assert len(mailbox.flags("&XfJZBHQG-")) == 1


def test_only_the_senders_and_subjects_that_are_named_are_taken(world: World, mailbox: MailServer) -> None:
    for sender, subject in (
        ("王工 <WANG@supplier.example>", "11月客户档案"),
        ("陌生人 <x@elsewhere.example>", "11月客户档案"),
        ("王工 <wang@supplier.example>", "午饭"),
    ):
        mailbox.deliver(with_file(mail(subject, sender), "客户档案_2026-11.xlsx", xlsx_bytes()))
    more = 'senders: ["*@supplier.example"]\n        subject: "*客户档案*"'
    world.inputs = MAILBOX.format(port=mailbox.port, more=more)
    assert world.fetch().files == 1
    assert sum("\\Seen" in flags for flags in mailbox.flags()) == 1
    # A wider filter looks at the earlier mails again, and takes what was not taken.
    world.inputs = MAILBOX.format(port=mailbox.port, more='subject: "*客户档案*"')
    assert world.fetch().files == 1


def test_a_zip_a_forwarded_mail_and_winmail(world: World, mailbox: MailServer) -> None:
    mailbox.deliver(with_file(mail("压缩"), "资料.zip", zip_bytes({"销售/客户档案_2026-10.csv": csv_bytes()}, "gbk")))
    outer = mail("转发")
    outer.add_attachment(with_file(mail("原件"), "客户档案_2026-11.csv", csv_bytes("utf-16")))
    mailbox.deliver(outer)
    mailbox.deliver(with_file(mail("封装"), "winmail.dat", b"x", "ms-tnef"))
    assert world.fetch().files == 2
    [(problems,)] = world.rows("select problems from ops.received_message where status = 'refused'")
    assert [problem["code"] for problem in problems["problems"]] == ["mail_tnef"]
    assert world.sync() == ["C001", "C002"]
    assert {status for status, _ in world.statuses().values()} == {"current", "superseded"}


def test_a_stranger_with_a_watched_name_does_not_displace_the_good_file(world: World, mailbox: MailServer) -> None:
    mailbox.deliver(with_file(mail(), "客户档案_2026-11.xlsx", xlsx_bytes()))
    mailbox.deliver(
        with_file(mail(sender="x@elsewhere.example"), "客户档案_2027-01.xlsx", xlsx_bytes([["菜单"], ["面"]]))
    )
    mailbox.deliver(with_file(mail(sender="x@elsewhere.example"), "客户档案_2027-02.xlsx", b"PK\x03\x04 broken"))
    assert world.sync() == ["C001", "C002"]
    assert sorted(world.statuses().values(), key=str) == [
        ("current", None),
        ("unknown", "workbook_no_template"),
        ("unreadable", "workbook_damaged"),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"WATERWORKS_MAIL_PASSWORD": "wrong"}, "mail_login"),
        ({"WATERWORKS_MAIL_CA": ""}, "environment_unset"),
        ({"WATERWORKS_MAIL_CA": "/nowhere/ca.pem"}, "mail_ca_missing"),
        ({"port": "1"}, "mail_unreachable"),
        ({"folder": "没有的"}, "mail_folder_missing"),
        ({"ca": "off"}, "mail_certificate"),
    ],
)
def test_what_is_wrong_with_a_mailbox_is_a_sentence(
    world: World, mailbox: MailServer, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], code: str
) -> None:
    for name, value in change.items():
        if name.isupper():
            monkeypatch.setenv(name, value)
    more = f"folder: {change['folder']}" if "folder" in change else ""
    world.inputs = MAILBOX.format(port=change.get("port", mailbox.port), more=more)
    if "ca" in change:
        world.inputs = world.inputs.replace("ca_file_env: WATERWORKS_MAIL_CA", "max_mb: 20")
    problem = world.fetch().problem
    assert problem is not None
    assert problem.code == code
    assert PASSWORD not in problem.text("zh") + problem.text("en")
    assert world.rows("select problem ->> 'code' from ops.input_state") == [(code,)]
    points = open_connector(world.system()).check().points
    assert ("mailbox", "bad") in {(point.point, point.verdict) for point in points}


@pytest.mark.parametrize("tls", ["starttls", "false"])
def test_starttls_and_an_old_server_without_tls(world: World, mailbox: MailServer, tls: str) -> None:
    mailbox.deliver(with_file(mail(), "客户档案_2026-11.xlsx", xlsx_bytes()))
    world.inputs = MAILBOX.format(port=mailbox.plain_port, more=f"tls: {tls}")
    assert world.fetch().files == 1
    points = open_connector(world.system()).check().points
    assert [point.verdict for point in points if point.point == "mailbox"] == ["ok", *(["warn"] * (tls == "false"))]
    assert USER in points[0].sentence.zh


# -- SFTP ------------------------------------------------------------------------------------------


def test_a_gbk_csv_by_sftp_is_in_the_store(world: World, sftp: SftpServer) -> None:
    put(sftp, "销售部/客户档案_2026-11.csv", csv_bytes("gbk"))
    put(sftp, "销售部/~$客户档案_2026-11.xlsx", b"lock")
    put(sftp, "销售部/客户档案_2026-12.csv.filepart", b"half")
    assert world.sync() == ["C001", "C002"]
    assert world.statuses() == {"供应商/销售部/客户档案_2026-11.csv": ("current", None)}
    assert [world.fetch().files, world.fetch().files] == [0, 0]
    put(sftp, "销售部/客户档案_2026-11.csv", csv_bytes("gbk", CUSTOMERS[:2]), age=60)
    assert world.sync() == ["C001"]
    assert sorted(status for status, _ in world.statuses().values()) == ["current", "superseded"]


def test_a_download_goes_on_where_it_was_broken_off(world: World, sftp: SftpServer) -> None:
    from connectors.excel.files.inbox.sftp import Sftp, account
    from connectors.excel.files.inbox.shelf import Shelf, receipt_id

    data = os.urandom(1 << 20)
    put(sftp, "客户档案_2026-11.csv", data)
    system = world.system()
    assert system.sftp is not None
    with Sftp(system.sftp, account("workbooks", system.sftp)) as server:
        [file] = server.files()
    partial = Shelf("workbooks").partial / f"{receipt_id('供应商', file.path, str(file.size), str(file.modified))}.part"
    partial.write_bytes(b"*" * 700_000)  # not what the file begins with, so that it shows whether it was kept
    assert world.fetch().files == 1
    [kept] = [
        path for path in (world.folder / "home" / "inbox" / "workbooks" / "originals").rglob("*") if path.is_file()
    ]
    assert kept.read_bytes() == b"*" * 700_000 + data[700_000:]
    assert not list(Shelf("workbooks").partial.iterdir())


@pytest.mark.parametrize("point", ["kept", "noted"])
def test_a_kill_while_fetching_by_sftp_loses_and_doubles_nothing(world: World, sftp: SftpServer, point: str) -> None:
    put(sftp, "客户档案_2026-11.csv", csv_bytes())
    world.system()
    program = (
        "import sys; from pathlib import Path; from connectors.config import load_systems;"
        "from hub.landing.receive import receive; receive(load_systems(Path(sys.argv[1]))['workbooks'])"
    )
    command = [sys.executable, "-c", program, str(world.folder / "defs")]
    killed = subprocess.run(command, cwd=PROJECT, env={**os.environ, "WATERWORKS_CRASH_AT": point})
    assert killed.returncode == -signal.SIGKILL
    assert world.fetch().problem is None
    assert world.sync() == ["C001", "C002"]
    assert world.rows("select count(*) from ops.received_file") == [(1,)]


def test_a_file_still_being_uploaded_waits(world: World, sftp: SftpServer) -> None:
    world.inputs = world.inputs.replace("quiet_seconds: 0", "quiet_seconds: 600")
    put(sftp, "客户档案_2026-11.csv", csv_bytes(), age=5)
    put(sftp, "客户档案_2026-12.xlsx", xlsx_bytes()[:-300])
    fetched = world.fetch()
    assert (fetched.files, fetched.waiting) == (0, 2)
    put(sftp, "客户档案_2026-12.xlsx", xlsx_bytes())
    assert world.fetch().files == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"host_key": f"SHA256:{'A' * 43}"}, "sftp_host_key"),
        ({"port": "1"}, "sftp_unreachable"),
        ({"path": "/nowhere"}, "sftp_missing"),
        ({"WATERWORKS_SFTP_USER": "nobody-here"}, "sftp_login"),
        ({"WATERWORKS_SFTP_KEY": "/nowhere/key"}, "sftp_key_missing"),
        ({"password": "x"}, "sftp_login"),
    ],
)
def test_what_is_wrong_with_an_sftp_server_is_a_sentence(
    world: World, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], code: str
) -> None:
    for name, value in change.items():
        if name.isupper():
            monkeypatch.setenv(name, value)
    world.inputs = SFTP.format(
        port=change.get("port", sftp.port),
        path=change.get("path", sftp.folder),
        host_key=change.get("host_key", sftp.host_key),
        more="",
    )
    if "password" in change:
        monkeypatch.setenv("WATERWORKS_SFTP_PASSWORD", PASSWORD)
        world.inputs = world.inputs.replace(
            "key_file_env: WATERWORKS_SFTP_KEY", "password_env: WATERWORKS_SFTP_PASSWORD"
        )
    problem = world.fetch().problem
    assert problem is not None
    assert problem.code == code
    assert PASSWORD not in problem.text("zh")
    points = open_connector(world.system()).check().points
    assert ("sftp", "bad") in {(point.point, point.verdict) for point in points}


def test_a_fingerprint_is_as_good_as_the_key(world: World, sftp: SftpServer) -> None:
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(sftp.home / "host_key.pub")], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    world.inputs = SFTP.format(port=sftp.port, path=sftp.folder, host_key=shown, more="")
    put(sftp, "客户档案.csv", csv_bytes())
    assert world.fetch().files == 1
    assert [point.verdict for point in open_connector(world.system()).check().points] == ["ok", "ok"]


# -- the same content from several sides -------------------------------------------------------------


def test_the_same_content_by_mail_sftp_folder_and_upload_is_loaded_once(
    world: World, mailbox: MailServer, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.landing.uploads import load_upload

    folder = world.folder / "share"
    (folder / "销售部").mkdir(parents=True)
    monkeypatch.setenv("WATERWORKS_WORKBOOKS_DIR", str(folder))
    world.inputs = (
        "      folder_env: WATERWORKS_WORKBOOKS_DIR\n" + world.inputs + MAILBOX.format(port=mailbox.port, more="")
    )
    data = xlsx_bytes()
    (folder / "销售部" / "客户档案_2026-11.xlsx").write_bytes(data)
    put(sftp, "客户档案(1).xlsx", data)
    mailbox.deliver(with_file(mail(), "客户档案.xlsx", data))
    assert world.sync() == ["C001", "C002"]
    assert world.statuses() == {
        "销售部/客户档案_2026-11.xlsx": ("current", None),
        "供应商/客户档案(1).xlsx": ("duplicate", "workbook_same_content"),
        "mail/2026-11-03 wang@supplier.example/客户档案.xlsx": ("duplicate", "workbook_same_content"),
    }
    uploads = world.folder / "home" / "uploads"
    uploads.mkdir(parents=True)
    (uploads / "x.xlsx").write_bytes(data)
    [(sha256,)] = world.rows("select source_sha256 from ops.landed_file")
    with connect(world.store) as connection:
        connection.execute(
            "insert into ops.upload (login, department, file_name, stored_path, sha256, size, status, template)"
            " values ('li', 'sales', '我的客户.xlsx', 'x.xlsx', %s, 1, 'approved', 'customer_list')",
            (sha256,),
        )
    [(upload,)] = world.rows("select id from ops.upload")
    problem = load_upload(upload, "run").problem
    assert problem is not None
    assert "销售部/客户档案_2026-11.xlsx" in problem.text("zh")
    assert world.rows("select count(*) from core.customer") == [(2,)]


def test_an_input_that_fails_leaves_the_others_working(world: World, mailbox: MailServer, sftp: SftpServer) -> None:
    put(sftp, "客户档案_2026-11.csv", csv_bytes())
    world.inputs += MAILBOX.format(port=1, more="")
    fetched = {item.kind: item for item in receive(world.system())}
    assert (fetched["sftp"].files, fetched["mail"].problem is None) == (1, False)
    assert world.sync() == ["C001", "C002"]
    assert isinstance(fetched["mail"].problem, Problem)
