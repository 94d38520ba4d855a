"""Whatever happens to a source, the store ends equal to it: in every mode, through late commits, set clocks and
loads that break off.

Each example is a random history: rows inserted, changed and deleted, transactions that stay open during a
sync and commit later with the stamps of their beginning, a clock that is set, syncs that are killed between two
pages or before their deletions are recorded.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import Page
from connectors.erp.connector import ErpConnector
from hub.landing.dataset import Dataset
from hub.landing.lease import lease
from hub.landing.load import Load
from hub.landing.result import LoadResult
from hub.store.core_tables import ensure_core_tables
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.model import Column, ColumnMapping, Contract, Mapping, Text
from schemas.problems import Problem
from tests.connectors.erp_modes import connector

EXAMPLES = 3
PAGE_ROWS = 4
FIRST_ROWS = 13  # fewer than the guard against shrinking sources looks at
KEYS = 24
_WORD = Text("物", "Thing")
CONTRACT = Contract(
    "bench_thing",
    _WORD,
    _WORD,
    "it",
    (Column("id", "integer", _WORD), Column("name", "string", _WORD), Column("unit_name", "string", _WORD)),
    ("id",),
    (),
)
COLUMNS = tuple(ColumnMapping(name, name) for name in ("id", "name", "unit_name"))
READ: dict[str, Any] = {
    "table": "thing",
    "key": ["id"],
    "columns": ["id", "name"],
    "joins": [{"table": "unit", "match": {"unit": "code"}, "columns": {"unit_name": "name"}}],
}
NUMBERED = {"mode": "rowversion", "rowversion": "version"}
STAMPED = {"mode": "watermark", "watermark": ["changed", "made"], "overlap_minutes": 5}
MODES: dict[str, dict[str, Any]] = {
    "full": {},
    "parallel": {"parallel": 2},
    "here": {"compare": "here"},
    "watermark": STAMPED,
    "number": NUMBERED,
    "xmin": {"mode": "rowversion", "rowversion": "xmin"},
    "changes": {"mode": "changes", "slot": "property_test"},
}
CASES = [
    *(("sqlite", mode) for mode in ("full", "watermark", "number")),
    *(("postgresql", mode) for mode in MODES),
    *(("mariadb", mode) for mode in ("full", "parallel", "watermark", "number", "changes")),
]
# A mark that trusts stamps or numbers of the application needs its weekly comparison against clocks and gaps
# beyond the overlap, and against changes in joined tables; so does xmin against joined rows that are deleted.
WEEKLY = {"watermark", "number", "xmin"}

keys = st.integers(2, KEYS)
steps = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["insert", "update", "delete", "move", "late_insert", "late_update", "late_delete"]), keys
        ),
        st.tuples(
            st.sampled_from(["commit", "rollback", "clock_back", "clock_on", "unit", "unit_gone", "sync"]), st.just(0)
        ),
        st.tuples(st.sampled_from(["crash", "crash_at_end"]), st.integers(1, 4)),
    ),
    min_size=6,
    max_size=14,
)


class Killed(Exception):
    """Stands for a process that is gone."""


@dataclass
class Source:
    """The ERP: `now` is its clock, `open` the transactions that have not committed, with the keys they hold."""

    engine: sa.Engine
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=20))
    version: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    open: list[sa.Connection] = field(default_factory=list)
    held: set[int] = field(default_factory=set)

    def begin_again(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM thing"))
            connection.execute(sa.text("DELETE FROM unit"))
            for code in range(3):
                connection.execute(
                    sa.text("INSERT INTO unit VALUES (:code, :name)"), {"code": code, "name": f"u{code}"}
                )
            for key in range(1, FIRST_ROWS + 1):
                self._write(connection, "insert", key)

    def do(self, action: str, key: int) -> None:
        self.now += timedelta(seconds=7)
        if action in ("commit", "rollback"):
            self.finish(action)
        elif action.startswith("clock"):
            self.now += timedelta(minutes=40) * (1 if action == "clock_on" else -1)
        elif action.startswith("unit"):
            with self.engine.begin() as connection:
                rename = "UPDATE unit SET name = concat(name, '+') WHERE code = 1"
                if self.engine.dialect.name == "sqlite":
                    rename = "UPDATE unit SET name = name || '+' WHERE code = 1"
                connection.execute(sa.text(rename if action == "unit" else "DELETE FROM unit WHERE code = 2"))
        elif key in self.held or (action == "move" and key + 100 in self.held):
            return
        elif action.startswith("late"):
            if self.engine.dialect.name != "sqlite":  # it lets one writer in at a time
                late = self.engine.connect().execution_options(isolation_level="READ COMMITTED")
                self._write(late, action.removeprefix("late_"), key)
                self.open.append(late)
                self.held.add(key)
        else:
            with self.engine.begin() as connection:
                self._write(connection, action, key)

    def finish(self, action: str) -> None:
        for late in self.open:
            late.commit() if action == "commit" else late.rollback()
            late.close()
        self.open, self.held = [], set()

    def rows(self) -> dict[str, tuple[str | None, str | None]]:
        with self.engine.connect() as connection:
            found = connection.execute(
                sa.text("SELECT t.id, t.name, u.name FROM thing t LEFT JOIN unit u ON u.code = t.unit")
            ).fetchall()
        return {str(key): (name, unit) for key, name, unit in found}

    def _write(self, connection: sa.Connection, action: str, key: int) -> None:
        number = next(self.version)
        values = {"id": key, "name": f"n{number}", "unit": number % 4, "now": self.now, "version": number}
        exists = connection.execute(sa.text("SELECT count(*) FROM thing WHERE id = :id"), {"id": key}).scalar()
        if action == "insert" and not exists:
            sql = "INSERT INTO thing VALUES (:id, :name, :unit, :now, NULL, :version)"
        elif action == "delete":
            sql = "DELETE FROM thing WHERE id = :id"
        elif action == "move":
            connection.execute(sa.text("DELETE FROM thing WHERE id = :id + 100"), {"id": key})
            sql = "UPDATE thing SET id = :id + 100, version = :version, changed = :now WHERE id = :id"
        else:
            sql = "UPDATE thing SET name = :name, unit = :unit, changed = :now, version = :version WHERE id = :id"
        connection.execute(sa.text(sql), {name: value for name, value in values.items() if f":{name}" in sql})


@dataclass
class Hub:
    """Loads into a real store."""

    landing: Path
    number: int = 0

    def sync(self, source: ErpConnector, dies: Callable[[Load], None] | None = None) -> LoadResult | None:
        """One load; `dies` arranges where it breaks off. None if it did."""
        mapping = Mapping(self.dataset, CONTRACT.entity, "it", COLUMNS)
        about = Dataset(self.dataset, "k3", "P1", CONTRACT, mapping, {}, "rules")
        with lease("k3", "test") as held, connect() as connection:
            load = Load(connection, about, held, "test", self.landing)
            if dies is not None:
                dies(load)
            try:
                result = load.run(lambda: source, "thing")
            except Killed:
                return None
        if result.problem is not None:
            raise result.problem
        assert result.adds_up
        return result

    @property
    def dataset(self) -> str:
        return f"k3.thing{self.number}"

    def rows(self) -> dict[str, tuple[str | None, str | None]]:
        with connect() as connection:
            found = connection.execute(
                "select _source_key, name, unit_name from core.bench_thing where _dataset = %s", (self.dataset,)
            ).fetchall()
        return {key: (name, unit) for key, name, unit in found}

    def a_week_passes(self) -> None:
        """The last full read becomes eight days old."""
        with connect() as connection:
            row = connection.execute("select position from ops.cursor where dataset = %s", (self.dataset,)).fetchone()
            position = dict(row[0]) if row else {}
            if "full" in position:
                position["full"] = (datetime.now(UTC) - timedelta(days=8)).isoformat()
                connection.execute(
                    "update ops.cursor set position = %s where dataset = %s", (json.dumps(position), self.dataset)
                )
            connection.commit()


class Breaking:
    """A connector whose read dies after some pages."""

    def __init__(self, source: ErpConnector, pages: int) -> None:
        self._source = source
        self._pages = pages
        self.system = source.system

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        for number, page in enumerate(self._source.read(object_name, position, page_rows), start=1):
            yield page
            if number == self._pages:
                raise Killed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


def at_end(load: Load) -> None:
    """The load dies when every page is landed and nothing else."""

    def die(*_: Any) -> list[str]:
        raise Killed

    load._missing = die  # type: ignore[method-assign,assignment]


@pytest.fixture(scope="module")
def hub(postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    home = tmp_path_factory.mktemp("hub")
    with pytest.MonkeyPatch.context() as patch:
        url = postgres_server.url(postgres_server.create_database())
        patch.setenv("WATERWORKS_HOME", str(home))
        patch.setenv("WATERWORKS_STORE_URL", url)
        patch.setattr("hub.landing.load.PAGE_ROWS", PAGE_ROWS)
        upgrade(url)
        with connect() as connection:
            ensure_core_tables(connection, [CONTRACT])
        yield Hub(home / "landing")
    assert os.environ.get("WATERWORKS_STORE_URL") != url


@pytest.fixture(scope="module")
def engines(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """The URL of a source with empty tables, one per dialect."""
    made: dict[str, str] = {}

    def url_of(dialect: str) -> str:
        if dialect not in made:
            if dialect == "sqlite":
                made[dialect] = f"sqlite:///{tmp_path_factory.mktemp('erp') / 'erp.db'}"
            else:
                server = request.getfixturevalue("postgres_server" if dialect == "postgresql" else "mariadb_server")
                made[dialect] = server.url(server.create_database())
            moment = "DATETIME(6)" if dialect == "mariadb" else "TIMESTAMP"
            engine = sa.create_engine(made[dialect])
            with engine.begin() as connection:
                connection.execute(sa.text("CREATE TABLE unit (code INTEGER PRIMARY KEY, name VARCHAR(40))"))
                connection.execute(
                    sa.text(
                        "CREATE TABLE thing (id INTEGER PRIMARY KEY, name VARCHAR(40), unit INTEGER,"
                        f" made {moment} NULL, changed {moment} NULL, version BIGINT NOT NULL)"
                    )
                )
            engine.dispose()
        return made[dialect]

    yield url_of
    if "postgresql" in made:
        with psycopg.connect(made["postgresql"].replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'property_test'"
            )


@pytest.mark.servers
@pytest.mark.parametrize(("dialect", "mode"), CASES)
def test_the_store_ends_equal_to_the_source(dialect: str, mode: str, hub: Hub, engines: Callable[[str], str]) -> None:
    url = engines(dialect)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(history=steps)
    def run(history: list[tuple[str, int]]) -> None:
        source = Source(sa.create_engine(url))
        hub.number += 1
        try:
            source.begin_again()
            sync(None)
            for action, number in history:
                if action == "sync":
                    sync(None)
                elif action.startswith("crash"):
                    sync(number if action == "crash" else 0)
                else:
                    source.do(action, number)
            source.finish("commit")
            sync(None)  # goes on with a read that broke off, if one did
            if mode in WEEKLY:
                hub.a_week_passes()
            sync(None)
            assert hub.rows() == source.rows()
        finally:
            source.finish("rollback")
            source.engine.dispose()

    def sync(dies_after: int | None) -> None:
        reads = connector(url, **READ, **MODES[mode])
        if dies_after is None:
            assert hub.sync(reads) is not None
        elif dies_after:
            hub.sync(Breaking(reads, dies_after))  # type: ignore[arg-type]
        else:
            hub.sync(reads, at_end)

    run()


def test_a_problem_of_the_source_is_no_crash(hub: Hub, engines: Callable[[str], str]) -> None:
    hub.number += 1
    with pytest.raises(Problem):
        hub.sync(connector(engines("sqlite"), **{**READ, "columns": ["id", "nothing"]}))
