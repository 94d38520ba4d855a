"""An ERP in one database per account set and year is one source: stamped, complete, nothing mistaken for deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from connectors.base import KEY
from connectors.config_models import SystemConfig
from connectors.erp.account_set_list import target_text
from connectors.erp.account_sets import AccountSetsConnector
from connectors.erp.config import ErpTableConfig
from schemas.problems import Problem
from tests.servers import MariadbServer, PostgresServer, sqlite_odbc

SETS = [("UFDATA_006_2024", "006", 2024), ("UFDATA_006_2025", "006", 2025), ("UFDATA_007_2025", "007", 2025)]
LISTED = [{"name": name, "set": account_set, "year": year} for name, account_set, year in SETS]
PATTERN = {"pattern": r"UFDATA_(?P<set>\d{3})_(?P<year>\d{4})"}
TABLE = {
    "database": "UFSystem",
    "table": "UA_Account_sub",
    "set": "cAcc_Id",
    "year": "iYear",
    "where": {"cSub_Id": "GL"},
}
INVENTORY = "CREATE TABLE Inventory (cInvCode VARCHAR(20) PRIMARY KEY, cInvName VARCHAR(40))"


@pytest.fixture(
    params=[
        "sqlite",
        "sqlite+odbc",
        *(
            pytest.param(name, marks=pytest.mark.servers)
            for name in ("mariadb", "mariadb+odbc", "postgresql", "postgresql+odbc")
        ),
    ]
)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Callable[[str], sa.Engine]]:
    """(address of the ERP, engine of one of its databases to write with); databases are new and empty."""
    if request.param.startswith("sqlite"):
        url = "sqlite:///" + str(tmp_path / "{database}.db")
        address = sqlite_odbc(tmp_path / "UFSystem.db") if "odbc" in request.param else url
        return address, lambda name: sa.create_engine(url.replace("{database}", name))
    if request.param.startswith("postgresql"):
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        admin, of = sa.create_engine(postgres.url(), isolation_level="AUTOCOMMIT"), postgres.url
        address = postgres.odbc() if "odbc" in request.param else postgres.url("{database}")
    else:
        mariadb: MariadbServer = request.getfixturevalue("mariadb_server")
        admin, of = sa.create_engine(mariadb.url()), mariadb.url
        address = mariadb.odbc("mysql") if "odbc" in request.param else mariadb.url("mysql")
    quote = admin.dialect.identifier_preparer.quote_identifier
    for name in ("UFSystem", *(name for name, _, _ in SETS)):
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quote(name)}")
            connection.exec_driver_sql(f"CREATE DATABASE {quote(name)}")
    admin.dispose()
    return address, lambda name: sa.create_engine(of(name), poolclass=sa.NullPool)


def seed(engine_of: Callable[[str], sa.Engine]) -> None:
    for name, _, year in SETS:
        with engine_of(name).begin() as connection:
            connection.exec_driver_sql(INVENTORY)
            connection.exec_driver_sql(f"INSERT INTO Inventory VALUES ('01', '螺栓{year}'), ('02', '螺母')")
    with engine_of("UFSystem").begin() as connection:
        quoted = [
            connection.dialect.identifier_preparer.quote(name)
            for name in ("UA_Account_sub", "cAcc_Id", "iYear", "cSub_Id")
        ]
        table, *columns = quoted
        connection.exec_driver_sql(
            f"CREATE TABLE {table} ({columns[0]} VARCHAR(3), {columns[1]} INTEGER, {columns[2]} VARCHAR(5))"
        )
        for _, account_set, year in SETS:
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ('{account_set}', {year}, 'GL')")
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ('{account_set}', {year}, 'ST')")


def connector(url: str, databases: Any = LISTED, **attributes: Any) -> AccountSetsConnector:
    table = ErpTableConfig(system="u8", object="material", table="Inventory", key=["cInvCode"], **attributes)
    system = SystemConfig(
        system="u8",
        kind="erp",
        plant="P1",
        title={"zh": "用友", "en": "Yonyou"},
        url_env="WATERWORKS_U8_URL",
        databases=databases,
        objects={"material": table},
    )
    return AccountSetsConnector(system, url)


def keys_of(pages: list[Any]) -> list[str]:
    return pa.concat_tables([page.rows for page in pages])[KEY].to_pylist()


@pytest.mark.parametrize("databases", [LISTED, PATTERN, TABLE], ids=["listed", "pattern", "table"])
def test_every_row_is_stamped_and_no_key_collides(
    server: tuple[str, Callable[[str], sa.Engine]], databases: Any
) -> None:
    url, engine_of = server
    seed(engine_of)
    source = connector(url, databases)
    pages = list(source.read("material", None, 1))
    assert sorted(keys_of(pages)) == [f"{s}|{y}|{code}" for _, s, y in SETS for code in ("01", "02")]
    rows = pa.concat_tables([page.rows for page in pages]).to_pylist()
    wanted = next(row for row in rows if row[KEY] == "006|2024|01")
    shown = {name.lower(): value for name, value in wanted.items()}
    assert shown["account_set"] == "006"
    assert shown["account_year"] == 2024
    assert shown["cinvname"] == "螺栓2024"
    assert set(pages[-1].position["databases"]) == {name for name, _, _ in SETS}
    listed = [key for keys in source.keys("material") for key in keys.to_pylist()]
    assert sorted(listed) == sorted(keys_of(pages))
    assert source.burden.rows >= 6
    assert source.check().ok


def test_a_missing_database_fails_the_object(server: tuple[str, Callable[[str], sa.Engine]]) -> None:
    url, engine_of = server
    seed(engine_of)
    source = connector(url, [*LISTED, {"name": "UFDATA_008_2025", "set": "008", "year": 2025}])
    with pytest.raises(Problem) as caught:
        list(source.read("material", None, 100))
    assert caught.value.code == "erp_account_set_missing"
    assert "UFDATA_008_2025" in caught.value.text("zh")
    assert not source.check().ok


def test_a_database_that_left_the_list_is_not_taken_for_deleted(
    server: tuple[str, Callable[[str], sa.Engine]],
) -> None:
    url, engine_of = server
    seed(engine_of)
    position = list(connector(url).read("material", None, 100))[-1].position
    with pytest.raises(Problem) as caught:
        list(connector(url, LISTED[1:]).read("material", position, 100))
    assert caught.value.code == "erp_account_set_gone"
    retired = [{**LISTED[0], "retired": True}, *LISTED[1:]]
    pages = list(connector(url, retired).read("material", position, 100))
    assert "UFDATA_006_2024" not in pages[-1].position["databases"]


def test_each_database_goes_on_from_its_own_position(server: tuple[str, Callable[[str], sa.Engine]]) -> None:
    url, engine_of = server
    seed(engine_of)
    position = list(connector(url).read("material", None, 100))[-1].position
    with engine_of("UFDATA_006_2025").begin() as connection:
        connection.exec_driver_sql("INSERT INTO Inventory VALUES ('03', '垫圈')")
    pages = list(connector(url).read("material", position, 100))
    assert "006|2025|03" in keys_of(pages)
    total = sum(page.rows.num_rows + page.unchanged for page in pages)
    assert total == 7
    assert connector(url).deletions("material") == "read"


def test_reading_everything_again_still_misses_a_database_that_vanished(tmp_path: Path) -> None:
    """After a change of rules the position begins anew; the databases it names stay known."""
    url = "sqlite:///" + str(tmp_path / "{database}.db")
    seed(lambda name: sa.create_engine(url.replace("{database}", name)))
    source = connector(url)
    position = source.from_the_start(list(source.read("material", None, 100))[-1].position)
    assert position == {"databases": {name: None for name, _, _ in SETS}}
    assert sum(page.rows.num_rows for page in source.read("material", position, 100)) == 6
    with pytest.raises(Problem) as caught:
        list(connector(url, LISTED[1:]).read("material", position, 100))
    assert caught.value.code == "erp_account_set_gone"
    assert source.from_the_start(None) is None


def test_remarks_about_one_column_of_several_databases_are_one_sentence(tmp_path: Path) -> None:
    url = "sqlite:///" + str(tmp_path / "{database}.db")
    for name, _, _ in SETS:
        with sa.create_engine(url.replace("{database}", name)).begin() as connection:
            connection.exec_driver_sql("CREATE TABLE Inventory (cInvCode VARCHAR(20) PRIMARY KEY, cInvName TEXT)")
            connection.exec_driver_sql("INSERT INTO Inventory VALUES ('01', 'a' || char(0)), ('02', 'b')")
    source = connector(url)
    list(source.read("material", None, 100))
    (remark,) = source.remarks("material")
    assert remark.code == "erp_text_nul"
    assert remark.params["count"] == 3
    assert remark.params["example"] == "UFDATA_006_2024: a\\x00"


def test_without_a_set_the_name_of_the_database_is_the_stamp(tmp_path: Path) -> None:
    for name in ("north", "south"):
        with sqlite3.connect(tmp_path / f"{name}.db") as connection:
            connection.execute(INVENTORY)
            connection.execute("INSERT INTO Inventory VALUES ('01', 'x')")
    source = connector(f"sqlite:///{tmp_path}/{{database}}.db", [{"name": "north"}, {"name": "south"}])
    assert keys_of(list(source.read("material", None, 10))) == ["north||01", "south||01"]


def test_nothing_found_is_one_sentence(tmp_path: Path) -> None:
    source = connector(f"sqlite:///{tmp_path}/x.db", PATTERN)
    with pytest.raises(Problem) as caught:
        list(source.read("material", None, 10))
    assert caught.value.code == "erp_account_sets_none"


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("mssql://u:p@h/UFSystem", "mssql://u:p@h/X"),
        ("mysql://u:p@h/{database}?charset=utf8", "mysql://u:p@h/X?charset=utf8"),
        ("Driver={D};Server=h;Database=UFSystem;PWD={a;b}", "Driver={D};Server=h;Database=X;PWD={a;b}"),
        ("Driver={D};Server=h;UID=u", "Driver={D};Server=h;UID=u;Database=X"),
        ("sqlite:////srv/u8.db", "sqlite:////srv/X.db"),
    ],
)
def test_the_address_of_one_database(url: str, wanted: str) -> None:
    assert target_text(url, "X") == wanted


def test_a_database_twice_or_a_bad_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="listed twice"):
        connector("sqlite:///x.db", [{"name": "A"}, {"name": "a"}])
    with pytest.raises(ValueError, match="regular expression"):
        connector("sqlite:///x.db", {"pattern": "("})
