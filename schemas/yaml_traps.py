"""Words that YAML 1.1, which most other tools read, takes for something else than is written.

Belongs here: unquoted yes/no/on/off as key or value, and numbers with a leading zero. Does not belong here: our own
reading (`yaml_lines.py`), which follows YAML 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from schemas.problems import Problem
from schemas.yaml_lines import Document

_TRAP = re.compile(r"(?:yes|no|on|off|y|n)|[-+]?0\d+", re.IGNORECASE)


def check_traps(document: Document) -> None:
    """Raises Problem `yaml_trap` at the first such word."""
    for node in _plain(document.root, set()):
        if _TRAP.fullmatch(node.value):
            raise Problem("yaml_trap", file=str(document.path), line=node.start_mark.line + 1, word=node.value)


def _plain(node: Any, seen: set[int]) -> Iterator[Any]:
    """Unquoted texts, each once however often an alias repeats it."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _plain(key, seen)
            yield from _plain(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _plain(item, seen)
    elif not node.style:
        yield node
