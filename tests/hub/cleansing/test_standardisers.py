"""Every standardiser, value by value: what is sure, what is left to people."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc as oracle

from hub.cleansing.codes import material_match_key
from hub.cleansing.names import company_key, name_match_key
from hub.cleansing.registry import STANDARDISERS, standardiser
from hub.cleansing.result import Standard
from hub.cleansing.mojibake import repair_mojibake
from hub.cleansing.uscc import is_valid
from hub.cleansing.wording import change_titles, reason_titles
from schemas.model import Code, CodeList, Column, Text
from schemas.problems import Problem
from schemas.rule_kinds import STANDARDS

CODES = {
    "unit": CodeList(
        "unit",
        Text("单位", "Unit"),
        (
            Code("KG", Text("千克", "kilogram"), ("公斤", "kg", "㎏")),
            Code("T", Text("吨", "tonne"), ("t",)),
            Code("PCS", Text("个", "piece"), ("件", "pcs")),
            Code("M2", Text("平方米", "square metre"), ("㎡", "m²")),
            Code("MG", Text("毫克", "milligram"), ("mg",)),
            Code("MGA", Text("兆克", "megagram"), ("Mg",)),
        ),
    )
}
TYPES = {"integer": "integer", "decimal": "decimal", "percent": "decimal", "date": "date", "timestamp": "timestamp"}
TYPES["boolean"] = "boolean"


def column(standard: str, unit: str | None = None) -> Column:
    listed = "unit" if standard in ("unit", "code_list") else None
    kind = TYPES.get(standard, "string")
    return Column("c", kind, Text("列", "Column"), unit=unit, standard=standard, code_list=listed)  # type: ignore[arg-type]


def run(standard: str, raw: str, unit: str | None = None) -> Standard:
    return standardiser(column(standard, unit), CODES)(raw)


SURE = [
    # each: standardiser, raw text, standard value, what was done
    ("text", "法兰盘", "法兰盘", None),
    ("text", "  法兰  盘\u200b ", "法兰 盘", "text.spaces"),
    ("text", "１０×２０ＡＢ", "10×20AB", "text.width"),
    ("text", "上海市，浦东（南）", "上海市，浦东（南）", None),
    ("text", "面积 10 m²", "面积 10 m²", None),
    ("text", "ÉÏº£", "上海", "text.mojibake"),
    ("text", "涓婃捣", "上海", "text.mojibake"),
    ("text", "无", None, "text.placeholder"),
    ("text", " / ", None, "text.placeholder"),
    ("text", " \u3000", None, None),
    ("name", "上海宝钢（集团）有限公司 ", "上海宝钢(集团)有限公司", "text.width"),
    ("name", "㈱Abc", "(株)Abc", "text.width"),
    ("name", "O'Neill & Co", "O'Neill & Co", None),
    ("code", "SO-0001", "SO-0001", None),
    ("code", "so－0001", "SO-0001", "code.width"),
    ("code", " SO-0001", "SO-0001", "code.spaces"),
    ("material_code", "m-10o2", "M-10O2", "code.case"),
    ("material_code", "00123", "00123", None),
    ("uscc", "91110000600037341L", "91110000600037341L", None),
    ("uscc", "9111 0000-6000 37341l", "91110000600037341L", "uscc.form"),
    ("uscc", "９１１１００００６０００３７３４１Ｌ", "91110000600037341L", "uscc.form"),
    ("uscc", "9111OOOO6OOO37341L", "91110000600037341L", "uscc.repaired"),
    ("uscc", "911I0000600037341L", "91110000600037341L", "uscc.repaired"),
    ("uscc", "9111OOOO6OOO37341M", "9111OOOO6OOO37341M", None),
    ("uscc", "310115000000001", "310115000000001", None),
    ("phone", "13812345678", "13812345678", None),
    ("phone", "+86 138-1234-5678", "13812345678", "phone.form"),
    ("phone", "0086 13812345678", "13812345678", "phone.form"),
    ("phone", "8613812345678", "13812345678", "phone.form"),
    ("phone", "１３８ １２３４ ５６７８", "13812345678", "phone.form"),
    ("phone", "（021）58881234", "021-58881234", "phone.form"),
    ("phone", "021-5888 1234", "021-58881234", "phone.form"),
    ("phone", "0512-66668888-801", "0512-66668888-801", None),
    ("phone", "021-58881234转8012", "021-58881234-8012", "phone.form"),
    ("phone", "021-58881234 ext.8012", "021-58881234-8012", "phone.form"),
    ("phone", "+86 21 58881234", "021-58881234", "phone.form"),
    ("phone", "400-820-8820", "4008208820", "phone.form"),
    ("unit", "KG", "KG", None),
    ("unit", "公 斤", "KG", "unit.alias"),
    ("unit", "千克", "KG", "unit.alias"),
    ("unit", "Kg", "KG", "unit.alias"),
    ("unit", "㎏", "KG", "unit.alias"),
    ("unit", "吨", "T", "unit.alias"),
    ("unit", "PCS", "PCS", None),
    ("unit", "件", "PCS", "unit.alias"),
    ("unit", "㎡", "M2", "unit.alias"),
    ("unit", "mg", "MG", "unit.alias"),
    ("unit", "Mg", "MGA", "unit.alias"),
    ("code_list", "个", "PCS", "code.alias"),
    ("date", "2024-03-05", "2024-03-05", None),
    ("date", "2024-03-05T00:00:00", "2024-03-05", None),
    ("date", "2024年3月5日", "2024-03-05", "date.chinese"),
    ("date", "2024年03月05号", "2024-03-05", "date.chinese"),
    ("date", "2024/3/5", "2024-03-05", "date.separator"),
    ("date", "2024-3-5", "2024-03-05", "date.separator"),
    ("date", "2024.3.5", "2024-03-05", "date.separator"),
    ("date", "20240305", "2024-03-05", "date.compact"),
    ("date", "２０２４－０３－０５", "2024-03-05", "text.width"),
    ("date", "二〇二四年三月五日", "2024-03-05", "date.chinese"),
    ("date", "二零二四年十二月三十一日", "2024-12-31", "date.chinese"),
    ("date", "二〇二四年十月廿一日", "2024-10-21", "date.chinese"),
    ("date", "45000", "2023-03-15", "date.serial"),
    ("date", "44927", "2023-01-01", "date.serial"),
    ("date", "2024-03-05 13:30:00", "2024-03-05", "date.time_dropped"),
    ("date", "2024-02-29", "2024-02-29", None),
    ("timestamp", "2024-03-05T13:30:00", "2024-03-05T13:30:00", None),
    ("timestamp", "2024-03-05 13:30", "2024-03-05T13:30:00", None),
    ("timestamp", "2024/3/5 9:05:07", "2024-03-05T09:05:07", "date.separator"),
    ("timestamp", "2024年3月5日 13时30分", "2024-03-05T13:30:00", "date.chinese"),
    ("timestamp", "20240305133000", "2024-03-05T13:30:00", "date.compact"),
    ("timestamp", "2024-03-05T13:30:00.250", "2024-03-05T13:30:00.250000", None),
    ("timestamp", "2024-03-05T05:30:00Z", "2024-03-05T13:30:00", "timestamp.zone"),
    ("timestamp", "2024-03-05T13:30:00+0800", "2024-03-05T13:30:00", "timestamp.zone"),
    ("timestamp", "1709616600000", "2024-03-05T13:30:00", "timestamp.epoch"),
    ("integer", "30", "30", None),
    ("integer", "30.0", "30", None),
    ("integer", "1,200", "1200", "number.grouping"),
    ("integer", "三十", "30", "number.chinese"),
    ("decimal", "12.50", "12.5", None),
    ("decimal", "-0.00", "0", None),
    ("decimal", "1.5E3", "1500", None),
    ("decimal", "１２.50", "12.5", "text.width"),
    ("decimal", "￥1,234.50", "1234.5", "number.currency"),
    ("decimal", "12元", "12", "number.currency"),
    ("decimal", "人民币3500元整", "3500", "number.currency"),
    ("decimal", "12,500", "12500", "number.grouping"),
    ("decimal", "3,500.00", "3500", "number.grouping"),
    ("decimal", "叁仟伍佰元整", "3500", "number.chinese"),
    ("decimal", "人民币叁仟伍佰元整", "3500", "number.chinese"),
    ("decimal", "12万5千", "125000", "number.chinese"),
    ("decimal", "12万5千元", "125000", "number.chinese"),
    ("decimal", "35.7万", "357000", "number.multiple"),
    ("decimal", "1.2亿", "120000000", "number.multiple"),
    ("decimal", "0.0000004", "0", "number.rounded"),
    ("decimal", "1.2345675", "1.234568", "number.rounded"),
    ("percent", "5", "5", None),
    ("percent", "5%", "5", "percent.sign"),
    ("percent", "５．５％", "5.5", "percent.sign"),
    ("boolean", "TRUE", "true", None),
    ("boolean", "0", "false", None),
    ("boolean", "是", "true", "boolean.word"),
    ("boolean", "√", "true", "boolean.word"),
    ("boolean", "停用", "false", "boolean.word"),
]


@pytest.mark.parametrize(("standard", "raw", "value", "rule"), SURE)
def test_what_is_sure(standard: str, raw: str, value: str | None, rule: str | None) -> None:
    assert run(standard, raw) == Standard(value, rule)


UNSURE = [
    *[("date", raw) for raw in ("24.3.5", "05/03/2024", "2024.03", "2024年3月", "2024-13-01", "2023-02-29", "12345")],
    *[
        ("date", raw)
        for raw in ("2024-03/05", "民国113年3月5日", "明天", "20241301", "1709616600000", "二〇二四年三月")
    ],
    *[("timestamp", raw) for raw in ("45000", "下午3点", "2024-03-05 25:00", "170961660000", "2024年3月5日下午3点")],
    *[("decimal", raw) for raw in ("12,5", "1.234.567", "$1,200", "12元/个", "约12", "12 KG", "10²", "①", "(5)", "5-")],
    *[("decimal", raw) for raw in ("123456789012345", "1e999", "NaN", "Infinity", "1,23,456", "12'5")],
    *[("integer", raw) for raw in ("30.5", "30天", "1234567890123456789012")],
    *[("percent", raw) for raw in ("5‰", "5%%")],
    *[
        ("phone", raw)
        for raw in ("58881234", "13812345678/13912345678", "021-58881234、58881235", "+1 212 555 0100", "1381234567")
    ],
    *[("unit", raw) for raw in ("箱", "25kg", "公斤/件")],
    *[("boolean", raw) for raw in ("也许", "2")],
    *[(standard, "#N/A") for standard in STANDARDS],
]


@pytest.mark.parametrize(("standard", "raw"), UNSURE)
def test_what_is_left_to_people(standard: str, raw: str) -> None:
    answer = run(standard, raw)
    assert answer.value is None
    assert answer.rule is None
    assert answer.reason in reason_titles()


def test_a_known_unit_behind_a_number_is_dropped() -> None:
    assert run("integer", "30天", unit="day") == Standard("30", "number.unit")
    assert run("integer", "30 个工作日", unit="days") == Standard("30", "number.unit")


def test_the_standardisers_are_those_a_contract_may_name() -> None:
    assert set(STANDARDISERS) == set(STANDARDS)


def test_an_unfit_standardiser_or_code_list_is_a_problem() -> None:
    for broken in (
        Column("c", "date", Text("", ""), standard="text"),
        Column("c", "string", Text("", ""), standard="x"),
    ):
        with pytest.raises(Problem) as caught:
            standardiser(broken, CODES)
        assert caught.value.code == "standardiser_unknown"
    with pytest.raises(Problem) as caught:
        standardiser(Column("c", "string", Text("", ""), code_list="colour"), CODES)
    assert caught.value.code == "standardiser_code_list_missing"


AWKWARD = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="0123456789.,-/年月日元万千百十一二三四五〇零%￥¥() 　:TZ+eE", max_size=14),
    st.text(alphabet="ＡＢ１２０-_ .·/无N/A#公斤千克kgKG㎏㎡\u200b\ufeff\t\n", max_size=8),
    st.text(alphabet=st.characters(min_codepoint=0x80, max_codepoint=0xFF), max_size=12),
    st.text(alphabet=string.printable, max_size=20),
    st.sampled_from([raw for _, raw, *_ in SURE]),
)


@pytest.mark.parametrize("standard", STANDARDS)
@settings(max_examples=60, deadline=None)
@given(raw=AWKWARD)
def test_standard_values_are_standard(standard: str, raw: str) -> None:
    """Never raises; never both a value and a doubt; what it makes, it leaves alone; all words are known."""
    answer = run(standard, raw)
    assert answer.value is None or answer.reason is None
    assert answer.rule is None or answer.rule in change_titles()
    assert answer.reason is None or answer.reason in reason_titles()
    if answer.value is not None:
        assert answer.value != ""
        assert run(standard, answer.value) == Standard(answer.value)


@given(
    st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17).map(
        lambda body: "91310115" + body[8:]
    )
)
def test_the_check_digit_is_the_one_of_the_standard_library_for_numbers(body: str) -> None:
    code = body + oracle.calc_check_digit(body)
    assert (is_valid(code), oracle.is_valid(code)) == (True, True)
    wrong = body + ("0" if code[17] != "0" else "1")
    assert (is_valid(wrong), oracle.is_valid(wrong)) == (False, False)


@pytest.mark.parametrize("clean", ["上海", "重庆长安汽车", "Ångström", "café", "ABC", "江苏苏州工业园区", "东莞"])
def test_right_text_is_no_mojibake(clean: str) -> None:
    assert repair_mojibake(clean) is None


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("上海宝钢（集团）有限公司", "上海宝钢集团有限责任公司"),
        ("ＡＢＣ贸易 有限公司", "abc贸易股份有限公司"),
        ("蘇州精工機械有限公司", "苏州精工机械有限公司"),
        ("Acme Co., Ltd.", "ACME LTD"),
    ],
)
def test_spellings_of_one_company_share_a_key(left: str, right: str) -> None:
    assert name_match_key(left) == name_match_key(right)


def test_a_branch_is_kept_apart_from_its_head_office() -> None:
    assert company_key("上海宝钢集团有限公司苏州分公司") == ("上海宝钢集团", "苏州分公司")
    assert company_key("上海宝钢集团有限公司（苏州分公司）").branch == "苏州分公司"
    assert name_match_key("上海宝钢有限公司") != name_match_key("上海宝钢集团有限公司")
    assert company_key("有限公司").core != ""


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("A-1002", "a1OO2"),
        ("00123", "123"),
        ("10×20", "10*20"),
        ("10X20", "10×20"),
        ("M8.I0", "M8-10"),
        ("Ｍ８", "M8"),
        ("M-O1", "M01"),
    ],
)
def test_spellings_of_one_material_code_share_a_key(left: str, right: str) -> None:
    assert material_match_key(left) == material_match_key(right)


def test_letters_outside_digit_runs_stay_letters_in_the_key() -> None:
    assert material_match_key("BOLT-8") == "BOLT8"
    assert material_match_key("000") == "0"
