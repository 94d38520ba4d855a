"""The quality score: how much of what was checked passed, weighted by severity.

Belongs here: mart.quality_score, one row per day, dataset and rule. Not here: sums over it; any
larger score (entity, source, department, dimension) is the same formula over more rows:

    score = 100 * (1 - sum(weight * rows_failed) / sum(weight * rows_checked))
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from typing import Any

import psycopg
from psycopg import sql

from schemas.model import Contract, Mapping

# An error costs money or stops a delivery, a warning costs time, an info is a hint.
WEIGHTS = {"error": 5, "warning": 2, "info": 1}

SCORE_SQL = "round(100 * (1 - sum(weight * rows_failed)::numeric / nullif(sum(weight * rows_checked), 0)), 1)"


def refresh(
    connection: psycopg.Connection[Any],
    contracts: MappingABC[str, Contract],
    mappings: MappingABC[str, Mapping],
) -> None:
    """Set today's (Asia/Shanghai) scores from the rows and open findings in the store.

    rows_checked: rows of the dataset that are loaded or held. rows_failed: those of them with an
    open finding of the rule. A rule that cannot apply (its column has no source in this dataset)
    is left out, unless it found something.
    """
    connection.execute("delete from mart.quality_score where day = (now() at time zone 'Asia/Shanghai')::date")
    for mapping in mappings.values():
        contract = contracts[mapping.entity]
        row = connection.execute(
            sql.SQL(
                "select (select count(*) from {} where _dataset = %(d)s)"
                " + (select count(*) from quality.held_row where dataset = %(d)s)"
            ).format(sql.Identifier("core", contract.entity)),
            {"d": mapping.dataset},
        ).fetchone()
        checked = row[0] if row else 0
        if checked == 0:
            continue
        failed = dict(
            connection.execute(
                "select rule, count(distinct source_key) from quality.finding"
                " where dataset = %s and resolved_at is null group by rule",
                (mapping.dataset,),
            ).fetchall()
        )
        fed = {column.column for column in mapping.columns}
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into mart.quality_score (day, dataset, rule, system, entity, department, dimension, severity,"
                " rows_checked, rows_failed, weight) values ((now() at time zone 'Asia/Shanghai')::date,"
                " %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (
                        mapping.dataset, rule.id, mapping.dataset.partition(".")[0], contract.entity,
                        mapping.department, rule.dimension, rule.severity, checked, failed.get(rule.id, 0),
                        WEIGHTS[rule.severity],
                    )
                    for rule in contract.rules
                    if rule.column is None or rule.column in fed or failed.get(rule.id)
                ],
            )  # fmt: skip
