"""A small contract that a test may change: one entity `item`, beside a shipped code list and department list.

Belongs here: building the file and reading it. Does not belong here: what should be refused (the tests).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from schemas.loader import SCHEMAS, code_lists
from schemas.model import Contract
from schemas.problems import Problem

HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: item
name: item
version: 1.0.0
status: active
team: {name: warehouse}
slaProperties:
  - {property: latency, value: 1, unit: d}
schema:
  - name: item
    physicalName: core.item
    customProperties:
      - {property: title, value: {zh: 料, en: Item}}
      - {property: description, value: {zh: 一行一料。, en: One row per item.}}
    properties:
"""
# name: (physicalType, logicalType, standard, further lines)
COLUMNS = {
    "item_code": ("text", "string", "code", ["primaryKey: true", "required: true", 'examples: ["A-1"]']),
    "item_name": ("text", "string", "name", ["logicalTypeOptions: {maxLength: 40}"]),
    "tax_code": ("text", "string", "uscc", []),
    "unit_code": ("text", "string", "unit", []),
    "qty": ("numeric(20,6)", "number", "decimal", ['examples: ["5"]']),
    "pieces": ("bigint", "integer", "integer", []),
    "made_on": ("date", "date", "date", []),
    "used_at": ("timestamp", "timestamp", "timestamp", []),
    "is_active": ("boolean", "boolean", "boolean", []),
}


@dataclass
class Refusal:
    """What was told: the problem, and the text of the line it names."""

    problem: Problem
    line: str


def contract(rules: dict[str, list[str]] | None = None, **changed: list[str]) -> str:
    """The text of the contract. `rules`: column (or "" for the table) -> flow texts of `implementation`, or whole
    indented entries; `changed`: further lines of a column, in the place of those above."""
    rules = rules or {}
    text = HEAD
    number = 0
    for name, (physical, logical, standard, lines) in COLUMNS.items():
        text += f"      - name: {name}\n        physicalType: {physical}\n        logicalType: {logical}\n"
        text += "".join(f"        {line}\n" for line in changed.get(name, lines))
        text += "        customProperties:\n"
        text += f"          - {{property: title, value: {{zh: 列, en: {name}}}}}\n"
        text += f"          - {{property: standard, value: {standard}}}\n"
        if standard == "unit":
            text += "          - {property: code_list, value: unit}\n"
        if rules.get(name):
            text += "        quality:\n"
            for written in rules[name]:
                number += 1
                text += rule(f"r{number}", written, 10)
    if rules.get(""):
        text += "    quality:\n"
        for written in rules[""]:
            number += 1
            text += rule(f"r{number}", written, 6)
    return text


def rule(name: str, implementation: str, indent: int) -> str:
    """One entry of `quality`; an implementation of several lines is written as a block."""
    body = f" {implementation}" if "\n" not in implementation else "\n" + re.sub("(?m)^", "    ", implementation)
    entry = f"""\
- id: {name}
  type: custom
  engine: waterworks
  implementation:{body}
  dimension: accuracy
  severity: warning
  customProperties:
    - {{property: title, value: {{zh: 题, en: Title}}}}
    - {{property: why, value: {{zh: 因, en: Why}}}}
    - {{property: fix, value: {{zh: 请改。, en: Mend it.}}}}
"""
    return re.sub("(?m)^(?=.)", " " * indent, entry)


def folder(root: Path, text: str | bytes) -> Path:
    """A folder like schemas/ with this one contract in it; returns the contract's path."""
    (root / "contracts").mkdir(exist_ok=True)
    if not (root / "codes").exists():
        (root / "codes").symlink_to(SCHEMAS / "codes")
    path = root / "contracts" / "item.odcs.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def read(root: Path, text: str | bytes) -> Contract:
    """The contract as the loader reads it. Raises Problem."""
    from schemas.contract_loader import read_with_places
    from schemas.contract_references import check_references

    found = read_with_places(folder(root, text), code_lists())
    check_references(found, {"item": {column.name: column for column in found.contract.columns}})
    return found.contract


def refusal(root: Path, text: str | bytes) -> Refusal:
    """What is told about a contract that cannot be read; it must be told in both languages, with file and line."""
    try:
        read(root, text)
    except Problem as problem:
        path = root / "contracts" / "item.odcs.yaml"
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
        number = problem.params.get("line")
        for language in ("zh", "en"):
            sentence = problem.text("zh" if language == "zh" else "en")
            assert str(path) in sentence, sentence
            assert number is None or str(number) in sentence, sentence
        return Refusal(problem, lines[number - 1] if number else "")
    raise AssertionError("the contract was taken as it is")
