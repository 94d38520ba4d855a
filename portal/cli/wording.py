"""The command line's sentences: zh.toml and en.toml beside this file, same keys, same {parameters}.

Belongs here: choosing the language and looking up. Not here: problem sentences (schemas/problems.yaml).
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from schemas.problems import Language


def chosen_language(arguments: Sequence[str] | None = None) -> Language:
    """`--lang zh|en` of the command line, else from LC_ALL, LC_MESSAGES, LANG; English for anything else.

    Read before the commands are defined, because their --help is in the same language.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    for index, argument in enumerate(given):
        value = argument.partition("=")[2] if argument.startswith("--lang=") else None
        if argument == "--lang" and index + 1 < len(given):
            value = given[index + 1]
        if value in ("zh", "en"):
            return "zh" if value == "zh" else "en"
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if locale := os.environ.get(name):
            return "zh" if locale.lower().startswith("zh") else "en"
    return "en"


@cache
def catalogue(language: Language) -> dict[str, str]:
    """All sentences of one language: {"command.key": text}."""
    nested = tomllib.loads(Path(__file__).with_name(f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}": text for section, entries in nested.items() for key, text in entries.items()}


def text(language: Language, key: str, /, **params: Any) -> str:
    """One sentence with its {parameters} filled in; KeyError for an unknown key."""
    return catalogue(language)[key].format(**params)


def help_text(key: str) -> str:
    """A help text in the language of this command line."""
    return text(chosen_language(), f"help.{key}")
