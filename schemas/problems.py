"""Problems told as one sentence: what, where, why and what to do, in Chinese and English.

Every room raises `Problem` for anything a person can act on. The sentences stand in
`problems.yaml` (code -> zh, en, exit code), so that wording is data and a test can compare the
two languages. Does not belong here: findings about data values (those are rules in contracts).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

Language = Literal["zh", "en"]
_CATALOGUE = Path(__file__).with_name("problems.yaml")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All sentences by code: {code: {"zh": template, "en": template}}; templates use {name}."""
    return yaml.safe_load(_CATALOGUE.read_text(encoding="utf-8"))


class Problem(Exception):
    """Something is wrong that a person can mend; `code` names the sentence, `params` fill it.

    Params are plain JSON values, so that a problem can be stored and shown later in either
    language: `Problem(p["code"], **p["params"]).text("zh")`.
    """

    def __init__(self, code: str, /, **params: Any) -> None:
        if code not in catalogue():
            raise KeyError(f"unknown problem code {code!r}: add it to schemas/problems.yaml")
        self.code = code
        self.params = params
        super().__init__(self.text("en"))

    def text(self, language: Language) -> str:
        """The sentence in one language.

        Raises KeyError when a parameter that the sentence needs is missing.
        """
        return catalogue()[self.code][language].format(**self.params)

    def as_json(self) -> dict[str, Any]:
        """{"code", "params"}: what the store keeps."""
        return {"code": self.code, "params": self.params}
