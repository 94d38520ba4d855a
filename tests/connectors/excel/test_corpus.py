"""Every file of the hostile corpus is read, or refused with a sentence, within 20 CPU seconds and 400 MB.

The limits are the kernel's (CPU time, address space): a file that needs more ends its child, and the
test fails because that is another Problem than the one expected.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.excel.safety import readers, sandbox
from schemas.problems import Problem
from tests.connectors.excel.hostile import CORPUS, READ

CPU_SECONDS = 20
MEGABYTES = 400
# A child that has read nothing yet has mapped this much, nearly all of it libraries that take no memory.
MAPPED = 330 << 20


@pytest.mark.parametrize("name", CORPUS)
def test_it_is_read_or_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    extension, make, expected = CORPUS[name]
    path = tmp_path / f"坏.{extension}"
    make(path)
    readers.end_all()  # memory that another file took must not count for this one
    outcome, sentences = READ, (path.name, path.name)
    try:
        book = sandbox.read_workbook(path, path.name, cpu_seconds=CPU_SECONDS, memory=MAPPED + (MEGABYTES << 20))
        assert book.peak_mb < MEGABYTES
    except Problem as problem:
        outcome, sentences = problem.code, (problem.text("zh"), problem.text("en"))
    assert outcome in ((expected,) if isinstance(expected, str) else expected)
    assert all(path.name in sentence for sentence in sentences)


def test_the_coloured_column_keeps_its_ten_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    CORPUS["coloured column"][1](path)
    assert sandbox.read_workbook(path, "a.xlsx").sheets[0].cells.num_rows == 11
