"""Every rule of the house's own contracts really runs: row rules per dataset, set rules on the store."""

from __future__ import annotations

import psycopg
import pyarrow as pa
import pytest
import sqlalchemy as sa

from hub.cleansing.standardise import standardise
from hub.quality.row_rules import check_rows
from hub.quality.set_rules import run_set_rules
from hub.store.core_tables import ensure_core_tables
from hub.store.models import SCHEMAS, Base
from schemas.loader import code_lists, contracts, mappings


@pytest.mark.parametrize("dataset", sorted(mappings()))
@pytest.mark.parametrize("cell", [None, "#N/A", "异样"])
def test_row_rules_run_on_any_dataset(dataset: str, cell: str | None) -> None:
    mapping = mappings()[dataset]
    contract = contracts()[mapping.entity]
    names = {name for entry in mapping.columns for name in (entry.source, entry.fallback) if name}
    rows = pa.table(
        {
            "_key": ["1", "2"],
            "_row_no": pa.array([2, 3], pa.int64()),
            **{name: pa.array([cell, cell], pa.string()) for name in sorted(names)},
        }
    )
    standardised = standardise(rows, mapping, contract, code_lists())
    found = check_rows(standardised, rows, mapping, contract, code_lists())
    fed = {entry.column for entry in mapping.columns}
    required = {rule.id for rule in contract.rules if rule.kind == "required" and rule.hold and rule.column in fed}
    if cell is None:
        assert set(found["rule"].to_pylist()) >= required - _constants(dataset)


def _constants(dataset: str) -> set[str]:
    """Rules about columns that a mapping fills with a constant: never blank."""
    mapping = mappings()[dataset]
    constant = {entry.column for entry in mapping.columns if entry.source is None}
    return {rule.id for rule in contracts()[mapping.entity].rules if rule.column in constant}


def test_set_rules_run_on_an_empty_store(postgres_url: str) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        for schema in SCHEMAS:
            connection.execute(sa.schema.CreateSchema(schema))
        Base.metadata.create_all(connection)
    engine.dispose()
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        ensure_core_tables(connection, contracts().values())
        run_set_rules(connection, contracts(), mappings(), 1)
        count = connection.execute("select count(*) from quality.finding").fetchone()
    assert count == (0,)
