"""Rules over all rows of one dataset, in the store: held rows and rows of every load are compared with each other.

Belongs here: saying where such a rule finds its rows. Not here: the rules (`table_templates.py`, the same text for a
file that is uploaded and for the store).
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.quality.literals import identifier
from hub.quality.sets.surroundings import Surroundings
from hub.quality.systems import account_set
from hub.quality.table_templates import Rows, columns_of, failing_rows
from schemas.model import Mapping, Rule


def one_dataset_at_a_time(rule: Rule, around: Surroundings) -> str:
    """The query of a rule of scope table over every dataset that brings one of its columns, one after another.

    Two datasets are never compared, nor two account sets of one.
    """
    part = account_set("r", around.systems)
    queries = []
    for mapping in sorted(_datasets(rule, around.mappings.values()), key=lambda mapping: mapping.dataset):
        rows = Rows(
            relation=around.rows(rule.entity, dataset=mapping.dataset),
            dialect="postgres",
            identity=("_dataset", "_source_key"),
            within=() if part is None else (f"coalesce({part}, '')",),
            today=around.today,
        )
        queries.append(f"select * from ({failing_rows(rule, around.contracts[rule.entity], rows)}\n) as found")
    nothing = f"select _dataset, _source_key, null, null::jsonb from core.{identifier(rule.entity)} where false"
    return "\nunion all\n".join(queries) or nothing


def _datasets(rule: Rule, mappings: Iterable[Mapping]) -> list[Mapping]:
    wanted = {*columns_of(rule)}
    return [
        mapping
        for mapping in mappings
        if mapping.entity == rule.entity and wanted & {entry.column for entry in mapping.columns}
    ]
