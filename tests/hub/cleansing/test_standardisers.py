"""Which standardiser serves which column, check digits, and the keys under which spellings meet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as oracle

from hub.cleansing.codes import material_match_key
from hub.cleansing.mojibake import repair_mojibake
from hub.cleansing.names import CompanyParts, company_key, company_parts, name_match_key
from hub.cleansing.registry import STANDARDISERS, standardiser
from hub.cleansing.specs import spec_match_key
from hub.cleansing.uscc import is_valid
from schemas.model import Column, Text
from schemas.problems import Problem
from schemas.rule_kinds import STANDARDS


def test_the_standardisers_are_those_a_contract_may_name() -> None:
    assert set(STANDARDISERS) == set(STANDARDS)


def test_an_unfit_standardiser_or_code_list_is_a_problem() -> None:
    for broken in (
        Column("c", "date", Text("", ""), standard="text"),
        Column("c", "string", Text("", ""), standard="x"),
    ):
        with pytest.raises(Problem) as caught:
            standardiser(broken, {})
        assert caught.value.code == "standardiser_unknown"
    with pytest.raises(Problem) as caught:
        standardiser(Column("c", "string", Text("", ""), code_list="colour"), {})
    assert caught.value.code == "standardiser_code_list_missing"


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


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("上海宝钢集团有限公司苏州分公司", ("上海", "宝钢", "", "有限公司", "苏州分公司", True)),
        ("博世汽车部件（苏州）有限公司", ("苏州", "博世", "汽车部件", "有限公司", "", False)),
        ("昆山华恒精密模具股份有限公司", ("昆山", "华恒", "精密模具", "股份有限公司", "", False)),
        ("江苏省苏州市某某电子科技有限责任公司", ("江苏省苏州市", "某某", "电子科技", "有限责任公司", "", False)),
        ("上海宝钢（集团）有限责任公司", ("上海", "宝钢", "", "有限责任公司", "", True)),
        ("华为技术有限公司", ("", "华为", "技术", "有限公司", "", False)),
        ("蘇州精工機械有限公司", ("苏州", "精工", "机械", "有限公司", "", False)),
        ("上海宝钢有限公司第二分厂", ("上海", "宝钢", "", "有限公司", "第二分厂", False)),
        ("某某咨询（普通合伙）", ("", "某某咨询", "", "普通合伙", "", False)),
        ("Acme Co., Ltd.", ("", "ACME", "", "CO.,LTD.", "", False)),
        ("张三", ("", "张三", "", "", "", False)),
    ],
)
def test_a_company_name_has_parts(name: str, parts: tuple[str, ...]) -> None:
    assert company_parts(name) == CompanyParts(*parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("M8×20", "m8 * 20"),
        ("Φ10", "φ 10"),
        ("10×20×30", "10X20X30"),
        ('1/2"', "1/2英寸"),
        ("M8×20.0", "M8×20"),
        ("10±0.1", "10+/-0.1"),
    ],
)
def test_spellings_of_one_specification_share_a_key(left: str, right: str) -> None:
    assert spec_match_key(left) == spec_match_key(right)


@pytest.mark.parametrize(
    ("left", "right"), [("10×20", "20×10"), ("10 20", "1020"), ("M8", "M80"), ("1.5", "15"), ("10.0", "100")]
)
def test_different_specifications_do_not(left: str, right: str) -> None:
    assert spec_match_key(left) != spec_match_key(right)
