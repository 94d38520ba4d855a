"""The presets as data: they agree with themselves, and their statements fit the servers they are for."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.dialects import mssql, oracle

from connectors.erp.config import ErpTableConfig
from connectors.erp.presets import presets
from schemas.loader import contracts
from tests.connectors.preset_systems import SYSTEMS, Catalogue, system_of

# --- the presets themselves -----------------------------------------------------------------------


@pytest.mark.parametrize("name", [item.name for preset in presets().values() for item in preset.objects.values()])
def test_a_preset_agrees_with_itself(name: str) -> None:
    preset, _, object_name = name.partition(".")
    item = presets()[preset].objects[object_name]
    config = ErpTableConfig(system="x", object=object_name, preset=name)
    read = {*config.columns, *config.computed, *(column for join in config.joins for column in join.columns)}
    for column, source in item.mapping.items():
        named = [source] if isinstance(source, str) else [source.get("source"), source.get("fallback")]
        assert {part for part in named if part} <= read, (name, column)
    known = {*config.columns} | {
        f"{join.name}.{column}" for join in config.joins for column in (*join.columns.values(), *join.match.values())
    }
    assert item.assumed <= known, name
    assert set(contracts()[item.entity].business_key) <= set(item.mapping)


def test_presets_cover_what_a_plant_needs() -> None:
    for preset in presets().values():
        covered = {item.entity for item in preset.objects.values()}
        assert covered == {
            "customer", "supplier", "material", "bom", "work_order", "sales_order", "stock_document"
        }, preset.name  # fmt: skip


def test_a_key_beside_the_preset_wins() -> None:
    config = ErpTableConfig(
        system="k3", object="customer", preset="kingdee_k3.customer", table="dbo.t_Organization",
        where={"FDeleted": {"not": 1}}, more_columns=["F_102"],
    )  # fmt: skip
    assert config.table == "dbo.t_Organization"
    assert config.columns[-2:] == ["FDeleted", "F_102"]
    assert list(config.where) == ["FDeleted"]
    assert config.title is not None
    assert config.title.zh == "客户"


@pytest.mark.parametrize(
    ("preset", "near"),
    [("kingdee_k3.matrial", "kingdee_k3.material"), ("kindee_k3.bom", "kingdee_k3.bom"), ("sap_b1", "yonyou_u8")],
)
def test_an_unknown_preset_names_its_neighbours(preset: str, near: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ErpTableConfig(system="k3", object="item", preset=preset)
    [error] = caught.value.errors()
    assert error["type"] == "preset_unknown"
    assert near in error["ctx"]["near"]


@pytest.mark.parametrize("dialect", [mssql.dialect(), oracle.dialect()], ids=["mssql", "oracle"])
@pytest.mark.parametrize("product", ["k3x", "u8", "galaxy"])
def test_statements_of_presets_in_the_dialects_of_their_servers(product: str, dialect: sa.Dialect) -> None:
    """K/3 and U8 run on SQL Server, Galaxy also on Oracle; neither runs here, so the statements are looked at."""
    from connectors.erp.database.catalogue import SourceColumn, SourceTable
    from connectors.erp.reading.checksum import formulas, sum_statement
    from connectors.erp.reading.query import (
        as_type,
        bounds_statement,
        build_plan,
        empty_statement,
        keyed,
        keyless_statement,
        keys_statement,
        page_statement,
        rows_count,
        rows_statement,
        within,
    )

    preset, rows = SYSTEMS[product]
    catalogue = Catalogue(preset, rows, SourceTable, SourceColumn)
    for config in system_of(product).erp_tables.values():
        plan = build_plan(config, catalogue, dialect, lambda column, value: sa.literal(value), "Asia/Shanghai")
        key = [as_type("7", part.column.arrow) for part in plan.key]
        label = formulas(dialect)[0].label(plan)
        statements = {
            "first page": page_statement(plan, plan.key, None, 10),
            "next page with hashes": page_statement(plan, plan.key, key, 10, extra=[label]),
            "keys": keys_statement(plan, key, 10),
            "rows by key": rows_statement(plan, [key, key]),
            "rows without key": keyless_statement(plan),
            "count": rows_count(plan),
            "bounds": bounds_statement(plan),
            "no rows": empty_statement(plan),
            **{
                f"checksum {number}": sum_statement(plan, formula, *within(plan, key, key), *keyed(plan))
                for number, formula in enumerate(formulas(dialect))
            },
        }
        sql = {name: " ".join(str(s.compile(dialect=dialect)).split()) for name, s in statements.items()}
        assert sql["first page"].startswith("SELECT TOP" if dialect.name == "mssql" else "SELECT")
        assert all(plan.key[0].name in text for name, text in sql.items() if name != "count"), sql
        if config.computed and dialect.name == "mssql":
            assert "LEN(" in sql["first page"] or "nullif(CAST(" in sql["first page"], sql
