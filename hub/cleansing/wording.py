"""Titles of what standardisers did or could not do, in both languages (data: rules.yaml)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from schemas.model import Text

_DATA = Path(__file__).with_name("rules.yaml")


@cache
def change_titles() -> dict[str, Text]:
    """{rule of a change: title}, e.g. "unit.alias": of what is applied without asking and of what people accepted."""
    return _titles("changes") | suggestion_titles()


@cache
def suggestion_titles() -> dict[str, Text]:
    """{rule of a suggestion: title}, e.g. "text.mojibake": never applied without asking."""
    return _titles("suggestions")


@cache
def automatic_rules() -> frozenset[str]:
    """The rules by which a standardiser may change a value without asking anybody."""
    return frozenset(_titles("changes"))


@cache
def reason_titles() -> dict[str, Text]:
    """{reason of an unread value: title}, e.g. "date.unread"."""
    return _titles("reasons")


def _titles(part: str) -> dict[str, Text]:
    data = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return {name: Text(**texts) for name, texts in data[part].items()}
