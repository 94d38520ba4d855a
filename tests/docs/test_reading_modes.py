"""The page about read modes: its YAML is what the connector takes, and no mode or key is left out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from connectors.erp.config import ErpTableConfig

PAGE = (Path(__file__).parents[2] / "docs" / "reading-modes.md").read_text(encoding="utf-8")
DOCUMENTS: list[dict[str, Any]] = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
KEYS = ("mode", "compare", "parallel", "watermark", "overlap_minutes", "rowversion", "slot", "deletions", "full_every")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["attributes"]["mode"])
def test_the_examples_are_valid(document: dict[str, Any]) -> None:
    assert ErpTableConfig.model_validate(document["attributes"]).mode == document["attributes"]["mode"]


def test_every_mode_and_key_is_told_with_its_default() -> None:
    modes = get_args(ErpTableConfig.model_fields["mode"].annotation)
    assert [document["attributes"]["mode"] for document in DOCUMENTS] == list(modes)
    for name in KEYS:
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}`"))
        default = ErpTableConfig.model_fields[name].default
        if isinstance(default, str | int):
            assert f"| `{default}` |" in row or f"| {default} |" in row
