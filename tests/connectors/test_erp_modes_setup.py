"""What must be switched on for mode changes is said with the statement that does it; statements for servers
that do not run here are what those servers document."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pymysql
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, oracle

from connectors.erp.config import ErpTableConfig
from connectors.erp.database.catalogue import SourceColumn, SourceTable
from connectors.erp.reading.changes.log import Watched
from connectors.erp.reading.changes.postgres import images_of
from connectors.erp.reading.changes.sqlserver import any_statement, changes_statement, oldest_statement
from connectors.erp.reading.checksum import formulas, sum_of, sum_statement
from connectors.erp.reading.query import build_plan, page_statement
from connectors.erp.reading.rowversion import SqlServerRowversion
from schemas.problems import Problem
from tests.connectors.erp_modes import Follower
from tests.servers import PASSWORD, USER, MariadbServer, PostgresServer, start_mariadb, start_postgres

CHANGES: dict[str, Any] = {"table": "thing", "key": ["id"], "mode": "changes"}


@pytest.fixture(scope="module")
def plain_postgres() -> Iterator[PostgresServer]:
    """A server as it is installed: without a logical log."""
    server = start_postgres("wal_level=replica", "max_wal_senders=0")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def plain_mariadb() -> Iterator[MariadbServer]:
    server = start_mariadb("--skip-log-bin")
    yield server
    server.stop()


def refused(url: str, **attributes: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        Follower(url, {**CHANGES, **attributes}).sync()
    return caught.value


def with_thing(url: str, kind: str = "integer") -> str:
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text(f"create table thing (id {kind} primary key, name varchar(20), part integer)"))
        connection.execute(sa.text("insert into thing values (1, 'a', 2), (2, 'b', 3)"))
        connection.execute(sa.text("create view seen as select * from thing"))
    return url


@pytest.mark.servers
def test_a_postgresql_without_a_logical_log_is_named(plain_postgres: PostgresServer) -> None:
    problem = refused(with_thing(plain_postgres.url(plain_postgres.create_database())))
    assert problem.code == "erp_changes_off"
    assert "ALTER SYSTEM SET wal_level = 'logical'" in problem.text("en")
    assert "wal_level = replica" in problem.text("zh")


@pytest.mark.servers
def test_a_postgresql_account_without_the_right_is_named(postgres_server: PostgresServer) -> None:
    database = postgres_server.create_database()
    url = with_thing(postgres_server.url(database))
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("drop role if exists reader")
        connection.execute("create role reader login password 'reader'")
        connection.execute("grant select on all tables in schema public to reader")
    reader = f"postgresql://reader:reader@127.0.0.1:{postgres_server.port}/{database}"
    problem = refused(reader)
    assert problem.code == "erp_changes_off"
    assert 'ALTER ROLE "reader" REPLICATION' in problem.text("en")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("drop owned by reader")
        connection.execute("drop role reader")


@pytest.mark.servers
def test_a_view_is_in_no_log(postgres_url: str, mariadb_url: str) -> None:
    for url in (postgres_url, mariadb_url):
        problem = refused(with_thing(url), table="seen")
        assert problem.code == "erp_changes_table"
        assert "seen" in problem.text("zh")


@pytest.mark.servers
def test_a_mariadb_without_a_log_is_named(plain_mariadb: MariadbServer) -> None:
    problem = refused(with_thing(plain_mariadb.url(plain_mariadb.create_database())))
    assert problem.code == "erp_changes_off"
    assert "log_bin" in problem.text("en")


@pytest.mark.servers
def test_a_mariadb_log_that_is_too_terse_is_named(mariadb_server: MariadbServer) -> None:
    database = mariadb_server.create_database()
    url = with_thing(mariadb_server.url(database))
    with pymysql.connect(host="127.0.0.1", port=mariadb_server.port, user=USER, password=PASSWORD) as connection:
        cursor = connection.cursor()
        for name, other, usual, words in (
            ("binlog_format", "STATEMENT", "ROW", "SET GLOBAL binlog_format = 'ROW'"),
            ("binlog_row_metadata", "NO_LOG", "MINIMAL", "SET GLOBAL binlog_row_metadata = 'MINIMAL'"),
        ):
            cursor.execute(f"SET GLOBAL {name} = {other}")
            try:
                problem = refused(url, key=["name"])
            finally:
                cursor.execute(f"SET GLOBAL {name} = {usual}")
            assert problem.code == "erp_changes_off"
            assert words in problem.text("en")
        cursor.execute("CREATE USER 'narrow'@'%' IDENTIFIED BY 'narrow'")
        cursor.execute(f"GRANT SELECT ON {database}.* TO 'narrow'@'%'")
        problem = refused(f"mysql://narrow:narrow@127.0.0.1:{mariadb_server.port}/{database}")
        cursor.execute("DROP USER 'narrow'@'%'")
    assert problem.code == "erp_changes_off"
    assert "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO narrow" in problem.text("en")


@pytest.mark.servers
def test_a_key_that_is_not_in_the_log_is_named(postgres_url: str) -> None:
    found = Follower(with_thing(postgres_url), {**CHANGES, "key": ["part"], "slot": "other_key"})
    found.sync()
    with sa.create_engine(postgres_url).begin() as connection:
        connection.execute(sa.text("delete from thing where id = 1"))
    with pytest.raises(Problem) as caught:
        found.sync()
    assert caught.value.code == "erp_changes_key"
    with sa.create_engine(postgres_url).begin() as connection:
        connection.execute(sa.text("select pg_drop_replication_slot('other_key')"))


def test_sqlite_has_no_log(tmp_path: Any) -> None:
    problem = refused(with_thing(f"sqlite:///{tmp_path / 'erp.db'}"))
    assert problem.code == "erp_changes_unknown"


@pytest.mark.servers
def test_a_log_cut_off_is_made_up_for_by_a_full_read(postgres_url: str, mariadb_server: MariadbServer) -> None:
    def cut_slot() -> None:
        with sa.create_engine(postgres_url).begin() as connection:
            connection.execute(sa.text("select pg_drop_replication_slot('cut_off')"))

    def cut_log() -> None:
        with pymysql.connect(host="127.0.0.1", port=mariadb_server.port, user=USER, password=PASSWORD) as connection:
            cursor = connection.cursor()
            cursor.execute("SHOW BINARY LOGS")
            before = {row[0] for row in cursor.fetchall()}
            deadline = time.monotonic() + 30
            while True:
                cursor.execute("FLUSH BINARY LOGS")
                cursor.execute("SHOW MASTER STATUS")
                last = cursor.fetchone()
                assert last is not None
                cursor.execute("PURGE BINARY LOGS TO %s", (last[0],))
                cursor.execute("SHOW BINARY LOGS")
                # A log stays while its transactions are not on disk in the tables.
                if before.isdisjoint(row[0] for row in cursor.fetchall()):
                    return
                assert time.monotonic() < deadline
                time.sleep(0.2)

    mariadb_url = mariadb_server.url(mariadb_server.create_database())
    for url, cut in ((postgres_url, cut_slot), (mariadb_url, cut_log)):
        found = Follower(with_thing(url), {**CHANGES, "slot": "cut_off"})
        found.sync()
        with sa.create_engine(url).begin() as connection:
            connection.execute(sa.text("delete from thing where id = 1"))
        cut()
        found.sync()
        assert set(found.rows) == {"2"}
        assert [note.code for note in found.remarks] == ["erp_changes_gone"], url
        found.sync()
        assert found.remarks == []
    cut_slot()


def test_lines_of_the_log_are_taken_apart() -> None:
    line = (
        "old-key: id[integer]:1 \"Na me\"[text]:'it''s new-tuple: x[int]:3' new-tuple: id[integer]:-5 "
        "\"Na \"\"me\"[character varying]:'a\nb' tags[text[]]:'{a,\"b[]:''\"}' bits[bit]:B'101' n[numeric]:null "
        "big[text]:unchanged-toast-datum ok[boolean]:true"
    )
    old, new = images_of(line)
    assert old == {"id": "1", "Na me": "it's new-tuple: x[int]:3"}
    assert new == {"id": "-5", 'Na "me': "a\nb", "tags": '{a,"b[]:\'"}', "bits": "101", "n": None, "ok": "true"}


# --- servers that do not run here ---------------------------------------------------------------------

ITEM = SourceTable(
    "dbo",
    "t_ICItem",
    {
        "FItemID": SourceColumn("FItemID", pa.int64(), "int", False),
        "FName": SourceColumn("FName", pa.string(), "nvarchar"),
        "FPrice": SourceColumn("FPrice", pa.decimal128(19, 4), "money"),
        "FWeight": SourceColumn("FWeight", pa.float64(), "float"),
        "FChanged": SourceColumn("FChanged", pa.timestamp("us"), "datetime2"),
        "FVersion": SourceColumn("FVersion", pa.binary(), "timestamp", False),
    },
    ("FItemID",),
)


class OneTable:
    default_schema: str | None = "dbo"

    def names(self) -> list[tuple[str | None, str]]:
        return [("dbo", ITEM.name)]

    def table(self, schema: str | None, name: str) -> SourceTable:
        return ITEM


def plan_of(dialect: sa.Dialect, **attributes: Any) -> Any:
    config = ErpTableConfig(system="k3", object="item", table="t_ICItem", key=["FItemID"], **attributes)
    return build_plan(config, OneTable(), dialect, lambda column, value: sa.literal(value), "Asia/Shanghai")


def sql(statement: Any, dialect: sa.Dialect) -> str:
    text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return re.sub(r"\s+", " ", text)


def test_sql_server_change_tracking() -> None:
    dialect = mssql.dialect()
    item = Watched(ITEM, (ITEM.columns["FItemID"],))
    assert sql(changes_statement(item, 17), dialect) == (
        "SELECT c.[FItemID] FROM CHANGETABLE(CHANGES [dbo].[t_ICItem], 17) AS c"
    )
    assert sql(any_statement(item, 17), dialect).startswith("SELECT TOP 1 1 AS changed FROM CHANGETABLE(CHANGES [dbo]")
    assert "CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(" in sql(oldest_statement(item), dialect)
    odd = Watched(SourceTable("my schema", "a]b:c", {}, ()), (ITEM.columns["FItemID"],))
    assert "[my schema].[a]]b:c]" in sql(changes_statement(odd, 1), dialect)


def test_sql_server_rowversion_is_bounded_by_open_transactions() -> None:
    dialect = mssql.dialect()
    asked: list[str] = []

    def ask(statement: Any) -> str:
        asked.append(str(statement))
        return "0x00000000000007D5"

    plan = plan_of(dialect, columns=["FItemID", "FName"], mode="rowversion", rowversion="FVersion")
    first = SqlServerRowversion.starting(ask, None)
    assert first.unusable
    assert "MIN_ACTIVE_ROWVERSION()" in asked[0]
    second = SqlServerRowversion.starting(lambda _: "0x00000000000007E0", first.position())
    text = sql(page_statement(plan, second.order(plan), None, 10, *second.conditions(plan)[0]), dialect)
    assert "m.[FVersion] >= 0x00000000000007D5 AND m.[FVersion] < 0x00000000000007E0" in text
    with pytest.raises(ValueError, match="not a row version"):
        SqlServerRowversion.going_on({"rowversion": "0x00; DROP TABLE x"})


def test_sql_server_and_oracle_checksums() -> None:
    dialect = mssql.dialect()
    text = sql(sum_statement(plan_of(dialect), formulas(dialect)[0]), dialect)
    assert "hashbytes('MD5', concat(" in text
    assert "COLLATE Latin1_General_BIN2" in text
    assert "convert(NVARCHAR(40), m.[FPrice], 2)" in text  # money shows two decimals otherwise
    assert "convert(VARBINARY(MAX), m.[FWeight])" in text
    assert "sum(CAST(h._ww_sum AS NUMERIC(38, 0)))" in text
    other = oracle.dialect()
    text = sql(sum_statement(plan_of(other), formulas(other)[0]), other)
    assert "standard_hash(" in text
    assert "to_char(CAST(m.\"FChanged\" AS TIMESTAMP(9)), 'YYYYMMDDHH24MISSFF9')" in text
    assert sum_of(pa.table({"rows": [2], "total": [str(2**64 + 5)]})) == (2, 5)
    assert sum_of(pa.table({"rows": [0], "total": pa.array([None], pa.string())})) == (0, 0)


def test_oracle_keeps_a_version_of_every_row() -> None:
    dialect = oracle.dialect()
    plan = plan_of(dialect, mode="rowversion", rowversion="ora_rowscn")
    assert "m.ora_rowscn" in sql(plan.marks[0].expression > 5, dialect)
