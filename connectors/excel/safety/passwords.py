"""The opening passwords of workbooks, taken from the environment when they are used.

Belongs here: reading and splitting the variable. Does not belong here: opening files (protected.py).
"""

from __future__ import annotations

import json
import os
import re

from connectors.config_models import SystemConfig


def known_passwords(system: SystemConfig) -> tuple[str, ...]:
    """Every password of the system and of its templates, each once; none for variables that are not set."""
    found: dict[str, None] = {}
    for variable in variables(system):
        found |= dict.fromkeys(split(os.environ.get(variable, "")))
    return tuple(found)


def variables(system: SystemConfig) -> list[str]:
    """Names of the variables that hold passwords, the templates' own first."""
    names = [*(item.passwords_env for item in system.workbooks.values()), system.passwords_env]
    return list(dict.fromkeys(name for name in names if name))


def split(value: str) -> list[str]:
    """A JSON list, or texts separated by ";" or line ends. A password with ";" in it needs the list."""
    value = value.strip()
    if value.startswith("["):
        try:
            listed = json.loads(value)
        except ValueError:
            listed = None
        if isinstance(listed, list) and all(isinstance(item, str) for item in listed):
            return [item for item in listed if item]
    return [part.strip() for part in re.split(r"[;\r\n]", value) if part.strip()]
