"""YAML files read so that every value still knows its line.

Belongs here: safe loading, positions, bounds against hostile or broken files. Does not belong
here: what the values mean (the loaders).

Scalars follow YAML 1.2: only true/false are booleans (`on`, `no`, `Y` stay text) and a number with
a leading zero stays text, because 00123 is a material code and not the number 83. Dates stay text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from schemas.problems import Problem

MAX_BYTES = 4_000_000
MAX_NODES = 200_000  # counted after aliases are expanded: a "billion laughs" file stops here
MAX_DEPTH = 100

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is ten times faster
_REPLACED = {f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "timestamp")}


class _Loader(_Base):
    """Safe loader with YAML 1.2 scalars."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag not in _REPLACED]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF")
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), "-+0123456789")


@dataclass(frozen=True)
class Document:
    """One YAML document: `data` as plain values, and where each of them stands in `path`."""

    path: Path
    data: Any
    root: Any  # the node tree of PyYAML

    def line(self, *steps: str | int) -> int:
        """1-based line of a nested key or list index; of the nearest known ancestor otherwise."""
        return self._find(steps)[0]

    def text_line(self, *steps: str | int, within: int) -> int:
        """1-based line of the n-th line of a text written with |; of its key where YAML folds the lines."""
        line, node = self._find(steps)
        if isinstance(node, yaml.ScalarNode) and node.style == "|":
            return int(node.start_mark.line) + 1 + within
        return line

    def _find(self, steps: tuple[str | int, ...]) -> tuple[int, Any]:
        """(line, node) of the last step that is there."""
        node = self.root
        found = node.start_mark.line + 1
        for step in steps:
            if isinstance(node, yaml.MappingNode):
                pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
                if pair is None:
                    break
                found, node = pair[0].start_mark.line + 1, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                found = node.start_mark.line + 1
            else:
                break
        return found, node


def load_documents(path: Path) -> list[Document]:
    """All documents of one YAML file; empty documents are left out.

    Raises Problem `yaml_missing` if the file cannot be read, `yaml_broken` on a syntax error,
    `yaml_duplicate_key` on a key written twice, `yaml_too_big` on a file beyond the bounds.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Problem("yaml_missing", file=str(path), reason=error.strerror or type(error).__name__) from error
    if len(content) > MAX_BYTES:
        raise Problem("yaml_too_big", file=str(path), limit=f"{MAX_BYTES // 1_000_000} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Problem("yaml_not_utf8", file=str(path), line=line) from error
    return parse_documents(text, path)


def parse_documents(text: str, where: str | Path) -> list[Document]:
    """As `load_documents`, of a text; `where`: the file it is named after in sentences."""
    path = Path(where)
    documents = []
    try:
        loader = _Loader(text)
        try:
            while loader.check_node():
                node = loader.get_node()
                _check_bounds(node, path)
                data = loader.construct_document(node)
                if data is not None:
                    documents.append(Document(path, data, node))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context_mark and "end of stream" in (error.problem or ""):
            mark = error.context_mark  # a quote that is never closed: say where it was opened
        line = mark.line + 1 if mark else 1
        reason = error.problem or error.context or "not valid YAML"
        raise Problem("yaml_broken", file=str(path), line=line, reason=reason) from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1 if isinstance(error.position, int) else 1
        raise Problem("yaml_broken", file=str(path), line=line, reason=error.reason) from error
    except RecursionError as error:
        raise Problem("yaml_too_big", file=str(path), limit=f"{MAX_DEPTH} levels") from error
    return documents


def load_document(path: Path) -> Document:
    """The only document of a file. Raises what `load_documents` raises, and `yaml_one_document`."""
    documents = load_documents(path)
    if len(documents) != 1:
        raise Problem("yaml_one_document", file=str(path), count=len(documents))
    return documents[0]


def _check_bounds(root: Any, path: Path) -> None:
    """Refuse duplicate keys, files nested into themselves and alias bombs, before building values.

    Walks each node once; an alias counts as the size of what it stands for.
    """
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: Any, depth: int) -> int:
        if id(node) in sizes:
            return sizes[id(node)]
        if id(node) in open_nodes or depth > MAX_DEPTH:
            raise Problem("yaml_too_big", file=str(path), limit=f"{MAX_DEPTH} levels")
        open_nodes.add(id(node))
        total = 1
        if isinstance(node, yaml.MappingNode):
            _check_keys(node, path)
            total += sum(1 + size(value, depth + 1) for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            total += sum(size(item, depth + 1) for item in node.value)
        if total > MAX_NODES:
            raise Problem("yaml_too_big", file=str(path), limit=f"{MAX_NODES} values")
        open_nodes.discard(id(node))
        sizes[id(node)] = total
        return total

    size(root, 0)


def _check_keys(node: yaml.MappingNode, path: Path) -> None:
    """Keys must be plain text or numbers, each written once."""
    seen: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
            raise Problem("yaml_broken", file=str(path), line=line, reason="a key must be plain text")
        if key.value in seen:
            raise Problem("yaml_duplicate_key", file=str(path), line=line, key=key.value, first=seen[key.value])
        seen[key.value] = line
