"""Finding the table where people put it: every odd sheet here is one that people really keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from connectors.excel.files.versions import Seen, newest_first
from connectors.excel.finding.table import match_template
from schemas.model import Hidden, Pin, Template, TemplateColumn
from schemas.problems import Problem
from schemas.template_loader import templates
from tests.connectors.excel.making import PARTS, notes_of, pages_of, rows_of

HEAD = ["编码", "名称", "单价（元）", "日期"]


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    """A workbook with these sheets, each from A1; None leaves a cell out."""
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for title, rows in sheets.items():
        fill(made.create_sheet(title), rows)
    made.save(path)
    return path


def fill(sheet: Worksheet, rows: list[list[Any]], top: int = 1, left: int = 1) -> None:
    for row, line in enumerate(rows, start=top):
        for column, value in enumerate(line, start=left):
            if value is not None:
                sheet.cell(row, column, value)


def made(path: Path, build: Callable[[Worksheet], None], title: str = "零件") -> Path:
    """A workbook whose only sheet `build` makes."""
    whole = openpyxl.Workbook()
    whole.worksheets[0].title = title
    build(whole.worksheets[0])
    whole.save(path)
    return path


def codes(path: Path, template: Template = PARTS) -> list[object]:
    return [row["编码"] for row in rows_of(path, template)]


def refused(path: Path, template: Template = PARTS) -> dict[int, str]:
    return {row["_row_no"]: row["reason"] for page in pages_of(path, template) for row in page.rejected.to_pylist()}


# --- headers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "note"),
    [
        (["编码", "名称"], None),
        (["＊ 编 码：", "【必填】名\n称"], None),
        (["1.编码", "2、名称"], None),
        (["CODE", "品名"], "note_synonym"),
        (["編碼", "名稱"], "note_traditional"),
        (["bianma", "MingCheng"], "note_pinyin"),
        (["编码\n请填八位", "名称\n（全称）"], None),
    ],
)
def test_spellings_of_headers(tmp_path: Path, header: list[str], note: str | None) -> None:
    path = book(tmp_path / "a.xlsx", 零件=[header, ["A1", "x"], ["A2", "y"]])
    assert codes(path) == ["A1", "A2"]
    told = set(notes_of(path)) & {"note_synonym", "note_traditional", "note_pinyin"}
    assert told == ({note} if note else set())


def test_initials_count_only_among_others_in_pinyin(tmp_path: Path) -> None:
    few = book(tmp_path / "few.xlsx", 零件=[["bm", "名称", "日期"], ["A1", "x", None]])
    with pytest.raises(Problem) as caught:
        rows_of(few)
    assert caught.value.params["columns"] == "编码"
    many = book(tmp_path / "many.xlsx", 零件=[["bm", "mc", "dj", "riqi"], ["A1", "x", 1, None]])
    assert rows_of(many)[0] | {"日期": 0} == {
        "编码": "A1",
        "名称": "x",
        "单价": "1",
        "日期": 0,
        "_key": "A1",
        "_row_no": 2,
    }


def test_a_sound_that_two_columns_share_means_neither(tmp_path: Path) -> None:
    both = replace(PARTS, columns=(*PARTS.columns, TemplateColumn("编马", required=True)))
    path = book(tmp_path / "a.xlsx", 零件=[["bianma", "名称", "编马"], ["A1", "x", "y"]])
    with pytest.raises(Problem) as caught:
        rows_of(path, both)
    assert caught.value.params["columns"] == "编码"


def test_what_a_person_decided_before_is_remembered(tmp_path: Path) -> None:
    from connectors.excel.finding.table import read_file

    path = book(tmp_path / "a.xlsx", 零件=[["图纸号", "品名", "编码"], ["A1", "x", "old"]])
    remembered = {"图纸号": "编码", "编码": None, "别的": "没有这列"}
    page = next(read_file(path, PARTS, "a.xlsx", remembered=remembered))
    assert page.rows["编码"].to_pylist() == ["A1"]
    assert page.file is not None
    told = {note.code: note.params for note in page.file.notes}
    assert told["note_remembered"] == {"header": "图纸号", "column": "编码", "cell": "A1"}


def test_likeness_is_proposed_and_never_applied(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", 零件=[["编码", "名称", "单价金额", "生产日期"], ["A1", "x", 3, "2024-01-01"]])
    row = rows_of(path)[0]
    assert (row["单价"], row["日期"]) == (None, None)
    assert notes_of(path)["note_unknown_columns_near"] == {"columns": "单价金额 (C) ≈ 单价?, 生产日期 (D) ≈ 日期?"}


def test_three_levels_merged(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        fill(
            sheet,
            [
                ["零件价格总表"],
                ["基本", None, "价格", None, None, "日期"],
                ["编码", "名称", "采购", None, "销售", None],
                [None, None, "单价", "运费", "单价", None],
                ["A1", "x", 5, 1, 9, "2024-01-01"],
            ],
        )
        for merge in ("A1:F1", "A2:B2", "C2:E2", "F2:F4", "A3:A4", "B3:B4", "C3:D3"):
            sheet.merge_cells(merge)

    template = replace(
        PARTS,
        columns=(
            *PARTS.columns[:2],
            TemplateColumn("采购单价", "plan_price_cny"),
            TemplateColumn("价格/销售/单价"),
            TemplateColumn("日期", "start_date"),
        ),
    )
    path = made(tmp_path / "a.xlsx", build)
    row = rows_of(path, template)[0]
    assert (row["编码"], row["采购单价"], row["价格/销售/单价"], row["日期"]) == ("A1", "5", "9", "2024-01-01")
    assert notes_of(path, template)["note_header"] == {"rows": "2-4", "data": 5}


def test_group_titles_that_are_not_merged(tmp_path: Path) -> None:
    rows = [
        [None, None, "计划", None, "实际", None],
        ["编码", "名称", "数量", "单价", "数量", "单价"],
        ["A", "x", 1, 2, 3, 4],
    ]
    template = replace(
        PARTS, columns=(*PARTS.columns[:2], TemplateColumn("计划单价", "plan_price_cny"), TemplateColumn("实际数量"))
    )
    row = rows_of(book(tmp_path / "a.xlsx", 零件=rows), template)[0]
    assert (row["计划单价"], row["实际数量"]) == ("2", "3")


@pytest.mark.parametrize(
    ("header", "banner", "convert", "code", "value"),
    [
        ("单价（元）", None, False, "note_unit", "12.5"),
        ("单价/元", None, False, "note_unit", "12.5"),
        ("单价(万元)", None, False, "note_unit_factor", "12.5"),
        ("单价(万元)", None, True, "note_unit_converted", "125000"),
        ("单价", "单位：千元", True, "note_unit_converted", "12500"),
        ("单价(美元)", None, True, "note_unit_differs", "12.5"),
    ],
)
def test_units(tmp_path: Path, header: str, banner: str | None, convert: bool, code: str, value: str) -> None:
    columns = tuple(replace(c, convert=convert) if c.source == "单价" else c for c in PARTS.columns)
    rows = [["零件表", banner], ["编码", "名称", header], ["A1", "x", 12.5]]
    path, template = book(tmp_path / "a.xlsx", 零件=rows), replace(PARTS, columns=columns)
    assert rows_of(path, template)[0]["单价"] == value
    notes = notes_of(path, template)
    assert code in notes
    if "factor" in notes[code]:
        assert notes[code]["factor"] == str(int(float(value) / 12.5) if convert else 10000)


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


# --- dates, pins --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "calendar", "expected"),
    [
        (["民國112年3月5日", "中華民國91年1月2日"], None, ["2023-03-05", "2002-01-02"]),
        (["112/03/05", "91.1.2"], None, ["2023-03-05", "2002-01-02"]),
        (["91/1/2", "98/12/31"], None, ["91/1/2", "98/12/31"]),
        (["91/1/2", "98/12/31"], "roc", ["2002-01-02", "2009-12-31"]),
        (["112/03/05", "2024/03/05"], None, ["2023-03-05", "2024/03/05"]),
        (["112/13/05"], "roc", ["112/13/05"]),
    ],
)
def test_years_of_the_republic(tmp_path: Path, texts: list[str], calendar: Any, expected: list[str]) -> None:
    rows = [["编码", "名称", "日期"], *[[f"A{n}", "x", text] for n, text in enumerate(texts)]]
    path, template = book(tmp_path / "a.xlsx", 零件=rows), replace(PARTS, calendar=calendar)
    assert [row["日期"] for row in rows_of(path, template)] == expected
    changed = sum(one != other for one, other in zip(texts, expected, strict=True))
    assert notes_of(path, template).get("note_roc_dates", {"count": 0})["count"] == changed


def test_a_pinned_table(tmp_path: Path) -> None:
    rows = [["编码", "名称"], ["A", "x"], [], ["甲", "乙", "丙"], ["B", "y", 1], ["C", "z", 2], ["D", "w", 3]]
    path = book(tmp_path / "a.xlsx", 别的=[["编码", "名称"]], 零件=rows)
    pin = Pin(sheet="零件", header_row=(4, 4), last_row=6, columns={"编码": 1, "名称": 2, "单价": 3})
    found = rows_of(path, replace(PARTS, pin=pin))
    assert [(row["编码"], row["单价"]) for row in found] == [("B", "1"), ("C", "2")]
    assert notes_of(path, replace(PARTS, pin=pin))["note_pinned"] == {"rows": "4"}


def test_a_pinned_table_without_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("A1;螺栓;5\nA2;螺母;6\n", encoding="gbk")
    pin = Pin(header_row=(0, 0), columns={"编码": 1, "名称": 2, "单价": 3})
    assert [(row["编码"], row["_row_no"]) for row in rows_of(path, replace(PARTS, pin=pin))] == [("A1", 1), ("A2", 2)]


def test_pinned_columns_keep_the_header_search(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", 零件=[["表"], ["编码", "名称", "编码"], ["old", "x", "new"]])
    assert codes(path, replace(PARTS, pin=Pin(columns={"编码": 3}))) == ["new"]


def test_pinyin_headers_find_their_template(tmp_path: Path) -> None:
    header = ["gongyingshangdaima", "gongyingshangmingcheng", "shuihao", "lianxiren"]
    path = book(tmp_path / "x.xlsx", Sheet1=[header, ["S1", "甲", "x", "y"]])
    assert match_template(path, templates().values()).name == "supplier_list"


def test_a_period_in_a_title_is_no_unit(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        fill(sheet, [["零件价格（2026年）"], ["编码", "名称", "单价", "日期"], ["A1", "轴", 5, "2024-01-01"]])
        sheet.merge_cells("A1:C1")

    assert "note_unit" not in notes_of(made(tmp_path / "a.xlsx", build))


def test_a_unit_above_the_table_is_not_that_of_a_date_below_it(tmp_path: Path) -> None:
    rows = [["零件价格"], [None, None, "单位：元"], ["编码", "名称", "单价", "日期"], ["A1", "轴", 5, "2024-01-01"]]
    pages = pages_of(book(tmp_path / "a.xlsx", 零件=rows))
    assert [note.params["column"] for note in pages[0].file.notes if note.code == "note_unit"] == ["单价"]


def test_a_unit_in_traditional_characters_is_the_same_unit(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", 客户=[["客戶編號", "客戶名稱", "信用額度（萬元）"], ["C1", "甲", 5]])
    notes = notes_of(path, templates()["customer_list"])
    assert notes["note_unit"] == {"column": "信用额度", "unit": "萬元"}


def test_a_traditional_header_is_compared_with_simplified_columns(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", 客户=[["客戶編號", "客戶名稱", "聯絡人"], ["C1", "甲", "陳"]])
    assert "聯絡人 (C) ≈ 联系人?" in str(notes_of(path, templates()["customer_list"])["note_unknown_columns_near"])


def test_where_no_header_fits_the_likeliest_row_is_told(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", 客户=[["客户一览"], ["编码", "客户名", "授信"], ["C1", "甲", 5]])
    with pytest.raises(Problem) as caught:
        pages_of(path, templates()["customer_list"])
    assert caught.value.code == "workbook_no_header"
    assert "客户编码 ≈ 编码 (A2)?, 客户名称 ≈ 客户名 (B2)?" in caught.value.params["columns"]
    with pytest.raises(Problem) as caught:
        match_template(path, templates().values())
    assert caught.value.params["columns"] == "客户编码 ≈ 编码 (A2)?, 客户名称 ≈ 客户名 (B2)?"


def test_cells_of_a_table_beside_are_told_once(tmp_path: Path) -> None:
    rows = [[*HEAD, None, *HEAD], ["A1", "轴", 5, "2024-01-01", None, "B1", "轮", 6, "2024-01-02"]]
    notes = notes_of(book(tmp_path / "a.xlsx", 零件=rows))
    assert notes["note_other_tables"] == {"cells": "F1"}
    assert "note_extra_cells" not in notes


def test_the_table_above_is_no_title_of_the_table_below(tmp_path: Path) -> None:
    rows = [["编码", "名称"], ["A1", "轴"], [], ["二、华南"], ["名称", "编码"], ["轮", "B1"]]
    notes = [note for page in pages_of(book(tmp_path / "a.xlsx", 零件=rows)) for note in page.file.notes]
    banners = [note.params for note in notes if note.code == "note_banner"]
    assert banners
    assert all(params == {"rows": "4"} for params in banners)
    told = [note.text("en") for note in pages_of(tmp_path / "a.xlsx")[0].file.notes]
    assert len(told) == len(set(told))


@pytest.mark.parametrize("extension", [".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".csv", ".txt"])
def test_the_shipped_templates_watch_every_format(extension: str) -> None:
    for name, file in (("customer_list", "销售部/客户档案_2026-11"), ("supplier_list", "采购部/供应商名录"),
                       ("standard_cost", "财务部/标准成本_2027"), ("purchase_price", "财务部/采购价格"),
                       ("outsourcing_supplier", "采购部/外协厂/外协供应商")):  # fmt: skip
        seen = Seen(file + extension, Path(file), 1, 1, by_name=False)
        assert newest_first([seen], templates()[name]) == [seen]
