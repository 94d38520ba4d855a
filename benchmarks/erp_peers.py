"""The limit, and what people use today: COPY | COPY, dlt, sling.

Belongs here: contenders that are not ours, each at its strongest. Not here: the table, the run.
Every contender returns (figures, digest of its target).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from benchmarks.erp_table import TABLE, WARM, create, digest
from benchmarks.measure import Figures, Meter
from hub.store.engine import dsn
from hub.store.postgres import EmbeddedPostgres

Done = tuple[Figures, tuple[int, int]]

SLING = Path(__file__).resolve().parent.parent / ".waterworks" / "sling" / "sling_linux_amd64" / "bin"


def limit(home: Path, key: bool) -> Done:
    """COPY out of one database and into the other, binary, through this process: no faster way is known.

    key: the target has the source's primary key.
    """
    server = EmbeddedPostgres(home)
    with (
        psycopg.connect(dsn(server.url("source"))) as source,
        psycopg.connect(dsn(server.url("limit"))) as target,
    ):
        target.execute(f"drop table if exists {TABLE}".encode())
        target.execute(create(TABLE))
        if key:
            target.execute(f"alter table {TABLE} add primary key (id)".encode())
        with (
            Meter(pids(server)) as meter,
            source.cursor().copy(f"copy {TABLE} to stdout (format binary)".encode()) as reader,
            target.cursor().copy(f"copy {TABLE} from stdin (format binary)".encode()) as writer,
        ):
            for block in reader:
                writer.write(block)
        target.commit()
        return meter.figures, digest(target, TABLE)


def dlt(home: Path, source_url: str, others: Sequence[int], disposition: str) -> Done:
    """dlt at its strongest: Arrow out of the source, Parquet files, ADBC into PostgreSQL.

    source_url: for SQLAlchemy; others: further server processes whose CPU counts.
    """
    import adbc_driver_postgresql.dbapi  # noqa: F401 - dlt loads Parquet into PostgreSQL only when it is there
    import dlt as library
    from dlt.sources.sql_database import sql_table

    server = EmbeddedPostgres(home)
    dataset = f"{source_url.partition(':')[0].partition('+')[0]}_{disposition}"
    pipeline = library.pipeline(
        dataset, pipelines_dir=str(home / "dlt"), dataset_name=dataset,
        destination=library.destinations.postgres(credentials=dsn(server.url("dlt"))),
    )  # fmt: skip

    def load(name: str) -> None:
        table = sql_table(
            credentials=source_url, table=name, backend="pyarrow", chunk_size=50_000,
            reflection_level="full_with_precision",
        )  # fmt: skip
        table.apply_hints(primary_key="id")
        pipeline.run(table, write_disposition=disposition, loader_file_format="parquet").raise_on_failed_jobs()

    load(WARM)
    with Meter([*pids(server), *others]) as meter:
        load(TABLE)
    with psycopg.connect(dsn(server.url("dlt"))) as connection:
        return meter.figures, digest(connection, f"{dataset}.{TABLE}")


def sling_program() -> Path | None:
    """Sling's program if `make bench` could install it here (Linux on amd64)."""
    found = SLING / "sling-linux-amd64"
    return found if found.exists() and sys.platform == "linux" else None


def sling(home: Path, source_url: str, others: Sequence[int]) -> Done:
    """Sling's full refresh. It is told to send nothing anywhere, and a proxy that does not exist sees to it."""
    program = sling_program()
    assert program is not None
    server = EmbeddedPostgres(home)
    program.chmod(0o755)
    nowhere = "http://127.0.0.1:9"
    environment = os.environ | {
        "SLING_DISABLE_TELEMETRY": "TRUE", "SLING_HOME_DIR": str(home / "sling"), "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
    }  # fmt: skip
    schema = "public" if source_url.startswith("postgres") else source_url.rpartition("/")[2].partition("?")[0]

    def load(name: str) -> None:
        done = subprocess.run(
            [
                str(program), "run", "--src-conn", source_url, "--src-stream", f"{schema}.{name}",
                "--tgt-conn", f"{dsn(server.url('sling'))}?sslmode=disable", "--tgt-object", f"{schema}.{name}",
                "--mode", "full-refresh", "--primary-key", "id",
            ],
            env=environment, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"sling: {(done.stdout + done.stderr)[-2000:]}")

    load(WARM)
    with Meter([*pids(server), *others]) as meter:
        load(TABLE)
    with psycopg.connect(dsn(server.url("sling"))) as connection:
        return meter.figures, digest(connection, f"{schema}.{TABLE}")


def pids(server: EmbeddedPostgres) -> list[int]:
    """The process whose tree is the store's server."""
    pid = server.pid()
    assert pid is not None
    return [pid]
