"""Data Docs of five datasets, from a store with few findings and from one with many.

Belongs here: the store that is rendered, the runs. Not here: what Great Expectations costs as a checker (`rules.py`).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.erp import store
from benchmarks.erp_peers import pids
from benchmarks.measure import Figures, Meter, isolated
from benchmarks.report import Benchmark, Entry
from hub.store.engine import connect
from hub.store.migrate import upgrade
from hub.store.postgres import EmbeddedPostgres

DATASETS = ("k3.material", "k3.customer", "mes.work_order", "mes.production_report", "workbooks.standard_cost")
GOAL = 0.5  # CPU seconds per dataset
_SCORES = """
insert into mart.quality_score (day, dataset, rule, system, entity, department, dimension, severity, rows_checked,
  rows_failed, weight) values ('2026-11-22', %s, %s, 'k3', %s, 'engineering', %s, %s, %s, %s, 1)"""
_FINDINGS = """
insert into quality.finding (rule, entity, dataset, department, source_key, column_name, value, severity, dimension,
  hold, first_load_id, last_load_id)
select %s, %s, %s, 'engineering', n::text, 'c', 'value ' || n, 'warning', 'conformity', false, 1, 1
from generate_series(1, %s) as n"""


def run(rows: int = 1_000_000) -> Benchmark:
    """The same pages out of a thousandth of the rows and out of all, a tenth of them with a finding."""
    entries = []
    for size in (max(10, rows // 1000), rows):
        figures, rules = _measured(size)
        entries.append(Entry(f"ours, {len(DATASETS)} datasets, {size // 10:,} findings", size, figures, rules))
    each = [entry.figures.cpu / len(DATASETS) for entry in entries]
    return Benchmark(
        "docs",
        "Data Docs of five datasets",
        f"Importing Great Expectations is not counted, the store's CPU is. {entries[0].result} rules on"
        f" {len(DATASETS)} pages; {each[0]:.2f} CPU s per dataset with few rows and {each[1]:.2f} with many (goal:"
        f" {GOAL}).",
        tuple(entries),
    )


def _measured(rows: int) -> tuple[Figures, int]:
    with store(10) as (server, home, environment):
        upgrade(server.url())
        with connect(server.url()) as connection:
            rules = _fill(connection, rows)
        return isolated(_render, home, **environment), rules


def _fill(connection: psycopg.Connection[Any], rows: int) -> int:
    """Scores of every rule of the datasets, a tenth of the rows failing for the first one of each; how many rules."""
    from schemas.loader import contracts

    count = 0
    for dataset in DATASETS:
        contract = contracts()[dataset.partition(".")[2]]
        for place, rule in enumerate(contract.rules):
            failed = rows // 10 // len(DATASETS) if place == 0 else 0
            told = [dataset, rule.id, rule.entity, rule.dimension, rule.severity, rows, failed]
            connection.execute(_SCORES, told)
            connection.execute(_FINDINGS, [rule.id, rule.entity, dataset, failed])
            count += 1
    connection.commit()
    connection.execute("analyze quality.finding")
    connection.commit()
    return count


def _render(home: Path) -> Figures:
    import great_expectations  # noqa: F401 - its import is not what is measured

    from hub.quality.gx import publish_data_docs
    from schemas.loader import contracts

    server = EmbeddedPostgres(home)
    with tempfile.TemporaryDirectory() as folder, connect(server.url()) as connection:
        known = contracts()
        with Meter(pids(server)) as meter:
            pages = publish_data_docs(connection, known, Path(folder) / "docs")
        assert len(pages) == len(DATASETS)
    return meter.figures
