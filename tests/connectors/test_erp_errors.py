"""Every class of database failure has its own sentence: on the real servers where they can be made to fail, and by
the drivers' documented codes where no such server runs here (SQL Server, Oracle, a full disk)."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator

import oracledb
import psycopg
import pymysql
import pyodbc
import pytest
import sqlalchemy as sa

from connectors.erp.database.error_codes import CONNECTING, LOST, READING, SILENT
from connectors.erp.database.explain import explain_connecting, explain_reading, is_lost
from connectors.erp.database.pace import Burden
from connectors.erp.database.session import Access, opened
from connectors.erp.database.target import Target, parse_target, wheel_driver
from connectors.erp.settings import Pace
from schemas.problems import catalogue
from tests.connectors.erp_databases import Database
from tests.connectors.test_erp_check import SERVED, check
from tests.servers import PASSWORD, free_port, odbc_driver, odbc_value

MS = "Driver={ODBC Driver 18 for SQL Server};Server=10.0.0.5;Database=AIS;UID=u;PWD=secret"
TARGETS = {
    "mssql": MS,
    "oracle": "oracle://u:secret@10.0.0.6/?service_name=ERP",
    "mysql": "mysql://u:secret@10.0.0.7/erp",
    "postgresql": "postgresql://u:secret@10.0.0.8/erp",
    "sqlite": "Driver={SQLite3};Database=/nowhere.db",
}


def microsoft(state: str, text: str, native: int) -> pyodbc.Error:
    shown = f"[{state}] [Microsoft][ODBC Driver 18 for SQL Server]{text} ({native}) (SQLExecDirectW)"
    return pyodbc.Error(state, shown)


def wrapped(error: Exception) -> sa.exc.DBAPIError:
    return sa.exc.DBAPIError("SELECT 1", {}, error)


def postgres(state: str, text: str = "") -> psycopg.Error:
    return psycopg.errors.lookup(state)(text)


READ = [
    ("mssql", microsoft("40001", "[SQL Server]Transaction was deadlocked", 1205), "erp_deadlock"),
    ("mssql", microsoft("42000", "[SQL Server]Lock request time out period exceeded.", 1222), "erp_lock_timeout"),
    ("mssql", microsoft("HYT00", "Query timeout expired", 0), "erp_timeout"),
    (
        "mssql",
        microsoft("42000", "[SQL Server]The SELECT permission was denied", 229),
        "erp_no_permission",
    ),
    ("mssql", microsoft("42S02", "[SQL Server]Invalid object name 't_ICItem'.", 208), "erp_table_gone"),
    ("mssql", microsoft("42S22", "[SQL Server]Invalid column name 'FX'.", 207), "erp_column_gone"),
    ("mssql", microsoft("42000", "[SQL Server]Could not allocate space in tempdb", 1105), "erp_disk_full"),
    ("oracle", wrapped(oracledb.DatabaseError("ORA-00060: deadlock detected")), "erp_deadlock"),
    ("oracle", wrapped(oracledb.DatabaseError("ORA-00054: resource busy")), "erp_lock_timeout"),
    ("oracle", wrapped(oracledb.DatabaseError("DPY-4024: call timeout of 300000 ms exceeded")), "erp_timeout"),
    ("oracle", wrapped(oracledb.DatabaseError("ORA-01031: insufficient privileges")), "erp_no_permission"),
    ("oracle", wrapped(oracledb.DatabaseError("ORA-00942: table or view does not exist")), "erp_table_gone"),
    ("oracle", wrapped(oracledb.DatabaseError('ORA-00904: "X": invalid identifier')), "erp_column_gone"),
    ("oracle", wrapped(oracledb.DatabaseError("ORA-01652: unable to extend temp segment")), "erp_disk_full"),
    ("mysql", wrapped(pymysql.OperationalError(1213, "Deadlock found")), "erp_deadlock"),
    ("mysql", wrapped(pymysql.OperationalError(1205, "Lock wait timeout exceeded")), "erp_lock_timeout"),
    ("mysql", wrapped(pymysql.OperationalError(3024, "maximum statement execution time exceeded")), "erp_timeout"),
    ("mysql", wrapped(pymysql.OperationalError(1142, "SELECT command denied to user")), "erp_no_permission"),
    ("mysql", wrapped(pymysql.OperationalError(1021, "Disk full (/tmp/#sql)")), "erp_disk_full"),
    ("postgresql", wrapped(postgres("40P01")), "erp_deadlock"),
    ("postgresql", wrapped(postgres("55P03")), "erp_lock_timeout"),
    ("postgresql", wrapped(postgres("57014")), "erp_timeout"),
    ("postgresql", wrapped(postgres("42501")), "erp_no_permission"),
    ("postgresql", wrapped(postgres("53100", "could not extend file")), "erp_disk_full"),
    (
        "sqlite",
        pyodbc.Error("HY000", "[HY000] [SQLite]database or disk is full (13) (13) (SQLExecDirectW)"),
        "erp_disk_full",
    ),
    (
        "sqlite",
        pyodbc.Error("HY000", "[HY000] [SQLite]database is locked (5) (5) (SQLExecDirectW)"),
        "erp_lock_timeout",
    ),
    ("sqlite", wrapped(sqlite3.OperationalError("no such table: t_gone")), "erp_table_gone"),
]
CONNECT = [
    ("mssql", microsoft("28000", "[SQL Server]Login failed for user 'u'.", 18456), "erp_login_failed"),
    ("mssql", microsoft("28000", "[SQL Server]The password has expired.", 18487), "erp_password_expired"),
    ("mssql", microsoft("28000", "[SQL Server]The account is currently locked.", 18486), "erp_account_locked"),
    ("mssql", microsoft("42000", "[SQL Server]Cannot open database 'AIS'", 4060), "erp_database_missing"),
    ("mssql", microsoft("08001", "SSL Provider: certificate verify failed:self-signed certificate", -1), "erp_tls"),
    ("mssql", microsoft("08001", "SSL Provider: unsupported protocol", -1), "erp_old_server"),
    ("oracle", wrapped(oracledb.DatabaseError("ORA-01017: invalid username/password")), "erp_login_failed"),
    ("oracle", wrapped(oracledb.DatabaseError("ORA-28001: the password has expired")), "erp_password_expired"),
    ("oracle", wrapped(oracledb.DatabaseError("ORA-28000: the account is locked")), "erp_account_locked"),
    (
        "mysql",
        wrapped(pymysql.OperationalError(1044, "Access denied for user 'r'@'%' to database 'x'")),
        "erp_database_missing",
    ),
    ("oracle", wrapped(oracledb.DatabaseError("DPY-6001: Service X is not registered")), "erp_database_missing"),
    ("oracle", wrapped(oracledb.DatabaseError("ORA-12514: TNS:listener unknown service")), "erp_database_missing"),
    ("oracle", wrapped(oracledb.DatabaseError("DPY-3010: server not supported")), "erp_old_server"),
    ("oracle", wrapped(oracledb.DatabaseError("ORA-00020: maximum processes")), "erp_too_many_connections"),
    ("oracle", wrapped(oracledb.DatabaseError("ORA-01033: ORACLE initialization in progress")), "erp_starting"),
    ("oracle", wrapped(oracledb.DatabaseError("DPI-1047: no Oracle Client")), "erp_driver_missing"),
    ("mysql", wrapped(pymysql.OperationalError(1040, "Too many connections")), "erp_too_many_connections"),
    ("mysql", wrapped(pymysql.OperationalError(1130, "Host '10.1.1.1' is not allowed")), "erp_host_not_allowed"),
    ("postgresql", wrapped(psycopg.OperationalError('FATAL: no pg_hba.conf entry')), "erp_host_not_allowed"),
    ("postgresql", wrapped(psycopg.OperationalError("FATAL: the database system is starting up")), "erp_starting"),
    ("postgresql", wrapped(psycopg.OperationalError("FATAL:  用户 \"u\" Password 认证失败")), "erp_login_failed"),
]  # fmt: skip


def reachable(target: Target) -> Target:
    """Without an address the network is not asked: no such machine is there."""
    from dataclasses import replace

    return replace(target, address=None)


@pytest.mark.parametrize(("family", "error", "code"), READ, ids=lambda value: str(value)[:30])
def test_what_goes_wrong_while_reading(family: str, error: Exception, code: str) -> None:
    target = reachable(parse_target("k3", TARGETS[family]))
    problem = explain_reading("k3", "material", target, error, Pace())
    assert problem.code == code
    assert "secret" not in problem.text("en") + problem.text("zh")


@pytest.mark.parametrize(("family", "error", "code"), CONNECT, ids=lambda value: str(value)[:30])
def test_what_goes_wrong_while_connecting(family: str, error: Exception, code: str) -> None:
    problem = explain_connecting("k3", reachable(parse_target("k3", TARGETS[family])), error)
    assert problem.code == code
    assert "secret" not in problem.text("en") + problem.text("zh")


def test_every_kind_has_a_sentence_and_a_test() -> None:
    kinds = {kind.problem for kind in (*CONNECTING, *READING, LOST, SILENT)}
    assert kinds <= catalogue().keys()
    elsewhere = {"erp_connection_lost", "erp_silent"}  # made to happen, below and in test_erp_interrupted
    assert kinds - elsewhere == {code for _, _, code in (*READ, *CONNECT)} - {"erp_driver_missing"}


@pytest.mark.parametrize(
    "error",
    [
        microsoft("08S01", "Communication link failure", 10054),
        wrapped(oracledb.DatabaseError("ORA-03113: end-of-file on communication channel")),
        wrapped(oracledb.DatabaseError("DPY-4011: the database or network closed the connection")),
        wrapped(pymysql.OperationalError(2013, "Lost connection to MySQL server during query")),
        wrapped(postgres("57P01")),
    ],
    ids=lambda error: str(error)[:40],
)
def test_a_broken_connection_may_be_asked_again(error: Exception) -> None:
    assert is_lost(error)


def test_a_deadlock_is_no_broken_connection() -> None:
    assert not is_lost(microsoft("40001", "[SQL Server]Transaction was deadlocked", 1205))
    assert not is_lost(wrapped(pymysql.OperationalError(1213, "Deadlock found")))


# --- produced by the real servers ---------------------------------------------------------------------


def other_account(url: str, name: str) -> str:
    return url.replace("//hub:", f"//{name}:").replace("UID=hub", f"UID={name}")


@pytest.fixture
def account(own_database: Database) -> Iterator[str]:
    """A new account that may read everything; dropped at the end."""
    name = f"erp_{free_port()}"
    if own_database.family == "postgresql":
        own_database.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        own_database.execute(f"GRANT pg_read_all_data TO {name}")
        yield name
        own_database.execute(f"REVOKE pg_read_all_data FROM {name}")
        own_database.execute(f"DROP ROLE {name}")
    else:
        own_database.execute(f"CREATE USER {name}@'%' IDENTIFIED BY '{PASSWORD}'")
        own_database.execute(f"GRANT SELECT ON *.* TO {name}@'%'")
        yield name
        own_database.execute(f"DROP USER {name}@'%'")


@SERVED
def test_a_locked_account(own_database: Database, account: str) -> None:
    lock = "ALTER ROLE {} NOLOGIN" if own_database.family == "postgresql" else "ALTER USER {}@'%' ACCOUNT LOCK"
    own_database.execute(lock.format(account))
    assert "is locked or disabled" in check(other_account(own_database.url, account)).sentence["en"]


@SERVED
def test_an_expired_password(own_database: Database, account: str) -> None:
    """PostgreSQL does not tell an expired password from a wrong one."""
    if own_database.family == "postgresql":
        own_database.execute(f"ALTER ROLE {account} VALID UNTIL '2020-01-01'")
        assert (
            "does not accept the user name or password"
            in check(other_account(own_database.url, account)).sentence["en"]
        )
    else:
        own_database.execute(f"ALTER USER {account}@'%' PASSWORD EXPIRE")
        assert "has expired" in check(other_account(own_database.url, account)).sentence["en"]


@SERVED
def test_no_connection_left(own_database: Database, account: str) -> None:
    if own_database.family == "postgresql":
        own_database.execute(f"ALTER ROLE {account} CONNECTION LIMIT 0")
        assert "has no connection left" in check(other_account(own_database.url, account)).sentence["en"]
        return
    own_database.execute(f"ALTER USER {account}@'%' WITH MAX_USER_CONNECTIONS 1")
    url = sa.make_url(own_database.writer.url).set(username=account, password=PASSWORD)
    with sa.create_engine(url).connect():
        assert "has no connection left" in check(other_account(own_database.url, account)).sentence["en"]


@pytest.mark.servers
@pytest.mark.parametrize("dialect", ["postgresql", "postgresql+odbc", "mariadb"], indirect=True, scope="session")
def test_a_server_without_encryption(own_database: Database) -> None:
    """Encryption is asked for, the server has none."""
    if own_database.family == "postgresql":
        more = ";SSLmode=require" if "+odbc" in own_database.dialect else "?sslmode=require"
        assert "encrypted connection" in check(own_database.url + more).sentence["en"]
    else:
        answer = check(
            own_database.url
            + "&ssl_verify_cert=true&ssl_verify_identity=true&ssl_ca=/etc/ssl/certs/ca-certificates.crt"
        )
        assert "encrypted connection" in answer.sentence["en"]


@pytest.mark.parametrize("kind", ["postgresql", "mysql", "microsoft", "freetds", "oracle"])
@pytest.mark.parametrize("listening", [False, True], ids=["closed", "silent"])
def test_driver_present_server_absent(kind: str, listening: bool) -> None:
    """The real drivers against a closed port, and against one that accepts and says nothing."""
    freetds = odbc_driver("FreeTDS", "tdsodbc", "usr/lib/*/odbc/libtdsodbc.so")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        if listening:
            listener.listen(20)
        url = {
            "postgresql": f"postgresql://u:secret@127.0.0.1:{port}/d",
            "mysql": f"mysql://u:secret@127.0.0.1:{port}/d",
            "microsoft": f"mssql://u:secret@127.0.0.1:{port}/d",
            "freetds": f"Driver={odbc_value(freetds)};Server=127.0.0.1;Port={port};UID=u;PWD=secret;TDS_Version=7.3",
            "oracle": f"oracle://u:secret@127.0.0.1:{port}/?service_name=ERP",
        }[kind]
        target = parse_target("k3", url)
        with pytest.raises(Exception) as caught, opened("k3", target, Access(), Burden()):  # noqa: PT011 - each driver has its own
            pass
        problem = explain_connecting("k3", target, caught.value)
    assert problem.code == ("erp_silent" if listening else "erp_port_closed")
    assert str(port) in problem.text("zh")


def test_microsofts_driver_comes_with_the_python_package() -> None:
    path = wheel_driver()
    assert path is not None
    assert "msodbcsql" in path
    with pytest.raises(pyodbc.Error, match="ODBC Driver 18"):
        pyodbc.connect(f"Driver={odbc_value(path)};Server=127.0.0.1,{free_port()};UID=u;PWD=p", timeout=1)
