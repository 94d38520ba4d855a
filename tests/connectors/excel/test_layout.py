"""Finding the table: banners, two levels, units, hidden and unknown columns, rows that are no data."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from connectors.excel.finding import headers, units
from connectors.excel.finding.headers import Header
from connectors.excel.finding.table import match_template
from schemas.problems import Problem
from schemas.template_loader import templates
from tests.connectors.excel.making import PARTS, notes_of, pages_of, rows_of, save


def factory_sheet(path: Path) -> Path:
    """Two banner rows, a two-level merged header, a hidden column, blank, repeated and total rows."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "零件"
    sheet["A1"] = "零件一览表"
    sheet.merge_cells("A1:E1")
    sheet["A2"] = "编制：技术部"
    sheet["A3"], sheet["C3"], sheet["E3"] = "基本信息", "价格", "备注"
    sheet.merge_cells("A3:B3")
    sheet.merge_cells("C3:D3")
    sheet.merge_cells("E3:E4")
    for column, text in enumerate(("编码 *", "名称＊", "单价（元）", "日期"), start=1):
        sheet.cell(4, column, text)
    data = [
        ("A01", "轴承", 12.5, "2024-03-05", "急"),
        (None, None, None, None, None),
        ("编码 *", "名称＊", "单价（元）", "日期", "备注"),
        ("A02", "螺栓", 3, None, None),
        ("A02", "螺栓", 4, None, None),
        (None, "无码", 1, None, None),
        ("合 计", None, 20.5, None, None),
        ("制表人：张三", None, None, None, None),
    ]
    for row, line in enumerate(data, start=5):
        for column, value in enumerate(line, start=1):
            sheet.cell(row, column, value)
    sheet.column_dimensions["D"].hidden = True
    sheet.row_dimensions[8].hidden = True
    sheet["H9"] = "随手记"
    book.create_sheet("说明")["A1"] = "说明"
    book.save(path)
    return path


def test_rows_keys_and_addresses(tmp_path: Path) -> None:
    path = factory_sheet(tmp_path / "零件.xlsx")
    page = pages_of(path)[0]
    assert page.rows.column_names == ["编码", "名称", "单价", "日期", "_key", "_row_no"]
    assert [(row["_key"], row["_row_no"], row["单价"]) for row in page.rows.to_pylist()] == [
        ("A01", 5, "12.5"),
        ("A02", 8, "3"),
        ("A02#2", 9, "4"),
        ("@10", 10, "1"),
    ]
    assert page.file is not None
    assert page.file.columns == {"编码": "A", "名称": "B", "单价": "C", "日期": "D"}
    assert (page.file.sheet, page.file.header_row) == ("零件", 4)


def test_rows_that_are_no_data_are_rejected_with_their_reason(tmp_path: Path) -> None:
    page = pages_of(factory_sheet(tmp_path / "零件.xlsx"))[0]
    assert [(row["_key"], row["_row_no"], row["reason"]) for row in page.rejected.to_pylist()] == [
        ("零件!7", 7, "workbook_reject_header"),
        ("零件!11", 11, "workbook_reject_total"),
        ("零件!12", 12, "workbook_reject_signature"),
    ]
    assert "合 计" in page.rejected["raw"][1].as_py()


def test_everything_decided_is_noted(tmp_path: Path) -> None:
    notes = notes_of(factory_sheet(tmp_path / "零件.xlsx"))
    assert notes["note_banner"] == {"rows": "1-2"}
    assert notes["note_header"] == {"rows": "3-4", "data": 5}
    assert notes["note_unit"] == {"column": "单价", "unit": "元"}
    assert notes["note_hidden_columns"] == {"columns": "价格/日期 (D)"}
    assert notes["note_hidden_rows"] == {"count": 1, "rows": "8"}
    assert notes["note_unknown_columns"] == {"columns": "备注 (E)"}
    assert notes["note_blank_rows"] == {"count": 1}
    assert notes["note_other_sheets"] == {"sheets": "说明"}
    assert notes["note_extra_cells"] == {"count": 1, "cells": "H9"}


