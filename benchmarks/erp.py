"""One ERP table into the store: ours (landing, cleaning, merge, cursor) beside COPY | COPY, dlt and sling.

Belongs here: which contender runs when, and the proof that all of them carried the same values. Source
and targets are databases of one private PostgreSQL server in a temporary folder (mariadb.py: the source
is a MariaDB server), and the CPU time of the servers counts.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.erp_ours import ours
from benchmarks.erp_peers import Done, dlt, limit, sling, sling_program
from benchmarks.erp_table import COLUMNS, TABLE, digest, make
from benchmarks.measure import isolated
from benchmarks.report import Benchmark, Entry
from hub.store.engine import dsn
from hub.store.postgres import EmbeddedPostgres

WATERMARK = {"mode": "watermark", "watermark": "created_at"}
PART = 100  # one row in so many is changed, one in so many deleted


@dataclass(frozen=True)
class Source:
    """url: ours; sqlalchemy, sling: the same for the peers; others: server processes beside the store's.

    execute: runs a statement in it.
    """

    name: str
    url: str
    sqlalchemy: str
    sling: str
    others: Sequence[int]
    execute: Callable[[str], None]


@contextmanager
def store(rows: int) -> Iterator[tuple[EmbeddedPostgres, Path, dict[str, str]]]:
    """(server with the table in its database `source`, home, environment of contenders)."""
    with tempfile.TemporaryDirectory(prefix="waterworks-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # as root the server runs as another user, who must be able to enter
        environment = {
            "WATERWORKS_HOME": str(home), "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR",
            "DLT_DATA_DIR": str(home / "dlt"),
        }  # fmt: skip
        os.environ.pop("WATERWORKS_STORE_URL", None)
        server = EmbeddedPostgres(home)
        server.start()
        try:
            make(server, rows)
            yield server, home, environment
        finally:
            server.stop()


def run(rows: int = 1_000_000) -> Benchmark:
    """All contenders on one server. Raises AssertionError if one of them carried other values."""
    with store(rows) as (server, home, environment):

        def execute(statement: str) -> None:
            with psycopg.connect(dsn(server.url("source"))) as connection:
                connection.execute(statement.encode())

        plain = dsn(server.url("source"))
        source = Source(
            "erp", plain, plain.replace("postgresql:", "postgresql+psycopg2:"), f"{plain}?sslmode=disable", (), execute
        )
        return race(rows, source, server, home, environment, "PostgreSQL")


def race(
    rows: int, source: Source, server: EmbeddedPostgres, home: Path, environment: dict[str, str], product: str
) -> Benchmark:
    """Every contender on one source. Raises AssertionError if one of them carried other values."""
    entries: list[Entry] = []

    def expect(right: bool, seen: object) -> None:
        if not right:
            raise AssertionError(str(seen))

    def add(name: str, done: Done) -> None:
        expect(done[1] == wanted(), f"not the same values: {name}: {done[1]} instead of {wanted()}")
        entries.append(Entry(name, rows, done[0], done[1]))

    def wanted() -> tuple[int, int]:
        with psycopg.connect(dsn(server.url("source"))) as connection:
            return digest(connection, TABLE)

    def load(system: str, options: dict[str, Any], times: int = 1) -> list[tuple[Done, dict[str, int]]]:
        done: list[tuple[Done, dict[str, int]]] = isolated(
            ours, home, system, source.url, source.others, options, times, **environment
        )
        return done

    add("COPY | COPY, binary (the limit)", isolated(limit, home, False, **environment))
    add("COPY | COPY into a table with its primary key", isolated(limit, home, True, **environment))
    options = {**WATERMARK, "deletions": "no"}
    [(done, counts)] = load("bench", options)
    expect(counts["loaded"] == rows, counts)
    add("ours, first load: read, Parquet, clean, check, merge, cursor", done)
    [(first, _), (again, counts)] = load("bench_full", {"mode": "full"}, 2)
    add("ours, first load that remembers checksums of the source", first)
    expect(counts["unchanged"] == rows, counts)
    add("ours again, every row compared, nothing changed", again)
    for disposition in ("replace", "merge"):
        add(
            f"dlt at its strongest, {disposition}",
            isolated(dlt, home, source.sqlalchemy, source.others, disposition, **environment),
        )
    if sling_program() is not None:
        add("sling, full refresh", isolated(sling, home, source.sling, source.others, **environment))

    source.execute(f"update {TABLE} set qty = qty + 1, created_at = '2026-06-01 08:00:00' where id % {PART} = 0")
    [(done, counts)] = load("bench", options)
    expect(rows // PART <= counts["loaded"] <= rows // PART + 1, counts)
    add("ours, 1 % of the rows changed, found by watermark", done)
    source.execute(f"delete from {TABLE} where id % {PART} = 1")
    [(done, counts)] = load("bench", {**WATERMARK, "deletions": "keys"})
    expect(rows // PART <= counts["deleted"] <= rows // PART + 1, counts)
    add("ours, 1 % of the rows deleted, found among all keys", done)
    [(done, counts)] = load("bench_full", {"mode": "full"})
    add("ours, both found by comparing every row", done)
    return Benchmark(
        source.name,
        f"ERP table of {len(COLUMNS)} columns from {product} into the store",
        "CPU of all processes, database servers included. COPY | COPY is from PostgreSQL to PostgreSQL; it keeps no"
        " Parquet, no history and no cursor. dlt: pyarrow backend, Parquet files, ADBC. Neither dlt nor sling"
        " puts a key on the rows of a full load, and neither finds deleted rows. The values in all targets are equal.",
        tuple(entries),
    )
