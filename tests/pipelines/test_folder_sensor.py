"""When the watched folder starts a sync: once per settled change, also when it changes back."""

from __future__ import annotations

import os
from pathlib import Path

from connectors.excel.files.folder import list_folder
from pipelines.folder_sensor import look as look_at_files


def look(folder: Path, cursor: str | None) -> tuple[str, str | None]:
    return look_at_files(list_folder(folder).files, cursor)


def settle(folder: Path, cursor: str | None) -> tuple[str, str | None]:
    """Two looks, as the sensor makes them; the first never starts anything."""
    cursor, first = look(folder, cursor)
    assert first is None
    return look(folder, cursor)


def test_a_new_file_starts_one_sync_and_then_none(tmp_path: Path) -> None:
    (tmp_path / "客户.xlsx").write_bytes(b"1")
    cursor, started = settle(tmp_path, None)
    assert started is not None
    assert look(tmp_path, cursor)[1] is None


def test_a_file_still_being_copied_waits(tmp_path: Path) -> None:
    cursor: str | None = None
    for content in (b"1", b"12", b"123"):
        (tmp_path / "a.xlsx").write_bytes(content)
        cursor, started = look(tmp_path, cursor)
        assert started is None
    assert look(tmp_path, cursor)[1] is not None


def test_a_folder_that_changes_back_is_synced_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1")
    cursor, first = settle(tmp_path, None)
    (tmp_path / "b.csv").write_bytes(b"1")
    cursor, second = settle(tmp_path, cursor)
    (tmp_path / "b.csv").unlink()
    cursor, third = settle(tmp_path, cursor)
    assert len({first, second, third}) == 3
    assert None not in (first, second, third)


def test_lock_files_and_other_files_do_not_count(tmp_path: Path) -> None:
    cursor, _ = settle(tmp_path, None)
    for name in ("~$客户.xlsx", "notes.docx", ".hidden.xlsx", "a.xlsx.crdownload", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"1")
    assert look(tmp_path, cursor)[1] is None


def test_a_file_that_is_written_all_the_time_does_not_hold_up_the_others(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    calm = tmp_path / "客户.xlsx"
    calm.write_bytes(b"1")
    os.utime(calm, (1_700_000_000, 1_700_000_000))
    cursor: str | None = None
    started = []
    for number in range(15):
        log.write_bytes(b"x" * number)
        cursor, run_key = look(tmp_path, cursor)
        started.append(run_key)
    assert started[:10] == [None] * 10
    assert sum(run_key is not None for run_key in started) == 1
