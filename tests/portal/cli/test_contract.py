"""`waterworks contract ...`: each command makes its thing, in both languages, by entity and by file."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
import sqlglot
from typer.testing import CliRunner

from portal.cli.main import app
from schemas.loader import contracts

COMMANDS = ("sql", "ddl", "gx", "template", "dictionary", "diff")


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["contract", *arguments])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of a shipped contract outside schemas/, under another name, with changes."""
    text = Path(contracts()["supplier"].path).read_text(encoding="utf-8")
    path = tmp_path / "供应商 新版.yaml"
    path.write_text(text.replace("- name: uscc\n", "- name: credit_code\n").replace("max: 365", "max: 180"), "utf-8")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "130" in out


def test_sql_by_entity_and_by_file(copy: Path, tmp_path: Path) -> None:
    code, out, _ = run("sql", "supplier", "--lang", "zh")
    assert code == 0
    assert "-- supplier.code_unique" in out
    code, out, err = run(
        "sql", str(copy), "-d", "oracle", "--table", "ERP.T_SUPPLIER", "--out", str(tmp_path / "a.sql")
    )
    assert (code, out) == (0, "")
    assert "a.sql" in err
    written = (tmp_path / "a.sql").read_text(encoding="utf-8")
    assert "credit_code" in written
    assert len([tree for tree in sqlglot.parse(written, read="oracle") if tree]) > 5


def test_ddl_of_some_and_of_all() -> None:
    code, out, _ = run("ddl", "bom", "material", "-d", "tsql")
    assert code == 0
    assert out.index("CREATE TABLE material") < out.index("CREATE TABLE bom")
    assert "N'物料编码" in out
    code, out, _ = run("ddl", "--all", "-d", "mysql", "--lang", "en")
    assert out.count("CREATE TABLE") == len(contracts())
    assert "COMMENT 'Material code" in out


def test_gx_is_json() -> None:
    code, out, _ = run("gx", "customer")
    assert code == 0
    assert json.loads(out)["name"] == "customer"


def test_template_of_an_upload_template_and_of_an_entity(tmp_path: Path) -> None:
    target = tmp_path / "客户.xlsx"
    code, _, err = run("template", "customer_list", "--no-live", "--out", str(target), "--lang", "zh")
    assert (code, f"已写出 {target}。" in err) == (0, True)
    assert openpyxl.load_workbook(target).worksheets[0]["A1"].value.startswith("客户")
    code, _, _ = run("template", "bom", "--no-live", "--out", str(target), "--lang", "en")
    assert openpyxl.load_workbook(target).worksheets[0]["A1"].value == "BOM code*"


def test_template_without_a_store_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATERWORKS_STORE_URL", "postgresql://u:p@127.0.0.1:1/x")
    code, _, err = run("template", "customer_list", "--out", str(tmp_path / "a.xlsx"), "--lang", "en")
    assert code == 0
    assert "drop-downs of master data were left out" in err
    assert (tmp_path / "a.xlsx").stat().st_size > 5000


def test_dictionary_of_one_and_of_all(tmp_path: Path) -> None:
    assert run("dictionary", "material", "--out", str(tmp_path / "m.html"))[0] == 0
    assert "<h1>物料" in (tmp_path / "m.html").read_text(encoding="utf-8")
    assert run("dictionary", "--all", "--out", str(tmp_path / "d"), "--lang", "en")[0] == 0
    assert len(list((tmp_path / "d").glob("*.html"))) == len(contracts()) + 1


def test_diff_tells_what_breaks_whom(copy: Path) -> None:
    code, out, _ = run("diff", "supplier", "--against", str(copy), "--lang", "zh")
    assert code == 1
    assert out.startswith("会中断")
    assert "数据集 k3.supplier（采购部）：来源列 FTaxNum" in out
    assert "max: 365 → 180" in out
    code, out, _ = run("diff", contracts()["supplier"].path, str(copy), "--lang", "en")
    assert (code, out.startswith("Breaks (")) == (1, True)
    assert run("diff", "supplier", "supplier", "--lang", "en")[:2] == (0, "The two versions do not differ.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sql", "nothing"], "There is no contract called 'nothing'"),
        (["sql", "material", "-d", "db2"], "There is no dialect 'db2'"),
        (["ddl"], "Nothing was named"),
        (["dictionary"], "Nothing was named"),
        (["diff", "material"], "Give two versions"),
        (["diff", "material", "bom"], "different data"),
        (["template", "bom", "--department", "nobody"], "There is no department 'nobody'"),
        (["gx", "missing/file.yaml"], "missing/file.yaml"),
    ],
)
def test_trouble_is_a_sentence(arguments: list[str], words: str) -> None:
    code, _, err = run(*arguments, "--lang", "en")
    assert code == 2
    assert words in err
    assert "Traceback" not in err
