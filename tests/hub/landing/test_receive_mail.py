"""A mailbox on a real server: every message once, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from connectors.config import open_connector
from hub.landing.receive import POINTS
from hub.settings import PROJECT
from tests.connectors.inputs import CUSTOMERS, csv_bytes, mail, with_file, with_raw_name, xlsx_bytes, zip_bytes
from tests.hub.landing.receiving import MAILBOX, World, mail_server, mailbox, sftp, sftp_server, world
from tests.input_servers import PASSWORD, USER, MailServer

__all__ = ["mail_server", "mailbox", "sftp", "sftp_server", "world"]
pytestmark = pytest.mark.servers


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
