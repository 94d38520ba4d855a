"""A whole sync job on a real ERP file and a real store: one object fails, the others are loaded."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from textwrap import dedent

import dagster as dg
import pytest

from hub.store.engine import connect
from hub.store.migrate import upgrade
from pipelines.definitions import build
from pipelines.progress import listen

DEFS = dedent("""
    type: pipelines.components.SourceSystem
    attributes: {system: k3, kind: erp, plant: P1, title: {zh: 金蝶, en: Kingdee}, url_env: WATERWORKS_K3_URL}
    ---
    type: pipelines.components.ErpTable
    attributes:
      system: k3
      object: customer
      table: t_Organization
      key: [FItemID]
      columns: [FItemID, FNumber, FName, FShortName, FContact, FPhone, FAddress, FTaxNum, FDeleted]
    ---
    type: pipelines.components.ErpTable
    attributes:
      system: k3
      object: supplier
      table: t_Suplier
      key: [FItemID]
      columns: [FItemID, FNumber, FName]
""")


@pytest.fixture
def erp(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "k3.db"
    with sqlite3.connect(file) as connection:
        connection.execute(
            "create table t_Organization (FItemID integer primary key, FNumber text, FName text, FShortName text,"
            " FContact text, FPhone text, FAddress text, FTaxNum text, FDeleted integer)"
        )
        connection.execute(
            "insert into t_Organization values"
            " (1, 'C001', '苏州机械有限公司', '苏机', '王工', '0512-65550001', '苏州', null, 0)"
        )
        connection.execute("create table t_Supplier (FItemID integer primary key, FNumber text, FName text)")
    folder = tmp_path / "defs" / "k3"
    folder.mkdir(parents=True)
    (folder / "defs.yaml").write_text(DEFS, encoding="utf-8")
    monkeypatch.setattr("connectors.config.DEFS_DIR", tmp_path / "defs")
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    monkeypatch.setenv("WATERWORKS_K3_URL", f"sqlite:///{file}")
    upgrade(postgres_url)
    return file


def sync(tmp_path: Path) -> dg.ExecuteInProcessResult:
    job = build(tmp_path / "defs").resolve_job_def("sync_k3")
    return job.execute_in_process(instance=dg.DagsterInstance.ephemeral(), raise_on_error=False)


def test_one_object_fails_and_the_others_are_loaded(erp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[dict] = []
    monkeypatch.setattr("pipelines.progress._listeners", [])
    listen(events.append)
    result = sync(tmp_path)

    assert not result.success
    failed = {event.step_key: event for event in result.get_step_failure_events()}
    assert set(failed) == {"load_k3_supplier"}
    failure = failed["load_k3_supplier"].step_failure_data.user_failure_data
    assert failure is not None
    assert "t_Suplier" in str(failure.description)

    told = {event["dataset"]: event for event in events if event["event"] == "object"}
    assert (told["k3.customer"]["status"], told["k3.customer"]["loaded"]) == ("ok", 1)
    assert told["k3.supplier"]["problem"] is not None
    with connect() as connection:
        assert connection.execute("select customer_code from core.customer").fetchall() == [("C001",)]


def test_checks_carry_figures(erp: Path, tmp_path: Path) -> None:
    with sqlite3.connect(erp) as connection:
        connection.execute("update t_Organization set FTaxNum = '911101087000000000'")
    evaluations = {one.check_name: one for one in sync(tmp_path).get_asset_check_evaluations()}
    broken = [one for one in evaluations.values() if not one.passed]
    assert broken, sorted(evaluations)
    assert {one.metadata["checked rows"].value for one in broken} == {1}
    assert {one.metadata["failed rows"].value for one in broken} == {1}
    assert {one.metadata["pass rate %"].value for one in broken} == {0.0}
