"""Finding the table where people put it: every odd sheet here is one that people really keep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from connectors.excel.files.versions import Seen, newest_first
from connectors.excel.finding.table import match_template
from schemas.model import Pin, TemplateColumn
from schemas.problems import Problem
from schemas.template_loader import templates
from tests.connectors.excel.making import PARTS, notes_of, pages_of, rows_of
from tests.connectors.excel.sheets import HEAD, book, codes, fill, made

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
