"""The words of what is generated, in Chinese and English; they stand in words.yaml.

Belongs here: looking up. Does not belong here: titles of columns and rules (contracts),
problems (schemas/problems.yaml).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from schemas.problems import Language

_FILE = Path(__file__).with_name("words.yaml")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """{"room.word": {"zh": text, "en": text}}; texts use {name}."""
    nested = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {f"{room}.{key}": text for room, words in nested.items() for key, text in words.items()}


def word(language: Language, key: str, /, **params: Any) -> str:
    """The words of that key; KeyError if there is none, or if a {name} is not given."""
    return catalogue()[key][language].format(**params)
