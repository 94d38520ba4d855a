"""A query of one's own that returns the failing rows.

Belongs here: the query of kind `set_expression`, made to see held rows as well. Not here: refusing what is no
single SELECT (when the contract is read, schemas), running it without the right to write and with a time limit
(`set_rules.py`).
"""

from __future__ import annotations

from hub.quality.relations import in_place_of_tables
from hub.quality.sets.surroundings import Surroundings
from schemas.model import Rule


def set_expression(rule: Rule, around: Surroundings) -> str:
    """The rule's own query returning (_dataset, _source_key, value); core.<entity> in it includes held rows.

    `where` of the rule is a condition over the rule's own entity: other rows that the query returns are left out.
    """
    tables, query = in_place_of_tables(str(rule.args["sql"]), around.contracts)
    common = ", ".join(filter(None, [around.systems.as_table(), tables]))
    wanted = (
        f" where exists (select from {around.own_rows(rule)} as own"
        " where own._dataset = failing._dataset and own._source_key = failing._source_key)"
        if rule.where
        else ""
    )
    # Twice the same row is one finding; which of its values is shown must not depend on the plan.
    return (
        f"with {common} select failing._dataset, failing._source_key, min(failing.value::text) as value,"
        f" null::jsonb as detail from ({query}\n) as failing(_dataset, _source_key, value){wanted}"
        " group by failing._dataset, failing._source_key"
    )
