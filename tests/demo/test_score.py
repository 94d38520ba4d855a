"""Scores are counted right: against a store that found everything, nothing, and too much."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from examples.demo_factory import truth
from examples.demo_factory.build import TRUTH
from examples.demo_factory.score import Line, score
from examples.demo_factory.score_report import as_json, as_table
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.problems import Problem

RULES = {
    "uscc_wrong": "{entity}.uscc_valid",
    "uscc_missing": "{entity}.uscc_required",
    "report_over_order": "production_report.total_within_order",
    "key_repeated": "customer.code_unique",
}


@pytest.fixture
def store(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path))
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    upgrade(postgres_url)
    with connect(autocommit=True) as connection:
        yield connection


def add_finding(store: psycopg.Connection[Any], rule: str, line: dict[str, Any]) -> None:
    entity = rule.split(".", maxsplit=1)[0]
    store.execute(
        "insert into quality.finding (rule, entity, dataset, department, source_key, column_name, source_column, value,"
        " severity, dimension, hold, first_load_id, last_load_id)"
        " values (%s, %s, %s, 'it', %s, 'c', %s, %s, 'error', 'x', false, 1, 1)",
        (rule, entity, line["dataset"], line["source_key"], line["column"], line["dirty"]),
    )


def add_change(store: psycopg.Connection[Any], rule: str, line: dict[str, Any], value: str) -> None:
    store.execute(
        "insert into quality.value_change (dataset, source_key, column_name, source_column, raw_value, value, rule,"
        " load_id) values (%s, %s, 'c', %s, %s, %s, %s, 1) on conflict do nothing",
        (line["dataset"], line["source_key"], line["column"], line["dirty"], value, rule),
    )


def link(store: psycopg.Connection[Any], line: dict[str, Any], golden_id: str) -> None:
    store.execute(
        "insert into master.golden_record (golden_id, domain, run_id) values (%s, %s, 'test') on conflict do nothing",
        (golden_id, line["domain"]),
    )
    store.execute(
        "insert into master.crosswalk (domain, dataset, source_key, golden_id, reason, run_id)"
        " values (%s, %s, %s, %s, 'test', 'test')",
        (line["domain"], line["dataset"], line["source_key"], golden_id),
    )


def by_name(lines: list[Line]) -> dict[str, Line]:
    return {line.name: line for line in lines}


@pytest.mark.servers
def test_an_empty_store_found_nothing(store: psycopg.Connection[Any], world_folder: Path) -> None:
    result = score(world_folder)
    assert {line.name for line in result.kinds} == set(truth.kinds())
    assert all(line.found == line.wrong == 0 and line.planted > 0 for line in result.kinds)
    assert all(line.recall == 0 and line.precision is None for line in result.kinds)
    assert [line.name for line in result.domains] == ["customer", "material", "supplier"]


@pytest.mark.servers
def test_right_and_wrong_findings_are_told_apart(store: psycopg.Connection[Any], world_folder: Path) -> None:
    lines = [line for line in truth.read(world_folder / TRUTH) if line["type"] == "error"]
    planted: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        planted[line["kind"]].append(line)
    for kind, pattern in RULES.items():
        for line in planted[kind][1:]:  # all but one
            entity = "customer" if "customer" in line["dataset"] else "supplier"
            add_finding(store, pattern.format(entity=entity), line)
    clean = planted["unit_spelling"][0]
    add_finding(store, "customer.uscc_valid", {**clean, "column": "FTaxNum"})
    # the right rule on the right row but on another column
    add_finding(store, "customer.uscc_valid", {**planted["uscc_wrong"][0], "column": "FPhone"})
    # a set rule may point to the other row of the pair
    other = planted["report_over_order"][0]
    dataset, key = other["accept"][1]
    add_finding(store, RULES["report_over_order"], {**other, "dataset": dataset, "source_key": key, "column": "x"})
    result = by_name(score(world_folder).kinds)
    for kind in ("uscc_wrong", "uscc_missing", "key_repeated"):
        assert result[kind].found == len(planted[kind]) - 1, kind
    assert result["report_over_order"].found == len(planted["report_over_order"])
    assert result["report_over_order"].wrong == result["uscc_missing"].wrong == 0
    # both misplaced findings count against each kind that this rule serves
    assert result["uscc_wrong"].wrong == result["uscc_old_licence"].wrong == 2


@pytest.mark.servers
def test_fixes_are_compared_with_the_true_value(store: psycopg.Connection[Any], world_folder: Path) -> None:
    lines = [line for line in truth.read(world_folder / TRUTH) if line["type"] == "error"]
    units = [line for line in lines if line["kind"] == "unit_spelling" and line["dataset"] == "mes.material"]
    prices = [line for line in lines if line["kind"] == "price_text"][:10]
    for line in units[1:]:
        add_change(store, "unit.alias", line, line["true"])
    add_change(store, "unit.alias", units[0], "M3")  # a silent wrong value
    for line in prices:
        add_change(store, "number.currency", line, f"{line['true']}00")  # 12.5000 is 12.50
    add_change(store, "unit.alias", {**units[0], "source_key": "no planted error here"}, "KG")
    result = by_name(score(world_folder).kinds)
    assert (result["unit_spelling"].found, result["unit_spelling"].exact) == (len(units), len(units) - 1)
    assert result["unit_spelling"].wrong == 1
    expected = [line for line in prices if "." in line["true"]]
    assert result["price_text"].exact == len(expected)


@pytest.mark.servers
def test_matching_is_scored_by_pairs(store: psycopg.Connection[Any], world_folder: Path) -> None:
    entities = [line for line in truth.read(world_folder / TRUTH) if line["type"] == "entity"]
    for line in entities:
        if line["domain"] == "customer":
            link(store, line, line["entity"])  # exactly right
        elif line["domain"] == "supplier":
            link(store, line, f"one-{line['entity'][-1]}")  # far too much
    result = by_name(score(world_folder).domains)
    assert result["customer"].precision == result["customer"].recall == 1
    assert result["supplier"].recall == 1
    assert (result["supplier"].precision or 0) < 0.2
    assert result["material"].found == 0
    kinds = by_name(score(world_folder).kinds)
    assert kinds["duplicate_customer"].recall == kinds["duplicate_customer"].precision == 1
    assert kinds["name_typo"].planted > kinds["name_typo"].found > 0 or kinds["name_typo"].recall == 1


@pytest.mark.servers
def test_it_reads_well_and_leaves_nothing_behind(store: psycopg.Connection[Any], world_folder: Path) -> None:
    result = score(world_folder)
    table = as_table(result)
    assert "| uscc_wrong" in table
    assert "fixable:" in table
    assert {line["name"] for line in json.loads(as_json(result))["kinds"]} == set(truth.kinds())
    assert store.execute("select count(*) from pg_tables where tablename = 'planted'").fetchone() == (0,)


def test_without_a_world_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        score(tmp_path)
    assert caught.value.code == "demo_world_missing"
