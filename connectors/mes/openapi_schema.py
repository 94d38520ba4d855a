"""Schemas of an OpenAPI document: references followed, `allOf` joined, the alternatives to null left out.

Belongs here: reading schemas, pure functions. Does not belong here: what an endpoint is for (`openapi.py`).
Swagger 2.0 differs in where schemas stand; both forms are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_DEPTH = 12  # of references inside references


@dataclass(frozen=True)
class Leaf:
    """One plain value of an item. path: dotted; type: OpenAPI's type and format; title: the document's words."""

    path: str
    type: str
    format: str
    title: str

    @property
    def is_time(self) -> bool:
        return self.format == "date-time"

    @property
    def shown(self) -> str:
        return f"{self.type}/{self.format}" if self.format else self.type


class Schemas:
    """Schemas of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def resolved(self, node: Any, depth: int = 0) -> dict[str, Any]:
        """The schema itself: no $ref, allOf joined, of several alternatives the first that is not null."""
        if not isinstance(node, dict) or depth > _DEPTH:
            return {}
        if isinstance(reference := node.get("$ref"), str):
            return self.resolved(self._at(reference), depth + 1) | {
                key: value for key, value in node.items() if key in ("title", "description")
            }
        if isinstance(parts := node.get("allOf"), list):
            joined: dict[str, Any] = {key: value for key, value in node.items() if key != "allOf"}
            for part in parts:
                found = self.resolved(part, depth + 1)
                properties = {**found.get("properties", {}), **joined.get("properties", {})}
                joined = {**found, **joined} | ({"properties": properties} if properties else {})
            return joined
        for word in ("anyOf", "oneOf"):
            if isinstance(choices := node.get(word), list):
                real = [
                    found for choice in choices if (found := self.resolved(choice, depth + 1)).get("type") != "null"
                ]
                outer = {key: value for key, value in node.items() if key in ("title", "description", "default")}
                return (real[0] if real else {}) | outer
        return node

    def _at(self, reference: str) -> Any:
        value: Any = self._document
        for step in reference.removeprefix("#/").split("/"):
            step = step.replace("~1", "/").replace("~0", "~")
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def type_of(self, schema: dict[str, Any]) -> str:
        """object, array, string, ... ("" if the document does not say)."""
        found = schema.get("type")
        if isinstance(found, list):  # OpenAPI 3.1: [string, "null"]
            found = next((one for one in found if one != "null"), "")
        if not found:
            found = "object" if "properties" in schema else "array" if "items" in schema else ""
        return str(found)

    def properties(self, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, node in (schema.get("properties") or {}).items():
            yield str(name), self.resolved(node)

    def leaves(self, schema: dict[str, Any], depth: int = 2, above: str = "") -> Iterator[Leaf]:
        """Plain values of an object, those of nested objects by dotted path, to a depth."""
        for name, found in self.properties(schema):
            kind = self.type_of(found)
            path = f"{above}{name}"
            if kind == "object" and found.get("properties"):
                if depth > 1:
                    yield from self.leaves(found, depth - 1, f"{path}.")
            elif kind != "array" or not self.is_rows(found):
                title = str(found.get("title") or found.get("description") or "")
                yield Leaf(path, kind or "any", str(found.get("format") or ""), title.splitlines()[0] if title else "")

    def is_rows(self, schema: dict[str, Any]) -> bool:
        """True for an array of objects."""
        return self.type_of(schema) == "array" and self.type_of(self.resolved(schema.get("items"))) == "object"

    def inner(self, schema: dict[str, Any], depth: int = 3, above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
        """(dotted path, schema) of everything inside an object, outermost first."""
        level = list(self.properties(schema))
        for name, found in level:
            yield f"{above}{name}", found
        if depth > 1:
            for name, found in level:
                if self.type_of(found) == "object":
                    yield from self.inner(found, depth - 1, f"{above}{name}.")
