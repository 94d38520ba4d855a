"""Drop-downs from the store: what a column may refer to, from the systems its rule trusts, still in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from hub.contracts.template.live import live_choices, references
from hub.quality.systems import Systems
from hub.store.core_tables import ensure_core_tables
from schemas.loader import contracts, mappings
from schemas.model import Reference
from tests.hub.contracts.small import LINE
from tests.servers import PostgresServer

SYSTEMS = Systems({"k3": "erp", "mes": "mes", "workbooks": "excel"})


@pytest.fixture
def store(postgres_server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    url = postgres_server.url(postgres_server.create_database(), driver="postgresql")
    with psycopg.connect(url) as connection:
        connection.execute("create schema core")
        known = contracts()
        ensure_core_tables(connection, [known["material"], known["supplier"]])
        rows = [
            ("k3.material", "00012", "轴承座", True), ("k3.material", "00013", "螺钉", None),
            ("k3.material", "00014", "停用的", False), ("mes.material", "M-9", "只在 MES", True),
        ]  # fmt: skip
        for dataset, code, name, active in rows:
            connection.execute(
                "insert into core.material (_dataset, _source_key, _plant, _row_hash, _load_id, material_code,"
                " material_name, is_active) values (%s, %s, 'P1', gen_random_uuid(), 1, %s, %s, %s)",
                (dataset, code, code, name, active),
            )
        yield connection


@pytest.mark.servers
def test_codes_with_names_of_trusted_systems(store: psycopg.Connection[Any]) -> None:
    known = contracts()
    found = live_choices(store, known["bom"], known, mappings().values(), SYSTEMS)
    assert found["component_material_code"].values == (("00012", "轴承座"), ("00013", "螺钉"))
    assert found["component_material_code"].live
    # No master data, no drop-down: suppliers are empty, customers have no table yet.
    assert "supplier_code" not in live_choices(store, known["material_lot"], known, mappings().values(), SYSTEMS)
    assert "customer_code" not in live_choices(store, known["sales_order"], known, mappings().values(), SYSTEMS)


@pytest.mark.servers
def test_only_what_a_department_keeps(store: psycopg.Connection[Any]) -> None:
    known = contracts()
    free = replace(known["material_lot"], rules=(), columns=tuple(
        replace(entry, references=Reference("material", "material_code")) if entry.name == "material_code" else entry
        for entry in known["material_lot"].columns))  # fmt: skip
    everything = live_choices(store, free, known, mappings().values(), SYSTEMS)
    assert [code for code, _ in everything["material_code"].values] == ["00012", "00013", "M-9"]
    theirs = live_choices(store, free, known, mappings().values(), SYSTEMS, "production")
    assert [code for code, _ in theirs["material_code"].values] == ["M-9"]


def test_what_columns_refer_to() -> None:
    assert references(LINE) == {"part_code": Reference("part", "part_code")}
    assert references(contracts()["bom"])["parent_material_code"] == Reference("material", "material_code")
