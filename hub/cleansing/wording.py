"""Titles of what standardisers did or could not do, in both languages (data: rules.yaml)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from schemas.model import Text

_DATA = Path(__file__).with_name("rules.yaml")


@cache
def change_titles() -> dict[str, Text]:
    """{change rule: title}, e.g. "unit.alias"."""
    return _titles("changes")


@cache
def reason_titles() -> dict[str, Text]:
    """{reason of an unread value: title}, e.g. "date.unread"."""
    return _titles("reasons")


def _titles(part: str) -> dict[str, Text]:
    data = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return {name: Text(**texts) for name, texts in data[part].items()}
