"""The main job on real input: three sources into one store, every account and every finding checked.

A copy of the demo world, its MES server, a real PostgreSQL; the same functions that Dagster calls.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string
from typer.testing import CliRunner

from connectors.config import ErpTableConfig, load_systems
from examples.demo_factory.build import ERP, MES, WORKBOOKS
from examples.demo_factory.goals import missed
from examples.demo_factory.mes_server import DEMO
from examples.demo_factory.mes_tables import MES_TABLES
from examples.demo_factory.score import score
from examples.demo_factory.touch import touch
from hub.landing.result import LoadResult
from hub.landing.sync import sync_object
from hub.publish import STEPS, publish_all, write_data_docs
from hub.store.engine import connect
from hub.store.migrate import upgrade
from portal.cli.main import app
from schemas.loader import contracts, mappings
from tests.demo.contents import sheets
from tests.demo.test_mes_server import running

pytestmark = [pytest.mark.servers, pytest.mark.demo]


@dataclass
class Plant:
    """A world, a store, and what syncs one into the other."""

    world: Path
    results: dict[str, LoadResult]

    def sync(self) -> dict[str, LoadResult]:
        for system in load_systems().values():
            for name in system.objects:
                result = sync_object(system, name, "test")
                self.results[result.dataset] = result
        for step in STEPS:
            if step is not write_data_docs:  # Great Expectations has tests of its own
                step("test")
        return self.results

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with connect() as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()


@pytest.fixture(scope="module")
def plant(world_folder: Path, postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    world = shutil.copytree(world_folder, folder / "world")
    with pytest.MonkeyPatch.context() as patch, running(world / MES, "--rate", "1000") as mes:
        for name, value in {
            "WATERWORKS_HOME": str(folder / "home"),
            "WATERWORKS_STORE_URL": postgres_server.url(postgres_server.create_database()),
            "WATERWORKS_K3_URL": f"sqlite:///{world / ERP}",
            "WATERWORKS_WORKBOOKS_DIR": str(world / WORKBOOKS),
            "WATERWORKS_MES_URL": mes.url,
            "WATERWORKS_MES_APP_KEY": DEMO.app_key,
            "WATERWORKS_MES_APP_SECRET": DEMO.app_secret,
            "WATERWORKS_MES_FACTORY": DEMO.factory,
        }.items():
            patch.setenv(name, value)
        upgrade()
        plant = Plant(world, {})
        plant.sync()
        yield plant


def test_every_object_adds_up_in_the_result_and_in_the_store(plant: Plant) -> None:
    assert {result.status for result in plant.results.values()} == {"ok"}
    assert all(result.adds_up and result.rows_read for result in plant.results.values())
    stored = plant.rows(
        "select dataset, rows_read, loaded + held + rejected + unchanged from ops.load where status = 'ok'"
    )
    assert all(read == accounted for _, read, accounted in stored)
    # what the loads say is what lies in the tables
    for dataset, result in plant.results.items():
        entity = plant.rows("select entity from ops.load where dataset = %s limit 1", dataset)[0][0]
        counts = plant.rows(
            f"select (select count(*) from core.{entity} where _dataset = %s),"
            " (select count(*) from quality.held_row where dataset = %s),"
            " (select count(*) from quality.rejected_row where dataset = %s)",
            dataset,
            dataset,
            dataset,
        )[0]
        assert sum(counts) == result.rows_read, dataset


def test_every_finding_leads_to_that_value_in_the_original(plant: Plant) -> None:
    findings = plant.rows(
        "select f.dataset, f.source_key, f.source_column, f.value, f.cell, f.row_no, l.source_path, l.sheet, f.rule,"
        " h.source_key is not null"
        " from quality.finding f left join ops.landed_file l on l.id = f.file_id"
        " left join quality.held_row h on h.dataset = f.dataset and h.source_key = f.source_key"
        " where f.resolved_at is null"
    )
    rules = {rule.id: rule for contract in contracts().values() for rule in contract.rules}
    walked = Counter[tuple[str, bool]]()
    originals = _Originals(plant.world)
    for dataset, key, column, value, cell, row_no, path, sheet, name, is_held in findings:
        scope = rules[name].scope
        if scope == "dataset":
            assert (key, column, cell) == ("", None, None)
            assert dataset in plant.results, name
        else:
            place = Place(dataset, key, column, path, sheet, cell, row_no)
            assert originals.at(place) == _text(value), (place, name)
        walked[scope, is_held] += 1
    assert sum(walked.values()) == len(findings) > 1000
    assert {("row", False), ("row", True), ("table", True), ("set", False), ("set", True)} <= set(walked)


def test_every_changed_value_keeps_what_stands_in_the_original(plant: Plant) -> None:
    changes = plant.rows(
        "select v.dataset, v.source_key, v.source_column, v.raw_value, v.cell, l.source_path, l.sheet"
        " from quality.value_change v left join ops.landed_file l on l.id = v.file_id"
    )
    originals = _Originals(plant.world)
    for dataset, key, column, raw, cell, path, sheet in changes:
        place = Place(dataset, key, column, path, sheet, cell)
        assert column is not None, place
        assert originals.at(place) == _text(raw), place
    assert len(changes) > 10_000


def test_every_suggestion_is_about_what_stands_in_the_original(plant: Plant) -> None:
    suggested = plant.rows(
        "select s.dataset, s.source_key, s.column_name, s.raw_value, s.cell, l.source_path, l.sheet"
        " from (select dataset, source_key, column_name, raw_value, cell from quality.suggestion_row union all"
        "  select dataset, source_key, column_name, raw_value, cell from quality.suggestion where status = 'open') as s"
        " left join lateral (select * from ops.landed_file as f where f.dataset = s.dataset order by f.id desc limit 1)"
        " as l on true"
    )
    originals = _Originals(plant.world)
    for dataset, key, name, raw, cell, path, sheet in suggested:
        entry = next(entry for entry in mappings()[dataset].columns if entry.column == name)
        assert entry.source is not None
        place = Place(dataset, key, entry.source, path, sheet, cell)
        original = originals.at(place) or ""
        assert (original if raw else original.strip()) == (_text(raw) or ""), place  # only blanks say nothing
    assert {place[0].partition(".")[0] for place in suggested} == {"k3", "mes", "workbooks"}


@pytest.mark.parametrize("where", ["customer", "standard_cost", "work_order"])
def test_every_line_of_an_export_leads_to_that_value_in_the_original(plant: Plant, where: str, tmp_path: Path) -> None:
    out = tmp_path / "found.csv"
    contract = str(contracts()[where].path)
    tried = CliRunner().invoke(
        app, ["rules", "try", contract, "--on", where, "--all", "--limit", "0", "--out", str(out), "--lang", "en"]
    )
    assert tried.exit_code == 0, tried.output
    with out.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    scopes = {rule.id: rule.scope for rule in contracts()[where].rules}
    originals = _Originals(plant.world)
    for line in lines:
        if scopes[line["rule"]] != "dataset":
            place = Place(
                line["dataset"], line["key"], line["column"] or None, line["file"], line["sheet"] or None, line["cell"]
            )
            told = line["value"].removeprefix("'")  # before what a spreadsheet program would take for a formula
            assert originals.at(place) == _text(told), (place, line["rule"])
    stored = plant.rows(
        "select count(*) from quality.finding where entity = %s and resolved_at is null and rule = any(%s)",
        where,
        [rule.id for rule in contracts()[where].rules],
    )
    assert len(lines) == stored[0][0] > 20


def test_what_was_planted_is_found_as_well_as_it_must_be(plant: Plant) -> None:
    assert missed(score(plant.world)) == []


def test_a_second_sync_changes_no_row_and_three_touches_change_three(plant: Plant) -> None:
    # one test, because the order matters: the world is changed at the end
    before = plant.rows("select count(*) from quality.finding"), _load_ids(plant)
    results = plant.sync()
    assert all(result.loaded == result.held == result.rejected == result.deleted == 0 for result in results.values())
    assert (plant.rows("select count(*) from quality.finding"), _load_ids(plant)) == before

    said = touch(plant.world)
    assert len(said) == 3
    results = plant.sync()
    changed = {dataset: result.loaded for dataset, result in results.items() if result.loaded}
    assert changed == {"k3.customer": 1, "workbooks.customer_list": 1, "mes.employee": 1}
    assert all(result.held == result.rejected == result.deleted == 0 for result in results.values())
    now = _load_ids(plant)
    assert len(set(now) - set(before[1])) == len(set(before[1]) - set(now)) == 3
    for dataset, column in (
        ("k3.customer", "phone"),
        ("workbooks.customer_list", "phone"),
        ("mes.employee", "phone"),
    ):
        entity = "employee" if dataset == "mes.employee" else "customer"
        load = results[dataset].load_id
        assert plant.rows(f"select count({column}) from core.{entity} where _load_id = %s", load) == [(1,)]


def test_publishing_everything_again_is_harmless(plant: Plant) -> None:
    publish_all("again")
    publish_all("again")
    scores = plant.rows("select count(*), count(distinct (day, dataset, rule)) from mart.quality_score")
    assert scores[0][0] == scores[0][1] > 0


def _load_ids(plant: Plant) -> list[tuple[Any, ...]]:
    """(entity, dataset, source key, load that wrote it) of every row in core."""
    entities = [row[0] for row in plant.rows("select distinct entity from ops.load order by 1")]
    union = " union all ".join(
        f"select '{entity}', _dataset, _source_key, _load_id from core.{entity}" for entity in entities
    )
    return sorted(plant.rows(union))


@dataclass(frozen=True)
class Place:
    """Where a value stands: table, key and column of an ERP, object, id and field of a MES, or a cell of a sheet."""

    dataset: str
    key: str
    column: str | None  # None: the whole row
    path: str | None = None
    sheet: str | None = None
    cell: str | None = None
    row_no: int | None = None


class _Originals:
    """Looks a value up where a person would: in the database, the sheet or the MES, by its own means."""

    def __init__(self, world: Path) -> None:
        self._world = world
        self._systems = load_systems()
        self._sheets: dict[str, dict[str | None, list[list[Any]]]] = {}
        self._rows: dict[str, dict[str, dict[str, Any]]] = {}

    def at(self, place: Place) -> str | None:
        """The value that stands there. Fails if there is no such place."""
        if not place.dataset.startswith("workbooks."):
            assert not place.cell, place
            return self.value(place.dataset, place.key, place.column)
        assert place.path, place
        if place.column is None:
            assert place.row_no is not None, place
            return self.cell(place.path, place.sheet, f"A{place.row_no}") and None
        assert place.cell, place
        return self.cell(place.path, place.sheet, place.cell)

    def cell(self, path: str, sheet: str | None, cell: str) -> str | None:
        if path not in self._sheets:
            self._sheets[path] = sheets(self._world / WORKBOOKS / path)
        letter, row = coordinate_from_string(cell)
        cells = self._sheets[path][sheet][row - 1]
        index = column_index_from_string(letter) - 1
        return _text(cells[index]) if index < len(cells) else None

    def value(self, dataset: str, key: str, column: str | None) -> str | None:
        if dataset not in self._rows:
            system, _, name = dataset.partition(".")
            self._rows[dataset] = self._erp(name) if system == "k3" else self._mes(name)
        row = self._rows[dataset][key]
        return None if column is None else _text(row[column])

    def _erp(self, name: str) -> dict[str, dict[str, Any]]:
        config = self._systems["k3"].objects[name]
        assert isinstance(config, ErpTableConfig)
        select, source = [f'm."{column}"' for column in config.columns], f'"{config.table}" m'
        for join in config.joins:
            on = []
            for left, right in join.match.items():
                alias, _, column = left.rpartition(".")
                on.append(f'"{alias or "m"}"."{column}" = "{join.name}"."{right}"')
            source += f' left join "{join.table}" "{join.name}" on {" and ".join(on)}'
            select += [f'"{join.name}"."{column}" as "{output}"' for output, column in join.columns.items()]
        engine = sa.create_engine(f"sqlite:///{self._world / ERP}")
        with engine.connect() as connection:
            rows = connection.execute(sa.text(f"select {', '.join(select)} from {source}")).mappings().all()
        return {"|".join(str(row[key]) for key in config.key): dict(row) for row in rows}

    def _mes(self, name: str) -> dict[str, dict[str, Any]]:
        engine = sa.create_engine(f"sqlite:///{self._world / MES}")
        with engine.connect() as connection:
            rows = connection.execute(sa.text(f"select * from {name}")).mappings().all()
        table = MES_TABLES[name]
        items = [table.item(tuple(row[column] for column in table.columns)) for row in rows]
        paths = self._systems["mes"].mes_endpoints[name].columns
        return {str(item["id"]): {output: _at(item, path) for output, path in paths.items()} for item in items}


def _at(item: Any, path: str) -> Any:
    for part in path.split("."):
        item = None if item is None else item.get(part)
    return item


def _text(value: Any) -> str | None:
    """Spelling of a value that does not depend on who read it: 12.0 is 12, a date is ISO."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time().isoformat() == "00:00:00" else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    try:
        return f"{float(text):.10g}" if not (text.startswith("0") and text.isdigit()) else text
    except ValueError:
        return text