def test_pages_are_cut_without_losing_or_repeating(tmp_path: Path) -> None:
    path = save(tmp_path / "零件.xlsx", [["编码", "名称"], *([f"P{n % 7}", f"名{n}"] for n in range(95))])
    pages = pages_of(path, page_rows=10)
    keys = [key for page in pages for key in page.rows["_key"].to_pylist()]
    assert [page.rows.num_rows for page in pages] == [10] * 9 + [5]
    assert len(set(keys)) == 95
    assert pages[-1].position["rows"] == 95


def test_synonyms_doubles_and_wrong_units_are_told(tmp_path: Path) -> None:
    path = save(tmp_path / "零件.xlsx", [["料号", "品名", "单价(美元)", "编码"], ["a", "b", 1, "c"]])
    notes = notes_of(path)
    assert notes["note_double_column"] == {"column": "编码", "cells": "D1, A1", "used": "D"}
    assert notes["note_unit_differs"] == {"column": "单价", "unit": "美元", "expected": "元"}
    assert notes["note_synonym"] == {"header": "品名", "column": "名称", "cell": "B1"}
    assert rows_of(path)[0]["编码"] == "c"


def test_a_missing_required_column_names_the_nearest_header(tmp_path: Path) -> None:
    path = save(tmp_path / "零件.xlsx", [["编码", "零件名称", "单价"], ["a", "b", 1]])
    with pytest.raises(Problem) as caught:
        pages_of(path)
    assert caught.value.code == "workbook_missing_columns"
    assert caught.value.params["columns"] == "名称"
    assert caught.value.params["nearest"] == "零件名称 (B1) ≈ 名称"


@pytest.mark.parametrize(
    ("rows", "title", "code"),
    [([["随便", "什么"]], "零件", "workbook_no_header"), ([["随便", "什么"]], "别的", "workbook_no_sheet")],
)
def test_no_table(tmp_path: Path, rows: list[list[object]], title: str, code: str) -> None:
    with pytest.raises(Problem) as caught:
        pages_of(save(tmp_path / "a.xlsx", rows, title))
    assert caught.value.code == code


def test_a_renamed_sheet_is_found_by_its_header(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [["编码", "名称"], ["1", "x"]], "Sheet1")
    assert rows_of(path)[0]["编码"] == "1"


def test_an_empty_table_still_gives_one_page(tmp_path: Path) -> None:
    pages = pages_of(save(tmp_path / "a.xlsx", [["编码", "名称"]]))
    assert [page.rows.num_rows for page in pages] == [0]
    assert pages[0].file is not None


def test_the_template_that_fits_best(tmp_path: Path) -> None:
    path = save(
        tmp_path / "x.xlsx", [["供应商代码", "供应商名称", "税号", "账期(天)"], ["S1", "甲", "x", 30]], "Sheet1"
    )
    assert match_template(path, templates().values()).name == "supplier_list"


def test_no_template_names_the_nearest(tmp_path: Path) -> None:
    path = save(tmp_path / "x.xlsx", [["客户编码", "联系人", "电话", "早餐"], ["1", "2", "3", "4"]], "客户")
    with pytest.raises(Problem) as caught:
        match_template(path, templates().values(), "菜单.xlsx")
    assert caught.value.code == "workbook_no_template"
    assert caught.value.params == {"file": "菜单.xlsx", "template": "客户档案", "columns": "客户名称"}


@pytest.mark.parametrize(
    ("text", "core", "unit"),
    [
        ("信用额度（万元）", "信用额度", "万元"),
        ("客户 编码 ＊", "客户编码", None),
        ("【必填】客户名称", "客户名称", None),
        ("Ｐｒｉｃｅ [CNY]", "price", "CNY"),
        ("(备注)", "(备注)", "备注"),
    ],
)
def test_header_cores_and_units(text: str, core: str, unit: str | None) -> None:
    assert headers.plain(text) == core
    assert units.unit_of(text) == unit


def test_a_two_level_name_can_be_the_synonym() -> None:
    header = Header(3, ("价格", "含税"))
    assert "价格含税" in headers.names_of(header)
    assert header.shown == "价格/含税"


def test_words_of_the_shipped_templates_are_unambiguous() -> None:
    for template in (*templates().values(), PARTS):
        words = headers.vocabulary(template)
        assert {source for source, rank in words.values() if rank == 0} == {c.source for c in template.columns}
