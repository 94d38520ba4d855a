"""The points of an ERP check, on real databases: what is said, as what it counts, and that nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import Check, CheckPoint
from connectors.config_models import SystemConfig
from connectors.erp.config import ErpTableConfig
from connectors.erp.connector import ErpConnector
from connectors.erp.examine.rights import rights_of_grants
from tests.servers import PASSWORD, MariadbServer, PostgresServer, sqlite_odbc


def check(url: str, timezone: str = "Asia/Shanghai", encoding: str | None = None, **objects: dict[str, Any]) -> Check:
    tables = {name: ErpTableConfig(system="erp", object=name, **table) for name, table in objects.items()}
    settings = {"encoding": encoding} if encoding else {}
    config = SystemConfig(
        system="erp", kind="erp", plant="P1", title={"zh": "企业", "en": "ERP"}, url_env="ERP_URL",
        timezone=timezone, objects=dict(tables), **settings,
    )  # fmt: skip
    return ErpConnector(config, url).check()


def of(answer: Check, point: str, object_name: str | None = None) -> list[CheckPoint]:
    return [item for item in answer.points if item.point == point and item.object == object_name]


def run(url: str, *statements: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql", "mariadb", "sqlite+odbc", "postgresql+odbc", "mariadb+odbc"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with tables that each have something to say."""
    family = request.param.partition("+")[0]
    if family == "sqlite":
        address, odbc = f"sqlite:///{tmp_path / 'erp.db'}", sqlite_odbc(tmp_path / "erp.db")
    else:
        server = request.getfixturevalue("postgres_server" if family == "postgresql" else "mariadb_server")
        name = server.create_database()
        address, odbc = server.url(name), server.odbc(name)
    run(
        address,
        "create table item (id integer primary key, code varchar(20), changed timestamp null, unit integer)",
        "create table unit (id integer, name varchar(20))",
        "create table loose (code varchar(20), part integer)",
        "create table bare (id integer primary key)",
        "insert into item values (1, 'A', '2026-01-02 03:04:05', 1), (2, 'B', null, 2),"
        " (3, 'C', '2037-01-01 00:00:00', 2)",
        "insert into unit values (1, 'KG'), (2, 'PCS'), (2, 'Pcs')",
        "insert into loose values ('A', 1), ('A', 2), (null, 3)",
    )
    return odbc if "+odbc" in request.param else address


pytestmark = pytest.mark.servers
ITEM = {"table": "item", "key": ["id"]}


def test_a_good_table_has_a_point_for_each_thing(url: str) -> None:
    answer = check(url, item=ITEM)
    assert answer.ok
    assert [point.point for point in answer.points if point.object == "item"] == ["columns", "rows", "key"]
    assert {point.verdict for point in answer.points if point.object == "item"} == {"ok"}
    named = [point.point for point in answer.points if point.object is None]
    assert named[:4] == ["driver", "network", "login", "database"]
    assert all(point.sentence.zh and point.sentence.en and PASSWORD not in point.sentence.en for point in answer.points)


def test_everything_that_is_missing_is_named_at_once(url: str) -> None:
    answer = check(
        url,
        item={"table": "item", "key": ["id"], "columns": ["id", "cod", "unti"]},
        other={"table": "itme", "key": ["id"]},
    )
    assert not answer.ok
    [first, second] = of(answer, "columns", "item")
    assert ("'cod'" in first.sentence.en, "code" in first.sentence.en) == (True, True)
    assert "'unti'" in second.sentence.en
    [third] = of(answer, "columns", "other")
    assert "Similar names: item" in third.sentence.en
    assert answer.sentence == first.sentence


def test_a_key_that_repeats_is_bad_and_one_nobody_promises_a_warning(url: str) -> None:
    answer = check(url, twice={"table": "loose", "key": ["code"]}, once={"table": "loose", "key": ["code", "part"]})
    [twice] = of(answer, "key", "twice")
    assert (twice.verdict, "'erp'" in twice.sentence.en, "occurs 2 times" in twice.sentence.en) == ("bad", True, True)
    once = of(answer, "key", "once")
    assert [point.verdict for point in once] == ["warn", "warn"]
    assert "1 rows of table loose have no value" in once[0].sentence.en
    assert "no primary key" in once[1].sentence.en


def test_a_join_that_matches_twice_is_found(url: str) -> None:
    joined = {**ITEM, "joins": [{"table": "unit", "match": {"unit": "id"}, "columns": {"unit_name": "name"}}]}
    [key] = of(check(url, item=joined), "key", "item")
    assert key.verdict == "bad"
    assert "one of its joins" in key.sentence.en


def test_a_stamp_without_index_empty_or_of_the_future_is_told(url: str) -> None:
    stamped = {**ITEM, "mode": "watermark", "watermark": "changed"}
    points = of(check(url, item=stamped), "watermark", "item")
    assert [point.verdict for point in points] == ["warn"] * len(points)
    said = " ".join(point.sentence.en for point in points)
    assert "no index" in said
    assert "1 rows of table item have no stamp changed" in said
    assert ("2037-01-01" in said) == ("sqlite" not in url)  # dates are texts there


def test_an_empty_table_is_worth_a_word(url: str) -> None:
    [rows] = of(check(url, bare={"table": "bare", "key": ["id"]}), "rows", "bare")
    assert (rows.verdict, "has no row" in rows.sentence.en) == ("warn", True)


