"""`waterworks rules try`: what a changed rule would find in a workbook and in the store, and nothing is written."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from portal.cli.main import app
from schemas.loader import contracts
from tests.connectors.inputs import CUSTOMERS, xlsx_bytes
from tests.hub.landing.conftest import CONTENT, Factory, factory

__all__ = ["factory"]  # a fixture of another room


@pytest.fixture
def shorter_names(tmp_path: Path) -> Path:
    """The contract of customers with names of at most 12 characters."""
    text = Path(contracts()["customer"].path).read_text(encoding="utf-8")
    path = tmp_path / "customer.odcs.yaml"
    path.write_text(text.replace("{kind: length, max: 60}", "{kind: length, max: 12}"), encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["rules", "try", *map(str, arguments)])


def test_a_changed_rule_on_a_workbook_names_cells(tmp_path: Path, shorter_names: Path) -> None:
    book, out = tmp_path / "客户档案_2026-11.xlsx", tmp_path / "found.csv"
    book.write_bytes(xlsx_bytes([*CUSTOMERS[:1], ["C003", "@常州新北区某某精密机械有限公司"]]))
    tried = run(shorter_names, "--on", book, "--out", out, "--lang", "zh")
    assert tried.exit_code == 0, tried.stdout
    with out.open(encoding="utf-8-sig", newline="") as file:
        head, *lines = csv.reader(file)
    assert head == ["规则", "数据集", "文件", "工作表", "单元格", "列", "键", "原值", "问题"]
    assert {line[2] for line in lines} == {book.name}
    found = {line[4]: line[7] for line in lines}
    assert all(cell.startswith("B") for cell in found)
    # What a spreadsheet program would take for a formula is made text.
    assert [value for value in found.values() if "常州" in value] == ["'@常州新北区某某精密机械有限公司"]
    assert "customer.name_max_length" in tried.stdout
    assert "customer.uscc_unique" not in tried.stdout  # not changed


def test_a_changed_rule_on_the_store_shows_today_beside_tomorrow(factory: Factory, shorter_names: Path) -> None:
    factory.erp_sql("update t_Organization set FName = '苏州工业园区恒达精密机械制造有限公司' where FItemID < 4")
    factory.sync()
    before = factory.rows(CONTENT)
    tried = run(shorter_names, "--on", "k3.customer", "--limit", 1, "--lang", "en")
    assert tried.exit_code == 0, tried.stdout
    [line] = [line for line in tried.stdout.splitlines() if "  changed  " in line]
    # Three rows of the ERP, one of which is held back for another reason.
    assert line.split()[:4] == ["customer.name_max_length", "changed", "0", "3"]
    assert factory.rows(CONTENT) == before
    every = run(shorter_names, "--on", "customer", "--all", "--lang", "en")
    assert "customer.uscc_unique" in every.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--on", "nowhere"], "nowhere"),
        (["--on", "customer", "--rule", "no_such_rule"], "no_such_rule"),
    ],
)
def test_what_cannot_be_tried_is_a_sentence(shorter_names: Path, arguments: list[str], sentence: str) -> None:
    tried = run(shorter_names, *arguments, "--lang", "zh")
    assert tried.exit_code == 2
    assert sentence in tried.output
    assert "Traceback" not in tried.output


def test_an_unchanged_contract_leaves_nothing_to_try() -> None:
    tried = run(contracts()["customer"].path, "--on", "customer", "--lang", "en")
    assert tried.exit_code == 2
    assert "--all" in tried.output
