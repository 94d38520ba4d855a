"""Source configuration: every mistake is named with file and line, and stops only its own system."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.base import Connector
from connectors.config import load_systems, open_connector, read_systems
from connectors.erp.connector import ErpConnector
from connectors.mes.connector import MesConnector
from schemas.problems import Problem

K3 = """\
type: pipelines.components.SourceSystem
attributes: {system: k3, kind: erp, plant: P1, title: {zh: 金蝶, en: Kingdee}, url_env: WATERWORKS_TEST_K3_URL}
---
type: pipelines.components.ErpTable
attributes:
  system: k3
  object: material
  table: t_ICItem
  key: [FItemID]
  columns: [FItemID, FNumber]
"""
MES = """\
type: pipelines.components.SourceSystem
attributes:
  system: mes
  kind: mes
  plant: P1
  title: {zh: 制造, en: MES}
  url_env: WATERWORKS_TEST_MES_URL
  auth: {path: /login, token: data.token, body: {appSecret: {env: WATERWORKS_TEST_MES_SECRET}, kind: 3}}
---
type: pipelines.components.MesEndpoint
attributes: {system: mes, object: lot, path: /list, key: [id], columns: {id: id}}
---
type: pipelines.components.SomethingElse
attributes: {system: mes}
"""


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "defs.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_systems_and_their_objects(tmp_path: Path) -> None:
    systems = load_systems(folder(tmp_path, k3=K3, mes=MES))
    assert list(systems) == ["k3", "mes"]
    assert list(systems["k3"].erp_tables) == ["material"]
    assert list(systems["mes"].mes_endpoints) == ["lot"]


@pytest.mark.parametrize(
    ("wrong", "right", "code", "line"),
    [
        ("table:", "tabel:", "source_config_unknown_key", 8),
        ("  key: [FItemID]\n", "", "source_config_missing_key", 4),
        ("[FItemID, FNumber]", "FNumber", "source_config_value", 10),
        ("table: t_ICItem", 'table: "t\\tx"', "source_config_value", 8),
        ("key: [FItemID]", "key: [FOther]", "source_config_value", 4),
        ("  system: k3\n", "  system: k4\n", "source_config_no_system", 6),
        ("components.ErpTable", "components.ErpTabel", "source_config_value", 4),
        ("ErpTable\nattributes:", "ErpTable\n attributes:", "yaml_broken", 5),
        ("  object: material", "  object: material\n  object: again", "yaml_duplicate_key", 8),
        ("url_env: WATERWORKS_TEST_K3_URL", "folder_env: X", "source_config_value", 1),
        ("table: t_ICItem", "table: !!python/object/apply:os.system [id]", "yaml_broken", 8),
        ("kind: erp", "kind: excel, folder_env: X", "source_config_kind", 4),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, wrong: str, right: str, code: str, line: int) -> None:
    assert wrong in K3
    defs = folder(tmp_path, k3=K3.replace(wrong, right), mes=MES)
    with pytest.raises(Problem) as caught:
        load_systems(defs)
    assert caught.value.code == code
    assert caught.value.params["line"] in (line, line + 1)
    assert "k3/defs.yaml" in caught.value.text("zh")
    systems, problems = read_systems(defs)
    assert list(systems) == ["mes"]
    assert len(problems) >= 1


def test_repeated_object(tmp_path: Path) -> None:
    defs = folder(tmp_path, k3=K3 + "---\n" + K3.split("---\n")[1])
    with pytest.raises(Problem) as caught:
        load_systems(defs)
    assert caught.value.code == "source_config_repeated"


def test_a_bare_on_in_a_join_is_explained(tmp_path: Path) -> None:
    defs = folder(tmp_path, k3=K3 + "  joins: [{table: t_MeasureUnit, on: {FUnitID: FMeasureUnitID}}]\n")
    with pytest.raises(Problem, match="write `match:` instead of `on:`"):
        load_systems(defs)


def test_an_unset_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    systems = load_systems(folder(tmp_path, k3=K3, mes=MES))
    for name in ("WATERWORKS_TEST_K3_URL", "WATERWORKS_TEST_MES_URL", "WATERWORKS_TEST_MES_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Problem, match="WATERWORKS_TEST_K3_URL"):
        open_connector(systems["k3"])
    monkeypatch.setenv("WATERWORKS_TEST_K3_URL", "sqlite:///nowhere.db")
    connector: Connector = open_connector(systems["k3"])
    assert isinstance(connector, ErpConnector)
    monkeypatch.setenv("WATERWORKS_TEST_MES_URL", "http://127.0.0.1:1")
    with pytest.raises(Problem, match="WATERWORKS_TEST_MES_SECRET"):
        open_connector(systems["mes"])
    monkeypatch.setenv("WATERWORKS_TEST_MES_SECRET", "s")
    assert isinstance(open_connector(systems["mes"]), MesConnector)


def test_the_demo_configuration_is_valid() -> None:
    assert {"k3", "mes", "workbooks"} <= set(load_systems())
