"""The code location: loads with an empty environment, and its names change only on purpose."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from hub.settings import PROJECT
from pipelines.definitions import DEFS_FOLDER, build
from tests.pipelines.names import names

SNAPSHOT = Path(__file__).with_name("names.json")


def test_names_are_the_recorded_ones() -> None:
    """An accidental rename shows here; after one on purpose: `python -m tests.pipelines.names`."""
    assert names(build()) == json.loads(SNAPSHOT.read_text())


def test_without_dagsters_loader_the_names_are_the_same(tmp_path: Path) -> None:
    """The way around a broken YAML builds exactly what the components build."""
    shutil.copytree(DEFS_FOLDER, tmp_path / "defs")
    assert names(build(tmp_path / "defs")) == names(build())


def test_loads_with_an_empty_environment_and_without_heavy_libraries(tmp_path: Path) -> None:
    program = (
        "import sys; from pipelines.definitions import defs; defs().get_repository_def();"
        "print([name for name in ('great_expectations', 'pandas', 'openpyxl') if name in sys.modules])"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "WATERWORKS_HOME": str(tmp_path / "none")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "none").exists()


def test_policy_reaches_every_asset() -> None:
    for spec in build().resolve_all_asset_specs():
        assert spec.owners, spec.key
        assert spec.group_name == spec.key.path[0]
        assert spec.description
        assert "\n\n" in spec.description, f"{spec.key}: Chinese, then English"
        uploaded = any(part.startswith("uploads_") for part in spec.key.path)
        assert (spec.freshness_policy is None) == uploaded, spec.key


def test_a_sync_never_runs_the_checks_that_need_all_sources() -> None:
    repository = build().get_repository_def()
    published = {key.to_user_string() for key in repository.get_job("publish").asset_layer.asset_graph.asset_check_keys}
    for job in repository.get_all_jobs():
        if job.name.startswith("sync_"):
            synced = {key.to_user_string() for key in job.asset_layer.asset_graph.asset_check_keys}
            assert synced
            assert not synced & published
    every = {key.to_user_string() for key in build().resolve_asset_graph().asset_check_keys}
    assert published
    assert published < every
