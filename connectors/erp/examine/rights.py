"""What an account could change in an ERP, asked from the catalogue without changing anything.

Belongs here: one question per dialect, and reading the answer. Does not belong here: the advice (`check.py`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from connectors.erp.database.session import Session
from connectors.erp.database.target import Target
from connectors.erp.examine.facts import family, told

WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "DROP", "ALTER", "CREATE")
_SHOWN = 3


@dataclass(frozen=True)
class Rights:
    """administrator: may do everything. what: a few of the things it could write to, for a sentence."""

    administrator: bool
    what: tuple[str, ...]

    @property
    def writes(self) -> bool:
        return self.administrator or bool(self.what)


def writing_rights(session: Session, target: Target) -> Rights | None:
    """The account's rights to write, None if the database does not tell."""
    ask = _BY_DIALECT.get(family(session))
    if ask is not None:
        return ask(session)
    if session.dialect.name == "sqlite" and Path(target.host).exists():  # a DSN does not tell its file
        return Rights(False, (target.host,) if os.access(target.host, os.W_OK) else ())
    return None


def _postgresql(session: Session) -> Rights | None:
    roles = told(
        session, "SELECT CASE WHEN rolsuper THEN '1' ELSE '0' END FROM pg_roles WHERE rolname = current_user", 1
    )
    tables = told(
        session,
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        " AND n.nspname NOT LIKE 'pg\\_%' AND has_schema_privilege(n.oid, 'USAGE')"
        " AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 1",
        1,
    )
    return _rights(roles, tables)


def _mysql(session: Session) -> Rights | None:
    grants = told(session, "SHOW GRANTS", 1)
    return None if grants is None else rights_of_grants([row[0] or "" for row in grants])


def rights_of_grants(grants: list[str]) -> Rights:
    """What MySQL's SHOW GRANTS says, line by line."""
    found = []
    administrator = False
    for line in grants:
        match = re.match(r"GRANT (.+?) ON (\S+) TO ", line, re.IGNORECASE)
        if match is None:
            continue  # the grant of a role, or of a proxy
        # Without column lists: SELECT (`a`, `b`), INSERT (`a`).
        words = {word.strip().upper() for word in re.sub(r"\([^)]*\)", "", match[1]).split(",")}
        everything = "ALL PRIVILEGES" in words or "ALL" in words
        administrator = administrator or (everything and match[2] == "*.*")
        if everything or words & set(WRITES):
            found.append(match[2].replace("`", ""))
    return Rights(administrator, tuple(found[:_SHOWN]))


def _mssql(session: Session) -> Rights | None:
    roles = told(
        session,
        "SELECT CASE WHEN IS_SRVROLEMEMBER('sysadmin') = 1 OR IS_MEMBER('db_owner') = 1 THEN '1' ELSE '0' END",
        1,
    )
    name = "QUOTENAME(s.name) + '.' + QUOTENAME(t.name)"
    may = " OR ".join(
        f"HAS_PERMS_BY_NAME({name}, 'OBJECT', '{right}') = 1" for right in ("INSERT", "UPDATE", "DELETE", "ALTER")
    )
    tables = told(
        session,
        f"SELECT s.name + '.' + t.name FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id WHERE {may}",
        1,
    )
    return _rights(roles, tables)


def _oracle(session: Session) -> Rights | None:
    roles = told(
        session,
        "SELECT CASE WHEN COUNT(*) > 0 THEN '1' ELSE '0' END FROM session_privs"
        " WHERE privilege IN ('INSERT ANY TABLE', 'UPDATE ANY TABLE', 'DELETE ANY TABLE', 'ALTER SYSTEM')",
        1,
    )
    tables = told(
        session,
        "SELECT table_schema || '.' || table_name FROM all_tab_privs WHERE grantee = USER"
        " AND privilege IN ('INSERT', 'UPDATE', 'DELETE', 'ALTER')"
        " UNION SELECT USER || '.' || table_name FROM user_tables",
        1,
    )
    return _rights(roles, tables)


def _rights(roles: list[tuple[str | None, ...]] | None, tables: list[tuple[str | None, ...]] | None) -> Rights | None:
    if tables is None:
        return None
    administrator = bool(roles) and roles is not None and roles[0][0] == "1"
    return Rights(administrator, tuple(row[0] or "" for row in tables[:_SHOWN]))


_BY_DIALECT = {"postgresql": _postgresql, "mysql": _mysql, "mssql": _mssql, "oracle": _oracle}
