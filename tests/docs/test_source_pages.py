"""YAML and commands of the pages about changing sources and events are taken as they stand there."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from connectors.config import load_systems
from connectors.config_models import SourceSystemConfig
from connectors.erp.config import ErpTableConfig
from hub.settings import PROJECT
from portal.cli.main import app

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEAD = """type: pipelines.components.SourceSystem
attributes: {system: erp1, kind: erp, plant: P1, title: {zh: 一, en: One}, url_env: WATERWORKS_ERP1_URL}
---
"""


def fences(page: str, language: str) -> list[str]:
    text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
    return [body for found, body in FENCE.findall(text) if found == language]


def load(folder: Path, text: str):
    (folder / "system").mkdir()
    (folder / "system" / "defs.yaml").write_text(text, encoding="utf-8")
    return load_systems(folder)


def test_the_table_with_policy_and_mirror_loads(tmp_path):
    (body,) = fences("when-a-source-changes.md", "yaml")
    table = load(tmp_path, HEAD + body)["erp1"].erp_tables["customer"]
    assert (table.schema_change, table.mirror) == ("pause", True)


def test_the_system_that_takes_events_loads(tmp_path):
    (body,) = fences("webhooks.md", "yaml")
    system = load(tmp_path, body)["mes2"]
    assert system.webhook is not None
    assert system.mes_endpoints["material"].webhook is not None


@pytest.mark.parametrize("body", fences("erp-databases.md", "yaml"))
def test_every_example_for_an_erp_loads(tmp_path, body):
    keys = yaml.safe_load(textwrap.dedent(body))
    table = {"system": "erp1", "object": "customer", "table": "t_Organization", "key": ["FItemID"]}
    system = {"system": "erp1", "kind": "erp", "plant": "P1", "title": {"zh": "一", "en": "One"}, "url_env": "ERP1_URL"}
    # A part of a document belongs to the system or to one of its tables; a whole one says what it is.
    if "attributes" in keys:
        keys = keys["attributes"]
    model, rest = (ErpTableConfig, table) if "table" in keys else (SourceSystemConfig, system)
    assert model.model_validate({**rest, **keys})


@pytest.mark.parametrize(
    "command", [line for body in fences("when-a-source-changes.md", "sh") for line in body.splitlines()]
)
def test_the_commands_are_understood(command):
    program, name, *_ = command.split()
    assert program == "waterworks"
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0
    for option in re.findall(r"--[a-z-]+", command):
        assert option in shown.output
