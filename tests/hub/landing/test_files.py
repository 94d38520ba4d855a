"""Files of a watched folder: each one is on record with what became of it."""

import textwrap

import pytest
from openpyxl import Workbook

from connectors.config import load_systems
from hub.landing.files import record_files
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


def test_no_file_is_passed_over_in_silence(postgres_url, tmp_path, monkeypatch):
    folder = tmp_path / "folder" / "销售部"
    folder.mkdir(parents=True)
    book = Workbook()
    book.active.title = "客户"
    book.active.append(["客户编码", "客户名称", "简称", "统一社会信用代码", "联系人", "电话", "地址"])
    book.active.append(["C1", "苏州恒达精密机械有限公司"])
    book.save(folder / "客户档案_2026-09.xlsx")
    book.active.append(["C2", "无锡精工轴承有限公司"])
    book.save(folder / "客户档案_2026-10.xlsx")
    book.save(folder / "客户档案 - 副本.xlsx")
    (folder / "~$客户档案_2026-10.xlsx").write_bytes(b"lock")
    (folder / "坏的.xlsx").write_bytes(b"PK\x03\x04 no zip after all PK\x05\x06")
    defs = tmp_path / "defs" / "workbooks"
    defs.mkdir(parents=True)
    (defs / "defs.yaml").write_text(textwrap.dedent(_DEFS), encoding="utf-8")
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    monkeypatch.setenv("WATERWORKS_WORKBOOKS_DIR", str(tmp_path / "folder"))
    upgrade(postgres_url)
    system = load_systems(tmp_path / "defs")["workbooks"]

    counts = record_files(system)
    assert record_files(system) == counts
    assert counts == {"current": 1, "superseded": 1, "duplicate": 1, "skipped": 1, "unreadable": 1}
    with connect(postgres_url) as connection:
        rows = connection.execute("select path, status, problem from ops.source_file").fetchall()
        changes = connection.execute("select old_path, new_path, added, changed, removed, rule from ops.version_change")
        [(old, new, *counted, rule)] = changes.fetchall()
    assert (old, new, *counted) == ("销售部/客户档案_2026-09.xlsx", "销售部/客户档案_2026-10.xlsx", 1, 0, 0)
    assert rule["code"] == "version_by_version"
    assert len(rows) == 5
    for path, status, problem in rows:
        if status == "current":
            assert path == "销售部/客户档案_2026-10.xlsx"
            assert problem is None
        else:
            assert path in Problem(problem["code"], **problem["params"]).text("zh")
