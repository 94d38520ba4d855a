"""What people see during and after a sync."""

from __future__ import annotations

import pytest

from portal.cli.progress import Progress
from portal.cli.summary import table

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
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("  ✗ k3.bom: 连不上 ERP“k3”")
    assert second == "  ✓ k3.customer：读取 12 行，入库 9，待修 1，无法读取 1，未变 1"
    assert [item["dataset"] for item in progress.objects] == ["k3.bom", "k3.customer"]
