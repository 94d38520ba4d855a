"""Every example in docs/rest-apis.md loads, and every key of the models is explained beside the models."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from connectors.config_models import SourceSystemConfig
from connectors.mes import config, config_access
from connectors.mes.config import MesEndpointConfig, MesPaging
from hub.settings import PROJECT

REFERENCE = (PROJECT / "docs" / "rest-apis.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml (system|endpoint)\n(.*?)^```$", REFERENCE, re.MULTILINE | re.DOTALL)
HEAD: dict[str, Any] = {
    "system": "x",
    "kind": "mes",
    "plant": "P1",
    "title": {"zh": "甲", "en": "x"},
    "url_env": "X_URL",
}


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_an_example_loads(kind: str, text: str) -> None:
    data = yaml.safe_load(text)
    if kind == "system":
        SourceSystemConfig.model_validate(HEAD | data)
    else:
        MesEndpointConfig.model_validate({"system": "x", "object": "lot"} | data)


def test_the_table_of_pagings_loads() -> None:
    found = re.findall(r"`(\{kind: [^`]*\})`", REFERENCE)
    assert {MesPaging.model_validate(yaml.safe_load(text)).kind for text in found} == {
        "page", "offset", "cursor", "link", "none"
    }  # fmt: skip


# Keys whose name says what they are, or that another model explains.
PLAIN = {
    "system", "object", "title", "path", "method", "body", "query", "headers", "key", "url", "page", "offset", "cursor",
    "base_path", "auth", "sign", "envelope", "limits", "tls", "updated", "detail", "task", "connect_seconds",
    "read_seconds", "tries", "longest_wait_seconds", "first_wait_seconds", "requests_per_second", "requests_per_minute",
    "every_seconds", "longest_seconds", "form", "signer", "column", "values", "name", "prefix", "env", "expires_unit",
    "page_size", "place", "overlap_minutes", "fields", "done_values", "failed_values", "webhook", "why", "total",
    "paging", "rows",
}  # fmt: skip


def test_every_key_is_explained() -> None:
    missing = []
    for module in (config, config_access):
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == module.__name__:
                told = " ".join(base.__doc__ or "" for base in model.__mro__ if issubclass(base, BaseModel))
                missing += [f"{model.__name__}.{key}" for key in model.model_fields
                            if key not in PLAIN and not re.search(rf"\b{key}\b", told)]  # fmt: skip
    assert missing == []
