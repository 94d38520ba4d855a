"""Which function makes the query of which kind of rule that looks at the store.

Belongs here: the list of kinds and the one way in. Not here: the queries (`sets/`, one module per family; for
rules over one dataset `table_templates.py`), turning them into findings (`set_rules.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from typing import Any

import psycopg

from hub.quality.sets.agreement import disagreement
from hub.quality.sets.datasets import freshness, row_count, schema_stable
from hub.quality.sets.duplicates import same_name, unique_across
from hub.quality.sets.free_sql import set_expression
from hub.quality.sets.loops import find_loops, no_loop
from hub.quality.sets.references import reference
from hub.quality.sets.roll_up import roll_costs, roll_up
from hub.quality.sets.surroundings import Surroundings
from hub.quality.sets.tables import one_dataset_at_a_time
from hub.quality.sets.totals import balance, total
from hub.quality.systems import NO_SYSTEMS, Systems
from hub.quality.table_templates import TABLE_KINDS
from schemas.model import Contract, Rule
from schemas.problems import Problem

QUERIES: dict[str, Callable[[Rule, Surroundings], str]] = {
    **dict.fromkeys(TABLE_KINDS, one_dataset_at_a_time),
    "reference": reference,
    "unique_across": unique_across,
    "same_name": same_name,
    "disagreement": disagreement,
    "total": total,
    "balance": balance,
    "roll_up": roll_up,
    "no_loop": no_loop,
    "freshness": freshness,
    "row_count": row_count,
    "schema_stable": schema_stable,
    "set_expression": set_expression,
}

# What must be computed step by step before the query can be asked, into temporary tables.
PREPARE: dict[str, Callable[[psycopg.Connection[Any], Rule, Surroundings], None]] = {
    "no_loop": find_loops,
    "roll_up": roll_costs,
}


def query_of(rule: Rule, around: Surroundings) -> str:
    """The query of one rule. Raises Problem if its kind is unknown or an argument cannot be carried out."""
    if rule.kind not in QUERIES:
        raise Problem("rule_kind_unknown", rule=rule.id, kind=rule.kind, known=", ".join(QUERIES))
    return QUERIES[rule.kind](rule, around)


def failing_rows(rule: Rule, contracts: MappingABC[str, Contract], systems: Systems = NO_SYSTEMS) -> str:
    """The query of one rule that needs neither mappings nor code lists."""
    return query_of(rule, Surroundings(contracts, systems))
