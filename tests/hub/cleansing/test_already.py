"""Texts that Arrow calls standard already: Python would have left every one of them as it is."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.cleansing.already import already
from hub.cleansing.columns import convert
from hub.cleansing.registry import standardiser
from hub.cleansing.result import Standard
from hub.cleansing.text import SPECIAL_CELLS
from schemas.model import Code, CodeList, Column, Text

TITLE = Text("题", "Title")
LISTED = (
    Code("KG", Text("千克", "kilogram"), ("公斤", "无")),
    Code("T", Text("吨", "tonne"), ("t",)),
    Code("无", Text("没有", "none")),
    Code("m²", Text("平方米", "square metre")),
)
CODES = {"unit": CodeList("unit", TITLE, LISTED)}
TYPES = {"integer": "integer", "decimal": "decimal", "percent": "decimal", "date": "date", "timestamp": "timestamp"}
TESTED = [
    "text",
    "name",
    "company_name",
    "code",
    "material_code",
    "spec",
    "uscc",
    "phone",
    "phone_list",
    "email",
    "unit",
    "code_list",
    *TYPES,
]


def column(standard: str, precision: int = 9, scale: int = 3) -> Column:
    listed = "unit" if standard in ("unit", "code_list") else None
    kind = TYPES.get(standard, "string")
    return Column("c", kind, TITLE, standard=standard, code_list=listed, precision=precision, scale=scale)  # type: ignore[arg-type]


def told(texts: list[str | None], of: Column) -> list[str]:
    """The texts that the test calls standard already."""
    test = already(of, CODES)
    assert test is not None
    values = pa.array(texts, pa.string())
    return values.filter(pc.fill_null(test(values), False)).to_pylist()


# What cells are made of, mixed at will: each alone is harmless or not, side by side they may differ.
PIECES = st.one_of(
    st.sampled_from(
        [*sorted(SPECIAL_CELLS), "！", "？", "#NAME", "Ｎ", "／", "㍿", "㈱", "①", "²", "½", "ﬁ", "㎡", "№"]
    ),
    st.sampled_from(
        [" ", "  ", "\u3000", "\xa0", "\t", "\n", "\r", "\x00", "\x1f", "\x7f", "\u200b", "\ufeff", "\u2028"]
    ),
    st.sampled_from(
        ["°", "±", "·", "×", "É", "Ï", "º", "£", "µ", "（", "）", "，", "：", "。", "“", "—", "Φ", "ς", "ß"]
    ),
    st.sampled_from(
        [
            "e\u0301",
            "\u0301",
            "か\u3099",
            "\u1100\u1161",
            "豈",
            "Ａ",
            "１",
            "－",
            "．",
            "￥",
            "龥",
            "\u9fff",
            "\U0002f800",
        ]
    ),
    st.sampled_from(
        ["0", "1", "-", "+", ".", "00", "12", "2024-02-29", "2024-03-05", "1900-12-31", "2101-01-01", "1e5"]
    ),
    st.sampled_from(
        ["T", "13:30:00", "24:00:00", "05:06", ".5", "Z", "13812345678", "2024/3/5", "45000", "元", "万", "%"]
    ),
    st.sampled_from([entry.code for entry in LISTED] + ["kg", "千克", "公 斤", "上海", "法兰盘", "M-10", "a1"]),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=6),
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=4),
    st.text(st.characters(min_codepoint=0x80, max_codepoint=0xFF), max_size=3),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
)
MIXED = st.lists(PIECES, max_size=4).map("".join)
CHINESE = st.text(st.sampled_from("上海宝钢集团有限公司轴承法兰盘电机"), min_size=1, max_size=6)
MISREAD = st.one_of(
    CHINESE.map(lambda text: text.encode("utf-8").decode("gbk", "ignore")),
    CHINESE.map(lambda text: text.encode("gb2312").decode("latin-1")),
    st.tuples(MIXED, CHINESE).map(lambda pair: pair[0] + pair[1].encode("utf-8").decode("gbk", "ignore")),
)
NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**10), max_value=10**10, places=4).map(str),
    st.integers(-(10**20), 10**20).map(str),
    st.from_regex(r"-?0{0,2}[0-9]{0,8}(\.[0-9]{0,5})?", fullmatch=True),
)
MOMENTS = st.one_of(
    st.from_regex(
        r"(18|19|20|21)[0-9][0-9]-[0-1][0-9]-[0-3][0-9](T[0-2][0-9]:[0-6][0-9]:[0-6][0-9])?\n?", fullmatch=True
    ),
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.isoformat()),
)
CELLS = st.lists(st.one_of(st.none(), MIXED, MISREAD, NUMBERS, MOMENTS), max_size=25)


@pytest.mark.parametrize("standard", TESTED)
@settings(max_examples=150, deadline=None)
@given(texts=CELLS, skip=st.integers(0, 2), repeats=st.integers(1, 2))
@example(
    texts=["#NAME？", "××", "±0.1", "10 × 20", "°C\n", "无", "NULL", "涓婃捣", "ÉÏº£", "a", None, ""], skip=0, repeats=1
)
def test_with_and_without_the_test_all_is_the_same(
    standard: str, texts: list[str | None], skip: int, repeats: int
) -> None:
    of = column(standard)
    values = pa.array(texts * repeats, pa.string())[skip:]
    function = standardiser(of, CODES)
    assert convert(values, of, function, {}, already=already(of, CODES)) == convert(values, of, function, {})


@pytest.mark.parametrize("standard", TESTED)
def test_every_single_character_that_is_called_standard_is(standard: str) -> None:
    texts: list[str | None] = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    function = standardiser(column(standard), CODES)
    assert [text for text in told(texts, column(standard)) if function(text) != Standard(text)] == []


@pytest.mark.parametrize(("standard", "clock"), [("date", ""), ("timestamp", "T23:59:59")])
def test_every_day_that_is_called_standard_is_one(standard: str, clock: str) -> None:
    years, months, days = (1899, 1900, 2000, 2023, 2024, 2100, 2101), range(14), range(33)
    texts: list[str | None] = [f"{y}-{m:02d}-{d:02d}{clock}" for y in years for m in months for d in days]
    function = standardiser(column(standard), CODES)
    found = told(texts, column(standard))
    assert len(found) == 4 * 365  # 1900, 2000, 2023, 2024, without 29 February
    assert [text for text in found if function(text) != Standard(text)] == []


USUAL: Mapping[str, list[str]] = {
    "text": ["法兰盘 DN50", "上海市，浦东（南）", "10×20×30 Φ8", "±0.1", "90°", "GB/T 5783-2016", "10 × 20"],
    "name": ["上海宝钢(集团)有限公司", "O'Neill & Co", "李娜"],
    "company_name": ["上海宝钢(集团)有限公司苏州分公司", "博世(中国)投资集团"],
    "code": ["SO-0001", "00123", "物料-7", "A B", "so-1"],
    "material_code": ["01.01.0001", "M-1002"],
    "uscc": ["91110000600037341L"],
    "spec": ["M8×20", "Φ10", "GB/T 5783-2016", "10×20×30"],
    "phone": ["13812345678", "0512-65551234", "021-58881234"],
    "phone_list": ["13812345678"],
    "email": ["zhang.san@qq.com", "a@b.com.cn"],
    "unit": ["KG", "T"],
    "code_list": ["KG"],
    "integer": ["0", "-7", "123456789012345678"],
    "decimal": ["0", "12.5", "-0.001", "999999.999", "-100"],
    "percent": ["5", "0.25"],
    "date": ["2024-03-05", "2024-02-28", "1999-12-31"],
    "timestamp": ["2024-03-05T13:30:00", "2024-03-31T00:00:00"],
}


@pytest.mark.parametrize("standard", TESTED)
def test_usual_values_need_no_python(standard: str) -> None:
    assert told([*USUAL[standard], None], column(standard)) == USUAL[standard]


@pytest.mark.parametrize(("precision", "scale"), [(9, 0), (3, 3), (2, 1), (20, 4)])
@settings(max_examples=100, deadline=None)
@given(texts=st.lists(NUMBERS, max_size=20))
def test_numbers_of_every_precision(precision: int, scale: int, texts: list[str]) -> None:
    of = column("decimal", precision, scale)
    values, function = pa.array(texts, pa.string()), standardiser(of, CODES)
    assert convert(values, of, function, {}, already=already(of, CODES)) == convert(values, of, function, {})


def test_a_status_map_is_asked_about_standard_texts_too() -> None:
    of = column("code")
    done = convert(pa.array(["A", "B"]), of, standardiser(of, CODES), {"A": "B"}, already=already(of, CODES))
    assert done.values.to_pylist() == ["B", "B"]
    assert done.rule is not None
    assert done.rule.to_pylist() == ["code.mapped", None]
