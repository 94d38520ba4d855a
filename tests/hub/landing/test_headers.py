"""A person's word about a header is kept, used from then on, said in the notes, and can be taken back."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import openpyxl
import pytest

from connectors.config import load_systems, open_connector
from connectors.excel.safety import opened
from hub.landing.headers import decisions, forget, remember, remembered, with_decisions
from hub.landing.sync import sync_object
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.problems import Problem

pytestmark = pytest.mark.servers

_DEFS = """
    type: pipelines.components.SourceSystem
    attributes:
      system: workbooks
      kind: excel
      plant: P1
      title: {zh: 表格, en: Workbooks}
      folder_env: WATERWORKS_WORKBOOKS_DIR
    ---
    type: pipelines.components.WorkbookTemplate
    attributes: {system: workbooks, object: customer_list, template: customer_list}
"""


@pytest.fixture
def store(postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WATERWORKS_WORKBOOKS_DIR", str(tmp_path / "share"))
    upgrade(postgres_url)
    return postgres_url


def test_decisions_are_kept_replaced_and_taken_back(store: str) -> None:
    remember("customer_list", " 甲方 ", "客户名称", "wang")
    remember("customer_list", "内部备注", None, "wang")
    assert remembered("customer_list") == {"甲方": "客户名称", "内部备注": None}
    remember("customer_list", "甲方", "简称", "li")
    [newest, _] = decisions("customer_list")
    assert (newest.written, newest.column, newest.decided_by) == ("甲方", "简称", "li")
    forget("customer_list", "甲方")
    assert remembered("customer_list") == {"内部备注": None}
    assert remembered("supplier_list") == {}


@pytest.mark.parametrize(
    ("template", "header", "column", "code"),
    [
        ("nothing", "x", "客户名称", "header_unknown_template"),
        ("customer_list", "x", "没有的列", "header_unknown_column"),
        ("customer_list", "  ", "客户名称", "header_blank"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(store: str, template: str, header: str, column: str, code: str) -> None:
    with pytest.raises(Problem) as caught:
        remember(template, header, column, "wang")
    assert caught.value.code == code


def test_a_remembered_header_is_read_and_said(store: str, tmp_path: Path) -> None:
    share = tmp_path / "share" / "销售部"
    share.mkdir(parents=True)
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "客户"
    sheet.append(["客户编码", "买家抬头", "简称", "联系人", "电话"])
    sheet.append(["C001", "苏州恒达精密机械有限公司", "恒达", "王工", "0512-65550001"])
    path = share / "客户档案_2026-11.xlsx"
    book.save(path)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    defs = tmp_path / "defs" / "workbooks"
    defs.mkdir(parents=True)
    (defs / "defs.yaml").write_text(textwrap.dedent(_DEFS), encoding="utf-8")
    system = load_systems(tmp_path / "defs")["workbooks"]
    opened.forget()

    refused = sync_object(system, "customer_list", "run 1", wait_seconds=0).problem
    assert refused is not None
    assert refused.code == "workbook_missing_columns"
    remember("customer_list", "买家抬头", "客户名称", "wang")
    assert sync_object(system, "customer_list", "run 2", wait_seconds=0).loaded == 1
    with connect(store) as connection:
        [(name,)] = connection.execute("select customer_name from core.customer").fetchall()
    assert name == "苏州恒达精密机械有限公司"
    [page] = with_decisions(open_connector(system)).read("customer_list", None, 100)
    assert page.file is not None
    assert any("买家抬头" in note.text("zh") for note in page.file.notes)
