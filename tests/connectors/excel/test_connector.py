"""The folder: versions, lock files, strangers, and what is said about each."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from connectors.config_models import SystemConfig
from connectors.excel.connector import ExcelConnector
from schemas.problems import Problem
from tests.connectors.excel.making import PARTS, save

SYSTEM = SystemConfig.model_validate(
    {
        "system": "workbooks",
        "kind": "excel",
        "plant": "P1",
        "title": {"zh": "表格", "en": "Workbooks"},
        "folder_env": "WATERWORKS_WORKBOOKS_DIR",
    }
)


def connector(folder: Path) -> ExcelConnector:
    return ExcelConnector(SYSTEM, folder, {"parts": PARTS})


def parts(path: Path, code: str, age: int = 3600) -> Path:
    save(path, [["编码", "名称"], [code, "x"]])
    moment = path.stat().st_mtime - age
    os.utime(path, (moment, moment))
    return path


def broken_off(path: Path, age: int) -> Path:
    save(path, [["编码", "名称"], ["x", "y"]])
    path.write_bytes(path.read_bytes()[:-200])
    moment = path.stat().st_mtime - age
    os.utime(path, (moment, moment))
    return path


def read_codes(folder: Path) -> list[str]:
    return [code for page in connector(folder).read("parts", None, 100) for code in page.rows["编码"].to_pylist()]


def test_the_newest_version_in_the_name_wins_over_the_newest_file(tmp_path: Path) -> None:
    parts(tmp_path / "零件_2026-9.xlsx", "old", age=10)
    parts(tmp_path / "零件_2026-10.xlsx", "new", age=9000)
    parts(tmp_path / "零件.xlsx", "none", age=20)
    assert read_codes(tmp_path) == ["new"]


def test_without_a_version_the_last_change_wins(tmp_path: Path) -> None:
    parts(tmp_path / "零件a.xlsx", "older", age=9000)
    parts(tmp_path / "零件b.xlsx", "newer", age=60)
    assert read_codes(tmp_path) == ["newer"]


def test_every_file_has_a_status(tmp_path: Path) -> None:
    parts(tmp_path / "零件_2026-09.xlsx", "old")
    parts(tmp_path / "零件_2026-10.xlsx", "new")
    (tmp_path / "~$零件_2026-10.xlsx").write_bytes(b"owner")
    (tmp_path / "说明.docx").write_bytes(b"PK")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / "深处").mkdir()
    parts(tmp_path / "深处" / "零件表.xlsx", "lost")
    save(tmp_path / "食堂菜单.xlsx", [["周一", "周二"], ["面", "饭"]], "菜单")
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04 not really PK\x05\x06")
    broken_off(tmp_path / "断.xlsx", age=3600)
    shutil.copyfile(tmp_path / "零件_2026-10.xlsx", tmp_path / "零件(1).xlsx")
    (tmp_path / "零件_2026-11.xlsx.crdownload").write_bytes(b"half")
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / ".~lock.零件_2026-10.xlsx#").write_bytes(b"x")
    found = {status.path: status for status in connector(tmp_path).files()}
    told = {path: (status.status, status.problem and status.problem.code) for path, status in found.items()}
    assert told == {
        "零件_2026-09.xlsx": ("superseded", "workbook_older_version"),
        "零件_2026-10.xlsx": ("current", None),
        "~$零件_2026-10.xlsx": ("skipped", "workbook_lock_file"),
        "说明.docx": ("skipped", "workbook_not_a_table"),
        "深处/零件表.xlsx": ("unknown", "workbook_name_not_watched"),
        "食堂菜单.xlsx": ("unknown", "workbook_no_template"),
        "坏.xlsx": ("unreadable", "workbook_damaged"),
        "断.xlsx": ("unreadable", "workbook_cut_off"),
        "零件(1).xlsx": ("duplicate", "workbook_same_content"),
        "零件_2026-11.xlsx.crdownload": ("skipped", "workbook_temporary_file"),
        ".~lock.零件_2026-10.xlsx#": ("skipped", "workbook_lock_file"),
    }
    assert found["零件_2026-10.xlsx"].objects == ("parts",)


def test_a_broken_newest_file_is_a_problem_and_not_an_older_file(tmp_path: Path) -> None:
    parts(tmp_path / "零件_2026-09.xlsx", "old")
    (tmp_path / "零件_2026-10.xlsx").write_bytes(b"")
    with pytest.raises(Problem) as caught:
        read_codes(tmp_path)
    assert caught.value.code == "workbook_empty"
    assert [status.status for status in connector(tmp_path).files()] == ["superseded", "unreadable"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = parts(tmp_path / "零件.xlsx", "secret")
    folder = tmp_path / "watched"
    folder.mkdir()
    (folder / "零件.xlsx").symlink_to(outside)
    assert connector(folder).files() == []


def test_check_and_discover(tmp_path: Path) -> None:
    assert not connector(tmp_path / "gone").check().ok
    assert not connector(tmp_path).check().ok
    assert connector(tmp_path).discover()[0].note is not None
    parts(tmp_path / "零件.xlsx", "x")
    assert connector(tmp_path).check().ok
    found = connector(tmp_path).discover()[0]
    assert (found.name, found.columns, found.key) == ("parts", ("编码", "名称"), ("编码",))
    assert connector(tmp_path).deletions("parts") == "read"


@pytest.mark.parametrize(("name", "code"), [("parts", "workbook_no_current_file"), ("x", "workbook_unknown_object")])
def test_nothing_to_read(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(Problem) as caught:
        list(connector(tmp_path).read(name, None, 10))
    assert caught.value.code == code
    assert caught.value.text("zh")
