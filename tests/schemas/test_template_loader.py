"""Templates: the shipped ones load, and a mistake is named with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.loader import contracts
from schemas.model import Hidden, Pin
from schemas.problems import Problem
from schemas.template_loader import load_templates, templates
from schemas.template_mappings import template_mappings

GOOD = """\
name: parts
title: {zh: 零件, en: Parts}
description: {zh: 零件, en: Parts}
department: engineering
entity: material
dataset: workbooks.parts
files: ["零件*.xlsx"]
version_from: '_(\\d+)'
key: [编码]
columns:
  - {source: 编码, column: material_code, required: true, synonyms: [料号]}
  - {source: 名称, column: material_name}
"""


def test_shipped_templates_load() -> None:
    assert set(templates()) >= {"customer_list", "supplier_list", "standard_cost", "purchase_price"}
    assert templates()["customer_list"].column("信用额度").unit == "万元"


def test_a_good_one(tmp_path: Path) -> None:
    (tmp_path / "parts.yaml").write_text(GOOD, encoding="utf-8")
    assert load_templates(tmp_path)["parts"].key == ("编码",)


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("name: parts", "name: other", 1, "file's own name"),
        ("title: {zh: 零件, en: Parts}", "title: 零件", 2, "both languages"),
        ("department: engineering", "departmnt: engineering", 4, "unknown field"),
        ("version_from: '_(\\d+)'", "version_from: '_(\\d+'", 8, "regular expression"),
        ("version_from: '_(\\d+)'", "version_from: '_\\d+'", 8, "one group"),
        ("key: [编码]", "key: [编号]", 9, "not one of the columns"),
        ("required: true", "required: maybe", 11, "true or false"),
        ("source: 名称", "source: 料号", 12, "already belongs"),
        ("column: material_name", "colum: material_name", 12, "unknown field"),
        ("source: 名称, ", "", 12, "at least `source`"),
        ('files: ["零件*.xlsx"]', "files: 零件*.xlsx", 7, "list of texts"),
        ("key: [编码]", "key: [编码]\nsheets: some", 10, "all matching"),
        ("key: [编码]", "key: [编码]\nsheets: []", 10, "all matching"),
        ("key: [编码]", "key: [编码]\nsheet: [a]", 10, "a sheet is a name"),
        ("key: [编码]", "key: [编码]\nsheet: /(/", 10, "not a regular expression"),
        ("key: [编码]", "key: [编码]\nsheet: a\nsheets: [b]", 10, "exclude each other"),
        ("key: [编码]", "key: [编码]\nmerged: down", 10, "first, fill"),
        ("key: [编码]", "key: [编码]\nhidden: {rows: drop}", 10, "read, warn, skip"),
        ("key: [编码]", "key: [编码]\nhidden: {row: skip}", 10, "a word for each"),
        ("key: [编码]", "key: [编码]\npin: {headr: 1}", 10, "'pin' may hold"),
        ("key: [编码]", "key: [编码]\npin: {header_row: 0}", 10, "needs 'columns'"),
        ("key: [编码]", "key: [编码]\npin: {header_row: [4, 3]}", 10, "upper row first"),
        ("key: [编码]", "key: [编码]\npin: {columns: {编码: 2}}", 10, "column's letters"),
        ("key: [编码]", "key: [编码]\npin: {columns: {别的: B}}", 10, "not one of the columns"),
        ("column: material_name", "from: cloud", 12, "cell, sheet, file"),
        ("column: material_name", "type: money", 12, "text, number, date"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, word: str) -> None:
    (tmp_path / "parts.yaml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        load_templates(tmp_path)
    assert caught.value.code == "template_broken"
    assert caught.value.params["line"] == line
    assert word in str(caught.value.params["reason"])


@pytest.mark.parametrize(
    ("written", "sheets", "every"),
    [
        ("sheet: 客户*", ("客户*",), False),
        ("sheet: 2", ("#2",), False),
        ("sheets: [/^客户/, 台账]", ("/^客户/", "台账"), False),
        ("sheets: all matching", (), True),
        ("sheets: {all: [华东, 华南*]}", ("华东", "华南*"), True),
    ],
)
def test_which_sheets(tmp_path: Path, written: str, sheets: tuple[str, ...], every: bool) -> None:
    (tmp_path / "parts.yaml").write_text(f"{GOOD}{written}\n", encoding="utf-8")
    found = load_templates(tmp_path)["parts"]
    assert (found.sheets, found.all_sheets) == (sheets, every)


def test_options_and_pin(tmp_path: Path) -> None:
    more = """\
hidden: {rows: skip, sheets: read}
tables: all
merged: fill
calendar: roc
pin: {sheet: 台账, header_row: [3, 4], first_column: B, last_row: 90, columns: {material_code: B, 名称: AA}}
"""
    (tmp_path / "parts.yaml").write_text(GOOD + more, encoding="utf-8")
    found = load_templates(tmp_path)["parts"]
    assert found.hidden == Hidden(rows="skip", sheets="read")
    assert (found.all_tables, found.merged, found.calendar) == (True, "fill", "roc")
    assert found.pin == Pin("台账", (3, 4), 2, None, 90, {"编码": 2, "名称": 27})
    (tmp_path / "parts.yaml").write_text(GOOD + "hidden: skip\n", encoding="utf-8")
    assert load_templates(tmp_path)["parts"].hidden == Hidden("skip", "skip", "skip", "skip")


def test_a_template_brings_its_mapping(tmp_path: Path) -> None:
    (tmp_path / "parts.yaml").write_text(GOOD, encoding="utf-8")
    found = load_templates(tmp_path).values()
    [mapping] = template_mappings(found, set(), contracts())
    assert (mapping.dataset, mapping.entity, mapping.department) == ("workbooks.parts", "material", "engineering")
    assert [(one.column, one.source) for one in mapping.columns] == [
        ("material_code", "编码"),
        ("material_name", "名称"),
    ]
    assert template_mappings(found, {"workbooks.parts"}, contracts()) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("entity: material", "entity: materiel", 5, "no entity 'materiel'"),
        ("column: material_name", "column: material_nam", 12, "no column 'material_nam'"),
        ("column: material_name", "column: material_code", 12, "filled by '编码' already"),
    ],
)
def test_a_template_that_fills_what_is_not_there(tmp_path: Path, old: str, new: str, line: int, word: str) -> None:
    (tmp_path / "parts.yaml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        template_mappings(load_templates(tmp_path).values(), set(), contracts())
    assert caught.value.params["line"] == line
    assert word in str(caught.value.params["reason"])
