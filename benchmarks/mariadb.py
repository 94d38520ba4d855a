"""The ERP benchmark with a MariaDB source: a server of its own, read through ODBC.

Belongs here: that source. Not here: contenders, the table, the comparison (erp.py).
"""

from __future__ import annotations

import psycopg
import pymysql

from benchmarks.erp import Source, race, store
from benchmarks.erp_table import make_mariadb
from benchmarks.report import Benchmark
from hub.store.engine import dsn


def run(rows: int = 1_000_000) -> Benchmark:
    """All contenders on one source. Raises AssertionError if one of them carried other values."""
    from tests.servers import PASSWORD, USER, start_mariadb

    mariadb = start_mariadb()
    try:
        with store(rows) as (server, home, environment):
            name = mariadb.create_database()
            with pymysql.connect(
                host="127.0.0.1", port=mariadb.port, user=USER, password=PASSWORD, database=name, charset="utf8mb4",
                local_infile=True, autocommit=True,
            ) as connection:  # fmt: skip
                make_mariadb(server, connection)

            def execute(statement: str) -> None:
                """In both servers: PostgreSQL's copy tells what the store must hold."""
                with psycopg.connect(dsn(server.url("source"))) as copy:
                    copy.execute(statement.encode())
                with pymysql.connect(
                    host="127.0.0.1", port=mariadb.port, user=USER, password=PASSWORD, database=name, autocommit=True
                ) as connection:
                    connection.cursor().execute(statement)

            url = mariadb.url(name)
            source = Source(
                "mariadb", mariadb.odbc(name), url, url.replace("mysql+pymysql:", "mysql:").partition("?")[0],
                [mariadb.process.pid], execute,
            )  # fmt: skip
            return race(rows, source, server, home, environment, "MariaDB")
    finally:
        mariadb.stop()
