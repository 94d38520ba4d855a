"""SQL written in contracts runs, and shipped rules over several rows return exactly the rows that break them."""

from __future__ import annotations

from typing import Any

import duckdb
import psycopg
import pytest
import sqlalchemy as sa

from hub.quality.set_templates import PREPARE, query_of
from hub.quality.sets.surroundings import Surroundings
from hub.quality.systems import Systems
from hub.store.core_tables import ensure_core_tables
from hub.store.models import SCHEMAS, Base
from schemas.loader import code_lists, contracts, mappings
from schemas.model import Rule

_DUCKDB = {"string": "varchar", "integer": "bigint", "date": "date", "timestamp": "timestamp", "boolean": "boolean"}
RULES = {rule.id: rule for contract in contracts().values() for rule in contract.rules}
EXPRESSIONS = [rule for rule in RULES.values() if rule.kind == "expression"]
SET_EXPRESSIONS = [rule for rule in RULES.values() if rule.kind == "set_expression"]
# u8 keeps one database per account set; its keys begin with the set.
SYSTEMS = Systems({"k3": "erp", "u8": "erp", "mes": "mes"}, frozenset({"u8"}))

# rule -> tables (name, columns, rows: system, source key, values of the columns), and the source keys that must fail
Rows = list[tuple[str, str, list[tuple[Any, ...]]]]
CASES: dict[str, tuple[Rows, set[str]]] = {
    "material.name_and_spec_unique": (
        [
            (
                "material",
                "material_code, material_name, spec, unit_code",
                [
                    ("k3", "1", "A1", "轴承", "6204", "PCS"),
                    ("k3", "2", "A2", "轴承", "6204", "PCS"),
                    ("k3", "3", "A3", "轴承", "6205", "PCS"),
                    ("mes", "4", "A4", "轴承", "6204", "PCS"),
                    ("u8", "006||A1", "A1", "轴承", "6204", "PCS"),
                    ("u8", "006||A2", "A2", "轴承", "6204", "PCS"),
                    ("u8", "007||A3", "A3", "轴承", "6204", "PCS"),
                ],
            )
        ],
        {"1", "2", "006||A1", "006||A2"},
    ),
    "bom.no_loop": (
        [
            (
                "bom",
                "parent_material_code, component_material_code",
                [
                    ("k3", "1", "A", "B"),
                    ("k3", "2", "B", "A"),
                    ("k3", "3", "B", "C"),
                    ("k3", "4", "C", "D"),
                    ("k3", "5", "D", "E"),
                    ("k3", "6", "E", "C"),
                    ("k3", "7", "F", "F"),
                    ("u8", "006||1", "A", "B"),
                    ("u8", "007||1", "B", "A"),
                ],
            )
        ],
        {"1", "2", "4", "5", "6"},
    ),
    "production_report.total_within_order": (
        [
            (
                "work_order",
                "work_order_code, planned_qty, unit_code",
                [("mes", "1", "W1", 100, "PCS"), ("mes", "2", "W2", 100, "PCS"), ("k3", "3", "W2", 1, "PCS")],
            ),
            (
                "production_report",
                "work_order_code, good_qty, unit_code",
                [("mes", "1", "W1", 60, "PCS"), ("mes", "2", "W1", 400, "PCS"), ("mes", "3", "W2", 100, "PCS")],
            ),
        ],
        {"2"},
    ),
    "lot_consumption.not_before_production": (
        [
            ("material_lot", "lot_code, produced_at", [("mes", "1", "L1", "2026-03-05T08:00:00")]),
            (
                "lot_consumption",
                "input_lot_code, consumed_at",
                [
                    ("mes", "1", "L1", "2026-03-05T07:59:59"),
                    ("mes", "2", "L1", "2026-03-05T08:00:00"),
                    ("mes", "3", "L9", "2020-01-01T00:00:00"),
                ],
            ),
        ],
        {"1"},
    ),
    "lot_consumption.total_within_lot": (
        [
            ("material_lot", "lot_code, lot_qty", [("mes", "1", "L1", 100), ("mes", "2", "L2", 100)]),
            (
                "lot_consumption",
                "input_lot_code, consumed_qty",
                [("mes", "1", "L1", 30), ("mes", "2", "L1", 70.5), ("mes", "3", "L2", 100)],
            ),
        ],
        {"2"},
    ),
    "standard_cost.near_bom_cost": (
        [
            (
                "material",
                "material_code, unit_code, plan_price_cny",
                [("k3", "1", "S", "PCS", 2), ("k3", "2", "B", "KG", 5)],
            ),
            (
                "bom",
                "parent_material_code, component_material_code, component_qty, unit_code, scrap_percent",
                [
                    ("k3", "1", "P", "S", 10, "PCS", None),
                    ("k3", "2", "P", "B", 4000, "G", 10),
                    ("k3", "3", "Q", "P", 1, "PCS", None),
                    ("k3", "4", "R", "Z", 1, "PCS", None),
                ],
            ),
            (
                "standard_cost",
                "material_code, cost_type, unit_code, total_cost_cny, labour_cost_cny, overhead_cost_cny",
                # P: 10 * 2 + 4 * 1.1 * 5 + 8 = 50; Q: 50 + 50 = 100; R: Z has no cost
                [
                    ("workbooks", "1", "P", "standard", "PCS", 55, 5, 3),
                    ("workbooks", "2", "Q", "standard", "PCS", 79, 50, None),
                    ("workbooks", "3", "R", "standard", "PCS", 9, 1, 1),
                    ("workbooks", "4", "P", "purchase_price", "PCS", 900, 1, 1),
                ],
            ),
        ],
        {"2", "3"},
    ),
    "standard_cost.unit_fits_material": (
        [
            ("material", "material_code, unit_code", [("k3", "1", "A1", "KG"), ("mes", "1", "A1", "PCS")]),
            ("standard_cost", "material_code, unit_code", [("k3", "1", "A1", "PCS"), ("k3", "2", "A1", "KG")]),
        ],
        {"1"},
    ),
}
_INSERT = """
insert into core.{table} (_dataset, _source_key, _plant, _load_id, _row_hash, {columns})
values (%s, %s, 'P1', 1, '00000000-0000-0000-0000-000000000000', {marks})"""


