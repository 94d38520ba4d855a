"""The page about contracts: its example loads, every key is explained, every sentence it names exists."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import yaml

from hub.settings import PROJECT
from schemas import contract_columns, contract_loader, contract_rules
from schemas.loader import contract_file
from schemas.model import Reference, Threshold
from schemas.problems import catalogue
from tests.schemas.test_shipped import odcs_schema

PAGE = (PROJECT / "docs" / "contracts.md").read_text(encoding="utf-8")
[EXAMPLE] = re.findall(r"^```yaml contract=mould\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_example_is_a_contract(tmp_path: Path) -> None:
    path = tmp_path / "mould.odcs.yaml"
    path.write_text(EXAMPLE, encoding="utf-8")
    found = contract_file(path)
    assert found.business_key == ("mould_code",)
    assert found.column("mould_code").max_length == 50
    assert found.column("material_code").references == Reference("material", "material_code")
    assert found.sla == {"frequency": 24, "schedule": "0 2 * * *", "latency": 26}
    plausible = next(rule for rule in found.rules if rule.id == "mould.shots_plausible")
    assert plausible.where == "mould_code not like 'TEST%'"
    assert plausible.threshold == Threshold(Decimal(1), "percent")
    assert not plausible.hold
    assert next(rule for rule in found.rules if rule.id == "mould.product_known").hold


def test_the_example_is_valid_by_the_standard() -> None:
    assert not list(jsonschema.Draft201909Validator(odcs_schema()).iter_errors(yaml.safe_load(EXAMPLE)))


@pytest.mark.parametrize(
    "keys", [contract_loader.TOP, contract_loader.TABLE, contract_columns.KEYS, contract_rules.KEYS]
)
def test_every_key_is_explained(keys: set[str]) -> None:
    assert [key for key in sorted(keys) if not re.search(rf"`(?:\w+\.)?{key}[`.]", PAGE)] == []


def test_every_sentence_it_names_exists() -> None:
    named = set(re.findall(r"`((?:yaml|schema|rule|contract)_[a-z_]+)`", PAGE))
    assert len(named) > 35
    assert named <= catalogue().keys()
