"""Real database servers for tests: started on free 127.0.0.1 ports, stopped by their own process.

Belongs here: finding the binaries, starting, waiting, stopping, new databases, ODBC driver paths.
Does not belong here: fixtures (conftest.py) and test data.

The servers refuse to run as root, so as root they run as `nobody` in a folder that `nobody` owns.
"""

from __future__ import annotations

import configparser
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pymysql

USER = "hub"
PASSWORD = "p@ss;w{o}rd/1"  # awkward on purpose: URLs and connection strings must survive it
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find_program(name: str, package: str, *patterns: str) -> str:
    """Path of a server program, from PATH, /usr/sbin or the patterns (newest last)."""
    if candidates := [str(path) for pattern in patterns for path in sorted(Path("/").glob(pattern))]:
        return candidates[-1]
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError(f"The tests need {name}, which is missing: run `apt-get install {package}` (or make test).")
    return found


def odbc_driver(section: str, package: str, pattern: str) -> str:
    """Absolute path of an ODBC driver library, from its usual place or odbcinst.ini."""
    ini = configparser.ConfigParser(strict=False, interpolation=None)
    ini.read(["/etc/odbcinst.ini", "/usr/local/etc/odbcinst.ini", "/opt/homebrew/etc/odbcinst.ini"])
    if found := sorted(Path("/").glob(pattern)):
        return str(found[0])
    driver = ini.get(section, "Driver", fallback="")
    if not Path(driver).is_absolute():
        raise RuntimeError(f"The tests need ODBC driver '{section}': run `apt-get install {package}` (or make test).")
    return driver


def odbc_value(text: str) -> str:
    """A value inside {braces}, as ODBC connection strings want it."""
    return "{" + text.replace("}", "}}") + "}"


def sqlite_odbc(path: Path) -> str:
    """ODBC connection string of an SQLite file."""
    driver = odbc_driver("SQLite3", "libsqliteodbc", "usr/lib/*/odbc/libsqlite3odbc.so")
    return f"Driver={odbc_value(driver)};Database={path}"


