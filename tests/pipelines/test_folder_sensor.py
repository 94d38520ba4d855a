"""When the watched folder starts a sync: once per settled change, also when it changes back."""

from __future__ import annotations

from pathlib import Path

from pipelines.folder_sensor import look


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
    for name in ("~$客户.xlsx", "notes.txt", ".hidden.xlsx"):
        (tmp_path / name).write_bytes(b"1")
    assert look(tmp_path, cursor)[1] is None
