"""Templates: the shipped ones load, and a mistake is named with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.problems import Problem
from schemas.template_loader import load_templates, templates

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
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, word: str) -> None:
    (tmp_path / "parts.yaml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        load_templates(tmp_path)
    assert caught.value.code == "template_broken"
    assert caught.value.params["line"] == line
    assert word in str(caught.value.params["reason"])
