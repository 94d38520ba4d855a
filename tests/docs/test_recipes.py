"""The recipes work: every command and every piece of YAML in them, on real sources."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from hub.settings import PROJECT
from tests.connectors.preset_databases import K3, seed
from tests.docs.recipe import Project, blocks

RECIPES = PROJECT / "docs" / "recipes"
# A table that is no part of K/3, with captions stored beside it.
_ROWS = "insert into crm_partner values ('K-01', '无锡电机厂', '0510-85551234'), ('K-02', '常州风机厂', null)"
_PARTNERS = {
    "postgresql": [
        "create table crm_partner (no varchar(20) primary key, full_title varchar(80), tel varchar(40))",
        "comment on column crm_partner.no is '客户编码'",
        "comment on column crm_partner.full_title is '客户名称'",
        "comment on column crm_partner.tel is '联系电话'",
        _ROWS,
    ],
    "mariadb": [
        "create table crm_partner (no varchar(20) primary key comment '客户编码',"
        " full_title varchar(80) comment '客户名称', tel varchar(40) comment '联系电话')",
        _ROWS,
    ],
}


@pytest.fixture
def project() -> Iterator[Project]:
    copy = Project.copy()
    yield copy
    copy.remove()


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo factory: k3.db, workbooks/, mes.db."""
    folder = tmp_path_factory.mktemp("factory")
    command = [sys.executable, "-m", "examples.demo_factory", "build", "--out", str(folder), "--scale", "0.1"]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    return folder


@pytest.fixture
def mes_url(factory: Path) -> Iterator[str]:
    """The demo factory's MES with the log-in of the recipe."""
    port_file = factory / "port"
    command = [
        sys.executable, "-m", "examples.demo_factory", "mes", "--db", str(factory / "mes.db"), "--port-file",
        str(port_file), "--app-key", "hub", "--app-secret", "the secret of the application", "--factory", "F001",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 30
        while not (port_file.exists() and port_file.read_text().strip()):
            assert server.poll() is None, "the MES server ended"
            assert time.monotonic() < deadline, "the MES server wrote no port"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{int(port_file.read_text())}"
        server.terminate()


def test_every_recipe_is_followed_by_a_test() -> None:
    tested = {"connect-your-erp.md", "connect-your-mes.md", "add-a-workbook-template.md", "add-a-rule.md"}
    assert {path.name for path in RECIPES.glob("*.md")} == tested | {"README.md"}
    assert all(blocks((RECIPES / name).read_text(encoding="utf-8")) for name in tested)


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_connect_your_erp(project: Project, dialect: str, request: pytest.FixtureRequest) -> None:
    url = str(request.getfixturevalue("postgres_url" if dialect == "postgresql" else "mariadb_url"))
    seed(url, "kingdee_k3", K3)
    captions = sa.create_engine(url)
    with captions.begin() as erp:
        for statement in _PARTNERS[dialect]:
            erp.execute(sa.text(statement))
    captions.dispose()
    # What stands in the environment comes before the environment file: here the real address.
    project.without_sources().environment = {"WATERWORKS_ERP1_URL": url}
    materials, partners = project.follow(RECIPES / "connect-your-erp.md")
    assert materials == [("13.001", "离心泵", "PCS", "manufactured"), ("13.002", "轴", "KG", "purchased")]
    assert partners == [("K-01", "无锡电机厂", "0510-85551234"), ("K-02", "常州风机厂", None)]
    again = project.query(
        "select rows_read, unchanged, loaded + held from ops.load where dataset = 'erp1.material' order by id"
    )
    assert again == [(2, 0, 2), (2, 2, 0)]
    defs = (project.folder / "pipelines/defs/erp1/defs.yaml").read_text(encoding="utf-8")
    assert defs.count("preset: kingdee_k3.") == 7
    assert defs.index("object: crm_partner") > defs.index("object: stock_document")
    assert "- tel  # 联系电话" in defs


def test_connect_your_mes(project: Project, mes_url: str) -> None:
    project.environment = {"WATERWORKS_NORTH_URL": mes_url}
    machines, people = project.follow(RECIPES / "connect-your-mes.md")
    assert len(machines) == len(people) == 5
    assert {row[2] for row in machines + people} == {"P2"}
    loads = project.query("select dataset, status from ops.load where system = 'north' order by dataset")
    assert loads == [(f"north.{name}", "ok") for name in ("employee", "equipment", "work_order")]


def equipment_ledger(path: Path) -> None:
    """Two workshops as people keep them: titles, a header of two merged lines, subtotals, notes, a hidden copy."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    first = book.create_sheet("一车间")
    for line in [
        ("设备台账（2026 年）",),
        ("单位：万元", None, None, None, None, "编制：设备部"),
        ("基本信息", None, None, "所属产线", "价值", None),
        ("设备编号*", "设备名称", "型 号", None, "原值", "购置日期"),
        ("EQ-901", "数控车床", "CK6140", "WC-1", 12.5, "民國112年3月5日"),
        ("EQ-902", "立式铣床", None, None, 8, "民國91年12月1日"),
        (),
        ("小计", None, None, None, 20.5, None),
        ("注：不含已报废设备",),
    ]:
        first.append(line)
    for merge in ("A1:F1", "A3:C3", "E3:F3", "D3:D4", "D5:D6"):
        first.merge_cells(merge)
    second = book.create_sheet("二车间")
    for line in [("設備名稱", "shebeibianhao", "備註"), ("镗床", "EQ-903", "新")]:
        second.append(line)
    copy = book.create_sheet("旧")
    copy.sheet_state = "hidden"
    for line in [("设备编号", "设备名称"), ("EQ-000", "旧设备")]:
        copy.append(line)
    book.save(path)


def test_add_a_workbook_template(project: Project, factory: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    subprocess.run(["/bin/cp", "-r", str(factory / "workbooks"), str(folder)], check=True)
    (folder / "设备部").mkdir(exist_ok=True)
    equipment_ledger(folder / "设备部" / "设备台账_2026.xlsx")
    project.environment = {"WATERWORKS_WORKBOOKS_DIR": str(folder)}
    [rows] = project.follow(RECIPES / "add-a-workbook-template.md")
    path = "设备部/设备台账_2026.xlsx"
    assert sorted(rows) == [
        ("EQ-901", "数控车床", path, "一车间", 5, "CK6140", "WC-1"),
        ("EQ-902", "立式铣床", path, "一车间", 6, None, "WC-1"),
        ("EQ-903", "镗床", path, "二车间", 2, None, None),
    ]
    [(read, rejected)] = project.query(
        "select rows_read, rejected from ops.load where dataset = 'workbooks.equipment_ledger'"
    )
    assert (read, rejected) == (5, 2)


def test_add_a_rule(project: Project, factory: Path) -> None:
    project.environment = {"WATERWORKS_K3_URL": f"sqlite:///{factory / 'k3.db'}"}
    project.run("waterworks init && waterworks sync --source k3")
    [rows] = project.follow(RECIPES / "add-a-rule.md")
    [(checked, missing)] = project.query(
        "select count(*), count(*) filter (where spec is null) from core.material where _dataset = 'k3.material'"
    )
    assert rows == [("k3.material", checked, missing)]
