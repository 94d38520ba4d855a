"""Checking one uploaded file: which template it is, what each row becomes, what is wrong in which cell.

Belongs here: from a file to rows, findings and counts; the store is only asked what it already has.
Not here: queue, heartbeat (worker.py), screens (web/).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from psycopg import sql

from connectors.base import KEY, ROW_NO, Page, SourceFile
from hub.cleansing.standardise import standardise
from hub.landing.dataset import UPLOADS, Dataset, dataset, with_decisions
from hub.landing.digests import HASH, with_row_hash
from hub.landing.headers import remembered
from hub.quality.engine import Run
from hub.quality.row_rules import check_rows
from hub.quality.table_check import TableCheck
from hub.suggestions.for_file import for_page
from schemas.model import Template
from schemas.problems import Problem

PLANT = "P1"
PAGE_ROWS = 50_000
GROUP_ROWS = 2_000  # small groups: the grid fetches fifty rows at a time
FINDING_COLUMNS = (
    "rule", "kind", "severity", "hold", "row_no", "cell", "source_column", "value", "suggestion",
    "column_name", "detail",
)  # fmt: skip
# Our own codes for words that are right as people write them: nothing to show, nothing to correct.
_OURS_ALONE = frozenset({"code.mapped", "boolean.word"})
Progress = Callable[[int], None]  # rows read so far


@dataclass
class Counts:
    """read = ready + held + rejected. new + changed + same = ready."""

    read: int = 0
    ready: int = 0
    held: int = 0
    rejected: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0


@dataclass
class Checked:
    """What a check found; the rows themselves are in the Parquet file it wrote.

    problems: of rules that could not run, so that nobody takes what they are about for checked.
    """

    counts: Counts = field(default_factory=Counts)
    file: SourceFile | None = None
    problems: list[Problem] = field(default_factory=list)


def check_file(
    connection: psycopg.Connection[Any],
    path: Path,
    shown_name: str,
    template: Template,
    rows_file: Path,
    keep: Callable[[list[tuple[Any, ...]]], None],
    progress: Progress,
) -> Checked:
    """Read, standardise and check the file page by page.

    `keep` gets the findings of each page (FINDING_COLUMNS); raw rows go to `rows_file` (replaced as a
    whole at the end). Raises Problem for a file that cannot be read.
    """
    from connectors.excel.connector import read_file

    about = with_decisions(connection, dataset(f"{UPLOADS}.{template.name}", PLANT))
    decided = remembered(template.name, connection)
    checked, run, held = Checked(), Run(), set[str]()
    partial = rows_file.with_suffix(".part")
    writer: pq.ParquetWriter | None = None
    with TableCheck(about.mapping, about.contract, run) as table:
        try:
            for page in read_file(path, template, shown_name, page_rows=PAGE_ROWS, remembered=decided):
                if writer is None:
                    writer = pq.ParquetWriter(partial, page.rows.schema)
                writer.write_table(page.rows, row_group_size=GROUP_ROWS)
                checked.file = page.file or checked.file
                keep(list(_check_page(connection, about, page, checked.counts, table, run, held)))
                progress(checked.counts.read)
        finally:
            if writer is not None:
                writer.close()
        for found in table.findings():
            keep(list(_told(found, checked.file, held)))
    checked.problems = list(run.broken.values())
    if writer is not None:
        _compare(connection, about, partial, held, checked.counts)
        partial.replace(rows_file)
    return checked


def _check_page(
    connection: psycopg.Connection[Any],
    about: Dataset,
    page: Page,
    counts: Counts,
    table: TableCheck,
    run: Run,
    held: set[str],
) -> Iterator[tuple[Any, ...]]:
    """The findings of one page; adds its rows to the counts and to `table`, and the keys it holds to `held`."""
    standardised = standardise(page.rows, about.mapping, about.contract, about.codes, about.decisions)
    found = check_rows(standardised, page.rows, about.mapping, about.contract, about.codes, run)
    table.add(standardised, page.rows)
    counts.read += page.rows.num_rows + page.rejected.num_rows
    counts.rejected += page.rejected.num_rows
    yield from _told(found, page.file, held)
    cell = _cells_of(page.file)
    for row in standardised.changes.to_pylist():
        if row["rule"] in _OURS_ALONE:
            continue
        column, number = row["source_column"], row[ROW_NO]
        yield (
            row["rule"], "change", "info", False, number or 0, cell(column, number), column,
            row["raw"], row["value"], row["column"], None,
        )  # fmt: skip
    for idea in for_page(connection, about, page.rows, standardised):
        yield (
            idea["rule"], "suggestion", "info", False, idea[ROW_NO] or 0, cell(idea["source_column"], idea[ROW_NO]),
            idea["source_column"], idea["raw"], idea["value"], idea["column"], json.dumps(idea["detail"]),
        )  # fmt: skip
    for row in page.rejected.to_pylist():
        yield (row["reason"], "rejected", "error", False, row[ROW_NO] or 0, None, None, row["raw"], None, None, None)


def _told(found: pa.Table, file: SourceFile | None, held: set[str]) -> Iterator[tuple[Any, ...]]:
    """Findings of the hub's rules as FINDING_COLUMNS; adds the keys of rows they hold back to `held`."""
    cell = _cells_of(file)
    held.update(found.filter(pc.equal(found["hold"], True))[KEY].to_pylist())
    for row in found.to_pylist():
        column, number = row["source_column"], row[ROW_NO]
        yield (
            row["rule"], "finding", row["severity"], row["hold"], number or 0, cell(column, number), column,
            row["value"], None, row["column"], row["detail"],
        )  # fmt: skip


def _cells_of(file: SourceFile | None) -> Callable[[str | None, int | None], str | None]:
    letters = file.columns if file else {}
    return lambda column, row_no: f"{letters[column]}{row_no}" if column in letters and row_no is not None else None


def _compare(
    connection: psycopg.Connection[Any], about: Dataset, rows_file: Path, held: set[str], counts: Counts
) -> None:
    """Count the held rows, and new, changed and same among the others, by key and row hash as the load will do."""
    stored = dict(
        connection.execute(
            sql.SQL("select _source_key, uuid_send(_row_hash) from {} where _dataset = %s").format(
                sql.Identifier("core", about.contract.entity)
            ),
            (about.name,),
        ).fetchall()
    )
    with pq.ParquetFile(rows_file, pre_buffer=False) as file:  # else all of it is read ahead into memory
        for batch in file.iter_batches(PAGE_ROWS):
            rows = pa.Table.from_batches([batch])
            digests = with_row_hash(rows)[HASH].to_pylist()
            for key, digest in zip(rows[KEY].to_pylist(), digests, strict=True):
                if key in held:
                    counts.held += 1
                    continue
                counts.ready += 1
                if key not in stored:
                    counts.new += 1
                elif stored[key] == digest:
                    counts.same += 1
                else:
                    counts.changed += 1
