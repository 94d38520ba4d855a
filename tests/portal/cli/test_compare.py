"""`waterworks compare`: counts, columns and cells of two versions, in both languages."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from portal.cli.main import app
from tests.connectors.inputs import CUSTOMERS, csv_bytes, xlsx_bytes


def test_two_versions_of_different_formats(tmp_path: Path) -> None:
    old, new = tmp_path / "客户档案_2026-10.csv", tmp_path / "客户档案_2026-11.xlsx"
    old.write_bytes(csv_bytes("gbk"))
    new.write_bytes(xlsx_bytes([*CUSTOMERS[:1], [*CUSTOMERS[1][:4], "赵工", *CUSTOMERS[1][5:]], ["C003", "常州新厂"]]))
    run = CliRunner().invoke(app, ["compare", str(old), str(new), "--template", "customer_list", "--lang", "zh"])
    assert run.exit_code == 1
    first, *rest = run.stdout.splitlines()
    assert first == "从 客户档案_2026-10.csv 到 客户档案_2026-11.xlsx：新增 1 行，修改 1 行，删除 1 行，0 行未变。"
    assert "联系人: 王工 → 赵工" in "\n".join(rest)
    same = CliRunner().invoke(app, ["compare", str(old), str(old), "--lang", "en"])
    assert (same.exit_code, "same 2 rows" in same.stdout) == (0, True)
    wrong = CliRunner().invoke(app, ["compare", str(old), str(new), "-t", "nothing", "--lang", "en"])
    assert wrong.exit_code != 0
