"""`customProperties` of a contract: a list of {property, value}, read as one mapping.

Belongs here: the shape of that list. Does not belong here: which properties there are.
"""

from __future__ import annotations

from typing import Any, NoReturn

from schemas.fields import Fields


class Custom(Fields):
    """`customProperties` [{property, value}, ...] seen as one mapping; lines stay right."""

    def __init__(self, owner: Fields) -> None:
        super().__init__(owner.document, *owner.steps)
        self.data = {}
        self._index: dict[str, int] = {}
        for index, entry in enumerate(owner.children("customProperties", required=False)):
            entry.only({"id", "property", "value", "description"})
            name = entry.text("property")
            if name in self.data:
                entry.fail_at("schema_twice", "property", key="property", value=name)
            self.data[name] = entry.get("value")
            self._index[name] = index

    def fail(self, problem: str, /, *at: str | int, **params: Any) -> NoReturn:
        """Translate the key to its place in the list."""
        name = at[len(self.steps)] if len(at) > len(self.steps) else None
        if name in self._index:
            at = (*self.steps, "customProperties", self._index[name], "value", *at[len(self.steps) + 1 :])
        super().fail(problem, *at, **params)
