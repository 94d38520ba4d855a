"""One ERP table into the store: ours (landing, cleaning, merge, cursor) beside COPY | COPY and dlt.

Belongs here: the table, the contenders, the proof that all of them carried the same values. Source and
targets are databases of one private PostgreSQL server in a temporary folder, and its CPU time counts.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.measure import Figures, Meter, isolated
from benchmarks.report import Benchmark, Entry
from hub.store.engine import dsn
from hub.store.postgres import EmbeddedPostgres
from schemas.model import Column, ColumnMapping, Contract, Mapping, Text

TABLE = "wide"
WARM = "warm"  # the same with ten rows, which every tool carries first: imports are not what is measured
# name, type in the source, expression over i
COLUMNS = (
    ("id", "bigint", "i"),
    ("code", "text", "'01.' || lpad((i % 999983)::text, 7, '0')"),
    ("name", "text", "'精密零件' || (i % 20000)"),
    ("spec", "text", "(i % 90) || 'x' || (i % 70) || 'mm'"),
    ("unit", "text", "(array['KG', 'PCS', 'M'])[1 + i % 3]"),
    ("category", "text", "'C' || (i % 40)"),
    ("warehouse", "text", "'W' || (i % 12)"),
    ("customer", "text", "'苏州客户' || (i % 3000)"),
    ("contact", "text", "'联系人' || (i % 500)"),
    ("phone", "text", "(13000000000 + i % 80000)::text"),
    ("remark", "text", "case when i % 7 = 0 then '备注' || (i % 900) end"),
    ("price", "numeric(23,10)", "((i * 7919) % 1000003)::numeric / 997"),
    ("cost", "numeric(20,4)", "((i * 104729) % 1000003)::numeric / 101"),
    ("qty", "numeric(20,4)", "(i % 5000)::numeric / 8"),
    ("weight", "numeric(12,3)", "(i % 7000)::numeric / 16"),
    ("scrap", "numeric(20,4)", "case when i % 5 = 0 then (i % 90)::numeric / 100 end"),
    ("order_date", "date", "date '2020-01-01' + (i % 2000)::int"),
    ("due_date", "date", "date '2020-02-01' + (i % 2000)::int"),
    ("created_at", "timestamp", "timestamp '2020-01-01 08:00' + i * interval '1 second'"),
    ("level", "integer", "i % 10"),
    ("status", "smallint", "(i % 4)::smallint"),
)
_WORD = Text("宽表", "Wide table")


def _column(name: str, source_type: str) -> Column:
    title = Text(name, name)
    if source_type.startswith("numeric"):
        precision, scale = source_type[len("numeric(") : -1].split(",")
        return Column(name, "decimal", title, precision=int(precision), scale=int(scale))
    types: dict[str, Any] = {"text": "string", "date": "date", "timestamp": "timestamp"}
    return Column(name, types.get(source_type, "integer"), title)


CONTRACT = Contract(
    "bench_wide", _WORD, _WORD, "it", tuple(_column(name, kind) for name, kind, _ in COLUMNS), ("id",), ()
)
MAPPING = Mapping("bench.wide", "bench_wide", "it", tuple(ColumnMapping(name, name) for name, _, _ in COLUMNS))


def make(server: EmbeddedPostgres, rows: int) -> None:
    """Databases source (with both tables), limit and dlt."""
    with psycopg.connect(dsn(server.url("postgres")), autocommit=True) as connection:
        for name in ("source", "limit", "dlt"):
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with psycopg.connect(dsn(server.url("source")), autocommit=True) as connection:
        values = ", ".join(expression for _, _, expression in COLUMNS)
        for table, count in ((TABLE, rows), (WARM, 10)):
            connection.execute(_create(table))
            connection.execute(
                f"insert into {table} select {values} from generate_series(1::bigint, {count}) i".encode()
            )
            connection.execute(f"alter table {table} add primary key (id)".encode())
        connection.execute(b"vacuum analyze")


def _create(table: str) -> bytes:
    return f"create table {table} ({', '.join(f'{name} {kind}' for name, kind, _ in COLUMNS)})".encode()


def digest(connection: psycopg.Connection[Any], table: str) -> tuple[int, int]:
    """(rows, sum of row hashes): equal for equal contents, whatever the order and the exact column types."""
    values = ", ".join(f"coalesce({name}::{kind}::text, '~')" for name, kind, _ in COLUMNS)
    statement = f"select count(*), coalesce(sum(hashtextextended(concat_ws('|', {values}), 0)), 0) from {table}"
    row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def limit(home: Path) -> tuple[Figures, tuple[int, int]]:
    """COPY out of one database and into the other, binary, through this process: no faster way is known."""
    server = EmbeddedPostgres(home)
    with (
        psycopg.connect(dsn(server.url("source"))) as source,
        psycopg.connect(dsn(server.url("limit"))) as target,
    ):
        target.execute(_create(TABLE))
        with (
            Meter(_pids(server)) as meter,
            source.cursor().copy(f"copy {TABLE} to stdout (format binary)".encode()) as reader,
            target.cursor().copy(f"copy {TABLE} from stdin (format binary)".encode()) as writer,
        ):
            for block in reader:
                writer.write(block)
        target.commit()
        return meter.figures, digest(target, TABLE)


def ours(home: Path) -> list[tuple[Figures, tuple[int, int]]]:
    """A load into an empty store, and the same load again when nothing has changed."""
    from connectors.config_base import Title
    from connectors.config_models import SystemConfig
    from connectors.erp.config import ErpTableConfig
    from connectors.erp.connector import ErpConnector
    from hub.landing.dataset import Dataset
    from hub.landing.lease import lease
    from hub.landing.load import Load
    from hub.store.core_tables import ensure_core_tables
    from hub.store.engine import connect
    from hub.store.migrate import upgrade

    server = EmbeddedPostgres(home)
    names = [name for name, _, _ in COLUMNS]
    tables = {
        name: ErpTableConfig(system="bench", object=name, table=name, key=["id"], columns=names)
        for name in (WARM, TABLE)
    }
    title = Title(zh="宽表", en="Wide")
    system = SystemConfig(
        system="bench", kind="erp", plant="P1", title=title, url_env="WATERWORKS_BENCH_URL", objects=dict(tables)
    )
    upgrade()
    with connect() as connection:
        ensure_core_tables(connection, [CONTRACT])

    def load(name: str) -> None:
        mapping = replace(MAPPING, dataset=f"bench.{name}")
        dataset = Dataset(mapping.dataset, "bench", "P1", CONTRACT, mapping, {}, "bench")
        with lease("bench", "benchmark") as held, connect() as connection:
            task = Load(connection, dataset, held, "benchmark", home / "landing")
            result = task.run(lambda: ErpConnector(system, odbc(server, "source")), name)
        if result.problem is not None or not result.adds_up:
            raise AssertionError(str(result))

    load(WARM)
    done = []
    for _ in range(2):
        with Meter(_pids(server)) as meter:
            load(TABLE)
        with connect() as connection:
            wide = f"(select * from core.bench_wide where _dataset = 'bench.{TABLE}') as mine"
            done.append((meter.figures, digest(connection, wide)))
    return done


def dlt(home: Path, disposition: str) -> tuple[Figures, tuple[int, int]]:
    """dlt at its strongest: Arrow out of the source, Parquet files, ADBC into PostgreSQL."""
    import adbc_driver_postgresql.dbapi  # noqa: F401 - dlt loads Parquet into PostgreSQL only when it is there
    import dlt as library
    from dlt.sources.sql_database import sql_table

    server = EmbeddedPostgres(home)
    pipeline = library.pipeline(
        f"bench_{disposition}", pipelines_dir=str(home / "dlt"), dataset_name=f"bench_{disposition}",
        destination=library.destinations.postgres(credentials=_plain(server, "dlt")),
    )  # fmt: skip

    def load(name: str) -> None:
        table = sql_table(
            credentials=_plain(server, "source").replace("postgresql:", "postgresql+psycopg2:"), table=name,
            backend="pyarrow", chunk_size=50_000, reflection_level="full_with_precision",
        )  # fmt: skip
        table.apply_hints(primary_key="id")
        pipeline.run(table, write_disposition=disposition, loader_file_format="parquet").raise_on_failed_jobs()

    load(WARM)
    with Meter(_pids(server)) as meter:
        load(TABLE)
    with psycopg.connect(dsn(server.url("dlt"))) as connection:
        return meter.figures, digest(connection, f"bench_{disposition}.{TABLE}")


def odbc(server: EmbeddedPostgres, database: str) -> str:
    """The ODBC connection string of one database of the server."""
    from tests.servers import odbc_driver, odbc_value

    driver = odbc_driver("PostgreSQL Unicode", "odbc-postgresql", "usr/lib/*/odbc/psqlodbcw.so")
    at = psycopg.conninfo.conninfo_to_dict(dsn(server.url(database)))
    return (
        f"Driver={odbc_value(driver)};Server={at['host']};Port={at['port']};Database={database};"
        f"UID={at['user']};PWD={odbc_value(str(at['password']))}"
    )


def _plain(server: EmbeddedPostgres, database: str) -> str:
    return dsn(server.url(database))


def _pids(server: EmbeddedPostgres) -> list[int]:
    pid = server.pid()
    assert pid is not None
    return [pid]


def run(rows: int = 1_000_000) -> Benchmark:
    """All contenders on one server. Raises AssertionError if one of them carried other values."""
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
            first, again = isolated(ours, home, **environment)
            runs = {
                "COPY | COPY, binary (the limit)": isolated(limit, home, **environment),
                "ours: ODBC, Parquet, clean, merge, cursor": first,
                "ours again, nothing changed": again,
                "dlt at its strongest, replace": isolated(dlt, home, "replace", **environment),
                "dlt at its strongest, merge": isolated(dlt, home, "merge", **environment),
            }
        finally:
            server.stop()
    entries = tuple(Entry(name, rows, figures, result) for name, (figures, result) in runs.items())
    if len({entry.result for entry in entries}) != 1 or entries[0].result[0] != rows:
        raise AssertionError(f"not the same values: {[(entry.contender, entry.result) for entry in entries]}")
    return Benchmark(
        "erp",
        f"ERP table of {len(COLUMNS)} columns into the store",
        "CPU of process and PostgreSQL server together. COPY | COPY keeps no Parquet, no"
        " history and no cursor. dlt: pyarrow backend, Parquet files, ADBC. The values in all targets are equal.",
        entries,
    )
