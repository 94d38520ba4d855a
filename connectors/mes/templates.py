"""Templates of bodies, queries, headers and paths filled in.

Belongs here: `{env: NAME}`, `{env:NAME}` inside a text, and `{name}`. Does not belong here: where the values come from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from schemas.problems import Problem

_NAME = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_INLINE = re.compile(r"\{env:([A-Z][A-Z0-9_]*)\}")
_ENV = re.compile(r"^[A-Z][A-Z0-9_]*$")


def env_name(value: Any) -> str | None:
    """NAME of `{env: NAME}`, None for anything else."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(name := value.get("env"), str) and _ENV.match(name):
        return name
    return None


def environment_names(value: Any) -> set[str]:
    """Every environment variable that a configuration refers to by `{env: NAME}`, "{env:NAME}", ca_env, proxy_env."""
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
        own = {text for key in ("ca_env", "proxy_env", "env") if isinstance(text := value.get(key), str)}
        return own.union(*(environment_names(part) for part in value.values()))
    if name := env_name(value):
        return {name}
    if isinstance(value, str):
        return set(_INLINE.findall(value))
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(environment_names(part) for part in parts))


def fill(template: Any, values: Mapping[str, Any], environment: Mapping[str, str], system: str) -> Any:
    """The template with everything filled in. Raises Problem `mes_placeholder_unknown`."""
    if name := env_name(template):
        return environment[name]
    if isinstance(template, dict):
        return {key: fill(value, values, environment, system) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values, environment, system) for value in template]
    if not isinstance(template, str):
        return template

    def known(name: str) -> Any:
        if name not in values:
            raise Problem("mes_placeholder_unknown", system=system, name=name, known=", ".join(sorted(values)) or "-")
        return values[name]

    if whole := _NAME.fullmatch(template):
        return known(whole[1])
    template = _INLINE.sub(lambda match: environment[match[1]], template)
    return _NAME.sub(lambda match: str(known(match[1])), template)
