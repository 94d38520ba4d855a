"""A finding that is gone says by whom it was fixed: seen through whole syncs of a real source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from schemas.loader import contracts

pytestmark = pytest.mark.servers

RULE = "customer.uscc_valid"
WRONG = "911101087000000000"


def _fixed(factory: Any) -> list[tuple[Any, ...]]:
    return factory.rows(
        "select resolved_by, resolved_load_id, resolved_at is not null from quality.finding"
        " where rule = %s order by id",
        RULE,
    )


def test_a_finding_is_open_and_nobody_fixed_it(factory):
    factory.sync()
    assert _fixed(factory) == [(None, None, False)]
    assert factory.rows("select findings, closed_at from quality.issue where rule = %s", RULE) == [(1, None)]


def test_by_the_source(factory):
    factory.sync()
    factory.erp_sql("update t_Organization set FTaxNum = null where FItemID = 4")
    result = factory.sync()
    assert _fixed(factory) == [("source", result.load_id, True)]
    assert factory.rows("select closed_by, findings from quality.issue where rule = %s", RULE) == [("source", 0)]


def test_by_being_deleted(factory):
    factory.sync()
    factory.erp_sql("delete from t_Organization where FItemID = 4")
    result = factory.sync()
    assert _fixed(factory) == [("deleted", result.load_id, True)]


def test_by_a_steward(factory):
    factory.sync()
    factory.rows(
        "insert into quality.correction (dataset, source_key, column_name, raw_value, value, reason, decided_by)"
        " values ('k3.customer', '4', 'uscc', %s, null, 'asked the customer', 'li') returning id",
        WRONG,
    )
    factory.sync()
    assert [line[0] for line in _fixed(factory)] == ["steward"]


def test_a_steward_who_was_late_did_not_fix_what_the_source_did(factory):
    factory.sync()
    factory.rows(
        "insert into quality.correction (dataset, source_key, column_name, raw_value, value, reason, decided_by)"
        " values ('k3.customer', '4', 'phone', '0512-65550001', '0512-65550002', 'asked', 'li') returning id"
    )
    factory.sync()
    assert [line[0] for line in _fixed(factory)] == [None]
    factory.erp_sql("update t_Organization set FTaxNum = null where FItemID = 4")
    factory.sync()
    assert [line[0] for line in _fixed(factory)] == ["source"]


def test_by_a_change_of_the_rule_and_back(factory, monkeypatch):
    factory.sync()
    customer = contracts()["customer"]
    softer = tuple(
        replace(rule, kind="length", args={"max": 20}) if rule.id == RULE else rule for rule in customer.rules
    )
    changed = {**contracts(), "customer": replace(customer, rules=softer)}
    for place in ("hub.landing.dataset.contracts", "hub.landing.record.contracts"):
        monkeypatch.setattr(place, lambda: changed)
    factory.sync()
    assert [line[0] for line in _fixed(factory)] == ["rule"]
    assert factory.rows("select changed from quality.rule_version where changed is not null and rule = %s", RULE) == [
        ({"arguments": {"algorithm": ["uscc", None], "max": [None, 20]}, "kind": ["checksum", "length"]},)
    ]
    monkeypatch.undo()
    for name, value in factory.environment.items():
        monkeypatch.setenv(name, value)
    factory.sync()
    assert [line[0] for line in _fixed(factory)] == ["rule", None], "the finding is back, as a new one"


def test_other_severity_fixes_nothing(factory, monkeypatch):
    factory.sync()
    customer = contracts()["customer"]
    info = tuple(replace(rule, severity="info") if rule.id == RULE else rule for rule in customer.rules)
    changed = {**contracts(), "customer": replace(customer, rules=info)}
    for place in ("hub.landing.dataset.contracts", "hub.landing.record.contracts"):
        monkeypatch.setattr(place, lambda: changed)
    factory.erp_sql("update t_Organization set FTaxNum = null where FItemID = 4")
    factory.sync()
    # Judged again first, then read: the finding stood after the one and was gone after the other.
    assert [line[0] for line in _fixed(factory)] == ["source"]
