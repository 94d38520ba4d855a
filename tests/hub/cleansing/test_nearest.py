"""Slips against the real code lists: what is suggested, what never is, and how often it is right."""

from __future__ import annotations

from random import Random

import pytest

from hub.cleansing.codes import listed, lookup
from hub.cleansing.nearest import Nearest
from schemas.loader import code_lists

LETTERS, CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789", "的一是不了在有人这上大来和我个中地到以说时要就出会"


def near(code_list: str, raw: str) -> str | None:
    found = Nearest(lookup(code_lists()[code_list]))(raw)
    return found and found.value


@pytest.mark.parametrize(
    ("code_list", "raw", "code"),
    [
        ("unit", "KGG", "KG"),
        ("unit", "kgs.", "KG"),
        ("unit", "千可", "KG"),
        ("unit", "PC5", "PCS"),
        ("document_status", "已審核", "approved"),
        ("document_status", "已审合", "approved"),
        ("document_status", "审已核", "approved"),
        ("material_type", "purchsed", "purchased"),
        ("material_type", "manufacturd", "manufactured"),
    ],
)
def test_a_slip_leads_to_the_code(code_list: str, raw: str, code: str) -> None:
    assert near(code_list, raw) == code


@pytest.mark.parametrize(
    ("code_list", "raw"),
    [
        ("unit", "待定"),
        ("unit", "10mm"),
        ("unit", "x"),
        ("document_status", "不审核"),
        ("order_status", "待下达"),
        ("material_type", "采购价"),
        ("material_type", "unpurchased"),
        ("unit", "千克" * 40),
    ],
)
def test_another_word_is_no_slip(code_list: str, raw: str) -> None:
    assert near(code_list, raw) is None


def test_two_codes_equally_near_are_a_guess() -> None:
    assert Nearest({"abcdef": "1", "abcdeg": "2"})("abcdeh") is None


def test_at_least_nine_of_ten_suggestions_for_slips_are_right_and_foreign_words_get_none() -> None:
    rng, right, wrong = Random(7), 0, 0  # noqa: S311 (slips, not secrets)
    for codes in code_lists().values():
        spellings = lookup(codes)
        suggest = Nearest(spellings)
        known = [spelling for spelling in spellings if not spelling.startswith("=")]
        for _ in range(300):
            spelling = rng.choice(known)
            slip = _slip(rng, spelling)
            if slip and listed(slip, spellings).value is None and (found := suggest(slip)):
                right += found.value == spellings[spelling]
                wrong += found.value != spellings[spelling]
    assert right > 500
    assert right / (right + wrong) >= 0.99
    for name, codes in code_lists().items():
        spellings = lookup(codes)
        suggest = Nearest(spellings)
        foreign = {word for other, list_ in code_lists().items() if other != name for word in lookup(list_)}
        words = [word for word in foreign if not word.startswith("=") and listed(word, spellings).value is None]
        assert [word for word in words if suggest(word)] == []


def _slip(rng: Random, text: str) -> str:
    at = rng.randrange(len(text))
    other = rng.choice(CHARACTERS if ord(text[at]) > 0x3000 else LETTERS)
    return rng.choice(
        [
            text[:at] + text[at + 1 :],
            text[:at] + text[at] + text[at:],
            text[:at] + text[at : at + 2][::-1] + text[at + 2 :],
            text[:at] + other + text[at + 1 :],
            text[:at] + other + text[at:],
        ]
    )
