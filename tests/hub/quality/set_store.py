"""A store with a few entities, datasets and code lists, for tests of rules over several rows.

Belongs here: putting rows in and reading findings out. Not here: what any rule should find.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from hub.quality.set_rules import run_set_rules
from hub.quality.systems import NO_SYSTEMS, Systems
from hub.store.core_tables import ensure_core_tables
from hub.store.models import SCHEMAS, Base
from schemas.loader import code_lists
from schemas.model import Column, ColumnMapping, Contract, Mapping, Rule, Text
from schemas.problems import Problem

Connection = psycopg.Connection[dict[str, Any]]
TITLE = Text("题", "Title")
_TYPES = {
    "qty": "decimal", "price": "decimal", "scrap": "decimal", "share": "decimal", "made_at": "timestamp",
    "valid_from": "date", "valid_to": "date", "is_active": "boolean",
}  # fmt: skip
ENTITIES = {
    "material": ("material_code", "material_name", "uscc", "unit_code", "qty"),
    "work_order": ("work_order_code", "material_code", "made_at", "qty", "unit_code"),
    "report": ("report_code", "work_order_code", "lot_code", "qty", "unit_code"),
    "lot": ("lot_code", "qty", "unit_code"),
    "bom": (
        "bom_code", "parent_code", "component_code", "qty", "unit_code", "scrap", "share", "valid_from", "valid_to",
        "is_active",
    ),
    "cost": ("material_code", "price", "labour", "unit_code"),
}  # fmt: skip
SOURCES = {
    "material": ("k3.material", "mes.material", "workbooks.list"),
    "work_order": ("mes.work_order", "k3.work_order"),
    "report": ("mes.report",),
    "lot": ("mes.lot", "k3.lot"),
    "bom": ("k3.bom",),
    "cost": ("workbooks.cost",),
}


def of(entity: str, made: Rule) -> Rule:
    """The rule as one of that entity."""
    return replace(made, entity=entity)


def _contract(entity: str, names: tuple[str, ...]) -> Contract:
    kinds = {**_TYPES, "labour": "decimal"}
    columns = tuple(Column(name, kinds.get(name, "string"), TITLE, scale=4) for name in names)  # type: ignore[arg-type]
    return Contract(entity, TITLE, TITLE, "engineering", columns, (names[0],), (), path=f"{entity}.odcs.yaml")


@dataclass
class Store:
    connection: Connection
    contracts: dict[str, Contract]
    mappings: dict[str, Mapping]
    loads: int = field(default=0)
    systems: Systems = NO_SYSTEMS
    problems: list[Problem] = field(default_factory=list)
    seconds: float | None = None

    def put(
        self, dataset: str, entity: str, *rows: tuple[Any, ...], file_id: int | None = None, account_set: str = ""
    ) -> None:
        """Rows of core.<entity> in place of those of the dataset (and set); source keys are 1, 2, ... in order.

        A row that is shorter than the entity is filled up with nulls.
        """
        names = [column.name for column in self.contracts[entity].columns]
        prefix = f"{account_set}||" if account_set else ""
        self.connection.execute(
            f"delete from core.{entity} where _dataset = %s and starts_with(_source_key, %s)", [dataset, prefix]
        )
        for number, row in enumerate(rows, 1):
            filled = [*row, *[None] * (len(names) - len(row))]
            self.connection.execute(
                f"insert into core.{entity} (_dataset, _source_key, _plant, _row_hash, _load_id, _file_id, _row_no,"
                f" {', '.join(names)}) values (%s, %s, 'P1', gen_random_uuid(), 1, %s, %s{', %s' * len(names)})",
                [dataset, f"{prefix}{number}", file_id, number + 1 if file_id else None, *filled],
            )

    def hold(self, dataset: str, entity: str, key: str, **record: str) -> None:
        """A held row, with its values as text, as a load keeps them."""
        self.connection.execute(
            "insert into quality.held_row (dataset, source_key, entity, plant, record, raw, row_hash, load_id)"
            " values (%s, %s, %s, 'P1', %s, '{}', gen_random_uuid(), 1)",
            [dataset, key, entity, Jsonb(record)],
        )

    def run(self, *rules: Rule) -> list[tuple[str, str, str | None]]:
        """(dataset, source key, value) of the open findings after a run, in order."""
        self.loads += 1
        contracts = {
            name: replace(contract, rules=tuple(each for each in rules if each.entity == name))
            for name, contract in self.contracts.items()
        }
        self.problems = run_set_rules(
            self.connection, contracts, self.mappings, self.loads, self.systems, code_lists(), self.seconds
        )
        return [(row["dataset"], row["source_key"], row["value"]) for row in self.open()]

    def keys(self, *rules: Rule) -> list[str]:
        """The source keys of the open findings after a run; every rule must have been decided."""
        found = [key for _, key, _ in self.run(*rules)]
        assert not self.problems, self.problems
        return found

    def open(self) -> list[dict[str, Any]]:
        query = "select * from quality.finding where resolved_at is null order by rule, dataset, source_key"
        return self.connection.execute(query).fetchall()

    def details(self) -> dict[str, dict[str, Any]]:
        """The facts of the open findings by source key."""
        return {row["source_key"]: row["detail"] for row in self.open()}


@contextmanager
def open_store(postgres_url: str) -> Iterator[Store]:
    """An empty store; nothing in it is ever committed."""
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        for schema in SCHEMAS:
            connection.execute(sa.schema.CreateSchema(schema))
        Base.metadata.create_all(connection)
    engine.dispose()
    contracts = {entity: _contract(entity, names) for entity, names in ENTITIES.items()}
    mappings = {
        dataset: Mapping(
            dataset,
            entity,
            f"keeper of {dataset}",
            tuple(ColumnMapping(column.name, f"F_{column.name}") for column in contracts[entity].columns),
        )
        for entity, datasets in SOURCES.items()
        for dataset in datasets
    }
    url = postgres_url.replace("+psycopg", "")
    with psycopg.connect(url, row_factory=dict_row) as connection:
        ensure_core_tables(connection, contracts.values())
        yield Store(connection, contracts, mappings)
        connection.rollback()
