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

from connectors.base import KEY, ROW_NO, SourceFile
from hub.cleansing.standardise import Standardised
from hub.landing.dataset import Dataset
from hub.quality.engine import Run
from hub.quality.file_check import check_pages
from hub.quality.set_findings import placed, prepare_tables
from hub.quality.set_rules import FREE_SQL_SECONDS, cannot_run, collect
from hub.quality.sets.surroundings import Surroundings
from hub.trying.pages import TriedPage
from schemas.model import Rule
from schemas.problems import Problem

BATCH = 10_000  # findings fetched from the store at a time


@dataclass(frozen=True)
class Found:
    """One value that would break a rule, as the source has it; `file`, `sheet` and `cell` where it stands in a sheet.

    column: as the source names it; None where the rule is about a whole row or dataset.
    """

    rule: str
    dataset: str
    source_key: str
    value: str | None
    detail: dict[str, Any] | None
    column: str | None = None
    file: str | None = None
    sheet: str | None = None
    cell: str | None = None


Keep = Callable[[Found], None]


def try_rows(pages: Iterable[TriedPage], about: Dataset, rules: Sequence[Rule], run: Run, keep: Keep) -> int:
    """Rules of scope row and table over these pages; every finding goes to `keep`. Returns the number of rows.

    Rules that cannot run are in `run.broken` afterwards.
    """
    wanted = pa.array([rule.id for rule in rules], pa.string())
    sheets = _Sheets()
    read = 0

    def counted() -> Iterator[tuple[Standardised, pa.Table]]:
        nonlocal read
        for page in pages:
            read += page.rows.num_rows
            sheets.note(page)
            yield page.standardised, page.rows

    for found in check_pages(counted(), about.mapping, about.contract, about.codes, run):
        for row in found.filter(pc.is_in(found["rule"], value_set=wanted)).to_pylist():
            detail = json.loads(row["detail"]) if row["detail"] else None
            place = sheets.place(row[KEY], row["source_column"], row[ROW_NO])
            keep(Found(row["rule"], about.name, row[KEY], row["value"], detail, row["source_column"], *place))
    return read


class _Sheets:
    """In which sheet each row stands; keys are only kept once there is more than one sheet."""

    def __init__(self) -> None:
        self._files: list[SourceFile] = []
        self._first: list[pa.Array] = []  # keys of the first sheet, until there is a second
        self._of: dict[str, int] = {}

    def note(self, page: TriedPage) -> None:
        if page.file is None:
            return
        if page.file not in self._files:
            self._files.append(page.file)
        number, keys = self._files.index(page.file), page.rows[KEY]
        if len(self._files) == 1:
            self._first.append(keys)
            return
        for earlier in self._first:
            self._of |= dict.fromkeys(earlier.to_pylist(), 0)
        self._first.clear()
        self._of |= dict.fromkeys(keys.to_pylist(), number)

    def place(self, key: str, column: str | None, number: int | None) -> tuple[str | None, str | None, str | None]:
        """(file, sheet, cell), each None where there is none."""
        if not self._files:
            return None, None, None
        file = self._files[self._of.get(key, 0)]
        cell = f"{file.columns[column]}{number}" if column in file.columns and number is not None else None
        return file.path, file.sheet, cell


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
                _keep_found(connection, rule, around, datasets, keep)
    return broken


def _keep_found(
    connection: psycopg.Connection[Any], rule: Rule, around: Surroundings, datasets: Sequence[str], keep: Keep
) -> None:
    query = (
        "select dataset, source_key, value, detail, source_column, file, sheet, cell"
        f" from ({placed(connection, rule, around)}) as found where dataset = any(%s) order by 1, 2"
    )
    with connection.cursor("tried") as cursor:
        cursor.itersize = BATCH
        for row in cursor.execute(query.encode(), (list(datasets),)):
            keep(Found(rule.id, *row))


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
