"""Driver errors as one plain sentence: what is wrong with an ERP connection, and what to do.

Belongs here: naming the host, what to install, asking the network. Does not belong here: what codes
mean (`error_codes.py`), retries, reading.

Where the network is the question, a short TCP probe answers it: its result does not depend on a
driver's wording or the server's language.
"""

from __future__ import annotations

import platform
import re
import socket
from pathlib import Path

from sqlalchemy.exc import DBAPIError, NoSuchModuleError

from connectors.erp.database.error_codes import CONNECTING, LOST, READING, SILENT, family_of, kind_of
from connectors.erp.database.target import Target
from connectors.erp.settings import Pace
from schemas.problems import Problem

PROBE_SECONDS = 3

_DRIVER = re.compile(
    r"IM002|IM003|IM004|can't open lib|data source name not found|file not found|DPI-1047", re.IGNORECASE
)


def explain_connecting(system: str, target: Target, error: Exception) -> Problem:
    """Why a connection could not be opened."""
    text = str(error)
    if isinstance(error, ModuleNotFoundError | NoSuchModuleError):
        name = getattr(error, "name", None) or target.driver
        return Problem("erp_driver_missing", system=system, driver=name, install=_install(str(name)))
    if "DPI-1047" in text or (target.odbc is not None and _DRIVER.search(text)):
        if not target.driver and "IM002" in text:
            return Problem("erp_dsn_missing", system=system, dsn=target.host.removeprefix("DSN "))
        driver = target.driver or "DSN"
        return Problem("erp_driver_missing", system=system, driver=driver, install=_install(target.driver or text))
    family = family_of(target, text)
    if family == "sqlite" and (target.url is not None or target.database):
        file = target.host if target.url is not None else target.database
        if not Path(file).is_file():
            return Problem("erp_file_missing", system=system, file=file)
    if target.address is not None and (unreachable := _probe(system, *target.address)):
        return unreachable
    return Problem(
        kind_of((*CONNECTING, SILENT), family, error) or "erp_refused",
        system=system,
        host=target.host,
        database=target.database or "-",
        reason=reason_of(target, error),
    )


def explain_reading(system: str, object_name: str, target: Target, error: Exception, pace: Pace) -> Problem:
    """Why a statement failed on an open connection."""
    code = kind_of(READING, family_of(target, str(error)), error)
    if code is None:
        code = "erp_connection_lost" if is_lost(error) else "erp_read_failed"
    if code == "erp_connection_lost" and target.address is not None and (gone := _probe(system, *target.address)):
        return gone
    return Problem(
        code,
        system=system,
        object=object_name,
        host=target.host,
        reason=reason_of(target, error),
        seconds=pace.lock_seconds if code == "erp_lock_timeout" else pace.statement_seconds,
    )


def is_lost(error: Exception) -> bool:
    """True if the connection broke, so that the same page may be asked for again."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    text = str(error)
    families = ("postgresql", "mysql", "oracle") if "[Microsoft]" not in text and "FreeTDS" not in text else ("mssql",)
    return any(kind_of((LOST,), family, error) for family in families)  # type: ignore[arg-type]


def reason_of(target: Target, error: Exception) -> str:
    """The driver's own words, one line, without secrets."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = str(original.args[1]) if len(original.args) > 1 else str(original)
    text = re.sub(r"(?s)^ODBC emitted an error.*?Message: ", "", text)  # arrow-odbc's own frame
    line = " ".join(target.redact(text).split())
    return line[:300]


def _probe(system: str, host: str, port: int) -> Problem | None:
    """A Problem if nothing answers at host:port, else None."""
    where = f"{host}:{port}"
    try:
        socket.create_connection((host, port), timeout=PROBE_SECONDS).close()
    except socket.gaierror:
        return Problem("erp_host_unknown", system=system, host=host)
    except ConnectionRefusedError:
        return Problem("erp_port_closed", system=system, host=where)
    except TimeoutError:
        return Problem("erp_no_answer", system=system, host=where)
    except OSError as error:
        return Problem("erp_unreachable", system=system, host=where, reason=error.strerror or str(error))
    return None


# Words of a driver's name -> (Debian and Ubuntu, macOS, Windows).
_INSTALL = {
    "psqlodbc|postgresql": (
        "apt-get install odbc-postgresql",
        "brew install psqlodbc",
        "psqlODBC, https://odbc.postgresql.org",
    ),
    "maodbc|mariadb|myodbc|mysql": (
        "apt-get install odbc-mariadb",
        "brew install mariadb-connector-odbc",
        "MariaDB Connector/ODBC, https://mariadb.com/downloads/connectors",
    ),
    "tds": ("apt-get install tdsodbc", "brew install freetds", "FreeTDS, https://www.freetds.org"),
    "sql server|msodbcsql": ("pip install mssql-python-odbc",) * 3,
    "sqlite": (
        "apt-get install libsqliteodbc",
        "brew install sqliteodbc",
        "SQLite ODBC Driver, http://www.ch-werner.de/sqliteodbc",
    ),
    "oracle client|dpi-1047|oracledb|cx_oracle": (
        "pip install oracledb; thick=yes: Oracle Instant Client",
        "pip install oracledb; thick=yes: Oracle Instant Client",
        "pip install oracledb; thick=yes: Oracle Instant Client",
    ),
    "oracle|sqora": ("Oracle Instant Client ODBC",) * 3,
    "libodbc|pyodbc": ("apt-get install unixodbc", "brew install unixodbc", "pip install pyodbc"),
}


def _install(driver: str) -> str:
    """What brings a driver to this machine, as far as its name tells."""
    name = driver.lower()
    if name in ("pymysql", "psycopg"):
        return f"pip install {name}"
    place = {"Darwin": 1, "Windows": 2}.get(platform.system(), 0)
    for words, ways in _INSTALL.items():
        if re.search(words, name):
            return ways[place]
    return f"pip install {driver}" if re.fullmatch(r"[\w.-]+", driver) else driver
