"""Reading the keys of a YAML mapping one by one, with errors that name file, line and what is allowed.

Belongs here: shape checks every loader needs. Does not belong here: the meaning of any key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

from schemas.model import Text
from schemas.nearness import listed
from schemas.problems import Problem
from schemas.yaml_lines import Document


class Fields:
    """One mapping inside a document. Every method raises `Problem` with the line of the key."""

    def __init__(self, document: Document, *steps: str | int) -> None:
        """Raises `schema_need_mapping` if there is no mapping at `steps`."""
        self.document, self.steps = document, steps
        data = document.data
        for step in steps:
            data = data[step]
        if not isinstance(data, dict):
            self.fail("schema_need_mapping", *steps, key=_name(steps))
        self.data: dict[str, Any] = {str(key): value for key, value in data.items()}

    def fail(self, problem: str, /, *at: str | int, **params: Any) -> NoReturn:
        """Raise the problem with the file and the line of the absolute path `at`."""
        raise Problem(problem, file=str(self.document.path), line=self.document.line(*at), **params)

    def fail_at(self, problem: str, at: str, /, **params: Any) -> NoReturn:
        """Raise the problem with the line of one of this mapping's keys."""
        self.fail(problem, *self.steps, at, **params)

    def fail_in_text(self, problem: str, at: str, text_line: int, /, **params: Any) -> NoReturn:
        """Raise the problem with the line of the n-th line of a text (of its key where YAML folds the text)."""
        line = self.document.text_line(*self.steps, at, within=text_line)
        raise Problem(problem, file=str(self.document.path), line=line, **params)

    def only(self, allowed: Iterable[str]) -> None:
        """Refuse keys that nobody reads: they are typing errors."""
        allowed = sorted(allowed)
        for key in self.data:
            if key not in allowed:
                self.fail("schema_unknown_key", *self.steps, key, key=key, allowed=listed(key, allowed))

    def instead(self, replacements: Mapping[str, str]) -> None:
        """Refuse keys that are known elsewhere but that nothing here carries out, naming what to write instead."""
        for key in self.data:
            if key in replacements:
                self.fail("schema_key_without_effect", *self.steps, key, key=key, instead=replacements[key])

    def __contains__(self, key: str) -> bool:
        return self.data.get(key) is not None

    def get(self, key: str) -> Any:
        """The raw value; `schema_missing_key` if it is absent or empty."""
        value = self.data.get(key)
        if value is None or value == "":
            self.fail("schema_missing_key", *self.steps, key, key=key, where=_name(self.steps))
        return value

    def text(self, key: str) -> str:
        value = self.get(key)
        if not isinstance(value, str):
            self.fail("schema_need_text", *self.steps, key, key=key, value=str(value))
        return value.strip()

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if key in self else None

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            self.fail("schema_not_allowed", *self.steps, key, key=key, value=str(value), allowed="true, false")
        return value

    def choice(self, key: str, allowed: Iterable[str]) -> str:
        value = str(self.get(key))
        allowed = list(allowed)
        if value not in allowed:
            self.fail("schema_not_allowed", *self.steps, key, key=key, value=value, allowed=listed(value, allowed))
        return value

    def whole(self, key: str, least: int, most: int | None = None) -> int:
        """A whole number between two others, both included."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < least or (most and value > most):
            allowed = f"{least}-{most}" if most else f"{least}, {least + 1}, {least + 2}, ..."
            self.fail("schema_not_allowed", *self.steps, key, key=key, value=str(value), allowed=allowed)
        return value

    def both(self, key: str) -> Text:
        """A wording in both languages, {zh: ..., en: ...}."""
        value = self.get(key)
        if not isinstance(value, dict) or not all(isinstance(value.get(lang), str) for lang in ("zh", "en")):
            self.fail("schema_two_languages", *self.steps, key, key=key, where=_name(self.steps))
        if not value["zh"].strip() or not value["en"].strip() or set(value) != {"zh", "en"}:
            self.fail("schema_two_languages", *self.steps, key, key=key, where=_name(self.steps))
        return Text(zh=value["zh"].strip(), en=value["en"].strip())

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty if the key is absent."""
        value = self.data.get(key, [])
        if not isinstance(value, list):
            self.fail("schema_need_list", *self.steps, key, key=key)
        for index, item in enumerate(value):
            if not isinstance(item, str):
                self.fail("schema_need_text", *self.steps, key, index, key=key, value=str(item))
        return tuple(value)

    def child(self, key: str) -> Fields:
        self.get(key)
        return Fields(self.document, *self.steps, key)

    def children(self, key: str, required: bool = True) -> Iterator[Fields]:
        """The mappings of a list."""
        value = self.get(key) if required else self.data.get(key, [])
        if not isinstance(value, list):
            self.fail("schema_need_list", *self.steps, key, key=key)
        for index in range(len(value)):
            yield Fields(self.document, *self.steps, key, index)


def _name(steps: tuple[str | int, ...]) -> str:
    """`schema[0].properties[2]`, as people write it."""
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return name.lstrip(".") or "/"