def test_an_account_that_could_write_is_a_warning_only(url: str) -> None:
    answer = check(url, item=ITEM)
    [rights] = of(answer, "rights")
    assert (answer.ok, rights.verdict) == (True, "warn")


def test_postgresql_account_that_only_reads(postgres_server: PostgresServer, postgres_url: str) -> None:
    run(
        postgres_url,
        "create table item (id integer primary key)",
        "create table secret (id integer primary key)",
        f"create role only_reads login password '{PASSWORD}'",
        "grant select on item to only_reads",
    )
    try:
        reading = postgres_url.replace("//hub:", "//only_reads:")
        answer = check(reading, item=ITEM)
        assert [point.verdict for point in of(answer, "rights")] == ["ok"]
        run(postgres_url, "grant update on item to only_reads")
        [rights] = of(check(reading, item=ITEM), "rights")
        assert (rights.verdict, "public.item" in rights.sentence.en) == ("warn", True)
    finally:
        run(postgres_url, "drop owned by only_reads", "drop role only_reads")


def test_mariadb_account_that_only_reads(mariadb_server: MariadbServer, mariadb_url: str) -> None:
    database = sa.make_url(mariadb_url).database
    run(
        mariadb_url,
        "create table item (id integer primary key)",
        f"create user only_reads@'%' identified by '{PASSWORD}'",
        f"grant select on {database}.* to only_reads@'%'",
    )
    try:
        reading = mariadb_url.replace("//hub:", "//only_reads:")
        assert [point.verdict for point in of(check(reading, item=ITEM), "rights")] == ["ok"]
        run(mariadb_url, f"grant insert on {database}.item to only_reads@'%'")
        [rights] = of(check(reading, item=ITEM), "rights")
        assert (rights.verdict, f"{database}.item" in rights.sentence.en) == ("warn", True)
    finally:
        run(mariadb_url, "drop user only_reads@'%'")


@pytest.mark.parametrize(
    ("grants", "administrator", "what"),
    [
        (["GRANT USAGE ON *.* TO `r`@`%`", "GRANT SELECT, SHOW VIEW ON `erp`.* TO `r`@`%`"], False, ()),
        (["GRANT ALL PRIVILEGES ON *.* TO `r`@`%` WITH GRANT OPTION"], True, ("*.*",)),
        (["GRANT SELECT (`a`, `insert`), INSERT (`a`) ON `erp`.`t` TO `r`@`%`"], False, ("erp.t",)),
        (["GRANT ALL PRIVILEGES ON `erp`.* TO `r`@`%`"], False, ("erp.*",)),
        (["GRANT SELECT (`insert`) ON `erp`.`t` TO `r`@`%`", "GRANT `reader` TO `r`@`%`"], False, ()),
    ],
)
def test_reading_what_show_grants_says(grants: list[str], administrator: bool, what: tuple[str, ...]) -> None:
    rights = rights_of_grants(grants)
    assert (rights.administrator, rights.what) == (administrator, what)


def test_texts_declared_as_latin1_may_be_gbk(mariadb_url: str) -> None:
    run(
        mariadb_url,
        "create table item (id integer primary key, name varchar(20) character set latin1, spec varchar(20))",
        "create table untouched (id integer primary key, name varchar(20) character set latin1)",
    )
    [encoding] = of(check(mariadb_url, item=ITEM), "encoding")
    assert encoding.verdict == "warn"
    assert "item.name" in encoding.sentence.en
    assert "untouched" not in encoding.sentence.en
    assert "encoding: gbk" in encoding.sentence.zh
    [encoding] = of(check(mariadb_url, encoding="gbk", item=ITEM), "encoding")
    assert encoding.verdict == "ok"
    for decided in ({"encoding": "gbk"}, {"columns_encoding": {"name": "gbk"}}):
        [encoding] = of(check(mariadb_url, item={**ITEM, **decided}), "encoding")
        assert encoding.verdict == "ok"
        assert "gbk" in encoding.sentence.en


def test_another_time_zone_is_told_from_a_wrong_clock(mariadb_url: str) -> None:
    run(mariadb_url, "create table item (id integer primary key)", "set global time_zone = '+00:00'")
    try:
        answer = check(mariadb_url, timezone="Asia/Shanghai", item=ITEM)
        [zone] = of(answer, "timezone")
        assert (zone.verdict, "-8 h off" in zone.sentence.en) == ("warn", True)
        assert [point.verdict for point in of(answer, "clock")] == ["ok"]
        [zone] = of(check(mariadb_url, timezone="Etc/UTC", item=ITEM), "timezone")
        assert zone.verdict == "ok"
    finally:
        run(mariadb_url, "set global time_zone = 'SYSTEM'")


def test_a_check_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "erp.db"
    run(f"sqlite:///{path}", "create table item (id integer primary key)", "insert into item values (1)")
    before = path.read_bytes()
    check(f"sqlite:///{path}", item=ITEM)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["erp.db"]


def test_what_a_connection_failed_at_is_one_point(tmp_path: Path) -> None:
    answer = check(f"sqlite:///{tmp_path / 'gone.db'}", item=ITEM)
    assert [(point.point, point.verdict) for point in answer.points] == [("network", "bad")]
    answer = check("postgresql://u:p@no-such-host.invalid/db", item=ITEM)
    assert [(point.point, point.verdict) for point in answer.points] == [("network", "bad")]
