"""How many rows of today a change concerns.

Belongs here: asking the store, by the rule SQL of this room over core.<entity>. Does not belong here: judging rows
for real, held rows and all (hub/landing).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import psycopg

from hub.contracts.diff.change import Change, said
from hub.contracts.named import with_neighbours
from hub.contracts.rule_sql import statements
from schemas.loader import code_lists
from schemas.model import Contract, Rule


def with_counts(connection: psycopg.Connection[Any], changes: Iterable[Change], new: Contract) -> list[Change]:
    """The changes, with a line that says how many rows in core break what they ask for.

    A change whose rule needs more than one table of the store, or that asks for nothing, stays as it is.
    """
    counted = []
    for change in changes:
        line = _line(connection, change.probe, new) if change.probe is not None else None
        counted.append(change if line is None else replace(change, whom=(line, *change.whom)))
    return counted


def _line(connection: psycopg.Connection[Any], probe: Rule, new: Contract) -> Any:
    stored = {
        row[0]
        for row in connection.execute(
            "select column_name from information_schema.columns where table_schema = 'core' and table_name = %s",
            (new.entity,),
        )
    }
    if not stored:
        return None
    table = f'core."{new.entity}"'
    total = _number(connection, f"select count(*) from {table}")
    if probe.column is not None and probe.column not in stored:  # new: no row has it
        return said("count", rows=total, total=total) if probe.kind == "required" else None
    asked = replace(with_neighbours(new)[new.entity], rules=(probe,))
    (statement,) = statements(asked, code_lists(), "postgres", "en", f"core.{new.entity}")
    if statement.sql is None:
        return None
    try:
        with connection.transaction():
            rows = _number(connection, f"select count(*) from ({statement.sql}) as failing")
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        return None  # it names what the store has not read yet
    return said("count", rows=rows, total=total)


def _number(connection: psycopg.Connection[Any], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row is not None else 0
