"""Which sheet, which table, which rows: tables side by side, totals, merged cells, what is hidden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from schemas.model import Hidden, TemplateColumn
from schemas.problems import Problem
from tests.connectors.excel.making import PARTS, notes_of, pages_of, rows_of
from tests.connectors.excel.sheets import HEAD, book, codes, fill, made, refused

# --- sheets and tables --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sheets", "expected"),
    [
        (("零*",), ["A"]),
        (("/^华[东南]$/",), ["B"]),
        (("#3",), ["C"]),
        (("没有这张",), ["A"]),  # a renamed sheet is found by its header
        ((), ["A"]),
    ],
)
def test_which_sheet(tmp_path: Path, sheets: tuple[str, ...], expected: list[str]) -> None:
    head = ["编码", "名称"]
    path = book(tmp_path / "a.xlsx", 零件=[head, ["A", "x"]], 华东=[head, ["B", "x"]], 华南=[head, ["C", "x"]])
    assert codes(path, replace(PARTS, sheets=sheets)) == expected


def test_all_matching_sheets_are_one_table(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx",
        说明=[["请填写"]],
        华东=[["编码", "名称"], ["A", "x"], ["B", "y"]],
        华南=[["表"], ["名称", "料号"], ["x", "A"]],
        华北=[["编码", "单价"], ["A", 1]],
    )
    columns = (*PARTS.columns, TemplateColumn("区域", origin="sheet"), TemplateColumn("文件", origin="file"))
    template = replace(PARTS, sheets=(), all_sheets=True, columns=columns)
    rows = rows_of(path, template)
    assert [(row["编码"], row["区域"], row["_key"], row["_row_no"]) for row in rows] == [
        ("A", "华东", "A", 2),
        ("B", "华东", "B", 3),
        ("A", "华南", "A#2", 3),
    ]
    assert rows[0]["文件"] == "a.xlsx"
    files = [page.file for page in pages_of(path, template)]
    assert [(file.sheet, file.columns["编码"], file.header_row) for file in files if file] == [
        ("华东", "A", 1),
        ("华南", "B", 2),
    ]
    notes = notes_of(path, template)
    assert notes["note_sheets"] == {"count": 2, "sheets": "华东, 华南"}
    assert notes["note_sheet_lacks"] == {"sheet": "华北", "columns": "名称"}


def test_tables_side_by_side_are_never_mixed(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        fill(sheet, [["客户表"], ["客户", "名称"], *[[f"C{n}", f"客{n}"] for n in range(5)]])
        fill(sheet, [["零件表"], ["编码", "名称", "单价"], *[[f"P{n}", f"件{n}", n] for n in range(3)]], left=5)

    path = made(tmp_path / "a.xlsx", build)
    rows = rows_of(path)
    assert [(row["编码"], row["名称"], row["单价"]) for row in rows] == [
        ("P0", "件0", "0"),
        ("P1", "件1", "1"),
        ("P2", "件2", "2"),
    ]
    assert pages_of(path)[0].file.columns == {"编码": "E", "名称": "F", "单价": "G"}  # type: ignore[union-attr]


@pytest.mark.parametrize("gap", [0, 1])
def test_the_same_table_twice_side_by_side(tmp_path: Path, gap: int) -> None:
    def build(sheet: Worksheet) -> None:
        fill(sheet, [["编码", "名称"], ["A", "x"], ["B", "y"]])
        fill(sheet, [["编码", "名称"], ["C", "z"]], left=3 + gap)

    path = made(tmp_path / "a.xlsx", build)
    assert codes(path) == ["A", "B"]
    assert notes_of(path)["note_other_tables"] == {"cells": "C1" if gap == 0 else "D1"}
    assert codes(path, replace(PARTS, all_tables=True)) == ["A", "B", "C"]


def test_tables_that_touch_each_other(tmp_path: Path) -> None:
    head = ["客户", "名称", "编码", "名称", "单价"]
    path = book(tmp_path / "a.xlsx", 零件=[head, ["C1", "客一", "P1", "件一", 5], ["C2", "客二", None, None, None]])
    assert [(row["编码"], row["名称"], row["单价"]) for row in rows_of(path)][:1] == [("P1", "件一", "5")]
    assert notes_of(path)["note_double_column"]["used"] == "D"


def test_a_spacer_column_does_not_part_a_table(tmp_path: Path) -> None:
    rows = [
        ["编码", "名称", None, "单价", "日期"],
        ["A", "x", None, 1, "2024-01-01"],
        ["B", "y", None, 2, "2024-01-02"],
    ]
    assert [row["单价"] for row in rows_of(book(tmp_path / "a.xlsx", 零件=rows))] == ["1", "2"]


def test_tables_below_each_other(tmp_path: Path) -> None:
    rows = [
        ["一、自制"], ["编码", "名称", "单价"], ["A", "x", 1], ["B", "y", 2], [],
        ["二、外购"], ["名称", "编码", "单价"], ["z", "C", 3],
    ]  # fmt: skip
    path = book(tmp_path / "a.xlsx", 零件=rows)
    assert [(row["编码"], row["名称"], row["_row_no"]) for row in rows_of(path)] == [
        ("A", "x", 3),
        ("B", "y", 4),
        ("C", "z", 8),
    ]
    assert notes_of(path)["note_part"] == {"sheet": "零件", "row": 7}


def test_another_table_below_is_not_read(tmp_path: Path) -> None:
    rows = [
        ["编码", "名称", "单价", "日期"], *[[f"P{n}", f"件{n}", n, f"2024-01-0{n + 1}"] for n in range(5)], [],
        ["姓名", "部门", "电话", "备注"], ["张三", "采购", "138", "无"],
    ]  # fmt: skip
    path = book(tmp_path / "a.xlsx", 零件=rows)
    assert codes(path) == [f"P{n}" for n in range(5)]
    assert notes_of(path)["note_other_table_below"] == {"row": 8}


def test_a_header_far_down(tmp_path: Path) -> None:
    rows = [*[[f"前言第 {n} 行"] for n in range(80)], ["编码", "名称"], ["A", "x"]]
    assert codes(book(tmp_path / "a.xlsx", 零件=rows)) == ["A"]


# --- rows that are no data ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (["合计", None, 30, None], "workbook_reject_total"),
        ([None, "小 计", 30, None], "workbook_reject_total"),
        (["總計", None, 30, None], "workbook_reject_total"),
        (["华东小计", None, 30, None], "workbook_reject_total"),
        (["Total", None, 30, None], "workbook_reject_total"),
        ([None, None, 30, None], "workbook_reject_total"),  # exactly the sum of what stands above
        ([None, None, 31, None], None),
        (["Sub-total:", None, 30, None], "workbook_reject_total"),
        (["平均", None, 15, None], "workbook_reject_total"),
        (["TOTAL-01", "总成", 30, None], None),
        (["注：以上价格含税", None, None, None], "workbook_reject_note"),
        (["说明", None, None, None], "workbook_reject_note"),
        (["制表：张三", None, "审核：李四", None], "workbook_reject_signature"),
        (["第 1 页，共 3 页", None, None, None], "workbook_reject_signature"),
        (["编码", "名称", "单价（元）", "日期"], "workbook_reject_header"),
        (["零件总表", None, None, None], "workbook_reject_header"),
    ],
)
def test_lines_below(tmp_path: Path, line: list[Any], reason: str | None) -> None:
    rows = [["零件总表"], HEAD, ["A1", "x", 10, None], ["A2", "y", 20, None], line]
    path = book(tmp_path / "a.xlsx", 零件=rows)
    assert refused(path) == ({5: reason} if reason else {})


def test_a_total_in_a_column_of_its_own_and_one_that_only_its_formula_tells(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        fill(sheet, [["序号", *HEAD[:3]], [1, "A1", "x", 10], [2, "A2", "y", 20], ["合计", None, None, 30]])
        fill(sheet, [[3, "A3", "z", 7], [4, "A4", "w", 8]], top=5)
        sheet["D7"] = "=SUM(D5:D6)"

    path = made(tmp_path / "a.xlsx", build)
    assert refused(path) == {4: "workbook_reject_total", 7: "workbook_reject_total"}
    assert notes_of(path)["note_totals"] == {"count": 2, "rows": "4, 7"}


def test_merged_cells_in_the_data(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        fill(sheet, [["编码", "名称", "单价"], ["A", "x", 1], [None, "y", 2], ["一、外购件"], ["B", "z", 3]])
        sheet.merge_cells("A2:A3")
        sheet.merge_cells("A4:C4")

    path = made(tmp_path / "a.xlsx", build)
    assert codes(path) == ["A", None, "B"]
    assert refused(path) == {4: "workbook_reject_section"}
    assert notes_of(path)["note_merged_cells"]["count"] == 2
    filled = replace(PARTS, merged="fill")
    assert codes(path, filled) == ["A", "A", "B"]
    assert notes_of(path, filled)["note_merged_filled"] == {"count": 1, "cells": "A3"}


def test_blank_cells_that_mean_the_one_above(tmp_path: Path) -> None:
    columns = tuple(replace(c, fill_down=True) if c.source == "编码" else c for c in PARTS.columns)
    path = book(tmp_path / "a.xlsx", 零件=[["编码", "名称"], ["A", "x"], [None, "y"], ["B", "z"]])
    assert codes(path, replace(PARTS, columns=columns)) == ["A", "A", "B"]


# --- hidden -------------------------------------------------------------------------------------


def hidden_book(path: Path) -> Path:
    def build(sheet: Worksheet) -> None:
        fill(sheet, [["编码", "名称", "单价"], ["A", "x", 1], ["B", "y", 2], ["C", "z", 3]])
        sheet.auto_filter.ref = "A1:C4"
        sheet.auto_filter.add_filter_column(0, ["A", "C"])
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["C"].hidden = True
        fill(sheet, [["D", "w", 4]], top=5)
        sheet.row_dimensions[5].hidden = True

    return made(path, build)


@pytest.mark.parametrize(
    ("policy", "expected", "prices", "notes"),
    [
        (Hidden(), "ABCD", "1234", {"hidden_rows", "filtered_rows", "hidden_columns"}),
        (Hidden("read", "read", "read", "read"), "ABCD", "1234", set()),
        (Hidden(rows="skip"), "ABC", "123", {"hidden_rows_skipped", "filtered_rows", "hidden_columns"}),
        (Hidden(filtered="skip"), "ACD", "134", {"hidden_rows", "hidden_rows_skipped", "hidden_columns"}),
        (Hidden(columns="skip"), "ABCD", None, {"hidden_rows", "filtered_rows", "hidden_columns_skipped"}),
    ],
)
def test_what_is_hidden(tmp_path: Path, policy: Hidden, expected: str, prices: str | None, notes: set[str]) -> None:
    path, template = hidden_book(tmp_path / "a.xlsx"), replace(PARTS, hidden=policy)
    assert codes(path, template) == list(expected)
    assert [row["单价"] for row in rows_of(path, template)] == (list(prices) if prices else [None] * len(expected))
    told = {code for code in notes_of(path, template) if "hidden" in code or "filtered" in code}
    assert told == {f"note_{code}" for code in notes}


@pytest.mark.parametrize(
    ("state", "sheets", "policy", "found"),
    [
        ("hidden", (), "warn", True),
        ("hidden", (), "skip", False),
        ("hidden", ("零件",), "skip", True),  # named: a person wants it
        ("veryHidden", (), "warn", False),
        ("veryHidden", ("零件",), "warn", True),
    ],
)
def test_hidden_sheets(tmp_path: Path, state: str, sheets: tuple[str, ...], policy: str, found: bool) -> None:
    whole = openpyxl.Workbook()
    fill(whole.worksheets[0], [["说明"]])
    sheet = whole.create_sheet("零件")
    fill(sheet, [["编码", "名称"], ["A", "x"]])
    sheet.sheet_state = state
    whole.save(tmp_path / "a.xlsx")
    template = replace(PARTS, sheets=sheets, hidden=Hidden(sheets=policy))  # type: ignore[arg-type]
    if found:
        assert codes(tmp_path / "a.xlsx", template) == ["A"]
    else:
        with pytest.raises(Problem) as caught:
            codes(tmp_path / "a.xlsx", template)
        assert caught.value.code == "workbook_no_header"
