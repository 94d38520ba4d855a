"""Names, versions and their order; what changed between two versions; files that are still copied."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.config_models import SystemConfig
from connectors.excel.config import SettleConfig
from connectors.excel.connector import ExcelConnector
from connectors.excel.files import names
from connectors.excel.files.compare import compare
from connectors.excel.files.folder import list_folder, settled
from connectors.excel.files.versions import Seen, Version, belongs, in_order, named_version, reason
from connectors.excel.safety import opened
from schemas.problems import Problem
from tests.connectors.excel.making import PARTS, package, save, sheet_xml

FREE = replace(PARTS, version_from=None, files=("*.xlsx",))
HEADER: list[object] = ["编码", "名称", "单价"]


def seen(name: str, modified: int = 1_700_000_000, path: Path | None = None) -> Seen:
    return Seen(name, path or Path("/nowhere", name), 1, modified * 1_000_000_000, name)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("客户档案_2026-11.xlsx", Version(date=(2026, 11))),
        ("客户档案2026年11月3日.xlsx", Version(date=(2026, 11, 3))),
        ("20261103客户档案.xls", Version(date=(2026, 11, 3))),
        ("客户档案202611.csv", Version(date=(2026, 11))),
        ("２０２６年第三季度价格.xlsx", Version(date=(2026, 9))),
        ("价格2026Q4.xlsx", Version(date=(2026, 12))),
        ("标准成本_2026.xlsx", Version(date=(2026,))),
        ("BOM v3.1.xlsx", Version(number=(3, 1))),
        ("BOM_V12.xlsx", Version(number=(12,))),
        ("BOM第4版.xlsx", Version(number=(4,))),
        ("BOM最终版2.xlsx", Version(final=2)),
        ("BOM定稿.xlsx", Version(final=1)),
        ("BOM final v2.xlsx", Version(final=1, number=(2,))),
        ("BOM (1).xlsx", Version(copy=1)),
        ("BOM（2）.xlsx", Version(copy=2)),
        ("BOM - 副本.xlsx", Version(copy=-1)),
        ("轴承6204-2RS.xlsx", Version()),
        ("客户20261399.xlsx", Version()),
    ],
)
def test_what_a_name_says(name: str, version: Version) -> None:
    assert named_version(name) == version


@pytest.mark.parametrize(
    ("newer", "older", "code"),
    [
        (seen("a_2026-11.xlsx", 1), seen("a_2026-9.xlsx", 9), "version_by_name"),
        (seen("a_2026-11-03.xlsx"), seen("a_2026-11.xlsx"), "version_by_name"),
        (seen("a v10.xlsx", 1), seen("a v9.xlsx", 9), "version_by_name"),
        (seen("a最终版2.xlsx", 1), seen("a最终版.xlsx", 9), "version_by_name"),
        (seen("a最终版.xlsx", 1), seen("a v9.xlsx", 9), "version_by_name"),
        (seen("a.xlsx", 100), seen("a(1).xlsx", 50), "version_by_modified"),
        (seen("a(1).xlsx", 50), seen("a.xlsx", 50), "version_by_modified"),
        (seen("a.xlsx", 50), seen("a - 副本.xlsx", 50), "version_by_modified"),
        (seen("a - 副本.xlsx", 90), seen("a.xlsx", 50), "version_by_modified"),
        (seen("a.xlsx"), seen("b.xlsx"), "version_by_path"),
    ],
)
def test_which_of_two_counts_and_why(newer: Seen, older: Seen, code: str) -> None:
    assert in_order([older, newer], FREE) == in_order([newer, older], FREE) == [newer, older]
    why = reason(newer, older, FREE)
    assert why.code == code
    assert newer.path in why.text("zh")
    assert older.path in why.text("en")


def test_equal_times_are_told_apart_by_what_the_workbook_says(tmp_path: Path) -> None:
    for name, day in (("b.xlsx", 3), ("a.xlsx", 1)):
        properties = f"<x xmlns:dcterms='d'><dcterms:modified type='t'>2026-11-0{day}T08:00:00Z</dcterms:modified></x>"
        package(tmp_path / name, sheet_xml(""), **{"docProps/core.xml": properties})
        os.utime(tmp_path / name, (1_700_000_000, 1_700_000_000))
    first, second = in_order(list_folder(tmp_path).files, FREE)
    assert (first.name, second.name) == ("b.xlsx", "a.xlsx")
    why = reason(first, second, FREE)
    assert why.code == "version_by_content"
    assert "2026-11-03T08:00:00Z" in why.text("en")


def test_the_order_can_be_pinned(tmp_path: Path) -> None:
    for name, age in (("零件_2026-10.xlsx", 10), ("零件_2026-09.xlsx", 5), ("零件旧.xlsx", 500)):
        save(tmp_path / name, [HEADER, [name, "x", "1"]])
        moment = time.time() - age * 60
        os.utime(tmp_path / name, (moment, moment))

    def chosen(**item: object) -> tuple[str, str]:
        system = {
            "system": "workbooks",
            "kind": "excel",
            "plant": "P1",
            "title": {"zh": "表格", "en": "Workbooks"},
            "folder_env": "WATERWORKS_WORKBOOKS_DIR",
            "objects": {"parts": {"system": "workbooks", "object": "parts", "template": "parts", **item}},
        }
        connector = ExcelConnector(SystemConfig.model_validate(system), tmp_path, {"parts": PARTS})
        choice = connector.choose(connector.gather(), "parts")
        [page] = connector.read("parts", None, 10)
        assert page.file is not None
        assert page.file.path == choice.file.path
        assert choice.why.code in {note.code for note in page.file.notes}
        return choice.file.path, choice.why.code

    assert chosen() == ("零件_2026-10.xlsx", "version_by_version")
    assert chosen(order=["modified"]) == ("零件_2026-09.xlsx", "version_by_modified")
    assert chosen(file="零件旧.xlsx") == ("零件旧.xlsx", "version_pinned")
    with pytest.raises(Problem) as caught:
        chosen(file="没有.xlsx")
    assert caught.value.code == "workbook_pinned_missing"


def test_patterns_do_not_mind_case_width_or_the_name_of_the_folder() -> None:
    template = replace(PARTS, files=("采购部/零件*.xlsx",))
    for path in ("采购部/零件A.XLSX", "采购部/零件１.xlsx"):
        assert belongs(Seen(path, Path(path), 1, 1, path), template)
    assert belongs(Seen("采购部/零件.xlsx", Path("x"), 1, 1, "零件.xlsx"), template), (
        "a share named as the pattern says"
    )
    assert not belongs(Seen("零件.xlsx", Path("x"), 1, 1, "零件.xlsx"), template)
    assert belongs(Seen("mail/2026 a@b/零件.xlsx", Path("x"), 1, 1, "2026 a@b/零件.xlsx", by_name=True), template)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("~$a.xlsx", "workbook_lock_file"),
        (".~lock.a.ods#", "workbook_lock_file"),
        ("a.xlsx.tmp", "workbook_temporary_file"),
        ("a.xlsx.crdownload", "workbook_temporary_file"),
        ("a.xlsx.partial", "workbook_temporary_file"),
        ("~WRD0001.tmp", "workbook_temporary_file"),
        ("1A2B3C4D", "workbook_temporary_file"),
        ("a.docx", "workbook_not_a_table"),
        ("a.XLSX", None),
        ("a.txt", None),
    ],
)
def test_names_that_are_skipped(path: str, code: str | None) -> None:
    skipped = names.why_skipped(path)
    assert (skipped.code if skipped else None) == code


@pytest.mark.parametrize("path", ["Thumbs.db", "a/.hidden.xlsx", ".git/a.xlsx", "$RECYCLE.BIN/a.xlsx", "desktop.ini"])
def test_names_nobody_is_told_about(path: str) -> None:
    assert names.is_hidden(path)


# -- copying -----------------------------------------------------------------------------------------


def one(folder: Path) -> Seen:
    [file] = list_folder(folder).files
    return file


def test_a_copy_under_way_is_waited_for(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.tmp", [HEADER, ["P1", "轴承", "1"]]).read_bytes()
    (tmp_path / "whole.tmp").unlink()
    path = tmp_path / "零件.xlsx"
    path.write_bytes(whole[:1000])
    file = one(tmp_path)

    def copy() -> None:
        for start in range(1000, len(whole), 1000):
            time.sleep(0.05)
            with path.open("ab") as target:
                target.write(whole[start : start + 1000])

    thread = threading.Thread(target=copy)
    thread.start()
    done = settled(file, SettleConfig(quiet_seconds=0.3, wait_seconds=30))
    thread.join()
    assert done.size == len(whole) == path.stat().st_size


def test_a_file_that_never_settles_gets_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "零件.csv"
    path.write_bytes(b"x")
    stop = threading.Event()

    def write_on() -> None:
        while not stop.wait(0.05):
            with path.open("ab") as target:
                target.write(b"x")

    thread = threading.Thread(target=write_on)
    thread.start()
    try:
        with pytest.raises(Problem) as caught:
            settled(one(tmp_path), SettleConfig(quiet_seconds=0.4, wait_seconds=1))
    finally:
        stop.set()
        thread.join()
    assert caught.value.code == "workbook_changing"


def test_an_open_writer_counts_as_copying_although_nothing_moves(tmp_path: Path) -> None:
    path = save(tmp_path / "零件.xlsx", [HEADER])
    file = one(tmp_path)
    with path.open("ab"), pytest.raises(Problem) as caught:
        settled(file, SettleConfig(quiet_seconds=0, wait_seconds=0.3))
    assert caught.value.code == "workbook_changing"
    assert settled(file, SettleConfig(quiet_seconds=0, wait_seconds=0.3)) == file


def test_a_copy_that_was_broken_off_is_told_from_one_under_way(tmp_path: Path) -> None:
    path = save(tmp_path / "零件.xlsx", [HEADER])
    path.write_bytes(path.read_bytes()[:-100])
    os.utime(path, (1_700_000_000, 1_700_000_000))
    with pytest.raises(Problem) as caught:
        settled(one(tmp_path), SettleConfig())
    assert caught.value.code == "workbook_cut_off"


def test_shares_that_are_gone_closed_or_not_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def code(folder: Path) -> str:
        with pytest.raises(Problem) as caught:
            list_folder(folder)
        return caught.value.code

    assert code(tmp_path / "gone") == "workbook_folder_missing"
    assert code(Path("//server/share".replace("/", "\\"))) == "workbook_folder_not_mounted"
    assert code(Path("smb:/server/share".replace("smb:/", "smb://"))) in (
        "workbook_folder_not_mounted",
        "workbook_folder_missing",
    )

    def denied(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("connectors.excel.files.folder.os.scandir", denied)
    assert code(tmp_path) == "workbook_folder_denied"


def test_one_share_that_is_down_stops_only_what_may_come_from_it(tmp_path: Path) -> None:
    (tmp_path / "采购").mkdir()
    save(tmp_path / "采购" / "零件.xlsx", [HEADER, ["P1", "轴承", "1"]])
    own, anywhere = replace(PARTS, name="own", files=("采购/零件*.xlsx",)), PARTS
    system = SystemConfig.model_validate(
        {
            "system": "workbooks",
            "kind": "excel",
            "plant": "P1",
            "title": {"zh": "表格", "en": "Workbooks"},
            "folders": [{"name": "采购", "env": "A"}, {"name": "销售", "env": "B"}],
        }
    )
    places = {"采购": tmp_path / "采购", "销售": tmp_path / "down"}
    connector = ExcelConnector(system, None, {"own": own, "anywhere": anywhere}, places)
    assert [page.rows.num_rows for page in connector.read("own", None, 10)] == [1]
    with pytest.raises(Problem) as caught:
        list(connector.read("anywhere", None, 10))
    assert caught.value.code == "workbook_folder_missing"


def test_a_file_is_parsed_once_and_an_unchanged_one_not_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.excel.safety import sandbox

    reads: list[str] = []
    real = sandbox.read_workbook

    def counted(path: Path, *rest: object, **more: object) -> object:
        reads.append(path.name)
        return real(path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("connectors.excel.safety.opened.sandbox.read_workbook", counted)
    folder, home = tmp_path / "share", tmp_path / "home"
    folder.mkdir()
    for name in ("零件_2026-10.xlsx", "食堂.xlsx"):
        save(folder / name, [HEADER, [name, "x", "1"]] if "零件" in name else [["菜"], ["面"]])
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    system = SystemConfig.model_validate(
        {
            "system": "workbooks",
            "kind": "excel",
            "plant": "P1",
            "title": {"zh": "表格", "en": "Workbooks"},
            "folder_env": "WATERWORKS_WORKBOOKS_DIR",
        }
    )

    def sync() -> list[str]:
        connector = ExcelConnector(system, folder, {"parts": PARTS, "again": replace(PARTS, name="again")}, home=home)
        statuses = [file.status for file in connector.files()]
        for name in ("parts", "again"):
            assert [page.rows.num_rows for page in connector.read(name, None, 10)] == [1]
        return statuses

    opened.forget()
    assert sync() == ["current", "unknown"]
    assert sorted(reads) == ["零件_2026-10.xlsx", "食堂.xlsx"]
    reads.clear()
    opened.forget()  # another process, another day
    assert sync() == ["current", "unknown"]
    assert reads == ["零件_2026-10.xlsx"], "to load it; what it is was known"


# -- what changed ------------------------------------------------------------------------------------


def test_what_changed_between_two_versions(tmp_path: Path) -> None:
    old = save(
        tmp_path / "零件_2026-10.xlsx",
        [["编码", "名称", "单价", "备注"], ["P1", "轴承", 1, "a"], ["P2", "螺栓", 2, ""], ["P3", "垫圈", 3, ""]],
    )
    new = save(
        tmp_path / "零件_2026-11.xlsx",
        [["单价", "编码", "名称", "产地"], [1.5, "P1", "轴承", "苏州"], [3, "P3", "垫圈", ""], [4, "P4", "键", ""]],
    )
    change = compare(old, new, PARTS)
    assert (change.added, change.changed, change.removed, change.same) == (1, 1, 1, 1)
    assert (change.columns_added, change.columns_removed) == (("产地",), ("备注",))
    assert change.cells == {"单价": 1}
    by_key = {row.key: row for row in change.rows}
    assert by_key["P1"].cells == {"单价": ["1", "1.5"]}
    assert (by_key["P2"].old_row, by_key["P2"].new_row, by_key["P4"].new_row) == (3, None, 4)
    assert compare(old, old, PARTS).is_equal
