"""A table of every kind of database on its way into the store: loaded, mirrored, deletions found, drift noticed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.base import KEY
from hub.landing.dataset import Dataset
from hub.landing.lease import lease
from hub.landing.load import Load
from hub.landing.result import LoadResult
from hub.store.core_tables import ensure_core_tables
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.model import Column, ColumnMapping, Contract, Mapping, Text
from tests.connectors.erp_databases import ITEMS, Database
from tests.connectors.erp_modes import connector

pytestmark = pytest.mark.servers

COLUMNS = ["FItemID", "FNumber", "FName", "FNote", "FPlanPrice", "FWeight", "FPicture", "FChanged", "FStart"]
ITEM: dict[str, Any] = {"table": "t_ICItem", "key": ["FItemID"], "columns": COLUMNS}
_WORD = Text("物", "Thing")
CONTRACT = Contract(
    "landed_thing", _WORD, _WORD, "it",
    (Column("id", "integer", _WORD), Column("name", "string", _WORD)), ("id",), (),
)  # fmt: skip
ABOUT = Dataset(
    "k3.thing", "k3", "P1", CONTRACT,
    Mapping("k3.thing", CONTRACT.entity, "it", (ColumnMapping("id", "FItemID"), ColumnMapping("name", "FName"))),
    {}, "rules", mirror=True,
)  # fmt: skip


@dataclass
class Store:
    landing: Path

    def sync(self, source: Database) -> LoadResult:
        with lease("k3", "test") as held, connect() as connection:
            result = Load(connection, ABOUT, held, "test", self.landing).run(
                lambda: connector(source.url, **ITEM), "thing"
            )
        assert result.adds_up
        return result

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def mirror(self) -> dict[str, tuple[Any, ...]]:
        shown = ", ".join(f'"{column}"' for column in COLUMNS)
        return {key: tuple(row) for key, *row in self.rows(f"select _source_key, {shown} from raw_k3.thing")}


@pytest.fixture
def store(postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    upgrade()
    with connect() as connection:
        ensure_core_tables(connection, [CONTRACT])
    return Store(tmp_path / "landing")


def in_source(database: Database) -> dict[str, tuple[Any, ...]]:
    """What the connector reads, {key: values}."""
    pages = connector(database.url, **ITEM).read("thing", None, 1000)
    return {row[KEY]: tuple(row[name] for name in COLUMNS) for page in pages for row in page.rows.to_pylist()}


def test_the_mirror_has_the_source_exactly_and_follows_it(own_database: Database, store: Store) -> None:
    first = store.sync(own_database)
    assert (first.status, first.loaded) == ("ok", ITEMS)
    assert store.mirror() == in_source(own_database)
    assert store.rows("select count(*), count(name) from core.landed_thing") == [(ITEMS, ITEMS)]
    own_database.execute('UPDATE "t_ICItem" SET "FName" = \'垫圈\' WHERE "FNumber" = \'01.002\'')
    own_database.execute('DELETE FROM "t_ICItem" WHERE "FNumber" = \'01.003\'')
    second = store.sync(own_database)
    assert (second.loaded, second.deleted, second.unchanged) == (1, 1, ITEMS - 2)
    assert store.mirror() == in_source(own_database)
    assert store.rows("select was from quality.deleted_row") == [("loaded",)]


def test_a_table_that_changes_pauses_its_object_only_if_it_must(own_database: Database, store: Store) -> None:
    store.sync(own_database)
    own_database.execute('ALTER TABLE "t_ICItem" ADD COLUMN "FExtra" VARCHAR(20)')
    assert store.sync(own_database).status == "ok"
    kinds = "select kind, column_name, status from ops.schema_change order by id"
    assert store.rows(kinds) == [("added", "t_ICItem.FExtra", "noted")]
    own_database.execute('ALTER TABLE "t_ICItem" RENAME COLUMN "FName" TO "FFullName"')
    before = store.mirror()
    paused = store.sync(own_database)
    assert (paused.status, paused.rows_read) == ("paused", 0)
    assert paused.problem is not None
    assert "t_ICItem.FName → t_ICItem.FFullName" in paused.problem.text("zh")
    assert store.mirror() == before
    own_database.execute('ALTER TABLE "t_ICItem" RENAME COLUMN "FFullName" TO "FName"')
    assert store.sync(own_database).status == "ok"


# SQLite has no statement that changes the type of a column.
@pytest.mark.parametrize("dialect", ["postgresql", "postgresql+odbc", "mariadb", "mariadb+odbc"], indirect=True)
def test_a_column_made_narrower_is_told_by_its_types(own_database: Database, store: Store) -> None:
    store.sync(own_database)
    narrower = {
        "postgresql": 'ALTER TABLE "t_ICItem" ALTER COLUMN "FName" TYPE VARCHAR(60)',
        "mariadb": 'ALTER TABLE "t_ICItem" MODIFY "FName" VARCHAR(60)',
    }
    own_database.execute(narrower[own_database.family])
    assert store.sync(own_database).status == "paused"
    assert store.rows("select kind, status from ops.schema_change") == [("narrowed", "waiting")]
