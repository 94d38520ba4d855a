"""Components build what their YAML says, and a mistake in one system leaves the others alone."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import dagster as dg
import pytest
from pydantic import ValidationError

from pipelines.components import ErpTable, MesEndpoint, SourceSystem, WorkbookTemplate
from pipelines.definitions import build
from schemas.loader import contracts

K3 = dedent("""
    type: pipelines.components.SourceSystem
    attributes: {system: k3, kind: erp, plant: P1, title: {zh: 金蝶, en: Kingdee}, url_env: WATERWORKS_K3_URL}
    ---
    type: pipelines.components.ErpTable
    attributes: {system: k3, object: material, table: t_ICItem, key: [FItemID], columns: [FItemID, FNumber]}
""")
WORKBOOKS = dedent("""
    type: pipelines.components.SourceSystem
    attributes: {system: workbooks, kind: excel, plant: P1, title: {zh: 表格, en: Workbooks}, folder_env: FOLDER}
    ---
    type: pipelines.components.WorkbookTemplate
    attributes: {system: workbooks, object: customer_list, template: customer_list}
""")


def configure(folder: Path, **systems: str) -> Path:
    for name, text in systems.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "defs.yaml").write_text(text, encoding="utf-8")
    return folder


def steps(definitions: dg.Definitions, job: str) -> set[str]:
    return set(definitions.resolve_job_def(job).graph.node_dict)


def test_a_table_becomes_one_step_with_two_assets_and_its_rules_as_checks(tmp_path: Path) -> None:
    definitions = build(configure(tmp_path, k3=K3))
    graph = definitions.resolve_asset_graph()
    raw, core = dg.AssetKey(["raw", "k3", "material"]), dg.AssetKey(["core", "material", "k3_material"])
    assert graph.get(core).parent_keys == {raw}
    assert steps(definitions, "sync_k3") == {"load_k3_material"}
    (step,) = [one for one in definitions.assets or [] if isinstance(one, dg.AssetsDefinition) and raw in one.keys]
    assert step.op.pool == "k3"
    checks = {key.name for key in graph.asset_check_keys if key.asset_key == core}
    assert checks
    assert checks <= {rule.id.partition(".")[2] for rule in contracts()["material"].rules}


def test_a_folder_of_workbooks_is_watched_and_a_database_is_not(tmp_path: Path) -> None:
    repository = build(configure(tmp_path, k3=K3, workbooks=WORKBOOKS)).get_repository_def()
    assert {job.name for job in repository.get_all_jobs()} >= {"sync_k3", "sync_workbooks", "publish", "load_upload"}
    watchers = {sensor.name for sensor in repository.sensor_defs if sensor.name.startswith("watch_")}
    assert watchers == {"watch_workbooks"}


def test_a_broken_system_leaves_the_others_working(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    definitions = build(configure(tmp_path, k3=K3.replace("table:", "tabel:"), workbooks=WORKBOOKS))
    jobs = {job.name for job in definitions.get_repository_def().get_all_jobs()}
    assert "sync_workbooks" in jobs
    assert "sync_k3" not in jobs
    assert "k3/defs.yaml" in caplog.text


def test_no_system_at_all_still_loads(tmp_path: Path) -> None:
    assert {job.name for job in build(tmp_path).get_repository_def().get_all_jobs()} >= {"publish", "load_upload"}


@pytest.mark.parametrize("component", [ErpTable, MesEndpoint, SourceSystem, WorkbookTemplate])
def test_an_unknown_attribute_is_refused(component: type[dg.Component]) -> None:
    model = component.get_model_cls()
    assert model is not None
    with pytest.raises(ValidationError, match="Extra inputs"):
        model.model_validate({"system": "k3", "tabel": "t_ICItem"})


@pytest.mark.parametrize("component", [ErpTable, MesEndpoint, SourceSystem, WorkbookTemplate])
def test_a_component_says_what_it_builds(component: type[dg.Component]) -> None:
    assert component.__doc__ is not None
    assert "Builds:" in component.__doc__
    json.dumps(component.get_model_cls().model_json_schema())  # type: ignore[union-attr]  # what `dg` shows
