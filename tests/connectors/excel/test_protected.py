"""Workbooks with an opening password: every way of locking, the right password, a wrong one, none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.config_models import SystemConfig
from connectors.excel.connector import ExcelConnector
from connectors.excel.safety import opened, sandbox
from connectors.excel.safety.passwords import known_passwords, split
from schemas.problems import Problem
from tests.connectors.excel import locking, xlsb_book
from tests.connectors.excel.making import PARTS, save

PASSWORD = "密码 Pa$$;1"
ROWS: list[list[object]] = [["编码", "名称"], ["P1", "轴承"]]


@pytest.fixture(scope="module")
def ods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ods")
    save(folder / "a.xlsx", ROWS)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "ods", "--outdir", str(folder), str(folder / "a.xlsx")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder / "a.ods"


Make = Callable[[Path, Path], Path]  # (folder, a plain .ods) -> the locked workbook


def _agile(folder: Path, ods: Path) -> Path:
    return locking.agile(save(folder / "plain.xlsx", ROWS), folder / "零件.xlsx", PASSWORD)


def _standard(folder: Path, ods: Path) -> Path:
    return locking.standard(save(folder / "plain.xlsx", ROWS), folder / "零件.xlsm", PASSWORD)


def _binary(folder: Path, ods: Path) -> Path:
    """msoffcrypto does not open what it locked itself if that was under 4 KiB: the last row makes it longer."""
    noise = os.urandom(4000).hex()
    lines = enumerate([*ROWS, [noise[:4000], noise[4000:]]], 1)
    rows = b"".join(xlsb_book.row(n, *(xlsb_book.text(c, str(t)) for c, t in enumerate(row, 1))) for n, row in lines)
    return locking.agile(xlsb_book.write(folder / "plain.xlsb", rows, 3, 2), folder / "零件.xlsb", PASSWORD)


def _rc4(folder: Path, ods: Path) -> Path:
    return locking.rc4([[str(text) for text in row] for row in ROWS], "零件", folder / "零件.xls", PASSWORD)


def _cbc(folder: Path, ods: Path) -> Path:
    return locking.open_document(ods, folder / "零件.ods", PASSWORD)


def _gcm(folder: Path, ods: Path) -> Path:
    return locking.whole_open_document(ods, folder / "零件.ods", PASSWORD)


@pytest.mark.parametrize("make", [_agile, _standard, _binary, _rc4, _cbc, _gcm])
def test_the_right_password_opens_it_and_nothing_else_does(tmp_path: Path, ods: Path, make: Make) -> None:
    path = make(tmp_path, ods)
    book = sandbox.read_workbook(path, path.name, passwords=["wrong", PASSWORD])
    assert book.sheets[0].cells["text"].to_pylist()[:4] == ["编码", "名称", "P1", "轴承"]
    for passwords, code in (((), "workbook_password"), (("wrong", "Wrong"), "workbook_password_wrong")):
        with pytest.raises(Problem) as caught:
            sandbox.read_workbook(path, path.name, passwords=passwords)
        assert caught.value.code == code
        assert "零件" in caught.value.text("zh")
        assert "Wrong" not in caught.value.text("zh")


def test_passwords_of_template_and_system_are_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = SystemConfig.model_validate(
        {
            "system": "workbooks",
            "kind": "excel",
            "plant": "P1",
            "title": {"zh": "表格", "en": "Workbooks"},
            "folder_env": "WATERWORKS_WORKBOOKS_DIR",
            "passwords_env": "WATERWORKS_WORKBOOK_PASSWORDS",
            "objects": {
                "parts": {
                    "system": "workbooks",
                    "object": "parts",
                    "template": "parts",
                    "passwords_env": "WATERWORKS_PARTS_PASSWORDS",
                }
            },
        }
    )
    locking.agile(save(tmp_path / "plain.tmp", ROWS), tmp_path / "零件.xlsx", PASSWORD)
    opened.forget()

    def problem() -> str | None:
        connector = ExcelConnector(system, tmp_path, {"parts": PARTS}, passwords=known_passwords(system))
        [status] = [file for file in connector.files() if file.path == "零件.xlsx"]
        return status.problem.code if status.problem else None

    assert problem() == "workbook_password"
    monkeypatch.setenv("WATERWORKS_PARTS_PASSWORDS", "old")
    assert problem() == "workbook_password_wrong"
    monkeypatch.setenv("WATERWORKS_WORKBOOK_PASSWORDS", '["older", "密码 Pa$$;1"]')
    assert known_passwords(system) == ("old", "older", PASSWORD)
    assert problem() is None
    points = ExcelConnector(system, tmp_path, {"parts": PARTS}, passwords=known_passwords(system)).check().points
    assert {point.verdict for point in points} == {"ok"}


@pytest.mark.parametrize(
    ("value", "passwords"),
    [("", []), (" a ; b;", ["a", "b"]), ("a\nb c", ["a", "b c"]), ('["a;b", ""]', ["a;b"]), ("[no json", ["[no json"])],
)
def test_a_list_of_passwords_in_one_variable(value: str, passwords: list[str]) -> None:
    assert split(value) == passwords


def test_no_password_is_kept_on_disk(tmp_path: Path) -> None:
    path = locking.agile(save(tmp_path / "plain.tmp", ROWS), tmp_path / "零件.xlsx", PASSWORD)
    home = tmp_path / "home"
    system = SystemConfig.model_validate(
        {
            "system": "workbooks",
            "kind": "excel",
            "plant": "P1",
            "title": {"zh": "表格", "en": "Workbooks"},
            "folder_env": "WATERWORKS_WORKBOOKS_DIR",
        }
    )
    ExcelConnector(system, path.parent, {"parts": PARTS}, passwords=[PASSWORD], home=home).files()
    kept = [file for file in home.rglob("*") if file.is_file()]
    assert kept
    assert not [file for file in kept if PASSWORD.encode() in file.read_bytes() or "轴承".encode() in file.read_bytes()]
