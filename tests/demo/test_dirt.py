"""Spoiling gives what its kind promises, and never a right value by chance."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import pytest
from stdnum.cn import uscc

from examples.demo_factory import dirt, names, words
from examples.demo_factory.names import CompanyName

NAME = CompanyName("苏州", "华达", "精密机械", "有限公司")


@pytest.mark.parametrize("kind", ["uscc_wrong", "uscc_old_licence", "uscc_o_for_zero"])
def test_a_spoilt_credit_code_never_passes(kind: str) -> None:
    rng = Random("codes")
    for _ in range(300):
        cell = dirt.tax_number(rng, names.credit_code(rng, "320500"), kind)
        assert cell.kind is None or not uscc.is_valid(cell.value)


def test_a_reformatted_credit_code_is_the_same_number() -> None:
    rng = Random("forms")
    for _ in range(100):
        number = names.credit_code(rng, "320500")
        cell = dirt.tax_number(rng, number, "uscc_form")
        narrow = "".join(chr(ord(c) - 0xFEE0) if ord(c) > 0xFF00 else c for c in cell.value)
        assert uscc.compact(narrow) == number


@pytest.mark.parametrize("kind", ["name_full_width", "name_blank", "name_form", "name_place", "name_typo"])
def test_a_spoilt_name_differs_and_keeps_the_truth(kind: str) -> None:
    rng = Random(kind)
    for _ in range(200):
        name = names.company_name(rng, words.TRADES_MAKING)
        cell = dirt.company(rng, name, kind)
        assert cell.value != name.full or cell.kind is None
        assert cell.kind in (None, kind, f"{kind}_inside")
        if cell.kind == "name_blank_inside":
            assert cell.value.strip() == cell.value
    assert dirt.company(rng, NAME, None).value == "苏州华达精密机械有限公司"


def test_lookalikes_differ() -> None:
    assert all(right != wrong for right, wrong in words.LOOKALIKES.items())


def test_material_codes() -> None:
    rng = Random(1)
    assert dirt.material_code(rng, "04000123", "code_zero_lost").value == 4000123
    assert dirt.material_code(rng, "01.02.00123", "code_zero_lost").kind is None
    spoilt = dirt.material_code(rng, "01.02.00123", "code_o_for_zero")
    assert spoilt.value.replace("O", "0") == "01.02.00123"
    assert "O" in spoilt.value
    assert dirt.material_code(rng, "01.02.00123", "code_blank").value.strip() == "01.02.00123"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("date_slash", "2024/3/5"),
        ("date_dot", "2024.03.05"),
        ("date_compact", "20240305"),
        ("date_chinese", "2024年3月5日"),
        ("date_serial", 45356),
        ("date_short_year", "24.3.5"),
    ],
)
def test_date_forms(kind: str, text: str | int) -> None:
    assert dirt.day(date(2024, 3, 5), kind) == dirt.Cell(text, kind, date(2024, 3, 5))


def test_prices_as_text_hold_the_amount() -> None:
    rng = Random(1)
    for _ in range(50):
        cell = dirt.price(rng, Decimal("1234.50"), "price_text")
        digits = "".join(chr(ord(c) - 0xFEE0) if ord(c) > 0xFF00 else c for c in cell.value)
        assert Decimal("".join(c for c in digits if c.isdigit() or c == ".")) == Decimal("1234.50")


def test_picking_follows_the_weights() -> None:
    rng = Random(1)
    picked = [dirt.pick(rng, {"a": 0.3, "b": 0.1}) for _ in range(5000)]
    assert 1350 < picked.count("a") < 1650
    assert 400 < picked.count("b") < 600
