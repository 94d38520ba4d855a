"""The four ways to read an object, by the mode its configuration names.

Belongs here: choosing, and turning a full comparison into pages. Does not belong here: what the other
modes do (`incremental.py`, `changes/`), ranges and checksums (`sweep.py`).

Position of mode full: the ranges of keys of the last read and the checksum of each, see `ranges.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.base import REJECTED_SCHEMA, Page
from connectors.erp.reading.changes import read_changes
from connectors.erp.reading.incremental import read_incrementally
from connectors.erp.reading.reader import Reader
from connectors.erp.reading.sweep import OpenSession, Sweep


def read_object(
    reader: Reader, position: dict[str, Any] | None, page_rows: int, open_session: OpenSession
) -> Iterator[Page]:
    """Pages of at most `page_rows` rows, at least one. open_session: another connection to the same source."""
    mode = reader.plan.config.mode
    if mode == "full":
        yield from _compared(reader, position, page_rows, open_session)
    elif mode == "changes":
        yield from read_changes(reader, position, page_rows, open_session)
    else:
        yield from read_incrementally(reader, position, page_rows, open_session)


def _compared(
    reader: Reader, position: dict[str, Any] | None, page_rows: int, open_session: OpenSession
) -> Iterator[Page]:
    sweep = Sweep(reader, page_rows, position, open_session)
    keyless = 0
    for rejected in reader.keyless(page_rows):
        keyless += len(rejected)
        yield Page(reader.empty, sweep.state.position(), rejected, partial=sweep.resumed)
    for step in sweep.steps(keyless):
        state = step.state
        yield Page(
            reader.empty if step.rows is None else step.rows.good,
            state.position(),
            REJECTED_SCHEMA.empty_table() if step.rows is None else step.rows.rejected,
            unchanged=step.unchanged,
            partial=step.partial,
            total=state.rows if state.done else None,
        )
