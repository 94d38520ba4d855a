"""Entry workbooks: what they offer, ask for and refuse; filled in they are accepted by our own check."""

from __future__ import annotations

import io
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from connectors.excel.connector import match_template, read_file
from hub.cleansing.standardise import standardise
from hub.contracts.template.book import LISTS, write
from hub.contracts.template.plan import Choices, entry_mapping, entry_template, heading, plan
from hub.quality.row_rules import check_rows
from schemas.loader import code_lists, contracts, mappings
from schemas.model import Contract, Mapping, Template, Text
from schemas.problems import Language
from schemas.template_loader import templates
from tests.hub.contracts.small import CODES, LINE, SMALL, rule, with_rules

TODAY = date(2026, 11, 22)
LIVE = {"part_code": Choices((("00012", "轴承座"), ("=1+1", "@坏\x0b名"), ("110101199003078515", "-x")), live=True)}


def made(contract: Contract = LINE, language: Language = "zh", live: Any = LIVE) -> openpyxl.Workbook:
    content = write(plan(entry_template(contract), contract, CODES, language, live), language, TODAY)
    return openpyxl.load_workbook(io.BytesIO(content))


def validations(sheet: Worksheet) -> dict[str, Any]:
    """{column letters: validation}."""
    return {str(found.sqref).split("2:")[0]: found for found in sheet.data_validations.dataValidation}


def letters(sheet: Worksheet, title: str) -> str:
    return next(cell.column_letter for cell in sheet[1] if str(cell.value).startswith(title))


def test_headers_marks_and_comments() -> None:
    sheet = made().worksheets[0]
    assert sheet.freeze_panes == "A2"
    assert [cell.value for cell in sheet[1]][:4] == ["行编码*", "订单's", "序号", "名称"]
    comment = sheet[f"{letters(sheet, '原因')}1"].comment
    assert "规则 reason_if_rejected" in comment.text
    assert "最多 5000 个字符" in comment.text
    assert "示例：P-1" in made(SMALL["part"]).worksheets[0]["A1"].comment.text
    assert made(language="en").worksheets[0]["A1"].value == "line_code*"
    assert sheet.column_dimensions[letters(sheet, "序列号")].number_format == "@"
    assert sheet.column_dimensions[letters(sheet, "生产日期")].number_format == "yyyy-mm-dd"


def test_drop_downs_and_what_is_refused() -> None:
    book = made()
    sheet = book.worksheets[0]
    found = validations(sheet)
    at = {
        title: found.get(letters(sheet, title))
        for title in ("零件", "单位", "是否拒收", "数量", "生产日期", "名称", "原因")
    }
    assert (at["零件"].type, at["零件"].formula1, at["零件"].errorStyle) == ("list", "list_part_code", "warning")
    assert (at["单位"].formula1, at["单位"].errorStyle) == ("list_unit_code", "stop")
    assert at["是否拒收"].formula1 == "list_is_rejected"
    assert (at["数量"].type, at["数量"].formula1, at["数量"].formula2, at["数量"].errorStyle) == (
        "decimal", "0", "1000", "stop",
    )  # fmt: skip
    assert (at["生产日期"].formula1, at["生产日期"].formula2) == ("DATE(2000,1,1)", "DATE(2030,12,31)")
    assert "2000-01-01" in at["生产日期"].error
    assert (at["名称"].type, at["名称"].formula1) == ("textLength", "8")
    assert at["原因"].type == "custom"
    assert "LEN(TRIM(M2))=0" in at["原因"].formula1
    assert at["原因"].errorStyle == "stop"
    assert not at["原因"].allow_blank
    english = validations(made(language="en").worksheets[0])
    assert "Choose a code" in english["E"].prompt
    assert "ask your data coach" in english["E"].error


