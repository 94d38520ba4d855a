"""Driver errors as one plain sentence: what is wrong with an ERP connection, and what to do.

Belongs here: telling errors apart and naming the host. Does not belong here: retries, reading.

Where the network is the question, a short TCP probe answers it: its result does not depend on a
driver's wording or the server's language.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path

from sqlalchemy.exc import DBAPIError, NoSuchModuleError

from connectors.erp.target import Target
from schemas.problems import Problem

PROBE_SECONDS = 3

_LOGIN = re.compile(
    r"28P01|28000|\b1045\b|\b1698\b|18456|password authentication failed|no password supplied|access denied for user"
    r"|login failed|role \"[^\"]*\" does not exist|认证失败|登录失败|ORA-01017",
    re.IGNORECASE,
)
_DATABASE = re.compile(
    r"3D000|\b1049\b|\b1044\b|\b4060\b|database \"[^\"]*\" does not exist|unknown database|cannot open database"
    r"|数据库.*不存在|无法打开.*数据库",
    re.IGNORECASE,
)
_DRIVER = re.compile(r"IM002|IM003|can't open lib|data source name not found|file not found", re.IGNORECASE)
_LOST = re.compile(
    r"08S01|08003|08006|08007|57P01|57P02|\(2006|\(2013|\b2006\b|\b2013\b|server has gone away|lost connection"
    r"|connection.*(closed|reset|terminated|lost)|server closed the connection|broken pipe|communication link",
    re.IGNORECASE,
)
_TIMEOUT = re.compile(
    r"57014|HYT00|HYT01|\b1969\b|\b3024\b|statement timeout|lock timeout|55P03|timed? ?out|query.*interrupted",
    re.IGNORECASE,
)
_PERMISSION = re.compile(
    r"42501|\b1142\b|\b1143\b|permission denied|command denied|权限不够|拒绝了.*权限|ORA-01031", re.IGNORECASE
)


def explain_connecting(system: str, target: Target, error: Exception) -> Problem:
    """Why a connection could not be opened."""
    text = str(error)
    if isinstance(error, ModuleNotFoundError | NoSuchModuleError):
        name = getattr(error, "name", None) or target.driver
        return Problem("erp_driver_missing", system=system, driver=name, install=_install(str(name)))
    if target.odbc is not None and _DRIVER.search(text):
        return Problem(
            "erp_driver_missing", system=system, driver=target.driver or "DSN", install=_install(target.driver)
        )
    if target.url is not None and target.url.get_backend_name() == "sqlite":
        if not Path(target.host).is_file():
            return Problem("erp_file_missing", system=system, file=target.host)
        return Problem("erp_refused", system=system, host=target.host, reason=reason_of(target, error))
    if target.address is not None and (unreachable := _probe(system, *target.address)):
        return unreachable
    if _LOGIN.search(text):
        return Problem("erp_login_failed", system=system, host=target.host)
    if _DATABASE.search(text):
        return Problem("erp_database_missing", system=system, host=target.host, database=target.database or "-")
    return Problem("erp_refused", system=system, host=target.host, reason=reason_of(target, error))


def explain_reading(system: str, object_name: str, target: Target, error: Exception, seconds: int) -> Problem:
    """Why a statement failed on an open connection."""
    text = str(error)
    if is_lost(error):
        if target.address is not None and (unreachable := _probe(system, *target.address)):
            return unreachable
        reason = reason_of(target, error)
        return Problem("erp_connection_lost", system=system, object=object_name, host=target.host, reason=reason)
    if _PERMISSION.search(text):
        return Problem("erp_no_permission", system=system, object=object_name, reason=reason_of(target, error))
    if _TIMEOUT.search(text):
        return Problem("erp_timeout", system=system, object=object_name, seconds=seconds)
    return Problem("erp_read_failed", system=system, object=object_name, reason=reason_of(target, error))


def is_lost(error: Exception) -> bool:
    """True if the connection broke, so that the same page may be asked for again."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return bool(_LOST.search(str(error)))


def reason_of(target: Target, error: Exception) -> str:
    """The driver's own words, one line, without secrets."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = str(original.args[1]) if len(original.args) > 1 else str(original)
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


def _install(driver: str) -> str:
    """The command that brings a driver, as far as its name tells."""
    name = driver.lower()
    if "psqlodbc" in name or "postgresql" in name:
        return "apt-get install odbc-postgresql"
    if "maodbc" in name or "mariadb" in name or "mysql" in name:
        return "apt-get install odbc-mariadb" if "pymysql" not in name else "pip install pymysql"
    if "tds" in name:
        return "apt-get install tdsodbc"
    if "sql server" in name or "msodbcsql" in name:
        return "pip install mssql-python-odbc (Driver=<path of libmsodbcsql-18.so>), or msodbcsql18"
    if "pyodbc" in name or "libodbc" in name:
        return "apt-get install unixodbc"
    return f"pip install {driver}" if re.fullmatch(r"[\w.-]+", driver) else driver
