"""Rule SQL for the store of the hub: every statement of every shipped contract runs there and finds what is planted."""

from __future__ import annotations

import pytest

from hub.contracts.store_sql import store_script, store_statements
from hub.landing.dataset import all_mappings
from hub.quality.set_templates import PREPARE
from hub.quality.sets.surroundings import Surroundings
from hub.quality.systems import Systems
from hub.store.core_tables import ensure_core_tables
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.loader import code_lists, contracts

SYSTEMS = Systems({"k3": "erp", "mes": "mes", "workbooks": "excel"})


def around() -> Surroundings:
    return Surroundings(contracts(), SYSTEMS, all_mappings(), code_lists())


@pytest.mark.servers
def test_every_statement_runs_in_a_store(postgres_url: str) -> None:
    upgrade(postgres_url)
    told: set[str] = set()
    found: dict[str, set[str]] = {}
    with connect(postgres_url) as connection:
        ensure_core_tables(connection, contracts().values())
        for key, code, days in (("1", "S1", 30), ("2", "S2", 400), ("3", "S1", 30)):
            connection.execute(
                "insert into core.supplier (_dataset, _source_key, _plant, _row_hash, _load_id, supplier_code,"
                " supplier_name, payment_days) values ('k3.supplier', %s, 'P1', gen_random_uuid(), 1, %s, %s, %s)",
                (key, code, f"供应商{key}", days),
            )
        for contract in contracts().values():
            for statement in store_statements(contract, around(), "en"):
                if statement.sql is None:
                    told.add(statement.rule.kind)
                else:
                    rows = connection.execute(statement.sql.encode()).fetchall()
                    found[statement.rule.id] = {str(row[1]) for row in rows}
    assert told <= {"readable", *PREPARE}
    assert found["supplier.code_unique"] == {"1", "3"}
    assert found["supplier.payment_days_plausible"] == {"2"}


def test_a_script_tells_the_rules_that_are_computed_step_by_step() -> None:
    script = store_script(contracts()["bom"], around(), "en")
    assert "-- bom.code_required" in script
    assert "quality.held_row" in script
    assert "step by step" in script
