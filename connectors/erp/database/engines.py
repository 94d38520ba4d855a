"""Connections of Python drivers, set up to be gentle: read-only, with time-outs, in a pool of one.

Belongs here: what is said to each database when a connection opens. Does not belong here: ODBC
(`odbc.py`), statements about data.
"""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from connectors.erp.database.session import Access
from connectors.erp.database.target import CONNECT_SECONDS, is_on

# An old server that does not know one of our settings is read without it: 1064 syntax, 1193 unknown
# variable, 1298 unknown time zone.
_MYSQL_UNKNOWN = (1064, 1193, 1298)
LOGIN_SECONDS = 15  # for a database whose driver has no limit of its own
_SQLITE_STEPS = 10_000  # of SQLite's machine, between two looks at the clock


def engine_of(url: sa.URL, access: Access) -> sa.Engine:
    """An engine; connects to nothing. Raises NoSuchModuleError, ModuleNotFoundError for a missing driver."""
    backend = url.get_backend_name()
    arguments: dict[str, Any] = {}
    options: dict[str, Any] = {}
    if backend == "sqlite":
        # mode=ro: a wrong path must be an error, not a new empty database.
        path = quote(str(Path(url.database or "").resolve()))
        url = sa.URL.create("sqlite", database=f"file:{path}", query={"mode": "ro", "uri": "true"})
        arguments = {"timeout": access.pace.lock_seconds}
    elif backend == "postgresql":
        arguments = {
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "waterworks",
            "options": " ".join(f"-c {name}={value}" for name, value in postgresql_settings(access).items()),
        }
    elif backend == "mysql":
        url = url.update_query_dict({"charset": "utf8mb4"})
        # Until the server has greeted us; _greet_mysql then allows as long as a statement may take.
        arguments = {"connect_timeout": CONNECT_SECONDS, "read_timeout": CONNECT_SECONDS}
    elif backend == "oracle":
        arguments = {"tcp_connect_timeout": CONNECT_SECONDS}
        if is_on(url.query.get("thick")):  # needed for Oracle before 12.1; wants Oracle's client libraries
            options["thick_mode"] = True
        url = url.difference_update_query(["thick"])
    engine = sa.create_engine(url, connect_args=arguments, pool_size=1, max_overflow=0, hide_parameters=True, **options)
    if backend == "sqlite":
        _limit_sqlite(engine, access.pace.statement_seconds)
    elif backend == "mysql":
        sa.event.listen(engine, "connect", lambda connection, record: _greet_mysql(connection, access))
    elif backend == "oracle":
        sa.event.listen(engine, "do_connect", _connect_in_time)
        sa.event.listen(engine, "connect", lambda connection, record: _greet_oracle(connection, access))
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY"))
    return engine


def postgresql_settings(access: Access) -> dict[str, str]:
    """Read-only intent, time-outs, and forms of values that do not depend on the server's configuration."""
    return {
        "default_transaction_read_only": "on",
        "statement_timeout": f"{access.pace.statement_seconds}s",
        "lock_timeout": f"{access.pace.lock_seconds}s",
        "idle_in_transaction_session_timeout": f"{access.pace.statement_seconds}s",
        "datestyle": "ISO",
        "timezone": access.timezone,
    }


def mysql_statements(access: Access) -> list[str]:
    """The same for MySQL and MariaDB; each may be unknown to an old server."""
    pace = access.pace
    return [
        "SET SESSION TRANSACTION READ ONLY",
        f"SET SESSION max_statement_time = {pace.statement_seconds}",  # MariaDB: seconds
        f"SET SESSION max_execution_time = {pace.statement_seconds * 1000}",  # MySQL: milliseconds
        f"SET SESSION lock_wait_timeout = {pace.lock_seconds}",
        f"SET SESSION innodb_lock_wait_timeout = {pace.lock_seconds}",
        f"SET SESSION time_zone = '{mysql_offset(access.timezone)}'",
    ]


def oracle_statements(access: Access) -> list[str]:
    return [
        f"ALTER SESSION SET TIME_ZONE = '{access.timezone}'",
        "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,'",
    ]


def mysql_offset(timezone: str) -> str:
    """The zone's offset now ("+08:00"): names are unknown to a MySQL without time zone tables.

    TIMESTAMP columns of a zone with summer time are an hour off for the other half of the year.
    """
    minutes = round((time_offset(timezone)) / 60)
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def time_offset(timezone: str) -> float:
    """Seconds east of UTC, now."""
    from datetime import datetime

    offset = datetime.now(ZoneInfo(timezone)).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def reads_bytes(connection: sa.Connection) -> bool:
    """True if the database has no encoding of its own (PostgreSQL's SQL_ASCII): its bytes then come as Latin-1."""
    if connection.dialect.name != "postgresql":
        return False
    if connection.exec_driver_sql("SHOW server_encoding").scalar() != "SQL_ASCII":
        return False
    engine = connection.engine
    connection.exec_driver_sql("SET client_encoding TO 'LATIN1'")
    connection.commit()
    sa.event.listen(engine, "connect", lambda raw, record: _set_latin1(raw))
    return True


def _set_latin1(raw: Any) -> None:
    raw.execute("SET client_encoding TO 'LATIN1'")
    raw.commit()


def _greet_mysql(connection: Any, access: Access) -> None:
    # The socket's own limit is for a server that says nothing any more.
    connection._read_timeout = access.pace.statement_seconds + 10
    with connection.cursor() as cursor:
        for statement in mysql_statements(access):
            try:
                cursor.execute(statement)
            except Exception as error:
                if not error.args or error.args[0] not in _MYSQL_UNKNOWN:
                    raise


def _greet_oracle(connection: Any, access: Access) -> None:
    connection.call_timeout = access.pace.statement_seconds * 1000
    with connection.cursor() as cursor:
        for statement in oracle_statements(access):
            cursor.execute(statement)


def _connect_in_time(dialect: sa.Dialect, record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
    """A connection, or TimeoutError: python-oracledb waits for ever for a port that says nothing."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def connect() -> None:
        try:
            answers.put(dialect.connect(*arguments, **options))
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
            answers.put(error)

    threading.Thread(target=connect, name="oracle-login", daemon=True).start()
    try:
        answer = answers.get(timeout=LOGIN_SECONDS)
    except queue.Empty:
        raise TimeoutError("login timeout expired") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _limit_sqlite(engine: sa.Engine, seconds: int) -> None:
    """SQLite has no time-out for statements: its machine looks at our clock now and then."""
    deadline = [0.0]

    def connected(connection: Any, record: Any) -> None:
        connection.set_progress_handler(lambda: time.monotonic() > deadline[0], _SQLITE_STEPS)

    def starting(*_: Any) -> None:
        deadline[0] = time.monotonic() + seconds

    deadline[0] = time.monotonic() + seconds
    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "before_cursor_execute", starting)
