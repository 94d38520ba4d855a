"""What people see during and after a sync."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from portal.cli.jobs import run_jobs
from portal.cli.progress import Progress
from portal.cli.summary import table
from schemas.problems import Problem

COUNTS = {"rows_read": 12, "loaded": 9, "held": 1, "rejected": 1, "unchanged": 1, "deleted": 0}


def test_columns_line_up_also_with_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    table(["对象", "读取"], [["k3.customer", "1,200"], ["合计", "7"]])
    assert capsys.readouterr().out.splitlines() == [
        "对象          读取",
        "k3.customer  1,200",
        "合计             7",
    ]


def test_a_failed_object_is_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("zh")
    problem = {"code": "erp_unreachable", "params": {"system": "k3", "host": "h:1", "reason": "r"}}
    with progress:
        progress.take({"event": "object", "dataset": "k3.bom", "status": "failed", "problem": problem})
        progress.take({"event": "object", "dataset": "k3.customer", "status": "ok", "problem": None, **COUNTS})
        progress.take({"event": "object", "dataset": "k3.supplier", "status": "paused", "problem": problem})
    first, second, third = capsys.readouterr().out.splitlines()
    assert third.startswith("  ! k3.supplier: ")
    assert first.startswith("  ✗ k3.bom: 连不上 ERP“k3”")
    assert second == "  ✓ k3.customer：读取 12 行，入库 9，待修 1，无法读取 1，未变 1"
    assert [item["dataset"] for item in progress.objects] == ["k3.bom", "k3.customer", "k3.supplier"]


def test_a_killed_sync_is_told_as_such_and_a_failed_one_by_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path))
    monkeypatch.setenv("WATERWORKS_STORE_URL", "postgresql+psycopg://u:p@127.0.0.1:1/x")  # only handed on
    (tmp_path / "logs").mkdir()
    python = sys.executable
    for script, words in (
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "信号 SIGKILL"),
        ("import sys; print('no room left', file=sys.stderr); print('x - DEBUG - y', file=sys.stderr); sys.exit(3)",
         "退出码 3）：no room left"),
    ):  # fmt: skip
        program = tmp_path / "program"
        program.write_text(f"#!{python}\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setattr("sys.executable", str(program))
        with pytest.raises(Problem) as caught:
            run_jobs(["--sync"], print)
        assert words in caught.value.text("zh")
