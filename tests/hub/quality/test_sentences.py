"""Findings read like a colleague's note, in both languages, for every kind of rule."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from hub.cleansing.standardise import standardise
from hub.cleansing.wording import change_titles, reason_titles
from hub.quality.details import read_as
from hub.quality.row_rules import check_rows
from hub.quality.sentences import change_sentence, sentence, wordings
from schemas.rule_kinds import KINDS
from tests.hub.quality.small import CODES, contract, mapping, rows, rule

READ = [
    (rule("in_list", "unit_code", code_list="unit"), "公.斤", "D2：‘公.斤’不是标准单位，建议 KG"),
    (rule("readable", "unit_code"), "公.斤", "D2：‘公.斤’不是标准单位，建议 KG"),
    (rule("required", "material_code"), None, "D2：物料编码没有填"),
    (rule("required", "material_code"), "无", "D2：物料编码写的是‘无’，等于没填"),
    (rule("readable", "start_date"), "24.3.5", "D2：‘24.3.5’读不出确定的启用日期：年份只有两位"),
    (rule("readable", "qty"), "12,5", "D2：‘12,5’读不出确定的数量：逗号可能是小数点，也可能是千分位"),
    (rule("readable", "qty"), "#N/A", "D2：数量是公式错误 #N/A"),
    (rule("range", "qty", min=0), "-3", "D2：‘-3’小于 0"),
    (rule("range", "qty", min=0, exclusive=True), "0", "D2：‘0’不大于 0"),
    (rule("range", "qty", min=0, max=5), "9", "D2：‘9’不在 0 到 5 之间"),
    (rule("length", "material_name", max=2), "法兰盘", "D2：物料名称有 3 个字，超过 2 个"),
    (
        rule("checksum", "uscc", algorithm="uscc"),
        "310115000000001",
        "D2：‘310115000000001’是 15 位的旧注册号，请换成 18 位统一社会信用代码",
    ),
    (
        rule("suspect_code", "material_code"),
        "A1O02",
        "D2：‘A1O02’的数字中间有字母 O 或 I，可能是 0 或 1，建议 A1002",
    ),
    (rule("pattern", "material_code", regex="[A-Z]+"), "a1", "D2：‘a1’不符合物料编码的写法"),
    (rule("expression", "qty", sql="qty > 5"), "3", "D2：‘3’：标题"),
    (rule("range", "start_date", min="2020-01-01"), "2019-12-31", "D2：‘2019-12-31’早于 2020-01-01"),
    (rule("length", "material_name", min=2), "法", "D2：物料名称只有 1 个字，至少要 2 个"),
    (rule("sign", "qty", **{"is": "positive"}), "0", "D2：‘0’不大于 0"),
    (rule("step", "qty", of=0.5), "0.7", "D2：‘0.7’不是 0.5 的整数倍"),
    (rule("in_list", "unit_code", values=["M", "KG"]), "件", "D2：‘件’不在单位允许的取值里（M、KG）"),
    (rule("format", "material_name", of="mobile"), "123", "D2：‘123’不是手机号码，应像 13812345678 这样"),
    (rule("checksum", "uscc", algorithm="ean"), "690", "D2：‘690’是 3 位，统一社会信用代码应为 8 / 13 位"),
]


@pytest.mark.parametrize(("tested", "raw", "said"), READ)
def test_what_a_finding_of_the_engine_says(tested: Any, raw: str | None, said: str) -> None:
    page, terms = rows(**{tested.column: [raw]}), contract(tested)
    found = check_rows(standardise(page, mapping(), terms, CODES), page, mapping(), terms, CODES).to_pylist()
    (finding,) = found
    detail = json.loads(finding["detail"]) if finding["detail"] else None
    title = terms.column(tested.column).title.zh
    assert sentence(tested, title, finding["value"], detail, "D2", None, "zh") == said


@pytest.mark.parametrize(
    ("kind", "detail", "zh", "en"),
    [
        (
            "unique",
            {"count": 2, "keys": ["a", "b"], "rows": [2, 9]},
            "‘x’在这份数据里出现了 2 次（第 2 行、第 9 行）",
            "‘x’ occurs 2 times in this data (row 2, row 9)",
        ),
        (
            "unique_across",
            {"count": 2, "keys": ["A", "B"]},
            "‘x’被 2 条记录共用（A、B）",
            "‘x’ is shared by 2 records (A, B)",
        ),
        ("reference", {"suggestion": "0x"}, "列‘x’查不到，建议 0x", "列 ‘x’ cannot be found, suggest 0x"),
        (
            "disagreement",
            {"others": [{"dataset": "k3.material", "value": "KG"}]},
            "这里是‘x’，k3.material 是‘KG’",
            "‘x’ here, but ‘KG’ in k3.material",
        ),
        ("set_expression", None, "‘x’：标题", "‘x’: Title"),
        ("unique", None, "‘x’：标题", "‘x’: Title"),
        (
            "determines",
            {
                "key": {"zh": "物料编码", "en": "Material code"},
                "agree": [{"value": "y", "count": 7}],
                "suggestion": "y",
            },
            "相同的物料编码有不同的列，这里是‘x’：‘y’（7 行），建议 y",
            "the same Material code has more than one 列, here ‘x’: ‘y’ (7 rows), suggest y",
        ),
        (
            "outlier",
            {"median": "5", "low": "1", "high": "9", "size": 30, "deviation": "12"},
            "‘x’离中位数 5 太远（同组 30 行，通常在 1 到 9 之间）",
            "‘x’ is far from the median 5 (30 rows of its group, usually between 1 and 9)",
        ),
        (
            "ordered",
            {"other": {"zh": "完工日期", "en": "Finish date"}, "other_value": "2024-01-01"},
            "列‘x’在完工日期‘2024-01-01’之后",
            "列 ‘x’ comes after Finish date ‘2024-01-01’",
        ),
    ],
)
def test_sentences_about_several_rows(kind: str, detail: Any, zh: str, en: str) -> None:
    assert sentence(rule(kind, "qty"), "列", "x", detail, None, None, "zh") == zh
    assert sentence(rule(kind, "qty"), "列", "x", detail, None, None, "en") == en


@pytest.mark.parametrize(
    ("factor", "raw", "zh", "en"),
    [
        (
            "10000",
            "200",
            "‘200’（按 2000000 计）不在 0 到 600000 之间",
            "‘200’ (read as 2000000) is not between 0 and 600000",
        ),
        ("10000", "2,000", "‘2,000’（按 20000000 计）不在 0 到 600000 之间", None),
        (None, "700,000.00", "‘700,000.00’不在 0 到 600000 之间", "‘700,000.00’ is not between 0 and 600000"),
        (None, "￥700000", "‘￥700000’（按 700000 计）不在 0 到 600000 之间", None),
        (None, "700000", "‘700000’不在 0 到 600000 之间", None),
    ],
)
def test_a_value_that_a_factor_makes_another_one_is_told_with_what_was_compared(
    factor: str | None, raw: str, zh: str, en: str | None
) -> None:
    tested = rule("range", "qty", min=0, max=600000)
    page, terms, source = rows(qty=[raw, "1"]), contract(tested), mapping()
    columns = tuple(replace(entry, factor=factor) if entry.column == "qty" else entry for entry in source.columns)
    source = replace(source, columns=columns)
    (found,) = check_rows(standardise(page, source, terms, CODES), page, source, terms, CODES).to_pylist()
    detail = json.loads(found["detail"])
    assert sentence(tested, "数量", found["value"], detail, None, None, "zh") == zh
    assert en is None or sentence(tested, "Quantity", found["value"], detail, None, None, "en") == en


@pytest.mark.parametrize(
    ("column", "raw", "value", "read"),
    [
        ("start_date", "45123", "2023-07-16", "2023-07-16"),
        ("start_date", "20230716", "2023-07-16", None),
        ("start_date", "2023年7月16日", "2023-07-16", None),
        ("unit_code", "公斤", "KG", "KG"),
        ("unit_code", "kg", "KG", None),
        ("material_name", "Ａ", "A", None),
        ("qty", "5", None, None),
    ],
)
def test_only_what_a_reader_cannot_see_is_told(column: str, raw: str, value: str | None, read: str | None) -> None:
    assert read_as(contract().column(column), raw, value) == read


def test_a_change_says_what_became_of_the_value() -> None:
    assert change_sentence("unit.alias", "公 斤", "KG", "D2", "zh") == "D2：‘公 斤’已按 KG 处理（按单位表取标准单位）"
    assert (
        change_sentence("text.placeholder", "无", None, None, "en")
        == "‘无’ counts as blank (placeholder counts as blank)"
    )


def test_long_values_are_cut() -> None:
    assert len(sentence(rule("pattern", "qty"), "列", "长" * 500, None, "D2", None, "zh")) < 100


def test_every_kind_has_words_and_both_languages_the_same_facts() -> None:
    assert {name.partition(".")[0] for name in wordings()} >= set(KINDS)
    for name, texts in wordings().items():
        assert set(texts) == {"zh", "en"}
        fields = {language: set(re.findall(r"\{(\w+)\}", text)) for language, text in texts.items()}
        assert fields["zh"] == fields["en"], name
        assert not re.search("异常|非法", texts["zh"])
    for titles in (change_titles(), reason_titles()):
        assert all(title.zh and title.en for title in titles.values())
