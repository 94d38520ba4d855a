"""The page about inputs: every piece of YAML loads, every sentence it names exists, every key is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.config import load_systems
from connectors.excel.config import ExcelSettings, MailboxConfig, SftpConfig
from hub.settings import PROJECT
from schemas.problems import catalogue

PAGE = (PROJECT / "docs" / "workbook-inputs.md").read_text(encoding="utf-8")
YAML = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", YAML, ids=lambda text: re.search(r"system: (\w+)", text)[1])
def test_every_piece_of_yaml_is_a_system(text: str, tmp_path: Path) -> None:
    folder = tmp_path / "defs" / "inputs"
    folder.mkdir(parents=True)
    (folder / "defs.yaml").write_text(text, encoding="utf-8")
    [system] = load_systems(tmp_path / "defs").values()
    assert system.kind == "excel"


def test_every_sentence_it_names_exists() -> None:
    named = set(re.findall(r"`((?:workbook|mail|sftp)_[a-z_]+)`", PAGE))
    assert len(named) > 25
    assert named <= catalogue().keys()


def test_every_key_is_explained() -> None:
    # ca_file_env, key_password_env and password_env stand in the text, where it says when they are needed.
    for model in (ExcelSettings, MailboxConfig, SftpConfig):
        for name in model.model_fields:
            assert re.search(rf"\b{name}\b", PAGE), f"{model.__name__}.{name}"