@dataclass
class Server:
    """One running server. `home` holds its data and is removed by stop()."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    quick_stop: int
    _databases: int = field(default=0)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self.quick_stop)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=30)
        shutil.rmtree(self.home, ignore_errors=True)

    def new_name(self) -> str:
        self._databases += 1
        return f"t{self._databases}_{secrets.token_hex(3)}"


class PostgresServer(Server):
    def url(self, database: str = "postgres", driver: str = "postgresql+psycopg") -> str:
        return f"{driver}://{USER}:{_quoted(PASSWORD)}@127.0.0.1:{self.port}/{database}"

    def odbc(self, database: str = "postgres") -> str:
        driver = odbc_driver("PostgreSQL Unicode", "odbc-postgresql", "usr/lib/*/odbc/psqlodbcw.so")
        return (
            f"Driver={odbc_value(driver)};Server=127.0.0.1;Port={self.port};Database={database};"
            f"UID={USER};PWD={odbc_value(PASSWORD)}"
        )

    def create_database(self) -> str:
        name = self.new_name()
        with psycopg.connect(self.url(driver="postgresql"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return name


class MariadbServer(Server):
    def url(self, database: str = "mysql", driver: str = "mysql+pymysql") -> str:
        return f"{driver}://{USER}:{_quoted(PASSWORD)}@127.0.0.1:{self.port}/{database}?charset=utf8mb4"

    def odbc(self, database: str = "mysql") -> str:
        driver = odbc_driver("MariaDB Unicode", "odbc-mariadb", "usr/lib/*/odbc/libmaodbc.so")
        return (
            f"Driver={odbc_value(driver)};Server=127.0.0.1;Port={self.port};Database={database};"
            f"UID={USER};PWD={odbc_value(PASSWORD)};CHARSET=utf8mb4"
        )

    def create_database(self) -> str:
        name = self.new_name()
        with pymysql.connect(host="127.0.0.1", port=self.port, user=USER, password=PASSWORD) as connection:
            connection.cursor().execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return name


# wal_level and log_bin let a read follow the log of changes.
_POSTGRES = (
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "max_connections=60",
    "wal_level=logical",
    "max_replication_slots=60",
)
_BINLOG = (
    "--log-bin=binlog",
    "--binlog-format=ROW",
    "--binlog-row-metadata=MINIMAL",
    "--server-id=1",
    "--sync-binlog=0",
)


def start_postgres(*settings: str) -> PostgresServer:
    """A new PostgreSQL with account USER / PASSWORD (superuser), scram passwords, UTF-8.

    settings: "name=value", in place of those every test server has.
    """
    where = "usr/lib/postgresql/*/bin/"
    initdb = find_program("initdb", "postgresql", where + "initdb")
    postgres = find_program("postgres", "postgresql", where + "postgres")
    home = _home("pg")
    data, secret, port = home / "data", home / "password", free_port()
    secret.write_text(PASSWORD)
    _give_away(secret)
    account = ["-U", USER, "--pwfile", str(secret), "-A", "scram-sha-256"]
    _run([initdb, "-D", str(data), *account, "-E", "UTF8", "-N"], home)
    options = [f"-c{option}" for option in (*_POSTGRES, *settings)]
    process = _spawn([postgres, "-D", str(data), "-p", str(port), "-k", str(home), *options], home)
    server = PostgresServer(home, port, process, signal.SIGINT)
    _wait(server, lambda: psycopg.connect(server.url(driver="postgresql"), connect_timeout=3).close(), psycopg.Error)
    return server


def start_mariadb(*options: str) -> MariadbServer:
    """A new MariaDB with account USER / PASSWORD (all rights), utf8mb4.

    options: "--name=value" in place of the binary log every test server has.
    """
    install = find_program("mariadb-install-db", "mariadb-server")
    mariadbd = find_program("mariadbd", "mariadb-server")
    home = _home("ma")
    data, sock, port = home / "data", home / "s", free_port()
    common = ["--no-defaults", f"--datadir={data}"]
    _run([install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"], home)
    network = [f"--socket={sock}", f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve"]
    small = ["--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0"]
    files = [f"--pid-file={home / 'pid'}", f"--tmpdir={home}"]
    process = _spawn(
        [mariadbd, *common, *network, *small, *files, *(options or _BINLOG), "--character-set-server=utf8mb4"], home
    )
    server = MariadbServer(home, port, process, signal.SIGTERM)

    def create_account() -> None:
        with pymysql.connect(unix_socket=str(sock), user="root") as connection:
            cursor = connection.cursor()
            cursor.execute(f"CREATE OR REPLACE USER {USER}@'%%' IDENTIFIED BY %s", (PASSWORD,))
            cursor.execute(f"GRANT ALL ON *.* TO {USER}@'%' WITH GRANT OPTION")

    _wait(server, create_account, pymysql.MySQLError)
    return server


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _account() -> dict[str, Any]:
    """subprocess arguments that give up root; nothing for an ordinary user."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _give_away(path: Path) -> None:
    if account := _account():
        os.chown(path, account["user"], account["group"])


def _home(prefix: str) -> Path:
    # Short and outside pytest's own folder: socket paths are limited to 107 bytes, and pytest's folder
    # is closed to other users.
    home = Path(tempfile.mkdtemp(prefix=f"ww-{prefix}-"))
    _give_away(home)
    return home


def _environment() -> dict[str, str]:
    return {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def _run(command: list[str], home: Path) -> None:
    done = subprocess.run(command, cwd=home, env=_environment(), capture_output=True, **_account())
    if done.returncode:
        output = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
        raise RuntimeError(f"{Path(command[0]).name} failed:\n{output}")


def _spawn(command: list[str], home: Path) -> subprocess.Popen[bytes]:
    with (home / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=home, env=_environment(), stdout=log, stderr=log, **_account())


def _wait(server: Server, attempt: Callable[[], object], not_yet: type[Exception]) -> None:
    """Until `attempt` succeeds; RuntimeError with the server's log if it does not within START_SECONDS."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()
            return
        except not_yet as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                log = (server.home / "log").read_text(errors="replace")[-2000:]
                server.stop()
                raise RuntimeError(f"{type(server).__name__} did not start ({error}):\n{log}") from error
        time.sleep(0.1)
