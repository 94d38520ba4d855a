"""What holds for every text: no error, nothing twice, no digit lost, the same numeral as an oracle reads."""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cleansing import numerals
from hub.cleansing.addresses import parse
from hub.cleansing.dates import date_, timestamp
from hub.cleansing.mojibake import repair_mojibake
from hub.cleansing.names import company_key, company_parts
from hub.cleansing.numbers import decimal
from hub.cleansing.registry import standardiser
from hub.cleansing.result import Standard
from hub.cleansing.specs import spec_match_key, usual_form
from hub.cleansing.text import NOT_LEVEL, half_width
from hub.cleansing.wording import automatic_rules, reason_titles, suggestion_titles
from schemas.loader import code_lists
from schemas.model import Column, Text
from schemas.rule_kinds import STANDARDS
from tests.hub.cleansing.test_golden import CASES

KEEP_DIGITS = ("code", "material_code", "spec", "uscc", "id_card", "ean", "bank_card", "phone", "email", "name", "text")

AWKWARD = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="0123456789.,-/年月日元角分万千百十一二三四五〇零两%‰￥¥$() 　:TZ+eE点半", max_size=14),
    st.text(alphabet="ＡＢ１２０-_ .·/无N/A#公斤千克kgKG㎏㎡吨打×*xΦ\u200b\ufeff\t\n", max_size=8),
    st.text(alphabet="0123456789()+-/;、转 ext#86", max_size=20),
    st.text(alphabet="上海江苏省市昆山吉林路区县镇朝阳工业园", max_size=12),
    st.text(alphabet=st.characters(min_codepoint=0x80, max_codepoint=0xFF), max_size=12),
    st.text(alphabet=string.printable, max_size=20),
    st.sampled_from([case.raw for case in CASES]),
    st.tuples(*[st.sampled_from([case.raw for case in CASES])] * 2).map("".join),
)


def run(standard: str) -> Callable[[str], Standard]:
    listed = "unit" if standard in ("unit", "code_list") else None
    unit = "KG" if standard == "decimal" else None
    column = Column("c", STANDARDS[standard][0], Text("列", "Column"), unit=unit, standard=standard, code_list=listed)
    return standardiser(column, code_lists())


@pytest.mark.parametrize("standard", STANDARDS)
@settings(max_examples=120, deadline=None)
@given(raw=AWKWARD)
def test_standard_values_are_standard(standard: str, raw: str) -> None:
    """Never raises; never both a value and a doubt; what it makes, it leaves alone; all words are known."""
    function = run(standard)
    answer = function(raw)
    assert answer.value is None or answer.reason is None
    assert answer.rule is None or answer.rule in automatic_rules()
    assert answer.reason is None or answer.reason in reason_titles()
    assert answer.suggestion is None or answer.suggestion.rule in suggestion_titles()
    if answer.value is not None:
        assert answer.value != ""
        again = function(answer.value)
        assert (again.value, again.rule, again.reason) == (answer.value, None, None)
    if answer.suggestion is not None:
        assert answer.suggestion.value not in ("", answer.value)
        accepted = function(answer.suggestion.value)
        assert accepted.value is not None


def digits(text: str) -> str:
    return "".join(re.findall("[0-9]", half_width(text)))


@pytest.mark.parametrize("standard", KEEP_DIGITS)
@settings(max_examples=120, deadline=None)
@given(raw=AWKWARD)
def test_no_digit_of_a_code_is_lost_or_made_up(standard: str, raw: str) -> None:
    value = run(standard)(raw).value
    if value is not None:
        before, after = digits(raw), digits(value)
        # A telephone number may lose its country's code and gain the 0 of an area that was dialled from abroad.
        forms = {
            before,
            re.sub("^(00)?86", "", before),
            "0" + re.sub("^(00)?86", "", before),
            re.sub("^00", "", before),
        }
        assert after in (forms if standard == "phone" else {before})


@settings(max_examples=300, deadline=None)
@given(number=st.integers(0, 10**12))
def test_numerals_are_read_as_the_library_writes_them(number: int) -> None:
    import cn2an

    for mode in ("low", "up"):
        assert numerals.read(cn2an.an2cn(number, mode)) == number


@settings(max_examples=200, deadline=None)
@given(cents=st.integers(0, 10**11))
def test_amounts_in_words_are_read_as_the_library_writes_them(cents: int) -> None:
    import cn2an

    amount = Decimal(cents) / 100
    assert Decimal(decimal(cn2an.an2cn(format(amount, "f"), "rmb")).value or "none") == amount


@settings(max_examples=200, deadline=None)
@given(day=st.dates(dt.date(1980, 1, 1), dt.date(2099, 12, 31)))
def test_a_day_in_every_form_is_that_day(day: dt.date) -> None:
    forms = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日", "%d %b %Y", "%B %d, %Y", "%A, %d %B %Y")
    for form in forms:
        assert date_(f"{day:{form}}").value == str(day), form


@settings(max_examples=200, deadline=None)
@given(moment=st.datetimes(dt.datetime(1980, 1, 1), dt.datetime(2099, 12, 31)))
def test_a_moment_in_every_form_is_that_moment(moment: dt.datetime) -> None:
    sharp = moment.replace(microsecond=0)
    for form in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %I:%M:%S %p", "%Y%m%d%H%M%S", "%Y年%m月%d日%H时%M分%S秒"):
        assert timestamp(f"{sharp:{form}}").value == sharp.isoformat(), form


@given(raw=AWKWARD)
def test_what_names_and_specs_are_made_of_never_fails(raw: str) -> None:
    parts = company_parts(raw)
    assert all(isinstance(part, str | bool) for part in parts)
    assert company_key(raw) == company_key(raw.strip())
    assert usual_form(usual_form(raw)) == usual_form(raw)
    assert spec_match_key(usual_form(raw)) == spec_match_key(raw)
    place = parse(raw)
    assert not place.city or place.province


@settings(max_examples=200)
@given(text=st.text(st.sampled_from("上海宝钢集团有限公司轴承法兰盘电机数量单价"), min_size=2, max_size=10))
def test_mojibake_is_undone_in_every_way_it_is_made(text: str) -> None:
    misread = {
        text.encode().decode("latin-1"),
        text.encode("gb2312").decode("latin-1"),
        text.encode().decode("gbk", "replace"),
    }
    for wrong in misread:
        assert "\ufffd" in wrong or repair_mojibake(wrong) == text
    assert repair_mojibake(text) is None


def test_where_width_and_blanks_may_change_is_told_in_arrow() -> None:
    texts = [form for code in range(0x110000) if not 0xD800 <= code < 0xE000 for form in (chr(code), f"a{chr(code)}b")]
    changed = [half_width(text) != text for text in texts]
    told = pc.match_substring_regex(pa.array(texts), NOT_LEVEL).to_pylist()
    assert [
        text for text, is_changed, is_told in zip(texts, changed, told, strict=True) if is_changed and not is_told
    ] == []
    assert half_width("a  b") != "a  b"
    assert pc.match_substring_regex(pa.array(["a  b", " a", "a "]), NOT_LEVEL).to_pylist() == [True] * 3
