"""A store with one entity of two columns, and short words for what happens to it.

Belongs here: filling the store as loads and rules leave it. Not here: what is expected of it (the tests).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import psycopg

from hub.marts import scores
from hub.marts.score_on import Day, GroupBy, score_on
from hub.quality import issues
from hub.store.core_tables import ensure_core_tables
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.model import Column, ColumnMapping, Contract, Mapping, Rule, Text, Threshold

TITLE = Text("题", "Title")
COLUMNS = (Column("part_code", "string", TITLE), Column("qty", "decimal", TITLE, scale=4))


def rule(name: str, severity: Any = "warning", **more: Any) -> Rule:
    """A rule of entity part; without a kind of its own it asks for a value."""
    facts: dict[str, Any] = {"kind": "required", "dimension": "completeness", "column": "part_code", **more}
    return Rule(f"part.{name}", "part", severity=severity, title=TITLE, why=TITLE, fix=TITLE, **facts)


def at_most(figure: str, unit: Any = "rows") -> Threshold:
    return Threshold(Decimal(figure), unit)


def contract(*rules: Rule, **more: Any) -> Contract:
    return Contract("part", TITLE, TITLE, "engineering", COLUMNS, ("part_code",), rules, **more)


def mapping(dataset: str, department: str = "engineering", columns: tuple[str, ...] = ("part_code", "qty")) -> Mapping:
    return Mapping(dataset, "part", department, tuple(ColumnMapping(name, name) for name in columns))


@dataclass
class Factory:
    """contracts and mappings are what the next `score` and `track` go by."""

    connection: psycopg.Connection[Any]
    contracts: dict[str, Contract]
    mappings: dict[str, Mapping]
    configured: tuple[str, ...] = ()

    def rules(self, *rules: Rule, **more: Any) -> None:
        self.contracts = {"part": contract(*rules, **more)}

    def department(self, dataset: str, name: str) -> None:
        self.mappings[dataset] = replace(self.mappings[dataset], department=name)

    def read(self, dataset: str, status: str = "ok", hours_ago: float = 0, code: str | None = None) -> int:
        """A read of the dataset's source that ended like this."""
        row = self.connection.execute(
            "insert into ops.load (run_id, system, dataset, entity, epoch, rules, kind, status, finished_at, problem)"
            " values ('r', split_part(%(d)s, '.', 1), %(d)s, 'part', 1, '', 'read', %(s)s,"
            " now() - make_interval(mins => %(m)s), jsonb_build_object('code', %(c)s::text)) returning id",
            {"d": dataset, "s": status, "m": round(hours_ago * 60), "c": code},
        ).fetchone()
        assert row is not None
        return int(row[0])

    def rows(self, dataset: str, *rows: tuple[str, Any], held: bool = False) -> None:
        """(part_code, qty) rows; the source key is the code."""
        for code, qty in rows:
            if held:
                self.connection.execute(
                    "insert into quality.held_row (dataset, source_key, entity, plant, record, raw, row_hash, load_id)"
                    " values (%s, %s, 'part', 'P1', jsonb_strip_nulls(jsonb_build_object('part_code', %s::text, 'qty',"
                    " %s::text)), '{}', gen_random_uuid(), 1)",
                    (dataset, code, code, qty),
                )
            else:
                self.connection.execute(
                    "insert into core.part (_dataset, _source_key, _plant, _row_hash, _load_id, part_code, qty)"
                    " values (%s, %s, 'P1', gen_random_uuid(), 1, %s, %s)",
                    (dataset, code, code, qty),
                )

    def find(self, rule_id: str, dataset: str, *keys: str) -> None:
        """Open findings of these rows."""
        made = next((each for each in self.contracts["part"].rules if each.id == rule_id), rule("gone"))
        for key in keys:
            self.connection.execute(
                "insert into quality.finding (rule, entity, dataset, department, source_key, column_name, severity,"
                " dimension, hold, first_load_id, last_load_id)"
                " values (%s, 'part', %s, %s, %s, %s, %s, %s, false, 1, 1)",
                (rule_id, dataset, self.mappings[dataset].department, key, made.column or "", made.severity,
                 made.dimension),
            )  # fmt: skip

    def fix(self, rule_id: str, dataset: str, *keys: str, by: str = "source") -> None:
        self.connection.execute(
            "update quality.finding set resolved_at = now(), resolved_by = %s"
            " where rule = %s and dataset = %s and source_key = any(%s) and resolved_at is null",
            (by, rule_id, dataset, list(keys)),
        )

    def score(self) -> None:
        scores.refresh(self.connection, self.contracts, self.mappings, self.configured)
        self.connection.commit()

    def track(self, *datasets: str) -> dict[str, int]:
        """Events of the issues, by kind."""
        events = issues.refresh(self.connection, self.contracts, self.mappings, datasets or None)
        self.connection.commit()
        return dict(events)

    def today(self, group_by: GroupBy | None = None, **only: str) -> Day:
        day = score_on(self.connection, self.one(f"select {scores.TODAY}"), group_by, **only)
        assert day is not None
        return day

    def one(self, query: str, *parameters: Any) -> Any:
        """The only column of the only row."""
        row = self.connection.execute(query.encode(), parameters or None).fetchone()
        assert row is not None
        return row[0]

    def all(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode(), parameters or None).fetchall()


@contextmanager
def open_factory(url: str) -> Iterator[Factory]:
    """Two sources and uploads that know parts; nothing was read yet."""
    upgrade(url)
    datasets = {"k3.part": "engineering", "mes.part": "production", "uploads.part": "engineering"}
    with connect(url) as connection:
        ensure_core_tables(connection, [contract()])
        connection.commit()
        yield Factory(
            connection,
            {"part": contract()},
            {dataset: mapping(dataset, department) for dataset, department in datasets.items()},
        )
