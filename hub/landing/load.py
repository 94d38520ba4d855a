"""One load of one dataset: pages in, accounts that add up out.

Belongs here: the order of steps of a load. Not here: how each step works (stage, known, prepare, merge,
deletions, record), when loads run (pipelines).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import psycopg

from connectors.base import KEY, Connector, Deletions, ListsKeys, Page, RemembersParts, SourceSchema, TellsSchema
from hub.landing import drift, mirror
from hub.landing.ahead import read_ahead
from hub.landing.crash import reach
from hub.landing.dataset import Dataset, with_decisions
from hub.landing.deletions import record_deletions, refuse_shrinking
from hub.landing.digests import HASH, Spool, with_row_hash
from hub.landing.holding import waiting_rows
from hub.landing.known import Known, repeated_key, repeated_on_page
from hub.landing.lease import Lease, fence
from hub.landing.merge import key_repeated, merge_page, register_file
from hub.landing.prepare import PageKeys, check_page, to_process
from hub.landing.record import (
    begin_load,
    burden_of,
    count_rows,
    cursor_of,
    end_load,
    is_new_version,
    move_cursor,
    remarks_of,
)
from hub.landing.rejudge import rejudge
from hub.landing.result import LoadResult
from hub.landing.stage import write_landed
from hub.quality.engine import Run
from hub.quality.rule_runs import note_broken
from hub.store.engine import connect
from schemas.problems import Problem

PAGE_ROWS = 50_000
# A load that ends like this was not read on purpose; nothing is broken.
PAUSES = ("schema_paused", "erp_outside_hours")

Progress = Callable[[str, int], None]  # (dataset, rows read so far)
Write = Callable[[], Counter[str]]  # writes a page; returns corrections of its counts


class Load:
    """A running load; `run()` takes it from the first page to the final accounts."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        dataset: Dataset,
        held_lease: Lease,
        run_id: str,
        landing: Path,
        progress: Progress | None = None,
        whole: bool = True,
    ) -> None:
        """whole: the source can give all of its rows, so that it can stand in for landed files that are gone."""
        self.connection = connection
        self.dataset = dataset
        self.lease = held_lease
        self.run_id = run_id
        self.landing = landing
        self.progress = progress
        self.whole = whole
        self.counts: Counter[str] = Counter()
        self.load_id = 0
        self.known: Known
        self.notes: list[Problem] = []
        self.judging = Run()
        self.rules_changed = False
        self.seen = Spool([("key", "<u8")])
        self.writer = ThreadPoolExecutor(1, "landing")
        self.deletions: Deletions = "no"
        self.partial = False  # the read does not carry every key
        self.position: dict[str, Any] | None = None  # of the last page
        self.total: int | None = None  # rows of the source, as the last page told
        self.lacking = False  # the source has rows that neither came nor stand in the store

    def run(self, connector: Callable[[], Connector], object_name: str) -> LoadResult:
        """Land every page of the object, then find and record what is gone from the source.

        `connector` is opened inside the load, so that an unreachable source is a failed load on record.
        A Problem ends the load as failed (what was committed stays) and comes back in the result.
        """
        judged = self._rejudge()
        if judged is not None and not self.whole:
            return judged
        position, rules_changed = self._begin()
        self.rules_changed = rules_changed
        source: Connector | None = None
        try:
            source = connector()
            self._watch(source)
            self._begin_mirror()
            self.deletions = source.deletions(object_name)
            start = self._from_the_start(source, position) if rules_changed else position
            with read_ahead(source.read(object_name, start, PAGE_ROWS)) as pages:
                for page in pages:
                    reach("read_page")
                    self._take(page, rules_changed)
                    if self.progress:
                        self.progress(self.dataset.name, self.counts["rows_read"])
            self._finish(source, object_name)
        except Problem as problem:
            return self._fail(problem, source, object_name)
        except Exception as error:
            unknown = Problem("load_failed", dataset=self.dataset.name, reason=f"{type(error).__name__}: {error}")
            self._fail(unknown, source, object_name)
            raise
        finally:
            self._close()
        return self._result("ok")

    # -- steps -----------------------------------------------------------------------------------

    def _rejudge(self) -> LoadResult | None:
        """Other rules since: judge what is stored first, so that the source need only be asked for what is new.

        Returns the result if that failed; then the whole source must be read and judged by the new rules.
        """
        with self.connection.transaction():
            fence(self.connection, self.lease)
            self.dataset = with_decisions(self.connection, self.dataset)
        result = rejudge(self.connection, self.dataset, self.lease, self.run_id, self.landing)
        if result is None or result.problem is None:
            return None
        self.notes += [result.problem, Problem("rejudge_instead_read", dataset=self.dataset.name)]
        return result

    def _begin(self) -> tuple[dict[str, Any] | None, bool]:
        """Open the load; returns the cursor and whether the rules changed since everything stored was judged."""
        with self.connection.transaction():
            fence(self.connection, self.lease)
            self.load_id = begin_load(self.connection, self.dataset, self.lease, self.run_id)
            position, rules = cursor_of(self.connection, self.dataset)
        self.known = Known(self.connection, self.dataset)
        return position, rules is not None and rules != self.dataset.rules

    def _take(self, page: Page, rules_changed: bool) -> None:
        self.partial, self.total, self.position = self.partial or page.partial, page.total, page.position
        if page.file is not None:
            self.notes += [note for note in page.file.notes if note not in self.notes]
        if page.complete:
            self.deletions = "read"
        rows, rejected = with_row_hash(page.rows), page.rejected
        keys = PageKeys.of(rows, rejected)
        self._note(keys)
        complete = self.deletions == "read" and not self.partial
        compared = self.known.compare(keys.keys, keys.digests, keys.hashes, complete)
        # A sheet is looked at as a whole: a row that did not change may have moved.
        look_at_all = rules_changed or (
            page.file is not None and is_new_version(self.connection, self.dataset, page.file)
        )
        if compared.same.all() and not look_at_all:
            self._account(page, Counter(unchanged=len(compared.same)), None)
            return
        rows, rejected, compared = to_process(rows, rejected, compared, look_at_all)
        landed = page.rows if page.file is not None else rows.drop_columns([HASH])
        staged = self.writer.submit(write_landed, landed, self.landing, self.dataset.name)
        waiting = waiting_rows(self.connection, self.dataset, rows[KEY], compared)
        checked = check_page(self.dataset, rows, rejected, compared, page, rules_changed, waiting, self.judging)
        path, sha256 = staged.result()
        reach("stage")
        reach("validate")
        counts = checked.counts
        counts["unchanged"] += len(keys.keys) - rows.num_rows - rejected.num_rows  # needed no second look

        def write() -> Counter[str]:
            note_broken(self.connection, self.dataset.name, self.load_id, self.judging, whole=False)
            file_id = register_file(
                self.connection, self.load_id, self.dataset, path, sha256, landed.num_rows, page.file
            )
            corrections = merge_page(
                self.connection, self.dataset, self.load_id, file_id, checked, page.file is not None, rules_changed
            )
            if self.dataset.mirror:
                mirror.upsert(self.connection, self.dataset.name, landed)
            return corrections

        self._account(page, counts, write)

    def _account(self, page: Page, counts: Counter[str], write: Write | None) -> None:
        """One transaction: deletions the source reported, what `write` does, the counts of the load, the cursor."""
        counts["unchanged"] += page.unchanged
        counts["rows_read"] = page.rows.num_rows + page.rejected.num_rows + page.unchanged
        with self.connection.transaction():
            fence(self.connection, self.lease)
            if page.deleted:
                counts["deleted"] = self._delete_reported(page)
            if write is not None:
                for name, change in write().items():
                    counts[name] += change
            count_rows(self.connection, self.load_id, counts)
            # The rules vouch for all rows of a store that began empty; otherwise only a finished load can.
            move_cursor(
                self.connection, self.dataset, self.load_id, page.position,
                self.dataset.rules if self.known.count == 0 else None,
            )  # fmt: skip
            reach("before_commit")
        reach("after_commit")
        self.counts.update(counts)

    def _finish(self, source: Connector, object_name: str) -> None:
        if (key := repeated_key(self.known, self.seen)) is not None:
            raise key_repeated(self.dataset, key)
        missing = self._missing(source, object_name)
        with self.connection.transaction():
            fence(self.connection, self.lease)
            deleted = record_deletions(self.connection, self.dataset, self.load_id, missing)
            count_rows(self.connection, self.load_id, Counter(deleted=deleted))
            note_broken(self.connection, self.dataset.name, self.load_id, self.judging, whole=self.rules_changed)
            end_load(self.connection, self.load_id, "ok", None, *self._told(source, object_name))
            # Only a finished load vouches for its rules: after a kill the rest is looked at again.
            start_over = (self._from_the_start(source, self.position) or {}) if self.lacking else None
            move_cursor(self.connection, self.dataset, self.load_id, start_over, self.dataset.rules)
        self.counts["deleted"] += deleted

    # -- details ---------------------------------------------------------------------------------

    def _note(self, keys: PageKeys) -> None:
        """Remember the page's keys, to find one that comes twice; Problem `key_repeated` if it does on this page."""
        if (key := repeated_on_page(keys.keys, keys.digests)) is not None:
            raise key_repeated(self.dataset, key)
        records = np.empty(len(keys.digests), self.seen.dtype)
        records["key"] = keys.digests
        self.seen.add(records)

    def _delete_reported(self, page: Page) -> int:
        """A key that is deleted and on the page as well has come back: the row stands."""
        back = {*page.rows["_key"].to_pylist(), *page.rejected["_key"].to_pylist()}
        gone = [key for key in page.deleted if key not in back]
        return record_deletions(self.connection, self.dataset, self.load_id, gone)

    def _missing(self, source: Connector, object_name: str) -> list[str]:
        """Keys the store has and the source no longer; Problem if they are so many that the source must be broken."""
        read = self.counts["rows_read"]
        if self.deletions == "keys" or (self.deletions in ("read", "reported") and self.partial):
            stored = self.known.count + self.counts["new"] - self.counts["deleted"]
            if stored == 0 or (self.partial and self.total == stored):
                return []
            read = 0
            for keys in cast(ListsKeys, source).keys(object_name):
                self.known.mark(keys)
                read += len(keys)
        elif self.deletions != "read" or self.known.count == 0:
            return []
        missing = self.known.missing()
        refuse_shrinking(self.dataset, read, len(missing), self.known.stored)
        if self.partial and self.total is not None:
            # A row that was gone for a moment while keys were listed, and came back as it was, looks unchanged.
            self.lacking = stored - len(missing) < min(self.total, read)
        return missing

    def _watch(self, source: Connector) -> None:
        """Have changes of the source's tables found before a row of them is read."""

        def watch(schema: SourceSchema, database: str) -> None:
            # Called by the thread that reads ahead, maybe in the middle of a page's transaction here.
            with connect() as connection:
                drift.watch(connection, drift.part_of(self.dataset.name, database), schema, self.load_id)

        if isinstance(source, TellsSchema):
            source.watch_schema(watch)

    @staticmethod
    def _from_the_start(source: Connector, position: dict[str, Any] | None) -> dict[str, Any] | None:
        return source.from_the_start(position) if isinstance(source, RemembersParts) else None

    def _begin_mirror(self) -> None:
        """A mirror asked for since the last load begins with what is stored."""
        if self.dataset.mirror:
            with self.connection.transaction():
                fence(self.connection, self.lease)
                mirror.begin(self.connection, self.dataset, self.landing)

    def _told(self, source: Connector | None, object_name: str) -> tuple[dict[str, Any] | None, list[Problem]]:
        """(what the read cost its source, what it found out and decided)."""
        return burden_of(source), [*self.notes, *self.judging.broken.values(), *remarks_of(source, object_name)]

    def _fail(self, problem: Problem, source: Connector | None, object_name: str) -> LoadResult:
        status = "paused" if problem.code in PAUSES else "failed"
        self.connection.rollback()
        with self.connection.transaction():
            end_load(self.connection, self.load_id, status, problem, *self._told(source, object_name))
        return replace(self._result(status), problem=problem)

    def _close(self) -> None:
        self.writer.shutdown()
        self.seen.close()
        self.known.close()

    def _result(self, status: str) -> LoadResult:
        return LoadResult.of(self.dataset.name, self.load_id, status, self.counts)
