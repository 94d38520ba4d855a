"""The demo factory's ERP and MES, read as configured in pipelines/defs."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.base import KEY
from connectors.config import load_systems, open_connector
from examples.demo_factory.build import build
from examples.demo_factory.mes_server import DEMO, MesServer


@dataclass(frozen=True)
class Factory:
    rows: dict[str, int]
    mes_database: Path


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    """A small world, and its MES with tokens of one second and a tight rate limit."""
    folder = tmp_path_factory.mktemp("factory")
    built = build(folder, seed=7, scale=0.2)
    server = MesServer(("127.0.0.1", 0), folder / "mes.db", DEMO, token_seconds=1, rate=30)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WATERWORKS_K3_URL", f"sqlite:///{folder / 'k3.db'}")
        patch.setenv("WATERWORKS_MES_URL", f"http://127.0.0.1:{server.server_address[1]}")
        patch.setenv("WATERWORKS_MES_APP_KEY", DEMO.app_key)
        patch.setenv("WATERWORKS_MES_APP_SECRET", DEMO.app_secret)
        patch.setenv("WATERWORKS_MES_FACTORY", DEMO.factory)
        yield Factory(built.rows, folder / "mes.db")
    server.shutdown()
    thread.join()
    server.server_close()


def read(system: str, name: str, position: Any = None) -> tuple[pa.Table, dict[str, Any]]:
    pages = list(open_connector(load_systems()[system]).read(name, position, 150))
    assert sum(page.rejected.num_rows for page in pages) == 0
    return pa.concat_tables([page.rows for page in pages]), pages[-1].position


@pytest.mark.parametrize("system", ["k3", "mes"])
def test_check_says_that_all_is_well(factory: Factory, system: str) -> None:
    check = open_connector(load_systems()[system]).check()
    assert check.ok, check.sentence["en"]


@pytest.mark.parametrize("system", ["k3", "mes"])
def test_every_row_of_every_object_comes_once(factory: Factory, system: str) -> None:
    config = load_systems()[system]
    for name, item in config.objects.items():
        made = factory.rows[f"{system}.{item.table}" if system == "k3" else f"mes.{name}"]  # type: ignore[union-attr]
        rows, _ = read(system, name)
        assert len(set(rows[KEY].to_pylist())) == len(rows) == made


def test_one_changed_record_comes_again(factory: Factory) -> None:
    """An SQL UPDATE in the MES bumps its update time; the next read brings it, and hardly anything else."""
    before, position = read("mes", "customer")
    changed = before[KEY][5].as_py()
    with sqlite3.connect(factory.mes_database) as database:
        database.execute("UPDATE customer SET phone = '021-55550000' WHERE id = ?", (int(changed),))
    after, _ = read("mes", "customer", position)
    found = dict(zip(after[KEY].to_pylist(), after["phone"].to_pylist(), strict=True))
    assert found[changed] == "021-55550000"
    assert len(after) < len(before) / 2
