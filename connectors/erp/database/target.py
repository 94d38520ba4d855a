"""Where an ERP database is: reads the value of its environment variable.

Two forms, nothing else:

* a URL: `sqlite:////srv/k3.db`, `postgresql://user:password@host:5432/db`, `mysql://user:password@host/db`,
  or any SQLAlchemy dialect; `mssql+pyodbc://user:password@host/db?driver=ODBC+Driver+18+for+SQL+Server`
  (every `+pyodbc` URL) is read through ODBC, its query parameters go into the connection string;
* an ODBC connection string: `Driver={...};Server=...;Database=...;UID=...;PWD=...` or `DSN=...`.
  Driver may be a name of odbcinst.ini or the path of the driver library.

Belongs here: parsing, no I/O. Does not belong here: connecting.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from schemas.problems import Problem

_ODBC = re.compile(r"^\s*(driver|dsn|filedsn)\s*=", re.IGNORECASE)
_ITEM = re.compile(r"\s*([^=;{}]+?)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)\s*(?:;|$)")
_MICROSOFT = re.compile(r"odbc driver \d+ for sql server", re.IGNORECASE)
_ALIASES = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "mariadb+pymysql": "mysql+pymysql",
    "mssql": "mssql+pyodbc",
    "sqlserver": "mssql+pyodbc",
    "oracle": "oracle+oracledb",
}
CONNECT_SECONDS = 5
DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433, "oracle": 1521}


@dataclass(frozen=True)
class Target:
    """Exactly one of `url` (native) and `odbc` (connection string) is set.

    host: "host:port" (or file, or DSN) for sentences; address: what can be probed, if known.
    secrets: texts that must never be shown.
    """

    host: str
    database: str
    address: tuple[str, int] | None = None
    url: sa.URL | None = None
    odbc: str | None = None
    driver: str = ""
    secrets: tuple[str, ...] = ()

    def redact(self, text: str) -> str:
        """The text without this target's secrets."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return re.sub(r"(?i)\b(pwd|password)\s*=\s*(\{[^}]*\}|[^;\s]+)", r"\1=***", text)


def parse_target(system: str, text: str) -> Target:
    """The target a URL or connection string names.

    Raises Problem `erp_url_unreadable`; the text itself is never part of a message.
    """
    if _ODBC.match(text):
        return _from_odbc(dict(odbc_items(text)))
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError) as error:
        raise Problem("erp_url_unreadable", system=system) from error
    url = url.set(drivername=_ALIASES.get(url.drivername, url.drivername))
    secrets = (url.password,) if url.password else ()
    if url.drivername.endswith("+pyodbc"):
        return _from_odbc(_odbc_of(url))
    if url.get_backend_name() == "sqlite":
        return Target(url.database or "", url.database or "", url=url)
    port = url.port or DEFAULT_PORTS.get(url.get_backend_name(), 0)
    host = url.host or "localhost"
    return Target(f"{host}:{port}", url.database or "", (host, port), url, None, url.drivername, secrets)


def is_on(value: object) -> bool:
    """Whether an option of a URL or connection string is switched on."""
    return str(value).lower() in ("1", "yes", "true", "on")


def odbc_items(text: str) -> list[tuple[str, str]]:
    """(key, value) pairs of a connection string, braces removed."""
    items = []
    for key, value in _ITEM.findall(text):
        plain = value[1:-1].replace("}}", "}") if value.startswith("{") else value.strip()
        items.append((key, plain))
    return items


def odbc_string(items: Mapping[str, str]) -> str:
    """The connection string; values that need braces get them."""
    needs = re.compile(r"[\[\]{}(),;?*=!@\s]")
    parts = []
    for key, value in items.items():
        braced = key.lower() == "driver" or needs.search(value)
        parts.append(f"{key}=" + ("{" + value.replace("}", "}}") + "}" if braced else value))
    return ";".join(parts)


