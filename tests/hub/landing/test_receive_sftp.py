"""An SFTP folder on a real server, alone and beside a mailbox: every file once, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from connectors.config import open_connector
from hub.landing.receive import receive
from hub.settings import PROJECT
from hub.store.engine import connect
from schemas.problems import Problem
from tests.connectors.inputs import CUSTOMERS, csv_bytes, mail, with_file, xlsx_bytes
from tests.hub.landing.receiving import MAILBOX, SFTP, World, mail_server, mailbox, put, sftp, sftp_server, world
from tests.input_servers import PASSWORD, MailServer, SftpServer

__all__ = ["mail_server", "mailbox", "sftp", "sftp_server", "world"]
pytestmark = pytest.mark.servers


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
