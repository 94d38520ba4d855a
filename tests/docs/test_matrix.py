"""The matrix page is written from its data, and every test it names is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from docs import matrix
from hub.settings import PROJECT


def test_the_page_is_the_one_its_data_make() -> None:
    assert matrix.PAGE.read_text(encoding="utf-8") == matrix.page(matrix.read()), "run: python docs/matrix.py"


def test_every_sign_has_tests_that_exist() -> None:
    wanted = matrix.tests(matrix.read())
    files = sorted({test.partition("::")[0] for test in wanted})
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    ).stdout.splitlines()  # fmt: skip
    known = {line for line in listed if "::" in line} | {line.partition("[")[0] for line in listed if "::" in line}
    assert [test for test in wanted if test not in known] == []


def test_a_sign_without_a_test_is_refused(tmp_path) -> None:
    data = tmp_path / "matrix.yaml"
    data.write_text("- {title: T, columns: {A: a}, rows: [{capability: c, cells: {A: {how: real}}}]}")
    with pytest.raises(ValueError, match="T / c / A"):
        matrix.read(data)
