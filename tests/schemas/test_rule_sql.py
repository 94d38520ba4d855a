"""SQL written in contracts runs, and set expressions return exactly the rows that break the rule."""

from __future__ import annotations

from typing import Any

import duckdb
import psycopg
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from hub.quality.set_templates import failing_rows
from hub.quality.systems import Systems
from hub.store.core_tables import ensure_core_tables
from hub.store.models.quality import HeldRow
from schemas.loader import contracts
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
    "bom.no_mutual_parents": (
        [
            (
                "bom",
                "parent_material_code, component_material_code",
                [
                    ("k3", "1", "A", "B"),
                    ("k3", "2", "B", "A"),
                    ("k3", "3", "B", "C"),
                    ("u8", "006||1", "A", "B"),
                    ("u8", "007||1", "B", "A"),
                ],
            )
        ],
        {"1", "2"},
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
    assert set(CASES) == {rule.id for rule in SET_EXPRESSIONS}


@pytest.mark.parametrize("rule", SET_EXPRESSIONS, ids=lambda rule: rule.id)
def test_set_expressions_find_exactly_the_failing_rows(rule: Rule, postgres_url: str) -> None:
    rows, expected = CASES[rule.id]
    with psycopg.connect(postgres_url.replace("postgresql+psycopg:", "postgresql:")) as connection:
        connection.execute("create schema core")
        connection.execute("create schema quality")
        connection.execute(str(CreateTable(HeldRow.__table__).compile(dialect=postgresql.dialect())).encode())
        ensure_core_tables(connection, contracts().values())
        for table, columns, values in rows:
            marks = ", ".join(["%s"] * len(columns.split(", ")))
            for system, *record in values:
                statement = _INSERT.format(table=table, columns=columns, marks=marks)
                connection.execute(statement.encode(), [f"{system}.{table}", *record])
        found = connection.execute(failing_rows(rule, contracts(), SYSTEMS).encode()).fetchall()
    assert {(row[0].partition(".")[2], row[1]) for row in found} == {(rule.entity, key) for key in expected}
    assert all(row[2] for row in found)
