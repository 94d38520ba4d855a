"""The rows of a dataset judged again, by other rules than those they were judged by; the source is not asked.

Belongs here: replaying the rows, judging and merging them like a load does, page by page, its accounts. Not here:
finding the rows (replay.py), judging (prepare.py), when it is time (hub/publish.py, load.py).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from connectors.base import KEY, REJECTED_SCHEMA, Page
from hub.landing.crash import reach
from hub.landing.dataset import Dataset
from hub.landing.digests import with_row_hash
from hub.landing.holding import waiting_rows
from hub.landing.known import Known
from hub.landing.lease import Lease, fence
from hub.landing.merge import merge_page
from hub.landing.prepare import PageKeys, check_page
from hub.landing.record import begin_load, count_rows, cursor_of, end_load, judged_down_to, note_judged, vouch
from hub.landing.replay import Replayed, Wanted, replay
from hub.landing.result import LoadResult
from hub.quality.engine import Run
from hub.quality.rule_runs import note_broken
from schemas.problems import Problem

_log = logging.getLogger(__name__)

Progress = Callable[[str, int], None]  # (dataset, rows judged so far)


def rejudge(
    connection: psycopg.Connection[Any],
    dataset: Dataset,
    held: Lease,
    run_id: str,
    landing: Path,
    anyway: bool = False,
    progress: Progress | None = None,
) -> LoadResult | None:
    """Judge every stored row again if the rules changed since; None if they did not and it is not asked for `anyway`.

    dataset: with the decisions in force, asked for under the lease. Each page is a transaction; killed, it goes on
    with the page after the last one committed. Rows that come out as they were count as unchanged. A Problem ends
    it as failed (what was committed stays, the rules are not vouched for) and comes back in the result. Raises
    Problem `lease_lost`.
    """
    with connection.transaction():
        fence(connection, held)
        _, rules = cursor_of(connection, dataset)
        if rules is None or (rules == dataset.rules and not anyway):
            return None
    with closing(Known(connection, dataset)) as known:
        if known.count == 0:
            with connection.transaction():
                fence(connection, held)
                vouch(connection, dataset)
            return None
        return _Rejudge(connection, dataset, held, run_id, known).run(landing, progress)


class _Rejudge:
    """A running one, from its first page to its accounts."""

    def __init__(
        self, connection: psycopg.Connection[Any], dataset: Dataset, held: Lease, run_id: str, known: Known
    ) -> None:
        self.connection = connection
        self.dataset = dataset
        self.lease = held
        self.known = known
        self.counts: Counter[str] = Counter()
        self.judging = Run()
        with connection.transaction():
            fence(connection, held)
            self.load_id = begin_load(connection, dataset, held, run_id, "rejudge")
            self.done_down_to = judged_down_to(connection, dataset)

    def run(self, landing: Path, progress: Progress | None) -> LoadResult:
        try:
            wanted = Wanted(self.known.digests(("loaded", "held")))
            for page in replay(self.connection, self.dataset.name, wanted, landing, self.done_down_to):
                reach("rejudge_page")
                self._judge(page)
                reach("rejudge_committed")
                if progress:
                    progress(self.dataset.name, self.counts["rows_read"])
            if wanted.left:
                raise Problem("landed_rows_missing", dataset=self.dataset.name, rows=wanted.left)
            with self.connection.transaction():
                fence(self.connection, self.lease)
                self._note_broken(whole=self.done_down_to is None)
                end_load(self.connection, self.load_id, "ok", notes=self.judging.broken.values())
                vouch(self.connection, self.dataset)
        except Problem as problem:
            return self._fail(problem)
        except Exception as error:  # noqa: BLE001 - on record; the caller reads the source or takes the next dataset
            _log.exception("judging %s again", self.dataset.name)
            reason = f"{type(error).__name__}: {error}"
            return self._fail(Problem("rejudge_failed", dataset=self.dataset.name, reason=reason))
        return LoadResult.of(self.dataset.name, self.load_id, "ok", self.counts)

    def _note_broken(self, whole: bool) -> None:
        note_broken(self.connection, self.dataset.name, self.load_id, self.judging, whole)

    def _judge(self, replayed: Replayed) -> None:
        rows, rejected = with_row_hash(replayed.rows), REJECTED_SCHEMA.empty_table()
        keys = PageKeys.of(rows, rejected)
        compared = self.known.compare(keys.keys, keys.digests, keys.hashes, complete=True)
        waiting = waiting_rows(self.connection, self.dataset, rows[KEY], compared)
        page = Page(replayed.rows, {}, file=replayed.file)
        checked = check_page(self.dataset, rows, rejected, compared, page, True, waiting, self.judging)
        stands = dict(zip(keys.keys.to_pylist(), replayed.file_ids.tolist(), strict=True))
        for row in checked.held:
            row["file_id"] = stands[row["source_key"]]
        counts = checked.counts
        counts["rows_read"] = rows.num_rows
        with self.connection.transaction():
            fence(self.connection, self.lease)
            file_id = int(replayed.file_ids[0])
            in_sheet = replayed.file is not None
            self._note_broken(whole=False)
            corrections = merge_page(
                self.connection, self.dataset, self.load_id, file_id, checked, in_sheet, rules_changed=True
            )
            for name, change in corrections.items():
                counts[name] += change
            count_rows(self.connection, self.load_id, counts)
            note_judged(self.connection, self.dataset, replayed.down_to)
            reach("rejudge_commit")
        self.counts.update(counts)

    def _fail(self, problem: Problem) -> LoadResult:
        if problem.code == "lease_lost":
            raise problem
        with self.connection.transaction():
            end_load(self.connection, self.load_id, "failed", problem)
        return LoadResult.of(self.dataset.name, self.load_id, "failed", self.counts, problem)
