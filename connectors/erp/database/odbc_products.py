"""The databases behind ODBC drivers: how their SQL is written, what is said to them when a connection opens.

Belongs here: what differs by SQL_DBMS_NAME. Does not belong here: columns (`odbc_types.py`), reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.engine.default import DefaultDialect

from connectors.erp.database.engines import mysql_statements, oracle_statements, postgresql_settings
from connectors.erp.database.session import Access

_DIALECTS: dict[str, Callable[..., sa.Dialect]] = {
    "PostgreSQL": postgresql.dialect,
    "MariaDB": mysql.dialect,
    "MySQL": mysql.dialect,
    "Microsoft SQL Server": mssql.dialect,
    "Oracle": oracle.dialect,
    "SQLite": sqlite.dialect,
}
_DEFAULT_SCHEMAS = {"PostgreSQL": "public", "Microsoft SQL Server": "dbo"}
# Databases whose values arrow-odbc was seen to carry; all others are read row by row.
_IN_BULK = ("PostgreSQL", "MariaDB", "MySQL", "Microsoft SQL Server", "Oracle")
NOT_LISTED = {"information_schema", "pg_catalog", "pg_toast", "sys", "INFORMATION_SCHEMA", "SYS", "SYSTEM"}
# Settings an old server does not know are left out.
_UNKNOWN = re.compile(r"\b(1064|1193|1298)\b|unrecognized configuration parameter")


@dataclass(frozen=True)
class Product:
    """One database as its driver introduces it. database: its catalog, "" if it has none."""

    name: str
    dialect: sa.Dialect
    database: str
    bulk: bool
    default_schema: str | None

    def at_start(self, access: Access) -> list[str]:
        """Read-only intent and time-outs, said to the database itself: ODBC drivers ignore the attributes."""
        if self.name == "PostgreSQL":
            return [f"SET {name} = '{value}'" for name, value in postgresql_settings(access).items()]
        if self.name in ("MariaDB", "MySQL"):
            return mysql_statements(access)
        if self.name == "Oracle":
            return oracle_statements(access)
        if self.name == "SQLite":
            return ["PRAGMA query_only = ON", f"PRAGMA busy_timeout = {access.pace.lock_seconds * 1000}"]
        if self.name == "Microsoft SQL Server":
            return sql_server_statements(access)
        return []

    def say(self, execute: Callable[[str], Any], statement: str) -> None:
        """Run one of `at_start`. Raises what the driver raises, unless an old server just does not know it."""
        try:
            execute(statement)
        except Exception as error:
            if not _UNKNOWN.search(str(error)):
                raise


def product_of(connection: Any) -> Product:
    """What a pyodbc connection is connected to."""
    import pyodbc

    name = str(connection.getinfo(pyodbc.SQL_DBMS_NAME))
    dialect = _DIALECTS.get(name, DefaultDialect)(paramstyle="qmark")
    version = str(connection.getinfo(pyodbc.SQL_DBMS_VER))
    if name == "Oracle" and (found := re.match(r"(\d+)", version)) and int(found.group(1)) < 12:
        dialect._supports_offset_fetch = False  # type: ignore[attr-defined]  # 11g: ROWNUM instead of FETCH FIRST
    database = "" if name == "SQLite" else str(connection.getinfo(pyodbc.SQL_DATABASE_NAME) or "")
    return Product(name, dialect, database, name in _IN_BULK, _DEFAULT_SCHEMAS.get(name))


def sql_server_statements(access: Access) -> list[str]:
    """Lock time-out, and how other people's open transactions are seen (`hints`)."""
    statements = [f"SET LOCK_TIMEOUT {access.pace.lock_seconds * 1000}"]
    if access.hints == "nolock":
        statements.append("SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
    elif access.hints == "snapshot":
        statements.append("SET TRANSACTION ISOLATION LEVEL SNAPSHOT")
    return statements