def test_lists_of_master_data_are_texts_behind_a_name() -> None:
    book = made()
    hidden = book[LISTS]
    assert hidden.sheet_state == "hidden"
    place = book.defined_names["list_part_code"].attr_text
    assert place == f"'{LISTS}'!$A$1:$A$3"
    cells = [hidden.cell(row, 1) for row in (1, 2, 3)]
    assert [(cell.value, cell.data_type) for cell in cells] == [
        ("00012", "s"),
        ("=1+1", "s"),
        ("110101199003078515", "s"),
    ]
    assert [cell.quotePrefix for cell in cells] == [False, True, False]
    assert hidden.cell(2, 2).value == "@坏名"  # a control character is nothing XML can hold
    assert hidden.cell(2, 2).quotePrefix
    lookup = book["编码查询"]
    assert [cell.value for cell in lookup[1]][:2] == ["零件·可选值", "零件·对应名称"]
    assert lookup["A3"].data_type == "s"


def test_thousands_of_codes_fit() -> None:
    live = {"part_code": Choices(tuple((f"{n:05d}", f"零件{n}") for n in range(5000)), live=True)}
    book = made(live=live)
    assert book.defined_names["list_part_code"].attr_text.endswith("$A$5000")
    assert book[LISTS]["A5000"].value == "04999"


def test_colours_follow_what_is_written() -> None:
    sheet = made().worksheets[0]
    formulas = {
        str(place.sqref): [rule.formula[0] for rule in rules]
        for place, rules in sheet.conditional_formatting._cf_rules.items()
    }
    needed = formulas[f"{letters(sheet, '原因')}2:{letters(sheet, '原因')}5000"][0]
    assert needed.startswith('AND(AND(OR(EXACT($L2,"是")')
    assert "$G2>0" in needed
    assert formulas["A2:A5000"][0] == "AND(COUNTA($A2:$N2)>0,LEN(TRIM($A2))=0)"
    assert "SUMPRODUCT(($A$2:$A$5000=$A2))>1" in formulas["A2:N5000"][0]
    unfit = formulas[f"{letters(sheet, '交货日期')}2:{letters(sheet, '交货日期')}5000"]
    assert any("$J2<$I2" in text for text in unfit)


def test_a_condition_excel_cannot_say_is_said_in_the_comment() -> None:
    odd = with_rules(LINE, rule("line", "odd", "required", "reason", where="levenshtein(name, serial) > 2"))
    sheet = made(odd).worksheets[0]
    place = letters(sheet, "原因")
    assert "有条件必填：规则 odd" in sheet[f"{place}1"].comment.text
    assert validations(sheet)[place].type == "textLength"


def test_instructions_are_in_both_languages() -> None:
    guide = made()["填写说明"]
    text = " ".join(str(cell.value) for row in guide.iter_rows() for cell in row if cell.value)
    assert "2026-11-22" in text
    assert "Columns with * are required" in text
    assert "有条件必填：规则 reason_if_rejected" in text


