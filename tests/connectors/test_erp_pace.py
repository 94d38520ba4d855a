"""Reading an ERP keeps to the pace it is given, and the meter shows what it cost."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from connectors.config_models import SystemConfig
from connectors.erp.config import ErpTableConfig
from connectors.erp.connector import ErpConnector
from connectors.erp.database.explain import explain_reading
from connectors.erp.database.pace import Burden, seconds_until_open
from connectors.erp.database.session import Access, opened
from connectors.erp.database.target import parse_target
from connectors.erp.settings import Pace
from schemas.problems import Problem
from tests.connectors.erp_databases import DIALECTS, ITEMS, Database
from tests.connectors.test_erp_check import SERVED

SHANGHAI = ZoneInfo("Asia/Shanghai")
SLOW_SQLITE = (
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000000000) SELECT count(*) FROM c"
)
SLOW = {
    "sqlite": SLOW_SQLITE,
    "postgresql": "SELECT pg_sleep(60)",
    "mariadb": "SELECT count(*) FROM information_schema.columns a, information_schema.columns b,"
    " information_schema.columns c",
}


class PlantClock:
    """A clock that stands at a time of the plant's day; sleeping moves it."""

    def __init__(self, hour: int, minute: int = 0) -> None:
        self.moment = datetime(2026, 3, 2, hour, minute, tzinfo=SHANGHAI)
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def now(self, zone: ZoneInfo) -> datetime:
        return self.moment.astimezone(zone)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


def connector(database: Database, pace: dict[str, Any], clock: PlantClock, **options: Any) -> ErpConnector:
    table = ErpTableConfig(system="k3", object="material", table="t_ICItem", key=["FItemID"], columns=["FItemID"])
    system = SystemConfig(
        system="k3",
        kind="erp",
        plant="P1",
        title={"zh": "金蝶", "en": "Kingdee"},
        url_env="WATERWORKS_K3_URL",
        pace=Pace(**pace),
        objects={"material": table},
    )
    return ErpConnector(system, database.url, clock=clock, **options)


def test_the_meter_counts_rows_statements_and_one_connection(database: Database) -> None:
    source = connector(database, {}, PlantClock(9))
    assert sum(page.rows.num_rows for page in source.read("material", None, 1000)) == ITEMS
    burden = source.burden.as_json()
    assert burden["connections"] == 1
    assert burden["rows"] >= ITEMS
    assert burden["bytes"] >= 8 * ITEMS
    assert burden["statements"] >= 2
    assert burden["paused_seconds"] == 0
    assert set(burden) == {
        "connections", "statements", "rows", "bytes", "busy_seconds", "paused_seconds", "longest_seconds",
    }  # fmt: skip


def test_rows_per_second_stay_below_the_bound(database: Database) -> None:
    clock = PlantClock(9)
    source = connector(database, {"rows_per_second": 4, "page_rows": 5}, clock)
    pages = list(source.read("material", None, 1000))
    assert all(page.rows.num_rows <= 5 for page in pages)
    burden = source.burden
    assert burden.rows / (burden.busy_seconds + burden.paused_seconds) <= 4
    assert burden.paused_seconds == pytest.approx(sum(clock.slept))


def test_a_pause_follows_every_page(database: Database) -> None:
    clock = PlantClock(9)
    source = connector(database, {"pause_between_pages_seconds": 7, "page_rows": 10}, clock)
    list(source.read("material", None, 1000))
    assert set(clock.slept) == {7}
    assert len(clock.slept) >= ITEMS // 10


def test_outside_the_hours_nothing_is_read(database: Database) -> None:
    source = connector(database, {"hours": ["20:00-06:00", "12:00-13:00"]}, PlantClock(9, 30))
    with pytest.raises(Problem) as caught:
        list(source.read("material", None, 1000))
    assert caught.value.code == "erp_outside_hours"
    assert "03-02 12:00" in caught.value.text("zh")
    assert source.burden.connections == 0


def test_a_sync_that_may_wait_waits_for_the_hours(database: Database) -> None:
    clock = PlantClock(11, 45)
    source = connector(database, {"hours": ["12:00-13:00"], "wait_minutes": 20}, clock)
    assert sum(page.rows.num_rows for page in source.read("material", None, 1000)) == ITEMS
    assert clock.slept == [15 * 60]
    assert clock.moment.hour == 12


def test_somebody_may_force_a_read(database: Database) -> None:
    source = connector(database, {"hours": ["12:00-13:00"]}, PlantClock(9), forced=True)
    assert sum(page.rows.num_rows for page in source.read("material", None, 1000)) == ITEMS


