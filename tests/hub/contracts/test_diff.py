"""Two versions of a contract: each kind of change, its verdict, whom it concerns, and how many rows of today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from hub.contracts.diff.change import Change
from hub.contracts.diff.compare import compare
from hub.contracts.diff.count import with_counts
from hub.contracts.diff.strictness import tendency
from hub.store.core_tables import ensure_core_tables
from schemas.loader import contracts
from schemas.model import Column, Contract, Reference, Threshold
from schemas.problems import Problem
from tests.hub.contracts.small import both, column, rule
from tests.servers import PostgresServer

OLD = contracts()["supplier"]


def changed(contract: Contract, name: str, /, **attributes: Any) -> Contract:
    """The contract with one column changed."""
    columns = tuple(replace(entry, **attributes) if entry.name == name else entry for entry in contract.columns)
    return replace(contract, columns=columns)


def without(contract: Contract, name: str) -> Contract:
    return replace(contract, columns=tuple(entry for entry in contract.columns if entry.name != name))


def only(old: Contract, new: Contract) -> Change:
    """The one change that is not about the version."""
    (change,) = [change for change in compare(old, new) if change.kind != "version"]
    return change


def in_english(change: Change) -> str:
    return "\n".join([change.sentence.en, *(line.en for line in change.whom)])


def test_nothing_changed() -> None:
    assert compare(OLD, OLD) == []


def test_a_removed_column_names_everybody() -> None:
    change = only(OLD, without(OLD, "uscc"))
    assert (change.kind, change.verdict) == ("column_removed", "breaks")
    told = in_english(change)
    assert "dataset k3.supplier (Purchasing): source column FTaxNum" in told
    assert "upload template supplier_list (Purchasing): header '税号'" in told
    assert "view or mart master.supplier" in told
    known = contracts()["material"]
    told = in_english(only(known, without(known, "material_code")))
    assert "contract bom: column component_material_code refers to it" in told
    assert "view or mart mart.open_work_order" in told


def test_a_renamed_column_is_recognised() -> None:
    change = only(OLD, changed(OLD, "uscc", name="credit_code"))
    assert (change.kind, change.verdict) == ("column_renamed", "breaks")
    assert "（credit_code）" in change.sentence.zh


@pytest.mark.parametrize(
    ("name", "attributes", "kind", "verdict"),
    [
        ("payment_days", {"type": "decimal"}, "column_type", "breaks"),
        ("payment_days", {"unit": "months"}, "column_unit", "breaks"),
        ("supplier_name", {"max_length": 5}, "column_size", "holds"),
        ("supplier_name", {"max_length": 4000}, "column_size", "harmless"),
        ("uscc", {"required": True}, "column_required", "holds"),
        ("supplier_name", {"required": False}, "column_required", "harmless"),
        ("process_category", {"code_list": "unit"}, "column_code_list", "holds"),
        ("phone", {"standard": "text"}, "column_standard", "holds"),
        ("phone", {"references": Reference("employee", "phone")}, "column_references", "holds"),
        ("supplier_name", {"synonyms": ()}, "column_synonyms", "holds"),
        ("supplier_name", {"title": both("供方", "Vendor")}, "column_words", "harmless"),
    ],
)
def test_changes_of_a_column(name: str, attributes: dict[str, Any], kind: str, verdict: str) -> None:
    change = only(OLD, changed(OLD, name, **attributes))
    assert (change.kind, change.verdict, change.subject) == (kind, verdict, name)
    assert name in change.sentence.zh
    assert name in change.sentence.en


def test_a_number_with_fewer_digits() -> None:
    known = contracts()["bom"]
    change = only(known, changed(known, "component_qty", precision=9, scale=6))
    assert (change.kind, change.verdict) == ("column_size", "holds")
    assert "(20,6) becomes (9,6)" in change.sentence.en


def test_new_columns() -> None:
    plain = only(OLD, replace(OLD, columns=(*OLD.columns, column("grade"))))
    assert (plain.kind, plain.verdict) == ("column_added", "harmless")
    needed = only(OLD, replace(OLD, columns=(*OLD.columns, column("grade", required=True))))
    assert needed.verdict == "holds"
    assert "dataset k3.supplier (Purchasing): does not deliver it" in in_english(needed)


def test_key_owner_and_service_level() -> None:
    found = {c.kind: c for c in compare(OLD, replace(OLD, business_key=("supplier_code", "uscc"), owner="sales"))}
    assert found["key"].verdict == "breaks"
    assert "dataset k3.supplier" in in_english(found["key"])
    assert found["owner"].verdict == "harmless"
    assert "Sales owns it instead of Purchasing" in found["owner"].sentence.en
    assert only(OLD, replace(OLD, sla={**OLD.sla, "latency": 1})).kind == "sla"


def test_a_version_that_hides_a_break() -> None:
    broken = without(OLD, "uscc")
    assert [c.kind for c in compare(OLD, broken) if c.kind == "version"] == ["version"]
    told = [c for c in compare(OLD, replace(broken, version="2.0.0")) if c.kind == "version"]
    assert [c.verdict for c in told] == ["harmless"]
    with pytest.raises(Problem) as problem:
        compare(OLD, contracts()["material"])
    assert problem.value.code == "contract_diff_entities"


def with_rule(*rules: Any) -> Contract:
    return replace(OLD, rules=rules)


RULE = rule("supplier", "days", "range", "payment_days", "error", min=0, max=365)


def test_rules_come_and_go() -> None:
    added = only(with_rule(), with_rule(RULE))
    assert (added.kind, added.verdict) == ("rule_added", "holds")
    assert "departments: Purchasing" in in_english(added)
    assert only(with_rule(), with_rule(replace(RULE, severity="warning"))).verdict == "harmless"
    assert only(with_rule(RULE), with_rule()).kind == "rule_removed"
    harder = only(with_rule(replace(RULE, severity="warning")), with_rule(RULE))
    assert (harder.kind, harder.verdict) == ("rule_severity", "holds")
    assert "warning (let through, marked) becomes error (held back)" in harder.sentence.en
    threshold = only(with_rule(RULE), with_rule(replace(RULE, threshold=Threshold(Decimal("2"), "percent"))))
    assert "tolerates 2 %" in threshold.sentence.en
    assert only(with_rule(RULE), with_rule(replace(RULE, why=both("别的")))).kind == "rule_words"


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        ("range", {"min": 0, "max": 365}, {"min": 0, "max": 180}, "stricter"),
        ("range", {"min": 0, "max": 365}, {"min": 0}, "looser"),
        ("range", {"min": "2000-01-01"}, {"min": "2015-01-01"}, "stricter"),
        ("range", {"min": 0}, {"min": 0, "exclusive": True}, "stricter"),
        ("range", {"min": 0, "max": 9}, {"min": 1, "max": 10}, "different"),
        ("length", {"max": 20}, {"max": 60}, "looser"),
        ("in_list", {"values": ["a", "b"]}, {"values": ["a"]}, "stricter"),
        ("in_list", {"values": ["a", "b"]}, {"values": ["a", "c"]}, "different"),
        ("pattern", {"regex": "a"}, {"regex": "b"}, "different"),
        ("unique", {"columns": ["a", "b"]}, {"columns": ["a"]}, "stricter"),
        ("unique", {"columns": ["a"]}, {"columns": ["a"], "ignoring": ["case"]}, "stricter"),
        ("required", {"where": "x > 1"}, {}, "stricter"),
        ("required", {}, {"where": "x > 1"}, "looser"),
        ("required", {"where": "x > 1"}, {"where": "x > 2"}, "different"),
    ],
)
def test_stricter_or_looser(kind: str, before: dict[str, Any], after: dict[str, Any], expected: str) -> None:
    old, new = (rule("supplier", "r", kind, "payment_days", "error", **args) for args in (before, after))
    found = tendency(old, new)
    assert found is not None
    assert found[0] == expected
    verdict = "harmless" if expected == "looser" else "holds"
    assert only(with_rule(old), with_rule(new)).verdict == verdict


@pytest.fixture
def store(postgres_server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    url = postgres_server.url(postgres_server.create_database(), driver="postgresql")
    with psycopg.connect(url) as connection:
        connection.execute("create schema core")
        ensure_core_tables(connection, [OLD])
        for code, name, days in (("S1", "甲", 30), ("S2", "很长很长的名称", 200), ("S3", None, 400)):
            connection.execute(
                "insert into core.supplier (_dataset, _source_key, _plant, _row_hash, _load_id, supplier_code,"
                " supplier_name, payment_days) values ('k3.supplier', %s, 'P1', gen_random_uuid(), 1, %s, %s, %s)",
                (code, code, name, days),
            )
        yield connection


@pytest.mark.servers
def test_rows_of_today_are_counted(store: psycopg.Connection[Any]) -> None:
    def counted(old: Contract, new: Contract) -> str:
        (change,) = [change for change in with_counts(store, compare(old, new), new) if change.kind != "version"]
        return change.whom[0].en

    tighter = replace(RULE, args={"min": 0, "max": 180})
    assert counted(with_rule(RULE), with_rule(tighter)) == "of the 3 rows in the store today 2 are concerned"
    assert "today 1 are" in counted(OLD, changed(OLD, "supplier_name", max_length=5))
    assert "today 3 are" in counted(OLD, replace(OLD, columns=(*OLD.columns, column("grade", required=True))))
    assert "today 3 are" in counted(OLD, changed(OLD, "uscc", required=True))
    # Nothing to count: what the rule refers to is not in the store yet.
    unknown = rule("supplier", "ref", "reference", "phone", "error", to="employee.phone")
    assert "departments" in counted(with_rule(), with_rule(unknown))


def test_a_column_keeps_its_place_among_likely_names() -> None:
    """Two candidates: the one that shares a word is the heir."""
    other: Column = column("entirely_other")
    heir = replace(OLD.column("uscc"), name="tax_number")
    change = only(OLD, replace(without(OLD, "uscc"), columns=(*without(OLD, "uscc").columns, heir)))
    assert "tax_number" in change.sentence.en
    both_new = replace(without(OLD, "uscc"), columns=(*without(OLD, "uscc").columns, other, heir))
    assert {c.kind for c in compare(OLD, both_new)} == {"column_renamed", "column_added", "version"}
