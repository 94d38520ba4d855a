"""Contracts as files: YAML that is broken, keys nobody reads, columns and terms that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.loader import contract_file, contracts
from schemas.problems import Problem
from tests.schemas.writing import contract, folder, read, refusal

NAME = "      - name: item_name\n"
TEAM = "team: {name: warehouse}\n"
SLA = "  - {property: latency, value: 1, unit: d}\n"
LENGTH = "        logicalTypeOptions: {maxLength: 40}\n"
KEY = "        primaryKey: true\n"
TITLE = "          - {property: title, value: {zh: 列, en: item_name}}\n"
QTY = "        physicalType: numeric(20,6)\n"

# (old text, new text, code, what stands on the named line, words of the English sentence)
CHANGES = [
    # YAML
    (TEAM, "\tteam: x\n", "yaml_broken", "\tteam", ["quotes"]),
    (TEAM, "team: {name: warehouse\n", "yaml_broken", "", ["valid YAML"]),
    (TEAM, "team:{name: warehouse}\n", "schema_unknown_key", "team:{", ["team:{name", "team"]),
    (TEAM, "team: {name: 'warehouse}\n", "yaml_broken", "team: {name: 'ware", ["quotes"]),
    (TEAM, TEAM + TEAM, "yaml_duplicate_key", "team", ["'team'", "line 7"]),
    (TEAM, TEAM + "---\nteam: x\n", "yaml_one_document", "", ["2"]),
    (TEAM, "team: *warehouse\n", "yaml_broken", "team", ["alias"]),
    (TEAM, TEAM + "on: x\n", "yaml_trap", "on: x", ["'on'"]),
    (KEY, "        primaryKey: yes\n", "yaml_trap", "yes", ["'yes'", "true"]),
    ('examples: ["A-1"]', "examples: [007]", "yaml_trap", "007", ["octal"]),
    # keys
    (TEAM, TEAM + "owner: me\n", "schema_unknown_key", "owner: me", ["'owner'"]),
    (TEAM, TEAM + "slaPropertys: []\n", "schema_unknown_key", "slaPropertys", ["first: slaProperties"]),
    (LENGTH, "        requird: true\n", "schema_unknown_key", "requird", ["first: required"]),
    (LENGTH, "        unique: true\n", "schema_key_without_effect", "unique", ["kind: unique"]),
    (LENGTH, "        logicalTypeOptions: {pattern: a}\n", "schema_key_without_effect", "pattern", ["kind: pattern"]),
    (LENGTH, "        logicalTypeOptions: {maxLenght: 4}\n", "schema_unknown_key", "maxLenght", ["maxLength"]),
    (QTY, QTY + "        logicalTypeOptions: {maximum: 9}\n", "schema_key_without_effect", "maximum", ["kind: range"]),
    (TITLE, "", "schema_missing_key", "item_name", ["title"]),
    (TITLE, TITLE + TITLE, "schema_twice", "title", ["title"]),
    (TITLE, "          - {property: title, value: {zh: 列}}\n", "schema_two_languages", "title", ["zh", "en"]),
    (TITLE, TITLE + "          - {property: hint, value: x}\n", "schema_unknown_key", "hint", ["'hint'"]),
    (TITLE, TITLE + "          - {property: synonyms, value: [a, a]}\n", "schema_twice", "synonyms", ["'a'"]),
    (TITLE, TITLE + "          - {property: synonyms, value: 料号}\n", "schema_need_list", "synonyms", ["list"]),
    (TEAM, "", "schema_missing_key", "", ["team"]),
    (TEAM, "team: warehouse\n", "schema_need_mapping", "team", ["team"]),
    (TEAM, "team: {name: marketing}\n", "schema_not_allowed", "marketing", ["marketing", "warehouse"]),
    ("version: 1.0.0", "version: 1.0", "schema_need_text", "version", ["1.0"]),
    ("version: 1.0.0", "version: new", "schema_not_allowed", "version", ["new", "1.1.0"]),
    ("apiVersion: v3.1.0", "apiVersion: v3.2.0", "schema_not_allowed", "apiVersion", ["v3.1.0"]),
    # columns
    (NAME, "      - name: Item Name\n", "schema_not_allowed", "Item Name", ["a-z"]),
    (NAME, "      - name: 5\n", "schema_need_text", "name: 5", ["quotes"]),
    (NAME, "      - name: item_code\n", "schema_twice", "item_code", ["item_code"]),
    (NAME, "      - nme: item_name\n", "schema_unknown_key", "nme", ["name"]),
    (QTY, "        physicalType: numeric\n", "schema_not_allowed", "numeric", ["numeric(20,6)"]),
    (QTY, "        physicalType: decimal(20,6)\n", "schema_not_allowed", "decimal", ["numeric(20,6)"]),
    (QTY, "        physicalType: numeric(39,6)\n", "contract_precision", "numeric", ["38"]),
    (QTY, "        physicalType: numeric(4,6)\n", "contract_precision", "numeric", ["decimals"]),
    (QTY, "        physicalType: bigint\n", "schema_not_allowed", "logicalType", ["number", "integer"]),
    (LENGTH, "        logicalTypeOptions: {maxLength: 0}\n", "schema_not_allowed", "maxLength", ["1-4000"]),
    (LENGTH, "        logicalTypeOptions: {maxLength: 4001}\n", "schema_not_allowed", "maxLength", ["4001"]),
    (LENGTH, '        logicalTypeOptions: {maxLength: "40"}\n', "schema_not_allowed", "maxLength", ["40"]),
    (LENGTH, '        required: "true"\n', "schema_not_allowed", "required", []),
    (LENGTH, "        examples: A\n", "schema_need_list", "examples", ["examples"]),
    ("standard, value: decimal", "standard, value: date", "contract_standard_type", "date", ["decimal, percent"]),
    ("standard, value: decimal", "standard, value: decimals", "schema_not_allowed", "decimals", ["Allowed: decimal"]),
    ("standard, value: name", "standard, value: code_list", "schema_missing_key", "item_name", ["code_list"]),
    ("{property: code_list, value: unit}", "{property: code_list, value: units}", "schema_not_allowed", "units",
     ["Allowed: unit"]),
    (LENGTH, "        relationships: [{to: item}]\n", "contract_reference_form", "to: item", ["<entity>"]),
    (LENGTH, "        relationships: [{to: thing.code}]\n", "rule_unknown_reference", "thing", ["thing.code", "item"]),
    (LENGTH, "        relationships: [{to: item.code}]\n", "rule_unknown_reference", "item.code", ["item.item_code"]),
    (LENGTH, "        relationships: [{to: item.qty}]\n", "contract_reference_type", "item.qty", ["decimal"]),
    (LENGTH, "        relationships: [{to: item.item_code}, {to: item.tax_code}]\n", "contract_one_foreign_key",
     "item.tax_code", ["item_name"]),
    (LENGTH, "        relationships: [{type: parent, to: item.item_code}]\n", "schema_not_allowed", "parent", []),
    # keys of the table, service levels
    (KEY, "", "schema_missing_key", "properties", ["primaryKey"]),
    ("        required: true\n", "", "contract_key_not_required", "primaryKey", ["item_code", "required: true"]),
    (LENGTH, "        primaryKey: true\n        required: true\n", "schema_twice", "primaryKey", ["Position"]),
    (KEY, KEY + "        primaryKeyPosition: first\n", "schema_not_allowed", "first", ["primaryKeyPosition"]),
    ("physicalName: core.item", "physicalName: item", "schema_not_allowed", "physicalName", ["core.item"]),
    (SLA, "  - {property: latency, value: soon, unit: d}\n", "contract_service_level", "soon", ["soon"]),
    (SLA, "  - {property: latency, value: -1, unit: d}\n", "contract_service_level", "-1", ["above 0"]),
    (SLA, "  - {property: latency, value: 1, unit: moon}\n", "schema_not_allowed", "moon", ["hour"]),
    (SLA, "  - {property: latency, value: .inf, unit: d}\n", "contract_service_level", ".inf", ["inf"]),
    ("    properties:\n", "    relationships: [{from: item.qty, to: item.qty}]\n    properties:\n",
     "schema_key_without_effect", "relationships", ["also"]),
    (SLA, "  - {property: latency, value: 1}\n", "schema_missing_key", "latency", ["unit"]),
    (SLA, SLA + SLA, "schema_twice", "latency", ["latency"]),
    # entries of `quality`
    ("severity: warning", "severity: fatal", "schema_not_allowed", "fatal", ["warning"]),
    ("dimension: accuracy", "dimension: beauty", "schema_not_allowed", "beauty", ["accuracy"]),
    ("type: custom", "type: library", "schema_not_allowed", "library", ["custom"]),
    ("engine: waterworks", "engine: soda", "schema_not_allowed", "soda", ["waterworks"]),
    ("id: r2", "id: r1", "schema_twice", "r1", ["item.r1"]),
    ("id: r2", "id: r 2", "schema_not_allowed", "r 2", ["a-z"]),
    ("severity: warning", "severity: warning\n            mustBeLessThan: 5", "schema_key_without_effect", "mustBe",
     ["threshold"]),
    ("severity: warning", "severity: warning\n            schedule: daily", "schema_key_without_effect", "schedule",
     ["slaProperties"]),
    ("severity: warning", "severity: warning\n            hold: true", "schema_unknown_key", "hold", ["'hold'"]),
    ("implementation: {kind: required}", "implementation: required", "schema_need_mapping", "implementation", []),
    ("implementation: {kind: required}", "implementation: {knd: required}", "schema_missing_key", "implementation",
     ["kind"]),
]  # fmt: skip
RULES = {"qty": ["{kind: required}", "{kind: readable}"]}


@pytest.mark.parametrize(
    ("old", "new", "code", "on", "words"), CHANGES, ids=[f"{c[2]}-{c[1].strip()[:50]}" for c in CHANGES]
)
def test_a_contract_that_cannot_be_read(
    tmp_path: Path, old: str, new: str, code: str, on: str, words: list[str]
) -> None:
    text = contract(RULES)
    assert old in text
    told = refusal(tmp_path, text.replace(old, new, 1))
    assert told.problem.code == code, told.problem
    assert on in told.line, (told.line, told.problem)
    for word in words:
        assert word in told.problem.text("en")


def test_the_contract_that_is_changed_above_can_be_read(tmp_path: Path) -> None:
    found = read(tmp_path, contract(RULES))
    assert [column.name for column in found.columns][:2] == ["item_code", "item_name"]
    assert found.column("item_name").max_length == 40
    assert found.version == "1.0.0"
    assert found.sla == {"latency": 24}
    assert found.business_key == ("item_code",)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "yaml_one_document"),
        (b"# nothing\n", "yaml_one_document"),
        (b"- a\n- b\n", "schema_need_mapping"),
        (b"just words\n", "schema_need_mapping"),
        (b"a: \xb2\xe2\xca\xd4\n", "yaml_not_utf8"),
        (b"a: \x00\n", "yaml_broken"),
        (b"a: &a [*a]\n", "yaml_too_big"),
        (b"a: " + b"[" * 200 + b"]" * 200, "yaml_too_big"),
        (b"[a]: b\n", "yaml_broken"),
        (b"a: !!python/object/apply:os.system [ls]\n", "yaml_broken"),
    ],
)
def test_a_file_that_is_no_contract(tmp_path: Path, content: bytes, code: str) -> None:
    assert refusal(tmp_path, content).problem.code == code


def test_the_file_is_called_after_its_entity(tmp_path: Path) -> None:
    told = refusal(
        tmp_path, contract().replace("  - name: item\n", "  - name: part\n").replace("core.item", "core.part")
    )
    assert told.problem.code == "contract_file_name"
    assert "part.odcs.yaml" in told.problem.text("en")


@pytest.mark.parametrize("name", ["part.yaml", "part.odcs.yml", "part.odcs (1).yaml"])
def test_a_file_that_nobody_would_read_is_told(tmp_path: Path, name: str) -> None:
    path = folder(tmp_path, contract())
    (path.parent / name).write_text(contract(), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        contracts(tmp_path)
    assert caught.value.code == "contract_file_ending"
    assert name in caught.value.text("zh")


def test_a_file_of_any_name_is_checked_beside_the_contracts_of_the_installation(tmp_path: Path) -> None:
    path = folder(tmp_path, contract({"item_name": ["{kind: reference, to: material.material_code}"]}))
    other = path.rename(tmp_path / "new version.yaml")
    assert contract_file(other).rules[0].args == {"to": "material.material_code"}
    other.write_text(other.read_text(encoding="utf-8").replace("material.material_code", "material.code"), "utf-8")
    with pytest.raises(Problem) as caught:
        contract_file(other)
    assert caught.value.code == "rule_unknown_reference"
    assert "material.material_code" in caught.value.text("en")
