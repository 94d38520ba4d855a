"""Blank workbooks: they explain themselves, and filled in they are read as their template."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from connectors.excel.finding.table import match_template
from connectors.excel.marking.blank import write_blank
from schemas.loader import code_lists, contracts
from schemas.problems import Language
from schemas.template_loader import templates
from tests.connectors.excel.making import rows_of


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(templates()))
def test_filled_in_it_is_read_as_its_template(tmp_path: Path, name: str, language: Language) -> None:
    template, path = templates()[name], tmp_path / "blank.xlsx"
    write_blank(template, contracts()[template.entity], code_lists(), path, language)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    assert sheet.freeze_panes == "A2"
    assert all(cell.comment is not None for cell in sheet[1])
    starred = [bool(cell.value.endswith("*")) for cell in sheet[1]]
    assert starred == [column.required for column in template.columns]
    for number in range(1, len(template.columns) + 1):
        sheet.cell(2, number, f"00{number}")
    book.save(path)
    assert match_template(path, templates().values()).name == name
    row = rows_of(path, template)[0]
    assert [row[column.source] for column in template.columns] == [f"00{n + 1}" for n in range(len(template.columns))]


def test_lists_come_from_codes_and_choices(tmp_path: Path) -> None:
    template, path = templates()["purchase_price"], tmp_path / "blank.xlsx"
    choices = {"供应商代码": ["S00001", "=bad"]}
    write_blank(template, contracts()[template.entity], code_lists(), path, "zh", choices)
    book = openpyxl.load_workbook(path)
    rules = {rule.formula1: str(rule.sqref) for rule in book.worksheets[0].data_validations.dataValidation}
    assert rules["_lists!$B$1:$B$2"] == "B2:B2000"
    assert any(where.startswith("E2") for where in rules.values())  # units, from the contract's code list
    lists = book["_lists"]
    assert lists.sheet_state == "hidden"
    assert [(lists["B1"].value, lists["B2"].value, lists["B2"].data_type)] == [("S00001", "=bad", "s")]


def test_instructions_are_in_both_languages(tmp_path: Path) -> None:
    template, path = templates()["customer_list"], tmp_path / "blank.xlsx"
    write_blank(template, contracts()[template.entity], code_lists(), path, "zh")
    guide = openpyxl.load_workbook(path)["填写说明"]
    text = " ".join(str(cell.value) for row in guide.iter_rows() for cell in row if cell.value)
    assert "必填" in text
    assert "Columns with * are required" in text
