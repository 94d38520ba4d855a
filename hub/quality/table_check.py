"""Rules over all rows of one dataset, for a file that is checked before it is loaded.

Belongs here: keeping of each page what these rules need, then running them over all pages. Not here: their SQL
(`table_templates.py`), the rows of the store (`set_rules.py`), which has the last word once a file is loaded.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.base import KEY, ROW_NO
from hub.cleansing.columns import raw_text
from hub.cleansing.standardise import Standardised, read_source
from hub.quality.compile import ORDINAL, applies
from hub.quality.engine import Run, cursor, limited, open_database
from hub.quality.literals import text
from hub.quality.row_rules import FINDINGS_SCHEMA, shared_columns
from hub.quality.table_templates import Rows, column_of, columns_of, failing_rows
from schemas.model import Contract, Mapping, Rule
from schemas.problems import Problem

BATCH_ROWS = 100_000  # findings of one table that is handed out
MEMORY_BYTES = 32_000_000  # of pages; beyond it they go to a file
_PAGES = "pages"


class TableCheck:
    """Give it every page with `add`, then read `findings`; use it in a `with` block, which clears its files away.

    A rule that cannot run is noted in `run.broken`, and the others still run.
    """

    def __init__(self, mapping: Mapping, contract: Contract, run: Run) -> None:
        self._mapping, self._contract, self._run = mapping, contract, run
        fed = {entry.column for entry in mapping.columns}
        self.rules = [rule for rule in contract.rules if rule.scope == "table" and applies(rule, fed)]
        self._sources = {entry.column: entry for entry in mapping.columns}
        self._told = sorted({column_of(rule) for rule in self.rules})
        self._read = sorted({name for rule in self.rules for name in _columns(rule, contract)})
        self._waiting: list[pa.Table] = []
        self._files: list[Path] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.clear()
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, standardised: Standardised, rows: pa.Table) -> None:
        """Keep what the rules need of a page; `standardised` is what hub.cleansing made of exactly these `rows`."""
        size = rows.num_rows
        if not self.rules or not size:
            return
        values = standardised.values
        kept = {
            ORDINAL: pa.array(np.arange(self._rows, self._rows + size, dtype=np.int64)),
            "_source_key": values[KEY],
            "_row_no": values[ROW_NO],
            **{name: values[name] for name in self._read},
        }
        rows = rows.combine_chunks()
        for number, name in enumerate(self._told):
            entry = self._sources.get(name)
            source = read_source(rows, entry, self._mapping) if entry else None
            kept[f"_raw_{number}"] = raw_text(source.values) if source else pa.nulls(size, pa.string())
            if entry is not None and entry.fallback is not None and source is not None:
                kept[f"_source_{number}"] = source.names
        self._rows += size
        self._waiting.append(pa.table(kept))
        if sum(page.nbytes for page in self._waiting) > MEMORY_BYTES:
            self._spill()

    def findings(self) -> Iterator[pa.Table]:
        """All findings (FINDINGS_SCHEMA) rule by rule, in the order of the rows, BATCH_ROWS at a time."""
        if not self._rows:
            return
        if self._files:
            self._spill()
            connection = open_database(self._files[0].parent)
            pages = f"read_parquet([{', '.join(text(str(file)) for file in self._files)}])"
        else:
            connection, pages = cursor(), _PAGES
            connection.register(_PAGES, pa.concat_tables(self._waiting))
        try:
            for rule in self.rules:
                yield from self._of_rule(connection, rule, pages)
        finally:
            connection.close()

    def _spill(self) -> None:
        """Write the pages that wait to a Parquet file of their own."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="waterworks-check-")
        if self._waiting:
            self._files.append(Path(self._folder.name) / f"{len(self._files)}.parquet")
            pq.write_table(pa.concat_tables(self._waiting), self._files[-1], compression="lz4", use_dictionary=False)
            self._waiting.clear()

    def _of_rule(self, connection: duckdb.DuckDBPyConnection, rule: Rule, pages: str) -> Iterator[pa.Table]:
        name = column_of(rule)
        number = self._told.index(name)
        entry = self._sources.get(name)
        if entry is not None and entry.fallback is not None:
            source = f"_source_{number}"
        else:
            source = "cast(null as varchar)" if entry is None or entry.source is None else text(entry.source)
        relation = f"(select *, _raw_{number} as _raw, {source} as _origin from {pages})"
        identity = (ORDINAL, "_source_key", "_row_no", "_raw", "_origin")
        try:
            rows = Rows(relation, "duckdb", identity, (), self._run.today)
            query = f"select * from ({failing_rows(rule, self._contract, rows)}) order by {ORDINAL}"
            with limited(connection, self._run.seconds):
                # The first batch comes when everything is found and sorted; how long its readers take does not count.
                reader = connection.sql(query).to_arrow_reader(BATCH_ROWS)
                batch = next(reader, None)
        except Problem as problem:
            self._run.broken[rule.id] = problem
            return
        except duckdb.Error as error:
            self._run.gave_up(rule, self._contract, error)
            return
        while batch is not None:
            if batch.num_rows:
                yield _findings(batch, rule, name)
            batch = next(reader, None)


def _findings(batch: pa.RecordBatch, rule: Rule, column: str) -> pa.Table:
    told = {
        KEY: batch["_source_key"],
        ROW_NO: batch["_row_no"],
        **shared_columns(rule, column, batch.num_rows),
        "source_column": batch["_origin"],
        "value": batch["_raw"],
        "detail": batch["detail"],
    }
    return pa.table([told[name] for name in FINDINGS_SCHEMA.names], schema=FINDINGS_SCHEMA)


def _columns(rule: Rule, contract: Contract) -> set[str]:
    """The columns whose values the rule looks at, its `where` included."""
    words = set(re.findall(r"\w+", (rule.where or "").lower()))
    return {*columns_of(rule), *(column.name for column in contract.columns if column.name.lower() in words)}
