"""One load of one dataset: pages in, accounts that add up out.

Belongs here: the order of steps and the bookkeeping of a load. Not here: how each step works
(stage, cleansing, quality, merge), when loads run (pipelines).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.compute as pc
from psycopg import sql
from psycopg.types.json import Jsonb

from connectors.base import Connector, Page, SourceFile
from hub.landing.crash import reach
from hub.landing.dataset import Dataset
from hub.landing.lease import Lease, fence
from hub.landing.merge import cursor_json, key_repeated, known_rows, merge_page, record_deletions, register_file
from hub.landing.prepare import EVERYTHING_NEW, check_page, compare, note_keys
from hub.landing.stage import with_row_hash, write_landed
from hub.store.engine import one
from schemas.problems import Problem

PAGE_ROWS = 50_000
# A complete read that lost more than this share of a table is taken for a broken source.
SHRINK_SHARE = 0.5
SHRINK_MIN_ROWS = 20

Progress = Callable[[str, int], None]  # (dataset, rows read so far)


@dataclass(frozen=True)
class LoadResult:
    """rows_read = loaded + held + rejected + unchanged; deleted keys are counted beside."""

    dataset: str
    load_id: int
    status: str  # ok, failed
    rows_read: int = 0
    loaded: int = 0
    held: int = 0
    rejected: int = 0
    unchanged: int = 0
    deleted: int = 0
    problem: Problem | None = None

    @property
    def adds_up(self) -> bool:
        return self.rows_read == self.loaded + self.held + self.rejected + self.unchanged


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
    ) -> None:
        self.connection = connection
        self.dataset = dataset
        self.lease = held_lease
        self.run_id = run_id
        self.landing = landing
        self.progress = progress
        self.counts: Counter[str] = Counter()
        self.load_id = 0
        self.fresh = False  # the store had no row of this dataset when the load began

    def run(self, connector: Callable[[], Connector], object_name: str) -> LoadResult:
        """Load every page of the object; if the read is complete, missing keys are deletions.

        `connector` is opened inside the load, so that an unreachable source is a failed load on record.
        A Problem ends the load as failed (what was committed stays) and comes back in the result.
        """
        position, rules_changed = self._begin()
        try:
            source = connector()
            complete = source.deletions(object_name) == "read"
            start = None if complete or rules_changed else position
            for page in source.read(object_name, start, PAGE_ROWS):
                reach("read_page")
                self._take(page, rules_changed)
                if self.progress:
                    self.progress(self.dataset.name, self.counts["rows_read"])
            self._finish(complete)
        except Problem as problem:
            return self._fail(problem)
        except Exception as error:
            self._fail(Problem("load_failed", dataset=self.dataset.name, reason=f"{type(error).__name__}: {error}"))
            raise
        return self._result("ok")

    # -- steps -----------------------------------------------------------------------------------

    def _begin(self) -> tuple[dict[str, Any] | None, bool]:
        """Open the load; returns the cursor and whether the rules changed since it was set."""
        with self.connection.transaction():
            fence(self.connection, self.lease)
            # We hold the lease, so whatever still says "running" is a load that was killed.
            self.connection.execute(
                "update ops.load set status = 'interrupted', finished_at = now()"
                " where dataset = %s and status = 'running'",
                (self.dataset.name,),
            )
            (self.load_id,) = one(
                self.connection.execute(
                    "insert into ops.load (run_id, system, dataset, entity, epoch, rules, status)"
                    " values (%s, %s, %s, %s, %s, %s, 'running') returning id",
                    (
                        self.run_id,
                        self.dataset.system,
                        self.dataset.name,
                        self.dataset.contract.entity,
                        self.lease.epoch,
                        self.dataset.rules,
                    ),
                )
            )
            (self.fresh,) = one(
                self.connection.execute(sql.SQL("select not exists ({})").format(known_rows(self.dataset)))
            )
            known = self.connection.execute(
                "select position, rules from ops.cursor where dataset = %s", (self.dataset.name,)
            ).fetchone()
        self.connection.execute("drop table if exists pg_temp.seen_key")
        self.connection.execute("create temporary table seen_key (source_key text)")
        self.connection.commit()
        if known is None:
            return None, False
        return known[0], known[1] != self.dataset.rules

    def _take(self, page: Page, rules_changed: bool) -> None:
        rows = with_row_hash(page.rows)
        with self.connection.transaction():
            note_keys(self.connection, self.dataset, rows, page.rejected)
            # A sheet is looked at as a whole: a row that did not change may have moved.
            look_at_all = rules_changed or (page.file is not None and self._is_new_version(page.file))
            compared = (
                EVERYTHING_NEW
                if self.fresh
                else compare(self.connection, self.dataset, rows, page.rejected, look_at_all)
            )
        read = page.rows.num_rows + page.rejected.num_rows
        if compared.nothing_new:
            self._account(page, Counter(unchanged=read), None)
            return
        landed = page.rows if page.file is not None else compared.new_rows(page.rows)
        path, sha256 = write_landed(landed, self.landing, self.dataset.name)
        reach("stage")
        checked = check_page(self.dataset, rows, page, compared, rules_changed)
        reach("validate")
        counts = Counter(
            {
                entry["values"]: entry["counts"]
                for entry in pc.value_counts(
                    pc.if_else(checked.outcome["is_new_version"], checked.outcome["outcome"], "unchanged")
                ).to_pylist()
            }
        )
        counts["unchanged"] += read - checked.outcome.num_rows  # rows that needed no second look

        def write() -> None:
            file_id = register_file(
                self.connection, self.load_id, self.dataset, path, sha256, landed.num_rows, page.file
            )
            merge_page(self.connection, self.dataset, self.load_id, file_id, checked, page.file is not None, self.fresh)

        self._account(page, counts, write)

    def _account(self, page: Page, counts: Counter[str], write: Callable[[], None] | None) -> None:
        """One transaction: what `write` does, the counts of the load, and the cursor."""
        read = page.rows.num_rows + page.rejected.num_rows
        with self.connection.transaction():
            fence(self.connection, self.lease)
            if write is not None:
                write()
            self.connection.execute(
                "update ops.load set rows_read = rows_read + %s, loaded = loaded + %s, held = held + %s,"
                " rejected = rejected + %s, unchanged = unchanged + %s where id = %s",
                (read, counts["loaded"], counts["held"], counts["rejected"], counts["unchanged"], self.load_id),
            )
            self._move_cursor(page.position, rules=None)
            reach("before_commit")
        reach("after_commit")
        self.counts.update(counts)
        self.counts["rows_read"] += read

    def _finish(self, complete: bool) -> None:
        with self.connection.transaction():
            fence(self.connection, self.lease)
            self._refuse_repeated_keys()
            deleted = self._delete_missing() if complete and not self.fresh else 0
            self.connection.execute(
                "update ops.load set status = 'ok', finished_at = now(), deleted = %s where id = %s",
                (deleted, self.load_id),
            )
            # Only a finished load vouches for its rules: after a kill the rest is looked at again.
            self._move_cursor(None, rules=self.dataset.rules)
        self.counts["deleted"] = deleted

    # -- details ---------------------------------------------------------------------------------

    def _is_new_version(self, file: SourceFile) -> bool:
        """True unless this very file was the last one landed by a finished load of this dataset."""
        row = self.connection.execute(
            "select f.source_sha256, f.source_path from ops.landed_file f join ops.load l on l.id = f.load_id"
            " where f.dataset = %s and l.status = 'ok' order by f.id desc limit 1",
            (self.dataset.name,),
        ).fetchone()
        return row != (file.sha256, file.path)

    def _move_cursor(self, position: dict[str, Any] | None, rules: str | None) -> None:
        self.connection.execute(
            "insert into ops.cursor as c (dataset, position, load_id, rules) values"
            " (%(dataset)s, coalesce(%(position)s::jsonb, '{}'), %(load)s, coalesce(%(rules)s, ''))"
            " on conflict (dataset) do update set position = coalesce(%(position)s::jsonb, c.position),"
            " load_id = excluded.load_id, rules = coalesce(%(rules)s, c.rules), moved_at = now()",
            {
                "dataset": self.dataset.name,
                "position": None if position is None else cursor_json(position),
                "load": self.load_id,
                "rules": rules,
            },
        )

    def _refuse_repeated_keys(self) -> None:
        repeated = self.connection.execute(
            "select source_key from seen_key group by source_key having count(*) > 1 limit 1"
        ).fetchone()
        if repeated is not None:
            raise key_repeated(self.dataset, repeated[0])

    def _delete_missing(self) -> int:
        known, missing = one(
            self.connection.execute(
                sql.SQL(
                    "select count(*), count(*) filter (where s.source_key is null) from ({}) k"
                    " left join seen_key s using (source_key)"
                ).format(known_rows(self.dataset))
            )
        )
        if missing == 0:
            return 0
        if os.environ.get("WATERWORKS_ALLOW_SHRINK") != self.dataset.name:
            if self.counts["rows_read"] == 0:
                raise Problem("source_suddenly_empty", dataset=self.dataset.name, known=known)
            if known >= SHRINK_MIN_ROWS and missing > known * SHRINK_SHARE:
                raise Problem("source_shrunk", dataset=self.dataset.name, missing=missing, known=known)
        return record_deletions(self.connection, self.dataset, self.load_id)

    def _fail(self, problem: Problem) -> LoadResult:
        self.connection.rollback()
        with self.connection.transaction():
            self.connection.execute(
                "update ops.load set status = 'failed', finished_at = now(), problem = %s where id = %s",
                (Jsonb(problem.as_json()), self.load_id),
            )
        return replace(self._result("failed"), problem=problem)

    def _result(self, status: str) -> LoadResult:
        return LoadResult(
            self.dataset.name,
            self.load_id,
            status,
            rows_read=self.counts["rows_read"],
            loaded=self.counts["loaded"],
            held=self.counts["held"],
            rejected=self.counts["rejected"],
            unchanged=self.counts["unchanged"],
            deleted=self.counts["deleted"],
        )
