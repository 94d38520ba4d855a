"""An ERP database as a source: check, discover, and read in pages ordered by key or watermark.

Belongs here: the order of pages, positions, keys and rejected rows. Does not belong here: statements
(`query.py`), drivers (`native.py`, `odbc.py`), the wording of errors (`explain.py`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from connectors.base import KEY, ROW_NO, Check, Deletions, Discovered, Page
from connectors.config_models import SystemConfig
from connectors.erp.catalogue import Catalogue
from connectors.erp.config import ErpTableConfig
from connectors.erp.explain import explain_connecting, explain_reading, is_lost
from connectors.erp.native import STATEMENT_SECONDS, NativeSession
from connectors.erp.odbc import OdbcSession
from connectors.erp.query import (
    Output,
    Plan,
    build_plan,
    count_statement,
    empty_statement,
    keyed,
    keyless_statement,
    page_statement,
    since,
)
from connectors.erp.rows import as_json, content_key, key_column, last_values, looks_equal, rejected_rows
from connectors.erp.session import Session
from connectors.erp.target import parse_target
from connectors.erp.watermark import Watermark
from schemas.model import Text
from schemas.problems import Problem

TRIES = 3  # a lost connection costs at most this many attempts at one page
COUNT_SECONDS = 20.0  # discover() stops counting rows after this long
T = TypeVar("T")


class ErpConnector:
    """One ERP database. Construction does no I/O; each call opens and closes its own connection."""

    def __init__(self, system: SystemConfig, url: str) -> None:
        """`url`: see `target.py`. Raises Problem `erp_url_unreadable`."""
        self.system = system.system
        self._timezone = system.timezone
        self._objects = system.erp_tables
        self._target = parse_target(self.system, url)

    def check(self) -> Check:
        """Connect, find every configured table and column, and try each statement without rows."""
        try:
            with self._session() as session:
                catalogue = self._ask("-", session.catalogue)
                for name, config in self._objects.items():
                    plan = self._plan(session, catalogue, config)
                    self._fetch(session, name, empty_statement(plan), plan.schema)
        except Problem as problem:
            return Check(self.system, False, Text(problem.text("zh"), problem.text("en")))
        count = len({config.table for config in self._objects.values()})
        zh = f"ERP“{self.system}”（{self._target.host}）连接正常，{count} 张配置的表都能读取。"
        en = f"ERP '{self.system}' at {self._target.host} answers; all {count} configured tables can be read."
        return Check(self.system, True, Text(zh, en))

    def discover(self) -> list[Discovered]:
        """Every table and view with columns, key and row count (None once counting takes too long)."""
        found = []
        with self._session() as session:
            catalogue = self._ask("-", session.catalogue)
            deadline = time.monotonic() + COUNT_SECONDS
            for schema, name in sorted(self._ask("-", catalogue.names), key=lambda item: (item[0] or "", item[1])):
                table = self._ask(name, partial(catalogue.table, schema, name))
                rows = None
                if time.monotonic() < deadline:
                    rows = self._ask(name, partial(session.scalar, count_statement(table)))
                shown = f"{schema}.{name}" if schema and schema != catalogue.default_schema else name
                found.append(Discovered(shown, rows, tuple(table.columns), table.key))
        return found

    def deletions(self, object_name: str) -> Deletions:
        return "read" if self._object(object_name).mode == "full" else "no"

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        """Pages of at most `page_rows` rows; at least one page, so that an empty table is seen as empty.

        Mode full ignores `position`: a key compare needs every row. Mode watermark starts at
        position["watermark"] minus the overlap; rows without a watermark come every time.
        """
        config = self._object(object_name)
        with self._session() as session:
            catalogue = self._ask(object_name, session.catalogue)
            plan = self._plan(session, catalogue, config)
            if plan.watermark is None:
                pages = self._sweep(session, plan, page_rows)
            else:
                pages = self._since_watermark(session, plan, plan.watermark, position, page_rows)
            reached: dict[str, Any] = {}
            for page in pages:
                reached = page.position
                yield page
            if plan.nullable_key:
                yield from self._keyless(session, plan, page_rows, reached)

    # --- reading ----------------------------------------------------------------------------------

    def _sweep(self, session: Session, plan: Plan, page_rows: int) -> Iterator[Page]:
        for page, last in self._pages(session, plan, plan.key, page_rows):
            yield Page(page.rows, {"after_key": [str(value) for value in last]}, page.rejected)

    def _since_watermark(
        self, session: Session, plan: Plan, stamp: Output, position: dict[str, Any] | None, page_rows: int
    ) -> Iterator[Page]:
        watermark = Watermark.of(plan.config, stamp.column, (position or {}).get("watermark"))
        # A stamp from the future would move the cursor past rows that are still to come: the source's
        # own clock is the limit.
        limit = watermark.limit(self._ask(plan.config.object, lambda: session.scalar(watermark.clock(session.dialect))))
        conditions: list[sa.ColumnElement[bool]] = [stamp.expression.is_not(None)]
        if (start := watermark.start()) is not None:
            conditions.append(since(plan, start))
        # A row stamped anew while we read comes twice: its later version is left for the next read.
        seen: set[str] = set()
        for page, _ in self._pages(session, plan, (stamp, *plan.key), page_rows, *conditions):
            new, again = _split(page, seen)
            watermark = watermark.advanced(page.rows[stamp.name], limit).leaving(again[stamp.name])
            yield Page(new.rows, watermark.position(), new.rejected)
        if stamp.column.nullable:
            unstamped = stamp.expression.is_(None)
            for page, _ in self._pages(session, plan, plan.key, page_rows, unstamped):
                new, _ = _split(page, seen)
                yield Page(new.rows, watermark.position(), new.rejected)

    def _pages(
        self,
        session: Session,
        plan: Plan,
        order: tuple[Output, ...],
        page_rows: int,
        *conditions: sa.ColumnElement[bool],
    ) -> Iterator[tuple[Page, list[Any]]]:
        """(page, order values of its last row) until a page is not full; one empty page if there is nothing.

        One row more than wanted is fetched: it tells whether there is another page, and whether a key
        repeats across the border, where a page by key would otherwise lose it.
        """
        after: list[Any] | None = None
        while True:
            statement = page_statement(plan, order, after, page_rows + 1, *conditions, *keyed(plan))
            table, bad = self._fetch(session, plan.config.object, statement, plan.schema)
            more = table.num_rows > page_rows
            rows = table.slice(0, page_rows)
            key = key_column(rows, plan.key)
            self._refuse_repeated_keys(plan, order, table, key, more)
            last = last_values(rows, order) if rows.num_rows else []
            if after is not None and last == after:
                raise Problem("erp_key_repeats", **self._names(plan), key=self._key_names(plan), value=str(key[-1]))
            rows = rows.append_column(KEY, key).append_column(ROW_NO, pa.nulls(len(rows), pa.int64()))
            yield self._without_bad(rows, {index: raw for index, raw in bad.items() if index < len(rows)}), last
            if not more:
                return
            after = last

    def _keyless(self, session: Session, plan: Plan, page_rows: int, position: dict[str, Any]) -> Iterator[Page]:
        """Rows with a NULL in the key, rejected: nothing names them in their source."""
        equal: Counter[str] = Counter()
        empty = plan.schema.append(pa.field(KEY, pa.string())).append(pa.field(ROW_NO, pa.int64())).empty_table()
        batches = session.stream(keyless_statement(plan), plan.schema, page_rows)
        while (batch := self._ask(plan.config.object, lambda: next(batches, None))) is not None:
            table, bad = batch
            raw = [bad.get(index, text) for index, text in enumerate(as_json(table))]
            yield Page(empty, position, rejected_rows([content_key(text, equal) for text in raw], raw, "erp_null_key"))

    def _without_bad(self, rows: pa.Table, bad: dict[int, str]) -> Page:
        if not bad:
            return Page(rows, {})
        keys = [rows[KEY][index].as_py() for index in bad]
        rejected = rejected_rows(keys, list(bad.values()), "erp_value_unreadable")
        good = pa.array(sorted(set(range(len(rows))) - set(bad)), pa.int64())
        return Page(rows.take(good), {}, rejected)

    def _refuse_repeated_keys(
        self, plan: Plan, order: tuple[Output, ...], table: pa.Table, key: pa.ChunkedArray, more: bool
    ) -> None:
        """A join that matches twice, or a key that is none, would lose or double rows: say so."""
        repeated = None
        if len(pc.unique(key)) != len(key):
            counts = pc.value_counts(key)
            repeated = next(item["values"].as_py() for item in counts if item["counts"].as_py() > 1)
        elif more and looks_equal(last_values(table.slice(0, len(key)), order), last_values(table, order)):
            repeated = str(key[-1])
        if repeated is not None:
            raise Problem("erp_key_repeats", **self._names(plan), key=self._key_names(plan), value=repeated)

    # --- talking to the database ------------------------------------------------------------------

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            session: Session = (
                NativeSession(self._target) if self._target.url is not None else OdbcSession(self._target)
            )
        except Exception as error:
            raise explain_connecting(self.system, self._target, error) from error
        try:
            yield session
        finally:
            session.close()

    def _plan(self, session: Session, catalogue: Catalogue, config: ErpTableConfig) -> Plan:
        def build() -> Plan:
            return build_plan(config, catalogue, session.dialect, session.bind, self._timezone)

        return self._ask(config.object, build)

    def _fetch(
        self, session: Session, object_name: str, statement: sa.Select[Any], schema: pa.Schema
    ) -> tuple[pa.Table, dict[int, str]]:
        """Fetch one page, again after a lost connection: a page by key may be asked for twice."""
        for attempt in range(1, TRIES + 1):
            try:
                return session.fetch(statement, schema)
            except Exception as error:
                if attempt == TRIES or not is_lost(error):
                    raise self._explained(object_name, error) from error
                time.sleep(attempt)
                try:
                    session.reopen()
                except Exception as again:
                    raise explain_connecting(self.system, self._target, again) from again
        raise AssertionError("unreachable")

    def _ask(self, object_name: str, question: Callable[[], T]) -> T:
        """Run something on the connection; driver errors become a Problem."""
        try:
            return question()
        except Problem:
            raise
        except Exception as error:
            raise self._explained(object_name, error) from error

    def _explained(self, object_name: str, error: Exception) -> Problem:
        return explain_reading(self.system, object_name, self._target, error, STATEMENT_SECONDS)

    def _object(self, name: str) -> ErpTableConfig:
        if name not in self._objects:
            raise Problem("source_object_unknown", system=self.system, object=name, known=", ".join(self._objects))
        return self._objects[name]

    def _names(self, plan: Plan) -> dict[str, str]:
        return {"system": self.system, "object": plan.config.object, "table": plan.config.table}

    def _key_names(self, plan: Plan) -> str:
        return "|".join(plan.config.key)


def _split(page: Page, seen: set[str]) -> tuple[Page, pa.Table]:
    """(the page without keys in `seen`, the rows with such keys); adds the page's keys to `seen`."""
    fresh = pa.array([key not in seen for key in page.rows[KEY].to_pylist()], pa.bool_())
    rejected = page.rejected.filter(pa.array([key not in seen for key in page.rejected[KEY].to_pylist()], pa.bool_()))
    again = page.rows.filter(pc.invert(fresh))
    seen.update(page.rows[KEY].to_pylist(), page.rejected[KEY].to_pylist())
    return Page(page.rows.filter(fresh), {}, rejected), again
