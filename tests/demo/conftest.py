"""One world of scale 1 for all read-only tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.demo_factory.build import Built, build


@pytest.fixture(scope="session")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built world, seed 7, scale 1; not to be changed."""
    folder = tmp_path_factory.mktemp("demo") / "world"
    build(folder)
    return folder


@pytest.fixture(scope="session")
def built(world_folder: Path) -> Built:
    return build(world_folder)
