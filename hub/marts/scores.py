"""The quality score: how much of what was checked passed, weighted by severity.

Belongs here: mart.quality_score, one row per day, dataset and rule, and mart.dataset_day, one per day and dataset.
Not here: sums over them (`score_on.py`), how rows are counted (hub/quality/figures.py). docs/scores.md tells it to
people. Any score, of a column, rule, entity, source, department or dimension, is one formula over its rows:

    score = 100 * (1 - sum(weight * rows_failed) / sum(weight * rows_checked))

What nobody can say has neither checked nor failed rows, and a reason in `unknown`: it takes no part in any sum, and
a sum of nothing else is unknown, not 100. Rows of past days never change; the store itself refuses it.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as MappingABC
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from hub.quality.figures import Figures, dataset_figures
from hub.quality.fixed import SOURCE
from hub.quality.states import State, dataset_states
from schemas.model import Contract, Mapping, Rule

# An error costs money or stops a delivery, a warning costs time, an info is a hint.
WEIGHTS = {"error": 5, "warning": 2, "info": 1}
TODAY = "(now() at time zone 'Asia/Shanghai')::date"

_SCORE = f"""insert into mart.quality_score (day, dataset, rule, column_name, system, entity, department, dimension,
  severity, rows_checked, rows_failed, weight, within_threshold, unknown)
values ({TODAY}, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
# What happened after the day before was taken belongs to this day, midnight or not, so that days add up.
_DAY = f"""
with before as (
  select coalesce(max(taken_at), '-infinity') as at from mart.dataset_day
  where dataset = %(dataset)s and day < {TODAY}),
f as (
  select first_seen_at, resolved_at, coalesce(resolved_by, '{SOURCE}') as by from quality.finding
  where dataset = %(dataset)s and (resolved_at is null or resolved_at > (select at from before)))
insert into mart.dataset_day (day, dataset, entity, department, state, read_at, rows_loaded, rows_held, rows_rejected,
  findings, opened, fixed)
select {TODAY}, %(dataset)s, %(entity)s, %(department)s, %(state)s, %(read_at)s,
  %(rows)s - held.n, held.n, (select count(*) from quality.rejected_row where dataset = %(dataset)s),
  (select count(*) from f where resolved_at is null),
  (select count(*) from f where first_seen_at > (select at from before)),
  (select jsonb_object_agg(by, n) from (select by, count(*) as n from f where resolved_at is not null group by by) as b)
from (select count(*) as n from quality.held_row where dataset = %(dataset)s) as held"""


def refresh(
    connection: psycopg.Connection[Any],
    contracts: MappingABC[str, Contract],
    mappings: MappingABC[str, Mapping],
    configured: Collection[str] = (),
) -> None:
    """Set today's (Asia/Shanghai) scores from the rows and open findings in the store.

    configured: datasets a source is set up for; one of them that was never read is unknown, like one whose last read
    failed, is paused, or is older than its contract allows. rows_checked: rows of the dataset, loaded or held, that
    the rule is about. rows_failed: those of them with an open finding of the rule.
    """
    for table in ("quality_score", "dataset_day"):
        connection.execute(f"delete from mart.{table} where day = {TODAY}")
    for dataset, state in dataset_states(connection, contracts, mappings, configured).items():
        mapping = mappings[dataset]
        contract = contracts[mapping.entity]
        figures = dataset_figures(connection, mapping, contract, state)
        _take_day(connection, mapping, state, figures)
        rules = {rule.id: rule for rule in contract.rules}
        lines = [_line(rules[rule], mapping, figures) for rule in figures.checked]
        with connection.cursor() as cursor:
            cursor.executemany(_SCORE, [line for line in lines if line is not None])


def _take_day(connection: psycopg.Connection[Any], mapping: Mapping, state: State, figures: Figures) -> None:
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(
            _DAY.encode(),
            {
                "dataset": mapping.dataset,
                "entity": mapping.entity,
                "department": mapping.department,
                "state": state.state,
                "read_at": state.read_at,
                "rows": figures.rows,
            },
        )


def _line(rule: Rule, mapping: Mapping, figures: Figures) -> tuple[Any, ...] | None:
    """A row of mart.quality_score; None where the rule is about no row at all, so that there is nothing to tell."""
    unknown, passed = figures.unknown.get(rule.id), figures.passed(rule)
    checked, failed = figures.checked[rule.id], figures.failed[rule.id]
    if unknown is not None:
        checked, failed = 0, 0
    elif checked == 0:
        return None
    return (
        mapping.dataset, rule.id, rule.column or "", mapping.dataset.partition(".")[0], mapping.entity,
        mapping.department, rule.dimension, rule.severity, checked, failed, WEIGHTS[rule.severity], bool(passed),
        unknown,
    )  # fmt: skip
