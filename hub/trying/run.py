"""Rules tried on rows: every finding they would have, and how many there are today.

Belongs here: running the same engines as loads and publish do, on the side. Not here: which rules (changed.py),
which rows (pages.py), what is printed (portal/cli/rules.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import KEY, ROW_NO
from hub.cleansing.standardise import Standardised
from hub.landing.dataset import Dataset
from hub.quality.engine import Run
from hub.quality.file_check import check_pages
from hub.quality.set_findings import prepare_tables
from hub.quality.set_rules import FREE_SQL_SECONDS, cannot_run, collect
from hub.quality.sets.surroundings import Surroundings
from hub.trying.pages import TriedPage
from schemas.model import Rule
from schemas.problems import Problem

BATCH = 10_000  # findings fetched from the store at a time


@dataclass(frozen=True)
class Found:
    """One value that would break a rule; `cell` ("D12") where it stands in a sheet."""

    rule: str
    dataset: str
    source_key: str
    cell: str | None
    value: str | None
    detail: dict[str, Any] | None


Keep = Callable[[Found], None]


def try_rows(pages: Iterable[TriedPage], about: Dataset, rules: Sequence[Rule], run: Run, keep: Keep) -> int:
    """Rules of scope row and table over these pages; every finding goes to `keep`. Returns the number of rows.

    Rules that cannot run are in `run.broken` afterwards.
    """
    wanted = pa.array([rule.id for rule in rules], pa.string())
    letters: dict[str, str] = {}
    read = 0

    def counted() -> Iterator[tuple[Standardised, pa.Table]]:
        nonlocal read
        for page in pages:
            read += page.rows.num_rows
            letters.update(page.file.columns if page.file else {})
            yield page.standardised, page.rows

    for found in check_pages(counted(), about.mapping, about.contract, about.codes, run):
        for row in found.filter(pc.is_in(found["rule"], value_set=wanted)).to_pylist():
            column, number = row["source_column"], row[ROW_NO]
            cell = f"{letters[column]}{number}" if column in letters and number is not None else None
            detail = json.loads(row["detail"]) if row["detail"] else None
            keep(Found(row["rule"], about.name, row[KEY], cell, row["value"], detail))
    return read


def try_store(
    connection: psycopg.Connection[Any],
    rules: Sequence[Rule],
    around: Surroundings,
    datasets: Sequence[str],
    keep: Keep,
    seconds: float = FREE_SQL_SECONDS,
) -> dict[str, Problem]:
    """Rules that look at several rows of the store, held ones included; findings of `datasets` go to `keep`.

    In a transaction that is taken back. Returns {rule id: why it cannot run}.
    """
    broken: dict[str, Problem] = {}
    with connection.transaction(force_rollback=True):
        prepare_tables(connection, around.mappings)
        for rule in rules:
            try:
                with connection.transaction():
                    collect(connection, rule, around, seconds)
            except Problem as problem:
                broken[rule.id] = problem
            except psycopg.Error as error:
                if connection.closed:
                    raise
                broken[rule.id] = cannot_run(rule, around, error, seconds)
            else:
                _keep_found(connection, rule, datasets, keep)
    return broken


def _keep_found(connection: psycopg.Connection[Any], rule: Rule, datasets: Sequence[str], keep: Keep) -> None:
    query = (
        "select f.dataset, coalesce(f.source_key, ''), o.cell, f.value, f.detail from set_found as f"
        " left join quality.finding as o on o.rule = %s and o.dataset = f.dataset and o.source_key = f.source_key"
        " and o.resolved_at is null where f.dataset = any(%s) order by 1, 2"
    )
    with connection.cursor("tried") as cursor:
        cursor.itersize = BATCH
        for dataset, key, cell, value, detail in cursor.execute(query, (rule.id, list(datasets))):
            keep(Found(rule.id, dataset, key, cell, value, detail))


def open_now(
    connection: psycopg.Connection[Any], rules: Iterable[str], datasets: Sequence[str]
) -> MappingABC[str, int]:
    """{rule id: its open findings in these datasets}."""
    return dict(
        connection.execute(
            "select rule, count(*) from quality.finding where resolved_at is null and rule = any(%s)"
            " and dataset = any(%s) group by rule",
            (list(rules), list(datasets)),
        ).fetchall()
    )
