"""The portal's wording: zh.toml and en.toml, same keys, same {parameters}.

Belongs here: looking up a sentence. Not here: names of rules, columns and codes (schemas/ has those),
problem sentences (schemas/problems.yaml).
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from schemas.problems import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")


@cache
def catalogue(language: Language) -> dict[str, str]:
    """All wording of one language as {"page.key": text}."""
    nested = tomllib.loads(Path(__file__).with_name(f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{page}.{key}": text for page, entries in nested.items() for key, text in entries.items()}


def text(language: Language, key: str, /, **params: Any) -> str:
    """The wording of `key`, with its {parameters} filled in; KeyError for an unknown key."""
    return catalogue(language)[key].format(**params)
