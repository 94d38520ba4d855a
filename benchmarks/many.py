"""A hundred ERP tables in which nothing changed: what `waterworks sync` costs when there is nothing to do.

Belongs here: a copy of this project with one more source system, its tables, and the command as people
run it. Not here: what one table costs (erp.py).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from itertools import accumulate, pairwise
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.measure import Figures, Meter, isolated
from benchmarks.report import Benchmark, Entry
from hub.store.engine import dsn
from hub.store.postgres import EmbeddedPostgres

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = ("connectors", "dagster_home", "hub", "pipelines", "portal", "schemas", "examples")
TABLES = 100
SIZES = (200, 500, 1000, 2000)  # rows of the tables, in turn

_SYSTEM = """type: pipelines.components.SourceSystem
attributes: {system: many, kind: erp, plant: P1, title: {zh: 许多表, en: Many tables}, url_env: WATERWORKS_MANY_URL}
"""
_TABLE = """---
type: pipelines.components.ErpTable
attributes: {system: many, object: NAME, table: NAME, key: [id]}
"""
_MAPPING = """dataset: many.NAME
entity: customer
department: it
columns: {customer_code: code, customer_name: name, contact_name: contact, phone: phone, address: address}
"""
_CREATE = (
    "create table {table} as select i as id, {prefix} || lpad(i::text, 6, '0') as code,"
    " '苏州第' || i || '精密机械有限公司' as name, '王工' as contact, (13000000000 + i)::text as phone,"
    " '苏州工业园区' as address, i::numeric(20, 4) / 8 as credit, timestamp '2026-01-01' as changed"
    " from generate_series(1, {rows}) i"
)


def run(rows: int = sum(SIZES) * TABLES // len(SIZES)) -> Benchmark:
    """`rows`: of all tables together. Raises AssertionError if a load brought something."""
    with tempfile.TemporaryDirectory(prefix="waterworks-bench-") as folder:
        project = _project(Path(folder))
        home = project / ".waterworks"
        home.mkdir()
        for path in (Path(folder), project, home):
            path.chmod(0o755)  # as root the server runs as another user, who must be able to enter
        server = EmbeddedPostgres(home)
        server.start()
        try:
            _make(server, rows)
            environment = {"WATERWORKS_HOME": str(home), "WATERWORKS_MANY_URL": dsn(server.url("many"))}
            server.stop()  # the command starts it and stops it again, so its CPU is the command's
            figures = [isolated(_sync, project, **environment) for _ in range(2)]
            server.start()
            with psycopg.connect(dsn(server.url())) as connection:
                loaded = connection.execute(
                    "select sum(loaded + held), sum(unchanged), count(*) from ops.load where system = 'many'"
                    " group by run_id order by min(id)"
                ).fetchall()
        finally:
            server.stop()
    total = int(loaded[0][0])
    if loaded != [(total, 0, TABLES), (0, total, TABLES)]:
        raise AssertionError(str(loaded))
    entries = (
        Entry(f"ours, first sync of {TABLES} tables", total, figures[0], total),
        Entry("ours again, nothing changed", total, figures[1], total),
    )
    return Benchmark(
        "many",
        f"`waterworks sync` of an ERP with {TABLES} tables",
        "CPU of all processes, database servers included: command, Dagster with its log of every table, source and"
        f" store, matching and rules over all rows. Tables of {SIZES[0]} to {SIZES[-1]} rows.",
        entries,
    )


def _project(folder: Path) -> Path:
    """A copy of this project with the system `many` alone."""
    project = folder / "project"
    for room in ROOMS:
        shutil.copytree(PROJECT / room, project / room, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copy(PROJECT / "pyproject.toml", project)
    defs = project / "pipelines" / "defs"
    for other in defs.iterdir():
        if other.is_dir():
            shutil.rmtree(other)
    (defs / "many").mkdir()
    tables = "".join(_TABLE.replace("NAME", name) for name in _names())
    (defs / "many" / "defs.yaml").write_text(_SYSTEM + tables, encoding="utf-8")
    for mapping in (project / "schemas" / "mappings").glob("*.yaml"):
        if not re.match(r"(workbooks|uploads)\.", mapping.name):
            mapping.unlink()
    for name in _names():
        text = _MAPPING.replace("NAME", name)
        (project / "schemas" / "mappings" / f"many.{name}.yaml").write_text(text, encoding="utf-8")
    return project


def _make(server: EmbeddedPostgres, rows: int) -> None:
    with psycopg.connect(dsn(server.url("postgres")), autocommit=True) as connection:
        connection.execute("create database many")
    with psycopg.connect(dsn(server.url("many"))) as connection:
        shares = [SIZES[number % len(SIZES)] for number in range(TABLES)]
        ends = [rows * part // sum(shares) for part in accumulate(shares, initial=0)]
        for name, (begin, end) in zip(_names(), pairwise(ends), strict=True):
            size = end - begin
            table = sql.Identifier(name)
            connection.execute(
                sql.SQL(_CREATE).format(table=table, prefix=sql.Literal(name.upper()), rows=sql.Literal(size))
            )
            connection.execute(sql.SQL("alter table {} add primary key (id)").format(table))


def _sync(project: Path) -> Figures:
    """`waterworks sync --source many`, as a person would type it in the project's folder."""
    environment = os.environ | {"PYTHONPATH": str(project)}
    with Meter() as meter:
        command = "from portal.cli.main import app; app(['sync', '--source', 'many'])"
        done = subprocess.run(
            [sys.executable, "-c", command], cwd=project, env=environment, capture_output=True, text=True
        )
    if done.returncode:
        logs = (project / ".waterworks" / "logs").glob("*.log")
        last = "".join(path.read_text(errors="replace")[-3000:] for path in logs)
        raise AssertionError(f"{done.stdout[-3000:]}{done.stderr[-3000:]}{last}")
    return meter.figures


def _names() -> list[str]:
    return [f"t{number:03}" for number in range(1, TABLES + 1)]
