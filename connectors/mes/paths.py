"""Paths into JSON: `data.list`, `items.0.code`, `customFields[fieldCode=cust_field21__c].fieldValue`.

Belongs here: the grammar, and the value at a path. Does not belong here: what values become (`items.py`).

    name.name    keys of objects; a key that itself contains dots is found as it is written
    name.0       position in a list (also name[0])
    name[k=v]    the first object of a list whose key k is v
    name[].x     x of every element; the values are joined by commas
    ^.name       in a child row: name of the item around it
    $            the whole reply; $header.X-Pagination.total: a reply's header, opened if it is JSON
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator

_STEP = re.compile(r"([^.\[\]]+)?((?:\[[^\[\]]*\])*)(?:\.|$)")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
PARENT = "^"


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[str | int | tuple[str, str] | None, ...]:
    """The steps of a path: str a key, int a position, (key, value) a match, None every element.

    Raises ValueError for a path that cannot be understood.
    """
    if path == "$":
        return ()
    found: list[str | int | tuple[str, str] | None] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or not match[0].strip(".") or match.end() == at:
            raise ValueError(f"path {path!r} cannot be understood")
        if match[1]:
            found.append(match[1])
        for bracket in _BRACKET.findall(match[2]):
            key, equals, value = bracket.partition("=")
            if bracket and not equals and not bracket.isdigit():
                raise ValueError(f"path {path!r}: [{bracket}] is neither a number, nor key=value, nor empty")
            found.append((key, value) if equals else int(bracket) if bracket else None)
        at = match.end()
    if not found or path.endswith(".") or any(character.isspace() for character in path.split("[")[0]):
        raise ValueError(f"path {path!r} cannot be understood")
    return tuple(found)


def _checked(path: str) -> str:
    steps(path)
    return path


ItemPath = Annotated[str, AfterValidator(_checked)]


def value_at(value: Any, path: str) -> Any:
    """The value at a path; None where it ends early. `[]` gives a list of what is there."""
    return _follow(value, steps(path))


def _follow(value: Any, rest: tuple[str | int | tuple[str, str] | None, ...]) -> Any:
    for number, step in enumerate(rest):
        if step is None:
            if not isinstance(value, list):
                return None
            found = [_follow(element, rest[number + 1 :]) for element in value]
            return [element for element in found if element is not None]
        if isinstance(step, tuple):
            value = _matching(value, *step)
        elif isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        elif isinstance(value, dict):
            whole = _dotted(rest[number:])
            if whole is not None and whole in value:
                return value[whole]
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _dotted(rest: tuple[Any, ...]) -> str | None:
    """The rest of a path as one key, if it has only keys."""
    return ".".join(rest) if len(rest) > 1 and all(isinstance(step, str) for step in rest) else None


def _matching(value: Any, key: str, wanted: str) -> Any:
    if not isinstance(value, list):
        return None
    return next((item for item in value if isinstance(item, dict) and str(item.get(key)) == wanted), None)


def has_every(path: str) -> bool:
    """True if the path collects values of several elements."""
    return None in steps(path)


def in_reply(payload: Any, headers: dict[str, str], path: str) -> Any:
    """The value at a path of a reply, whose headers are reached by `$header.<name>`."""
    if not path.startswith("$header."):
        return value_at(payload, path)
    name, _, rest = path.removeprefix("$header.").partition(".")
    value: Any = next((text for key, text in headers.items() if key.lower() == name.lower()), None)
    for _ in range(2):  # some write the JSON of a JSON text
        if isinstance(value, str) and value[:1] in '{["':
            try:
                value = json.loads(value)
            except ValueError:
                break
    return value_at(value, rest) if rest and value is not None else value


def put_at(target: dict[str, Any], name: str, value: Any) -> None:
    """Set a parameter; dots in its name reach into nested objects."""
    *parents, leaf = name.split(".")
    for parent in parents:
        nested = target.get(parent)
        target[parent] = dict(nested) if isinstance(nested, dict) else {}
        target = target[parent]
    target[leaf] = value
