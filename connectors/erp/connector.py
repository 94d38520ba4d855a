"""An ERP database as a source: check, discover, and read objects in the mode each is configured with.

Belongs here: opening connections, names resolved to a plan. Does not belong here: what a mode reads
(`modes.py`), statements (`query.py`), drivers (`native.py`, `odbc.py`), the wording of errors (`explain.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa

from connectors.base import Check, Deletions, Discovered, Page, SchemaWatch
from connectors.config_models import SystemConfig
from connectors.erp.config import ErpTableConfig
from connectors.erp.database.catalogue import Catalogue, Remembering
from connectors.erp.database.explain import explain_connecting, explain_reading
from connectors.erp.database.pace import Burden, Clock
from connectors.erp.database.remarks import Remarks
from connectors.erp.database.session import Access, Session, opened
from connectors.erp.database.target import parse_target
from connectors.erp.examine.check import Questions, check_erp
from connectors.erp.examine.discovery import Attempt
from connectors.erp.examine.fields import source_schema
from connectors.erp.examine.survey import Survey, survey
from connectors.erp.reading.keys import list_keys
from connectors.erp.reading.modes import read_object
from connectors.erp.reading.query import Plan, build_plan, count_statement, empty_statement
from connectors.erp.reading.reader import Reader
from schemas.problems import Problem

COUNT_SECONDS = 20.0  # discover() stops counting rows after this long
T = TypeVar("T")


class ErpConnector:
    """One ERP database. Construction does no I/O; each call opens and closes its own connection."""

    def __init__(self, system: SystemConfig, url: str, *, forced: bool = False, clock: Clock | None = None) -> None:
        """`url`: see `target.py`; forced: read outside the hours of `pace`, too.

        Raises Problem `erp_url_unreadable`.
        """
        self.system = system.system
        self.burden = Burden()  # what reading cost the ERP so far
        self.notes: list[Problem] = []  # what reading decided on its way
        self._settings = system
        self._forced = forced
        self._clock = clock
        self._remarks: dict[str, Remarks] = {}
        self._watch: SchemaWatch | None = None
        self._timezone = system.timezone
        self._objects = system.erp_tables
        self._target = parse_target(self.system, url)

    def check(self) -> Check:
        """Everything worth knowing before a sync, point by point (`check.py`); nothing is written."""
        ask = Questions(
            self.system, self._target, self._timezone, self._settings.encoding, self._explaining_session, self._attempt
        )
        return check_erp(ask, self._objects)

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

    @contextmanager
    def surveyed(
        self, like: Sequence[str] = (), names: Sequence[str] = (), limit: int = 100, preset: str | None = None
    ) -> Iterator[tuple[Survey, Attempt]]:
        """(what the database has, see `survey.py`; what tries an object's statement without rows), while the
        connection is open."""
        with self._explaining_session() as session:
            found = survey(session, self._target.database, like, names, limit, preset)

            def attempt(config: ErpTableConfig) -> Problem | None:
                try:
                    self._attempt(session, found.catalogue, config)
                except Problem as problem:
                    return problem
                return None

            yield found, attempt

    def deletions(self, object_name: str) -> Deletions:
        config = self._object(object_name)
        if config.mode == "full":
            return "read"
        return "reported" if config.mode == "changes" else config.deletions

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        """Pages of at most `page_rows` rows; at least one page, so that an empty table is seen as empty.

        What `position` holds and what comes depends on the object's mode: see `modes.py`.
        """
        with self._reader(object_name, self._watch) as reader:
            rows = min(page_rows, self._access(object_name).pace.page_rows or page_rows)
            yield from read_object(reader, position, rows, partial(self._session, object_name))

    def watch_schema(self, watch: SchemaWatch) -> None:
        """Have `watch` see the columns of an object's tables before its rows are read."""
        self._watch = watch

    def burden_json(self) -> dict[str, Any]:
        """What reading cost the ERP so far."""
        return self.burden.as_json()

    def keys(self, object_name: str) -> Iterator[pa.Array]:
        """Every current key of the object, in text arrays of bounded length."""
        with self._reader(object_name) as reader:
            yield from list_keys(reader)

    def remarks(self, object_name: str) -> list[Problem]:
        """What reading decided on its way, and what was done to values of the object that could not land as they
        are stored, one sentence per column."""
        values = self._remarks.get(object_name, Remarks()).problems(self.system, object_name)
        return [note for note in self.notes if note.params["object"] == object_name] + values

    # --- talking to the database ------------------------------------------------------------------

    @contextmanager
    def _session(self, object_name: str | None = None) -> Iterator[Session]:
        """A connection; for an object read side by side, one of as many as it asks for."""
        with ExitStack() as stack:
            try:
                session = stack.enter_context(self._opened(self._access(object_name)))
            except Problem:
                raise
            except Exception as error:
                raise explain_connecting(self.system, self._target, error) from error
            yield session

    @contextmanager
    def _explaining_session(self) -> Iterator[Session]:
        """A connection on which every driver's error becomes a Problem."""
        with self._session() as session:
            try:
                yield session
            except Problem:
                raise
            except Exception as error:
                raise explain_reading(self.system, "-", self._target, error, self._settings.pace) from error

    def _attempt(self, session: Session, catalogue: Catalogue, config: ErpTableConfig) -> Plan:
        """The plan of an object whose statement was run without rows. Raises Problem."""
        plan = self._plan(session, catalogue, config)
        Reader(self.system, self._target, session, plan).fetch(empty_statement(plan), plan.schema)
        return plan

    def _opened(self, access: Access) -> AbstractContextManager[Session]:
        return opened(self.system, self._target, access, self.burden, clock=self._clock, forced=self._forced)

    @contextmanager
    def _reader(self, object_name: str, watch: SchemaWatch | None = None) -> Iterator[Reader]:
        config = self._object(object_name)
        with self._session(object_name) as session:
            catalogue: Catalogue = Remembering(self._ask(object_name, session.catalogue))
            if watch is not None:
                schema = self._ask(object_name, partial(source_schema, config, catalogue))
                watch(schema, self._target.database if self._settings.databases else "")
            yield Reader(self.system, self._target, session, self._plan(session, catalogue, config), self.notes)

    def _access(self, object_name: str | None) -> Access:
        if object_name is None:
            return Access.of(self._settings, self._timezone)
        config = self._object(object_name)
        access = Access.of(self._settings, self._timezone, config.pace)
        connections = max(access.pace.max_connections, config.parallel)
        remarks = self._remarks.setdefault(object_name, Remarks())
        return replace(access, pace=access.pace.model_copy(update={"max_connections": connections}), remarks=remarks)

    def _plan(self, session: Session, catalogue: Catalogue, config: ErpTableConfig) -> Plan:
        def build() -> Plan:
            return build_plan(config, catalogue, session.dialect, session.bind, self._timezone)

        return self._ask(config.object, build)

    def _ask(self, object_name: str, question: Callable[[], T]) -> T:
        """Run something on the connection; driver errors become a Problem."""
        try:
            return question()
        except Problem:
            raise
        except Exception as error:
            raise explain_reading(self.system, object_name, self._target, error, self._settings.pace) from error

    def _object(self, name: str) -> ErpTableConfig:
        if name not in self._objects:
            raise Problem("source_object_unknown", system=self.system, object=name, known=", ".join(self._objects))
        return self._objects[name]
