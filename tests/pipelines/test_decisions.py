"""When decisions of people start a run: once for all that were made together, and not while more are coming."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipelines.decisions import CALM, look

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def test_nothing_was_ever_decided() -> None:
    assert look(None, NOON, None) is None


def test_while_somebody_decides_nothing_starts() -> None:
    assert look(NOON, NOON + CALM / 2, None) is None


def test_afterwards_one_run_starts_and_no_second() -> None:
    mark = look(NOON, NOON + CALM, None)
    assert mark is not None
    assert look(NOON, NOON + timedelta(hours=1), mark) is None


def test_the_next_decision_starts_another() -> None:
    later = NOON + timedelta(minutes=5)
    assert look(later, later + CALM, NOON.isoformat()) == later.isoformat()