def filled(content: bytes, path: Path, rows: list[dict[str, Any]]) -> Path:
    """The workbook with these rows ({header without mark: value}) written below its header."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    for number, row in enumerate(rows, start=2):
        for title, value in row.items():
            sheet[f"{letters(sheet, title)}{number}"] = value
    book.save(path)
    return path


def findings(path: Path, template: Template, mapping: Mapping, contract: Contract, codes: Any) -> list[tuple[Any, ...]]:
    """(rule, row) of what our own check says about the file."""
    found = []
    for page in read_file(path, template, path.name):
        assert page.rejected.num_rows == 0
        standardised = standardise(page.rows, mapping, contract, codes)
        found += check_rows(standardised, page.rows, mapping, contract, codes).to_pylist()
    return [(row["rule"], row["_row_no"]) for row in found]


ROW = {
    "行编码": "A-1", "订单's": "007", "序号": 1, "名称": "轴承座", "零件": "110101199003078515", "单位": "千克",
    "数量": 2, "合计": 4, "生产日期": date(2026, 1, 2), "交货日期": date(2026, 1, 20), "是否拒收": "否",
}  # fmt: skip


def test_a_filled_sheet_is_accepted_and_required_if_is_found(tmp_path: Path) -> None:
    template = entry_template(LINE)
    content = write(plan(template, LINE, CODES, "zh", LIVE), "zh", TODAY)
    rows = [
        ROW,
        {**ROW, "行编码": "A-2", "订单's": "008", "名称": "螺钉", "零件": "00012", "是否拒收": "是", "原因": "划伤"},
    ]
    path = filled(content, tmp_path / "填好.xlsx", rows)
    assert findings(path, template, entry_mapping(template), LINE, CODES) == []
    (page,) = read_file(path, template, path.name)
    assert page.rows["零件"].to_pylist()[0] == "110101199003078515"
    del rows[1]["原因"]
    wrong = filled(content, tmp_path / "错.xlsx", rows)
    assert ("line.reason_if_rejected", 3) in findings(wrong, template, entry_mapping(template), LINE, CODES)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("entity", sorted(contracts()))
def test_every_entity_has_a_sheet_that_is_read_again(tmp_path: Path, entity: str, language: Language) -> None:
    contract = contracts()[entity]
    template = entry_template(contract)
    content = write(plan(template, contract, code_lists(), language), language, TODAY)
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    assert all(cell.comment is not None for cell in sheet[1])
    for number in range(1, len(template.columns) + 1):
        sheet.cell(2, number, f"00{number}")
    book.save(tmp_path / "a.xlsx")
    (page,) = read_file(tmp_path / "a.xlsx", template, "a.xlsx")
    assert [page.rows[column.source][0].as_py() for column in template.columns] == [
        f"00{number}" for number in range(1, len(template.columns) + 1)
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(templates()))
def test_an_upload_template_filled_in_is_recognised_and_clean(tmp_path: Path, name: str, language: Language) -> None:
    template = templates()[name]
    contract, mapping = contracts()[template.entity], mappings()[template.dataset]
    live = {c.name: Choices((("M-1", "轴承座"),), live=True) for c in contract.columns if c.name.endswith("_code")}
    made_plan = plan(template, contract, code_lists(), language, live)
    book = openpyxl.load_workbook(io.BytesIO(write(made_plan, language, TODAY)))
    sheet = book.worksheets[0]
    for number, field in enumerate(made_plan.fields, start=1):
        offered = field.choices.values[0][0] if field.choices else None
        kind = field.about.type if field.about else "string"
        example = field.about.example if field.about else None
        value: Any = offered if offered and not field.choices.live else example or "1"  # type: ignore[union-attr]
        sheet.cell(2, number, {"date": date(2026, 3, 5), "decimal": 5, "integer": 5}.get(kind, value))
    book.save(tmp_path / "a.xlsx")
    assert match_template(tmp_path / "a.xlsx", templates().values()).name == name
    found = findings(tmp_path / "a.xlsx", template, mapping, contract, code_lists())
    assert [entry for entry in found if "readable" in entry[0] or "required" in entry[0] or "list" in entry[0]] == []


def test_libreoffice_opens_it_with_its_lists_and_colours(tmp_path: Path) -> None:
    if shutil.which("soffice") is None:
        pytest.fail("soffice is missing: install libreoffice-calc, this test opens the workbook in it")
    path = tmp_path / "a.xlsx"
    path.write_bytes(write(plan(entry_template(LINE), LINE, CODES, "zh", LIVE), "zh", TODAY))
    home = f"-env:UserInstallation=file://{tmp_path}/office"
    command = ["soffice", "--headless", home, "--convert-to", "fods", "--outdir", str(tmp_path / "out"), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    content = (tmp_path / "out" / "a.fods").read_text(encoding="utf-8")
    assert "cell-content-is-in-list(list_part_code)" in content
    assert "cell-content-is-decimal-number()" in content
    assert "is-true-formula(" in content
    assert "calcext:conditional-format" in content
    assert 'table:name="list_unit_code"' in content
    assert "Err:" not in content


def test_names_of_sheets() -> None:
    assert heading(Text("标准成本/采购价[2026]", "a" * 40), "zh") == "标准成本 采购价 2026"
    assert len(heading(Text("x", "a" * 40), "en")) == 31
