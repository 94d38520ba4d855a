"""Which databases an ERP is kept in: written down, matched by a pattern, or listed in a table of the ERP.

Belongs here: finding them, and their addresses. Does not belong here: reading them (`account_sets.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.config_models import SystemConfig
from connectors.erp.config import ErpTableConfig
from connectors.erp.connector import ErpConnector
from connectors.erp.database.explain import explain_connecting, explain_reading
from connectors.erp.database.pace import Burden
from connectors.erp.database.session import Access, opened
from connectors.erp.database.target import odbc_items, odbc_string, parse_target
from connectors.erp.settings import AccountSetList, AccountSetPattern
from schemas.problems import Problem

PLACE = "{database}"
_LIST_OBJECT = "account_sets"
_LIST_PAGE = 10_000
# Databases of a server that this account may enter.
_ON_SERVER = {
    "mssql": "SELECT name FROM sys.databases WHERE state = 0 AND HAS_DBACCESS(name) = 1",
    "mysql": "SELECT schema_name FROM information_schema.schemata",
    "postgresql": "SELECT datname FROM pg_database WHERE datallowconn AND has_database_privilege(datname, 'CONNECT')",
}
# Where to ask for the list if the address names no database of its own.
_ENTRANCE = {"mssql": "master", "mysql": "information_schema", "postgresql": "postgres"}


@dataclass(frozen=True)
class Listed:
    """One database and its stamps. set: the database's name if no account set is told."""

    name: str
    set: str
    year: int | None

    @property
    def prefix(self) -> str:
        """What stands before a key: "006|2025|"; "|" and "\\" inside are escaped as in any composed key."""
        escaped = self.set.replace("\\", "\\\\").replace("|", "\\|")
        return f"{escaped}|{'' if self.year is None else self.year}|"


def target_text(url: str, database: str) -> str:
    """The address of one database: {database} replaced, or the database of the address."""
    if PLACE in url:
        return url.replace(PLACE, database)
    if re.match(r"\s*(driver|dsn|filedsn)\s*=", url, re.IGNORECASE):
        items = dict(odbc_items(url))
        key = next((name for name in items if name.lower() == "database"), "Database")
        return odbc_string(items | {key: _beside(items.get(key, ""), database)})
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        database = _beside(parsed.database or "", database)
    return parsed.set(database=database).render_as_string(hide_password=False)


def listed(system: SystemConfig, url: str, burden: Burden, **options: Any) -> list[Listed]:
    """The databases to read now, in the order they are written, or by set and year.

    Raises Problem `erp_account_sets_none`, and what connecting raises.
    """
    databases = system.databases
    if isinstance(databases, list):
        found = [Listed(item.name, item.set or item.name, item.year) for item in databases if not item.retired]
        searched = ", ".join(item.name for item in databases)
    elif isinstance(databases, AccountSetPattern):
        found = _matching(databases, _on_server(system, url, burden, **options))
        searched = databases.pattern
    else:
        assert isinstance(databases, AccountSetList)
        found = _from_table(system, databases, url, burden, **options)
        searched = f"{databases.database}.{databases.table}"
    if not found:
        raise Problem("erp_account_sets_none", system=system.system, searched=searched)
    return _told_apart(found)


def _matching(wanted: AccountSetPattern, names: list[str]) -> list[Listed]:
    retired = {name.casefold() for name in wanted.retired}
    found = []
    for name in names:
        match = re.fullmatch(wanted.pattern, name, re.IGNORECASE)
        if match is not None and name.casefold() not in retired:
            groups = match.groupdict()
            year = groups.get("year")
            found.append(Listed(name, groups.get("set") or name, int(year) if year and year.isdigit() else None))
    return sorted(found, key=lambda item: (item.set, item.year or 0, item.name))


def _from_table(system: SystemConfig, wanted: AccountSetList, url: str, burden: Burden, **options: Any) -> list[Listed]:
    columns = [wanted.set, *([wanted.year] if wanted.year else [])]
    table = ErpTableConfig(
        system=system.system,
        object=_LIST_OBJECT,
        table=wanted.table,
        key=columns,
        columns=columns,
        where=dict(wanted.where),
    )
    asking = system.model_copy(update={"objects": {_LIST_OBJECT: table}, "databases": None})
    connector = ErpConnector(asking, target_text(url, wanted.database), **options)
    retired = {name.casefold() for name in wanted.retired}
    found = []
    for page in connector.read(_LIST_OBJECT, None, _LIST_PAGE):
        for row in page.rows.to_pylist():
            name_of_set = str(row[wanted.set]).strip()
            year = int(str(row[wanted.year])[:4]) if wanted.year else None
            name = wanted.name.format(set=name_of_set, year=year)
            if name.casefold() not in retired:
                found.append(Listed(name, name_of_set, year))
    burden.add(connector.burden)
    return sorted(found, key=lambda item: (item.set, item.year or 0, item.name))


def _on_server(system: SystemConfig, url: str, burden: Burden, **options: Any) -> list[str]:
    probe = parse_target(system.system, target_text(url, "x"))
    family = probe.url.get_backend_name() if probe.url is not None else ""
    if family == "sqlite" or (probe.odbc is not None and "sqlite" in probe.driver.lower()):
        return _files_beside(probe.database)
    start = url.replace(PLACE, _ENTRANCE.get(family or _family_of_driver(probe.driver), "")) if PLACE in url else url
    target = parse_target(system.system, start)
    try:
        with opened(system.system, target, Access.of(system, system.timezone), burden, **options) as session:
            sql = _ON_SERVER.get(session.dialect.name)
            if sql is None:
                raise Problem("erp_account_sets_none", system=system.system, searched=session.dialect.name)
            try:
                names, _ = session.fetch(sa.text(sql), pa.schema([("name", pa.string())]))  # type: ignore[arg-type]
            except Exception as error:
                raise explain_reading(system.system, _LIST_OBJECT, target, error, system.pace) from error
    except Problem:
        raise
    except Exception as error:
        raise explain_connecting(system.system, target, error) from error
    return [str(name) for name in names["name"].to_pylist()]


def _family_of_driver(driver: str) -> str:
    name = driver.lower()
    if "psqlodbc" in name or "postgres" in name:
        return "postgresql"
    return "mysql" if "maodbc" in name or "mariadb" in name or "mysql" in name else "mssql"


def _files_beside(path: str) -> list[str]:
    """SQLite: the database files of the folder, without their suffix."""
    place = Path(path)
    return sorted(file.stem for file in place.parent.glob(f"*{place.suffix}") if file.is_file())


def _beside(path: str, database: str) -> str:
    """For a database that is a file: its neighbour with this name; else the name itself."""
    if "/" not in path and "\\" not in path:
        return database
    place = Path(path)
    return str(place.with_name(database if Path(database).suffix else database + place.suffix))


def _told_apart(found: list[Listed]) -> list[Listed]:
    """With the database's name as stamp where two have the same set and year."""
    stamps = [(item.set, item.year) for item in found]
    return [
        item if stamps.count((item.set, item.year)) == 1 else Listed(item.name, item.name, item.year) for item in found
    ]