def test_a_read_ends_politely_when_its_hours_end(database: Database) -> None:
    """Pages landed until then stay landed; the next read goes on from their position."""
    clock = PlantClock(12, 58)
    source = connector(database, {"hours": ["12:00-13:00"], "pause_between_pages_seconds": 60, "page_rows": 5}, clock)
    pages = source.read("material", None, 1000)
    with pytest.raises(Problem) as caught:
        list(pages)
    assert caught.value.code == "erp_outside_hours"
    assert 0 < source.burden.rows < 2 * ITEMS


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        ("20:00", 0),
        ("23:59", 0),
        ("00:00", 0),
        ("05:59", 0),
        ("06:00", 6 * 3600),
        ("11:00", 3600),
        ("12:30", 0),
        ("19:59", 60),
    ],
)
def test_hours_may_go_over_midnight(now: str, seconds: int) -> None:
    moment = datetime.fromisoformat(f"2026-03-02T{now}").replace(tzinfo=SHANGHAI)
    assert seconds_until_open(["20:00-06:00", "12:00-13:00"], moment) == seconds


# SQLite's ODBC driver has no way to stop a statement: docs/erp-databases.md says so.
@pytest.mark.parametrize(
    "dialect",
    [pytest.param(n, marks=pytest.mark.servers) for n in DIALECTS if n not in ("sqlite", "sqlite+odbc")] + ["sqlite"],
    indirect=True,
    scope="session",
)
def test_a_slow_statement_is_stopped_by_the_database(database: Database) -> None:
    access = Access(pace=Pace(statement_seconds=1))
    target = parse_target("k3", database.url)
    with opened("k3", target, access, Burden()) as session, pytest.raises(Exception) as caught:  # noqa: PT011 - each driver has its own
        session.scalar(sa.text(SLOW[database.family]))  # type: ignore[arg-type]
    problem = explain_reading("k3", "material", target, caught.value, access.pace)
    assert problem.code == "erp_timeout"
    assert "1 s" in problem.text("en")


@SERVED
def test_a_locked_table_is_given_up_soon_and_asked_for_once(own_database: Database) -> None:
    with own_database.writer.connect() as connection:
        if own_database.family == "postgresql":
            connection.exec_driver_sql('LOCK TABLE "t_ICItem" IN ACCESS EXCLUSIVE MODE')
        else:
            connection.exec_driver_sql("LOCK TABLES t_ICItem WRITE")
        source = connector(own_database, {"lock_seconds": 1}, PlantClock(9))
        with pytest.raises(Problem) as caught:
            list(source.read("material", None, 1000))
    assert caught.value.code == "erp_lock_timeout"
    assert "1 s" in caught.value.text("en")


@SERVED
def test_one_connection_at_a_time(own_database: Database) -> None:
    """Seen by the server itself, while a page is waited for."""
    source = connector(own_database, {"page_rows": 5}, PlantClock(9))
    pages = source.read("material", None, 1000)
    next(pages)
    name = own_database.writer.url.database
    sql = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()"
        if own_database.family == "postgresql"
        else "SELECT count(*) FROM information_schema.processlist WHERE db = :name AND id <> CONNECTION_ID()"
    )
    own_database.writer.dispose()
    with own_database.writer.connect() as connection:
        assert connection.execute(sa.text(sql), {"name": name}).scalar() == 1
    pages.close()


def test_two_reads_of_one_process_share_the_one_connection(database: Database) -> None:
    """The second waits until the first has closed its connection."""
    first = connector(database, {"page_rows": 5}, PlantClock(9)).read("material", None, 1000)
    next(first)
    rows: list[int] = []

    def second() -> None:
        rows.extend(page.rows.num_rows for page in connector(database, {}, PlantClock(9)).read("material", None, 1000))

    thread = threading.Thread(target=second)
    thread.start()
    thread.join(0.3)
    assert rows == []
    list(first)
    thread.join(60)
    assert sum(rows) == ITEMS


def test_a_table_may_have_a_pace_of_its_own() -> None:
    system = Pace(rows_per_second=100, lock_seconds=3)
    assert system.overridden(Pace(rows_per_second=5)) == Pace(rows_per_second=5, lock_seconds=3)
    assert system.overridden(None) is system


@pytest.mark.parametrize("hours", ["8-9", "25:00", "20:00", "8:00-x"])
def test_hours_that_are_none_are_refused(hours: str) -> None:
    with pytest.raises(ValueError, match="hours look like"):
        Pace(hours=(hours,))
