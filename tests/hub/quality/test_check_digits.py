"""Check digits as SQL agree with python-stdnum on right numbers and on mutations of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date

import duckdb
import pytest
from stdnum import ean, luhn
from stdnum.cn import ric, uscc

from hub.quality.check_digits import CHECKED, what_is_wrong
from hub.quality.regular import full_match

TODAY = date(2026, 3, 31)
_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def _digits(source: random.Random, count: int) -> str:
    return "".join(source.choices("0123456789", k=count))


def _a_uscc(source: random.Random) -> str:
    body = "91" + _digits(source, 6) + "".join(source.choices(_USCC, k=9))
    return body + uscc.calc_check_digit(body)


def _an_id_card(source: random.Random) -> str:
    place = source.choice(["110105", "310104", "440106"])  # counties that stdnum knows in these years
    body = (
        f"{place}{source.randint(1990, 2020)}{source.randint(1, 13):02}{source.randint(1, 31):02}{_digits(source, 3)}"
    )
    return body + ric.calc_check_digit(body + "0")


def _an_ean(source: random.Random) -> str:
    body = _digits(source, source.choice([7, 12]))
    return body + ean.calc_check_digit(body)


def _a_card(source: random.Random) -> str:
    body = _digits(source, source.randint(12, 18))
    return body + luhn.calc_check_digit(body)


def _mutated(source: random.Random, value: str) -> str:
    """One digit behind the first eight changed, or two neighbours swapped."""
    place = source.randrange(8 if len(value) > 8 else 0, len(value) - 1)
    if source.random() < 0.5:
        return value[:place] + source.choice("0123456789") + value[place + 1 :]
    return value[:place] + value[place + 1] + value[place] + value[place + 2 :]


@pytest.mark.parametrize(
    ("algorithm", "make", "right"),
    [
        ("uscc", _a_uscc, uscc.is_valid),
        ("id_card", _an_id_card, ric.is_valid),
        ("ean", _an_ean, ean.is_valid),
        ("bank_card", _a_card, luhn.is_valid),
    ],
)
def test_sql_and_stdnum_agree(
    algorithm: str, make: Callable[[random.Random], str], right: Callable[[str], bool]
) -> None:
    source = random.Random(algorithm)  # noqa: S311  # the same numbers every time
    values = [make(source) for _ in range(400)]
    values += [_mutated(source, value) for value in values]
    valid = CHECKED[algorithm].valid("value", lambda column, regex: full_match(column, regex, "duckdb"), TODAY)
    with duckdb.connect(":memory:") as connection:
        connection.execute("create table numbers (value varchar)")
        connection.executemany("insert into numbers values (?)", [[value] for value in values])
        told = connection.execute(f"select value, {valid} from numbers").fetchall()
    assert {value: answer for value, answer in told if answer != right(value)} == {}
    assert sum(answer for _, answer in told) > 250
    assert any(not answer for _, answer in told)


@pytest.mark.parametrize(
    ("algorithm", "value", "problem"),
    [
        ("uscc", "310115000000001", "old_number"),
        ("uscc", "9111000060003734IL", "characters"),
        ("id_card", "110105491231002", "old_id_card"),
        ("id_card", "99010519491231002X", "province"),
        ("id_card", "110105199902290020", "birth_date"),
        ("id_card", "110105209902280020", "birth_date"),
        ("id_card", "110105194912310021", "check_digit"),
        ("ean", "690123456789", "length"),
        ("bank_card", "622202123456789O128", "characters"),
    ],
)
def test_what_is_wrong_is_said(algorithm: str, value: str, problem: str) -> None:
    assert what_is_wrong(algorithm, value, TODAY)["problem"] == problem
