"""The current raw rows of a dataset, out of the landed files: what the source said, without asking the source.

Belongs here: finding the newest landed version of every key that is wanted. Not here: judging the rows
(rejudge.py), keeping a row back (holding.py), the mirror (mirror.py), writing files (stage.py).

Files are looked at from the newest to the oldest until every wanted key was found, so that old ones are
not even opened. In memory there is never more than one page, and 9 bytes for each wanted key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa

from connectors.base import SourceFile
from hub.landing.digests import key_digests
from hub.landing.known import Flags, Numbers
from hub.landing.stage import LandedFile

PAGE_ROWS = 50_000


@dataclass(frozen=True)
class Replayed:
    """Rows as they were landed last, all with the same columns.

    rows: the source's columns + KEY + ROW_NO. file_ids: ops.landed_file.id of each row. file: the spreadsheet they
    stand in, None if they do not come from one. down_to: every wanted key of landed files from this id upwards
    is in this page or came before it.
    """

    rows: pa.Table
    file_ids: Numbers
    file: SourceFile | None
    down_to: int


class Wanted:
    """Keys that are looked for, each given once: the first who asks has the newest version."""

    def __init__(self, digests: Numbers) -> None:
        self._digests = np.unique(digests)
        self._open = np.ones(len(self._digests), bool)

    @property
    def left(self) -> int:
        return int(self._open.sum())

    def take(self, keys: pa.Array | pa.ChunkedArray) -> Flags:
        """Which of these keys are still looked for; from now on they are not."""
        if len(self._digests) == 0 or len(keys) == 0:
            return np.zeros(len(keys), bool)
        digests = key_digests(keys)
        at = np.minimum(np.searchsorted(self._digests, digests), len(self._digests) - 1)
        found: Flags = (self._digests[at] == digests) & self._open[at]
        self._open[at[found]] = False
        return found


def replay(
    connection: psycopg.Connection[Any], dataset: str, wanted: Wanted, landing: Path, done_down_to: int | None = None
) -> Iterator[Replayed]:
    """Pages of at most about PAGE_ROWS rows, the newest first, until every wanted key was found or no file is left.

    done_down_to: rows of landed files from this id upwards are passed over (an unfinished replay gave them).
    What is still in `wanted` at the end was never landed. Raises Problem `landed_file_missing` or
    `landed_file_damaged` at a file that had to be looked at: an older version of its rows would be no answer.
    """
    waiting: list[tuple[pa.Table, int]] = []
    for file_id, path, sha256, source in _files(connection, dataset):
        if wanted.left == 0:
            break
        landed = LandedFile(landing, path, sha256)
        mine = wanted.take(landed.keys())
        if not mine.any() or (done_down_to is not None and file_id >= done_down_to):
            continue
        rows = landed.rows()
        rows = rows if mine.all() else rows.filter(pa.array(mine))
        if source is not None:
            if waiting:
                yield _page(waiting)
                waiting = []
            yield Replayed(rows, np.full(rows.num_rows, file_id), source, file_id)
            continue
        if waiting and (
            waiting[0][0].schema != rows.schema or sum(part.num_rows for part, _ in waiting) + rows.num_rows > PAGE_ROWS
        ):
            yield _page(waiting)
            waiting = []
        waiting.append((rows, file_id))
    if waiting:
        yield _page(waiting)


def _page(parts: list[tuple[pa.Table, int]]) -> Replayed:
    """Small pages of a table or a list, which know no cells, make one large one."""
    ids = np.concatenate([np.full(rows.num_rows, file_id) for rows, file_id in parts])
    return Replayed(pa.concat_tables([rows for rows, _ in parts]), ids, None, parts[-1][1])


def _files(connection: psycopg.Connection[Any], dataset: str) -> Iterator[tuple[int, str, str, SourceFile | None]]:
    """(id, path, sha256, the spreadsheet it was read from) of every landed file, the newest first."""
    with connection.transaction():
        found = connection.execute(
            "select id, path, sha256, source_path, sheet, source_sha256, columns, header_row from ops.landed_file"
            " where dataset = %s and rows > 0 order by id desc",
            (dataset,),
        ).fetchall()
    for file_id, path, sha256, source_path, sheet, source_sha256, columns, header_row in found:
        source = None
        if source_path is not None:
            source = SourceFile(source_path, sheet, source_sha256, columns, header_row)
        yield file_id, path, sha256, source
