"""Mutated good workbooks: whatever is done to a file, it is read or refused with a sentence.

The seeds are fixed, so a failure comes back: `python -m tests.connectors.excel.fuzz SEED 1`. Longer
runs with other seeds: the same command with a greater count.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.excel import fuzz

BATCH = 20


@pytest.mark.parametrize("first", range(0, 240, BATCH))
def test_a_mutated_workbook_is_read_or_refused(tmp_path: Path, first: int) -> None:
    for seed in range(first, first + BATCH):
        assert fuzz.outcome(seed, tmp_path)


def test_a_seed_makes_the_same_file_every_time() -> None:
    assert fuzz.mutated(7) == fuzz.mutated(7)
    assert {fuzz.mutated(seed)[0] for seed in range(50)} == {"xlsx", "xls", "ods", "csv", "xlsb"}
