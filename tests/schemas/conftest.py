"""A copy of the shipped contracts, mappings and code lists that a test may break."""

import shutil
from pathlib import Path

import pytest

from schemas.loader import SCHEMAS


class Copy:
    """`root` holds contracts/, mappings/ and codes/ like the package itself."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def replace(self, file: str, old: str, new: str) -> int:
        """Replace the first occurrence of `old`; returns its 1-based line."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    for folder in ("contracts", "mappings", "codes"):
        shutil.copytree(SCHEMAS / folder, tmp_path / folder)
    return Copy(tmp_path)
