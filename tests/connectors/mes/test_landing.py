"""A REST API into the store: what landing makes of a periodic look at everything, of reported deletions, of a crash."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from connectors.config import load_systems
from hub.landing.result import LoadResult
from hub.landing.sync import sync_object
from hub.store.engine import connect
from hub.store.migrate import upgrade
from tests.connectors.mes.api import Answer, Asked, serving

BASE = 1_700_000_000_000

DEFS = """
    type: pipelines.components.SourceSystem
    attributes:
      {system: mes, kind: mes, plant: P1, title: {zh: 制造, en: MES}, url_env: WATERWORKS_MES_URL,
       envelope: {success: null, rows: items, total: total}, paging: {page_size: 10}}
    ---
    type: pipelines.components.MesEndpoint
    attributes:
      system: mes
      object: equipment
      path: /equipment
      key: [id]
      columns: {id: id, code: code, name: name, model: model, workCenter: workCenter}
"""
INCREMENTAL = """
      updated: {filter_from: since, column: at, overlap_minutes: 0}
"""


class Factory:
    """The server's records, and a store."""

    def __init__(self, folder: Path, store: str) -> None:
        self.rows: dict[int, dict[str, Any]] = {number: self.machine(number, BASE) for number in range(60)}
        self.folder, self.store = folder, store
        self.asked: list[Asked] = []

    @staticmethod
    def machine(number: int, at: int) -> dict[str, Any]:
        return {"id": number, "code": f"EQ-{number}", "name": f"车床{number}", "at": at, "state": "ok"}

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        body = asked.body
        rows = [row for _, row in sorted(self.rows.items()) if row["at"] >= body.get("since", 0)]
        at = (body["page"] - 1) * body["size"]
        return Answer({"items": rows[at : at + body["size"]], "total": len(rows)})

    def sync(self, more: str = "") -> LoadResult:
        path = self.folder / "mes" / "defs.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(DEFS + more), encoding="utf-8")
        result = sync_object(load_systems(self.folder)["mes"], "equipment", "test", wait_seconds=0)
        assert result.adds_up
        return result

    def stored(self) -> set[str]:
        with connect(self.store) as connection:
            found = connection.execute("select _source_key from core.equipment").fetchall()
        return {key for (key,) in found}


@pytest.fixture
def factory(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    store = postgres_url.replace("+psycopg", "")
    monkeypatch.setenv("WATERWORKS_STORE_URL", store)
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    upgrade(store)
    world = Factory(tmp_path, store)
    with serving(world.answer) as api:
        monkeypatch.setenv("WATERWORKS_MES_URL", api.url)
        yield world


def test_a_list_without_a_filter_finds_deletions(factory: Factory) -> None:
    assert factory.sync().loaded == 60
    del factory.rows[7]
    result = factory.sync()
    assert (result.rows_read, result.unchanged, result.deleted) == (59, 59, 1)
    assert factory.stored() == {str(number) for number in factory.rows}


def test_a_periodic_look_at_everything_finds_deletions(factory: Factory) -> None:
    often = INCREMENTAL + "      full_every_days: 0.000000001\n"
    factory.sync(often)
    del factory.rows[7]
    assert factory.sync(often).deleted == 1
    assert factory.stored() == {str(number) for number in factory.rows}
    seldom = INCREMENTAL + "      full_every_days: 7\n"
    del factory.rows[8]
    factory.rows[9] |= {"name": "磨床", "at": BASE + 1000}
    changes = factory.sync(seldom)
    assert (changes.loaded, changes.deleted) == (1, 0)


def test_a_status_that_means_deleted(factory: Factory) -> None:
    flag = INCREMENTAL + "      deleted: {column: state, values: [scrapped]}\n"
    factory.sync(flag)
    factory.rows[3] |= {"state": "scrapped", "at": BASE + 1000}
    assert factory.sync(flag).deleted == 1
    assert "3" not in factory.stored()


def test_a_server_that_dies_in_the_middle_and_comes_back(factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The load is failed with its sentence; the next one goes on where the last page was landed."""
    monkeypatch.setattr("hub.landing.load.PAGE_ROWS", 10)
    good = factory.answer
    dying = {"after": 4}

    def answer(asked: Asked) -> Answer:
        dying["after"] -= 1
        return good(asked) if dying["after"] >= 0 else Answer({}, 403)

    factory.answer = answer  # type: ignore[method-assign]
    with serving(lambda asked: factory.answer(asked)) as api:
        monkeypatch.setenv("WATERWORKS_MES_URL", api.url)
        failed = factory.sync(INCREMENTAL)
        assert failed.status == "failed"
        assert failed.problem is not None
        assert failed.problem.code == "mes_refused"
        landed = len(factory.stored())
        assert 0 < landed < 60
        factory.answer = good  # type: ignore[method-assign]
        factory.asked.clear()
        assert factory.sync(INCREMENTAL).status == "ok"
        assert factory.asked[0].body["page"] > 1
    assert factory.stored() == {str(number) for number in range(60)}
