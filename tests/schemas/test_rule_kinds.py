"""The table of rule kinds fits together: what is said about an argument is said about one that exists."""

from __future__ import annotations

import pytest

from schemas.rule_kinds import KINDS, STANDARDS


@pytest.mark.parametrize("name", KINDS)
def test_everything_said_is_said_about_an_argument(name: str) -> None:
    kind = KINDS[name]
    arguments = {**kind.required, **kind.optional}
    assert not kind.required.keys() & kind.optional.keys()
    assert set(kind.one_of) <= kind.optional.keys()
    assert {*kind.choices, *kind.columns, *kind.targets} <= arguments.keys()
    assert set(kind.comparable) <= set(kind.columns)
    assert {*kind.same_type, *kind.number_targets} <= set(kind.targets)
    for pair in kind.parallel:
        assert [arguments[argument] for argument in pair] == [list, list]
    for argument, about in kind.conditions.items():
        assert arguments[argument] is str
        assert set(about) <= set(kind.targets)
    assert (kind.sql is not None) == ("sql" in arguments)
    assert {"kind", "column", "where", "threshold"}.isdisjoint(arguments), "these every kind has"


def test_every_standardiser_makes_values_of_some_type() -> None:
    assert all(STANDARDS.values())
