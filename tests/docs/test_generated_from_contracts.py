"""The page about what is made from contracts: every command on it runs, and leaves what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import openpyxl
import pytest

from hub.contracts.ddl_types import KEY_LENGTH, ORACLE_LENGTH, SERVERS
from hub.contracts.portable import DIALECTS
from hub.contracts.template.live import MOST
from hub.settings import PROJECT
from portal.cli.contract import app
from tests.docs.recipe import Project

PAGE = PROJECT / "docs" / "generated-from-contracts.md"


@pytest.fixture
def project() -> Iterator[Project]:
    copy = Project.copy()
    yield copy
    copy.remove()


def test_every_command_runs(project: Project) -> None:
    project.follow(PAGE)
    made = project.folder
    assert "-- material.code_unique" in (made / "material_rules.sql").read_text(encoding="utf-8")
    assert "from erp.t_material" in (made / "material_rules.mysql.sql").read_text(encoding="utf-8")
    assert json.loads((made / "material_suite.json").read_text(encoding="utf-8"))["name"] == "material"
    assert "CREATE TABLE material" in (made / "tables.sql").read_text(encoding="utf-8")
    assert "NVARCHAR(" in (made / "material.tsql.sql").read_text(encoding="utf-8")
    assert openpyxl.load_workbook(made / "bom.xlsx").worksheets[0]["A1"].value == "BOM code*"
    assert (made / "dictionary" / "index.html").exists()


def test_the_page_names_what_there_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"waterworks contract (\w+)", text))
    assert named == {command.name for command in app.registered_commands}
    assert all(f"`{dialect}`" in text for dialect in {*DIALECTS, *SERVERS})
    assert f"nvarchar({KEY_LENGTH})" in text
    assert f"varchar2({ORACLE_LENGTH} char)" in text
    assert f"{MOST:,}" in text
