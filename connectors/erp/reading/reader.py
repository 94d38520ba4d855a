"""One configured object on one open connection: pages by key, single rows, with retries.

Belongs here: running the statements of `query.py` and turning what comes back into pages. Does not
belong here: what a mode reads and remembers (`sweep.py`, `incremental.py`, `changes/`), drivers.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from connectors.base import KEY, REJECTED_SCHEMA, ROW_NO
from connectors.erp.database.explain import explain_connecting, explain_reading, is_lost
from connectors.erp.database.session import Session
from connectors.erp.database.target import Target
from connectors.erp.reading.query import Output, Plan, empty_statement, keyed, keyless_statement, page_statement
from connectors.erp.reading.rows import as_json, content_key, key_column, last_values, looks_equal, rejected_rows
from schemas.problems import Problem

TRIES = 3  # a lost connection costs at most this many attempts at one page
T = TypeVar("T")


@dataclass(frozen=True)
class Rows:
    """Rows as they came: good ones with KEY and ROW_NO, rejected ones, and what was selected beside them.

    keys, key_values, extra: `_key`, the key columns and the hidden columns of all rows, good and rejected.
    last: the order values of the last row, [] if there is none.
    """

    good: pa.Table
    rejected: pa.Table
    keys: pa.ChunkedArray
    key_values: tuple[pa.ChunkedArray, ...]
    extra: dict[str, pa.ChunkedArray]
    last: list[Any]

    @property
    def count(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Reader:
    """`system` and `target` are there for sentences about what went wrong. notes: sentences about what was
    decided on the way, shared with the connector."""

    system: str
    target: Target
    session: Session
    plan: Plan
    notes: list[Problem] = field(default_factory=list)

    def pages(
        self,
        order: Sequence[Output],
        page_rows: int,
        *conditions: sa.ColumnElement[bool],
        after: Sequence[Any] | None = None,
        extra: Sequence[sa.Label[Any]] = (),
        extra_types: Sequence[pa.DataType] = (),
    ) -> Iterator[tuple[Rows, bool]]:
        """(rows, whether there are more) until there are none; at least one, which may be empty.

        One row more than wanted is fetched: it tells whether there is another page, and whether a key
        repeats across the border, where a page by key would otherwise lose it.
        """
        fields = [pa.field(label.name, kind) for label, kind in zip(extra, extra_types, strict=True)]
        names = [field.name for field in fields]
        schema = pa.schema([*self.plan.schema, *fields])
        while True:
            statement = page_statement(
                self.plan, order, after, page_rows + 1, *conditions, *keyed(self.plan), extra=extra
            )
            table, bad = self.fetch(statement, schema)
            more = table.num_rows > page_rows
            rows = table.slice(0, page_rows)
            key = key_column(rows, self.plan.key)
            self._refuse_repeated_keys(order, table, key, more)
            last = last_values(rows, order) if rows.num_rows else []
            if after is not None and last == list(after):
                raise self._key_repeats(str(key[-1]))
            yield (
                self._rows(rows, key, {index: raw for index, raw in bad.items() if index < len(rows)}, names, last),
                more,
            )
            if not more:
                return
            after = last

    def found(self, statement: sa.Select[Any]) -> Rows:
        """All rows of a statement that names at most a page of them; a key that comes twice is refused."""
        table, bad = self.fetch(statement, self.plan.schema)
        key = key_column(table, self.plan.key)
        self._refuse_repeated_keys((), table, key, more=False)
        return self._rows(table, key, bad, [], [])

    def keyless(self, page_rows: int) -> Iterator[pa.Table]:
        """REJECTED_SCHEMA tables of rows with a NULL in the key: nothing names them in their source."""
        if not self.plan.nullable_key:
            return
        equal: Counter[str] = Counter()
        batches = self.session.stream(keyless_statement(self.plan), self.plan.schema, page_rows)
        while (batch := self.ask(lambda: next(batches, None))) is not None:
            table, bad = batch
            raw = [bad.get(index, text) for index, text in enumerate(as_json(table))]
            if raw:
                yield rejected_rows([content_key(text, equal) for text in raw], raw, "erp_null_key")

    @property
    def empty(self) -> pa.Table:
        """A page's rows without any row."""
        return self.plan.schema.append(pa.field(KEY, pa.string())).append(pa.field(ROW_NO, pa.int64())).empty_table()

    def fingerprint(self, *more: str) -> str:
        """Of everything that decides what a row looks like and which rows there are: with another one, what an
        earlier read remembered says nothing about this one."""
        compiled = empty_statement(self.plan).compile(dialect=self.session.dialect)
        values = sorted((name, str(value)) for name, value in compiled.params.items())
        keys = [part.name for part in self.plan.key]
        text = repr((str(compiled), values, str(self.plan.schema), keys, more))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    # --- talking to the database ------------------------------------------------------------------

    def fetch(self, statement: sa.Executable, schema: pa.Schema) -> tuple[pa.Table, dict[int, str]]:
        """Fetch one page, again after a lost connection: a page by key may be asked for twice."""
        for attempt in range(1, TRIES + 1):
            try:
                return self.session.fetch(statement, schema)  # type: ignore[arg-type]
            except Problem:
                raise
            except Exception as error:
                if attempt == TRIES or not is_lost(error):
                    raise self.explained(error) from error
                time.sleep(attempt)
                try:
                    self.session.reopen()
                except Exception as again:
                    raise explain_connecting(self.system, self.target, again) from again
        raise AssertionError("unreachable")

    def scalar(self, statement: sa.Executable) -> Any:
        """The one value of a statement."""
        return self.ask(lambda: self.session.scalar(statement))  # type: ignore[arg-type]

    def ask(self, question: Callable[[], T]) -> T:
        """Run something on the connection; driver errors become a Problem."""
        try:
            return question()
        except Problem:
            raise
        except Exception as error:
            raise self.explained(error) from error

    def names(self) -> dict[str, str]:
        """What a sentence about this object names."""
        return {"system": self.system, "object": self.plan.config.object, "table": self.plan.config.table}

    # --- details ----------------------------------------------------------------------------------

    def _rows(
        self, rows: pa.Table, key: pa.ChunkedArray, bad: dict[int, str], hidden: list[str], last: list[Any]
    ) -> Rows:
        extra = {name: rows[name] for name in hidden}
        values = tuple(rows[part.name] for part in self.plan.key)
        rows = rows.drop_columns(hidden) if hidden else rows
        rows = rows.append_column(KEY, key).append_column(ROW_NO, pa.nulls(len(rows), pa.int64()))
        if not bad:
            return Rows(rows, REJECTED_SCHEMA.empty_table(), key, values, extra, last)
        raw = [_without(text, hidden) for text in bad.values()]
        rejected = rejected_rows([key[index].as_py() for index in bad], raw, "erp_value_unreadable")
        good = pa.array(sorted(set(range(len(rows))) - set(bad)), pa.int64())
        return Rows(rows.take(good), rejected, key, values, extra, last)

    def _refuse_repeated_keys(self, order: Sequence[Output], table: pa.Table, key: pa.ChunkedArray, more: bool) -> None:
        """A join that matches twice, or a key that is none, would lose or double rows: say so."""
        if key.null_count:
            raise Problem("erp_key_unreadable", **self.names(), key="|".join(self.plan.config.key))
        if len(pc.unique(key)) != len(key):
            counts = pc.value_counts(key)
            raise self._key_repeats(next(item["values"].as_py() for item in counts if item["counts"].as_py() > 1))
        if more and looks_equal(last_values(table.slice(0, len(key)), order), last_values(table, order)):
            raise self._key_repeats(str(key[-1]))

    def _key_repeats(self, value: str) -> Problem:
        return Problem("erp_key_repeats", **self.names(), key="|".join(self.plan.config.key), value=value)

    def explained(self, error: Exception) -> Problem:
        return explain_reading(self.system, self.plan.config.object, self.target, error, self.session.pace)


def _without(raw: str, hidden: list[str]) -> str:
    """The JSON text of a row without columns the configuration did not ask for."""
    if not hidden:
        return raw
    return json.dumps(
        {name: value for name, value in json.loads(raw).items() if name not in hidden}, ensure_ascii=False
    )
