"""The environment file: private, and values survive whatever characters they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotenv import dotenv_values

from portal.supervisor.environment import child_environment, write_environment

AWKWARD = "p@ss 'wörd' \"x\" \\n $HOME # 密码;{a}"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path))
    return tmp_path


def test_values_survive_and_other_lines_stay(home: Path) -> None:
    path = write_environment({"WATERWORKS_K3_URL": AWKWARD, "OTHER": "1"})
    write_environment({"OTHER": "2"})
    assert dotenv_values(path, interpolate=True) == {"WATERWORKS_K3_URL": AWKWARD, "OTHER": "2"}
    assert path.stat().st_mode & 0o077 == 0


def test_children_get_the_store_in_dagsters_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATERWORKS_STORE_URL", "postgresql+psycopg://hub:p%40ss%3Aw@10.0.0.9:5433/waterworks")
    child = child_environment()
    assert child["WATERWORKS_DAGSTER_HOST"] == "10.0.0.9"
    assert child["WATERWORKS_DAGSTER_PORT"] == "5433"
    assert child["WATERWORKS_DAGSTER_PASSWORD"] == "p@ss:w"
    assert child["WATERWORKS_DAGSTER_DATABASE"] == "dagster"
    assert (Path(child["DAGSTER_HOME"]) / "dagster.yaml").is_file()
    assert child["WATERWORKS_HOME"] == str(home)