@pytest.mark.parametrize("rule", EXPRESSIONS, ids=lambda rule: rule.id)
def test_expressions_pass_blank_rows(rule: Rule) -> None:
    """They run over the entity's column types, and a row without values never fails."""
    columns = ", ".join(
        f"null::{_DUCKDB.get(c.type, f'decimal({c.precision},{c.scale})')} as {c.name}"
        for c in contracts()[rule.entity].columns
    )
    (result,) = duckdb.connect().execute(f"select {rule.args['sql']} from (select {columns})").fetchone() or (False,)
    assert result in (True, None)


def test_every_set_expression_has_a_case() -> None:
    assert set(CASES) >= {rule.id for rule in SET_EXPRESSIONS}


@pytest.mark.parametrize("name", CASES)
def test_shipped_rules_find_exactly_the_failing_rows(name: str, postgres_url: str) -> None:
    rows, expected = CASES[name]
    rule = RULES[name]
    engine = sa.create_engine(postgres_url)
    with engine.begin() as opened:
        for schema in SCHEMAS:
            opened.execute(sa.schema.CreateSchema(schema))
        Base.metadata.create_all(opened)
    engine.dispose()
    around = Surroundings(contracts(), SYSTEMS, mappings(), code_lists())
    with psycopg.connect(postgres_url.replace("postgresql+psycopg:", "postgresql:")) as connection:
        ensure_core_tables(connection, contracts().values())
        for table, columns, values in rows:
            marks = ", ".join(["%s"] * len(columns.split(", ")))
            for system, *record in values:
                statement = _INSERT.format(table=table, columns=columns, marks=marks)
                connection.execute(statement.encode(), [f"{system}.{table}", *record])
        if rule.kind in PREPARE:
            PREPARE[rule.kind](connection, rule, around)
        found = connection.execute(query_of(rule, around).encode()).fetchall()
    assert {(row[0].partition(".")[2], row[1]) for row in found} == {(rule.entity, key) for key in expected}
    assert all(row[2] for row in found)