def with_driver_path(text: str) -> str:
    """The connection string; "ODBC Driver 18 for SQL Server" becomes the library that came with the Python
    package mssql-python-odbc, where that is installed and no such driver is registered."""
    items = dict(odbc_items(text))
    key = next((key for key in items if key.lower() == "driver"), None)
    if key is None or not _MICROSOFT.search(items[key]) or "/" in items[key] or "\\" in items[key]:
        return text
    import pyodbc

    if items[key] in pyodbc.drivers() or (path := wheel_driver()) is None:
        return text
    return odbc_string(items | {key: path})


def wheel_driver() -> str | None:
    """Path of Microsoft's driver inside the package mssql-python-odbc; None if there is none for this machine."""
    try:
        import mssql_python_odbc  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        return None
    system, machine = platform.system(), platform.machine().lower()
    folders = {"Linux": f"linux/*/{machine}/lib", "Darwin": "macos/*/lib", "Windows": f"windows/{machine}"}
    root = Path(mssql_python_odbc.get_libs_dir())
    found = sorted(root.glob(f"{folders.get(system, '*')}/*msodbcsql*18*"))
    own = [path for path in found if _distribution() in path.parts]
    return str((own or found)[0]) if found else None


def _distribution() -> str:
    """The folder of libraries built for this Linux."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    family = f"{release.get('ID', '')} {release.get('ID_LIKE', '')}"
    if "suse" in family:
        return "suse"
    return "rhel" if re.search("rhel|fedora|centos", family) else "debian_ubuntu"


def _odbc_of(url: sa.URL) -> dict[str, str]:
    """The connection string items of a `<dialect>+pyodbc` URL."""
    query = {key: value if isinstance(value, str) else value[-1] for key, value in url.query.items()}
    backend = url.get_backend_name()
    items = {"Driver": query.pop("driver", "ODBC Driver 18 for SQL Server" if backend == "mssql" else "")}
    if backend == "mssql" and "freetds" not in items["Driver"].lower() and "tds" not in items["Driver"].lower():
        items["Server"] = f"{url.host},{url.port}" if url.port else str(url.host)  # Microsoft's own form
    else:
        items["Server"] = url.host or "localhost"
        items["Port"] = str(url.port or DEFAULT_PORTS.get(backend, 0))
    items["Database"] = url.database or ""
    if url.username:
        items["UID"] = url.username
    if url.password:
        items["PWD"] = url.password
    return items | query


def _from_odbc(items: dict[str, str]) -> Target:
    """The target of connection string items, with the options our reading needs added."""
    known = {key.lower(): value for key, value in items.items()}
    driver = known.get("driver", "")
    kind = driver.lower()
    additions: dict[str, str] = {}
    if "psqlodbc" in kind or "postgresql" in kind:
        # Without it booleans arrive as the text "1".
        additions = {"BoolsAsChar": "0"}
        default_port = DEFAULT_PORTS["postgresql"]
    elif "maodbc" in kind or "mariadb" in kind or "mysql" in kind or "myodbc" in kind:
        additions = {"CHARSET": "utf8mb4", "CONN_TIMEOUT": str(CONNECT_SECONDS)}
        default_port = DEFAULT_PORTS["mysql"]
    elif "sqlite" in kind:
        # A wrong path must be an error, not a new empty database.
        file = known.get("database", "")
        items = items | ({} if "nocreat" in known else {"NoCreat": "Yes"})
        return Target(file, file, None, None, odbc_string(items), driver)
    else:
        if "odbc driver" in kind or "msodbcsql" in kind:
            additions = {"ApplicationIntent": "ReadOnly"}
        default_port = DEFAULT_PORTS["mssql"]
    items = items | {key: value for key, value in additions.items() if key.lower() not in known}
    server = (known.get("server") or known.get("servername") or known.get("host") or "").removeprefix("tcp:")
    host, _, comma_port = server.partition(",")
    port = comma_port or known.get("port") or str(default_port)
    named_instance = "\\" in host  # its port is found by the browser service
    address = (host, int(port)) if host and port.isdigit() and not named_instance else None
    shown = f"{host}:{port}" if address else server or f"DSN {known.get('dsn', '?')}"
    secrets = tuple(known[key] for key in ("pwd", "password") if known.get(key))
    return Target(shown, known.get("database", ""), address, None, odbc_string(items), driver, secrets)
