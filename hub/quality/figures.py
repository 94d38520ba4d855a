"""How many rows of a dataset each rule checked and how many break it now.

Belongs here: counts for one dataset, for the checks that Dagster shows. Not here: scores by day and
department (hub/marts/scores.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql


@dataclass(frozen=True)
class Figures:
    """checked: rows of the dataset, loaded and held. failed: rule id -> rows with an open finding."""

    checked: int
    failed: dict[str, int] = field(default_factory=dict)


def dataset_figures(connection: psycopg.Connection[tuple[Any, ...]], dataset: str, entity: str) -> Figures:
    """The figures of "<system>.<object>", whose rows are in core.<entity>."""
    counted = connection.execute(
        sql.SQL(
            "select (select count(*) from core.{entity} where _dataset = %(dataset)s)"
            " + (select count(*) from quality.held_row where dataset = %(dataset)s)"
        ).format(entity=sql.Identifier(entity)),
        {"dataset": dataset},
    ).fetchone()
    failed = connection.execute(
        "select rule, count(distinct source_key) from quality.finding"
        " where dataset = %s and resolved_at is null group by rule",
        (dataset,),
    ).fetchall()
    return Figures(checked=counted[0] if counted else 0, failed=dict(failed))
