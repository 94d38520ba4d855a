"""Findings and value changes of a page, merged into the store inside the page's transaction.

Belongs here: SQL for quality.finding and quality.value_change. Not here: the rows themselves (merge.py),
what is a finding (hub/quality).
"""

from __future__ import annotations

from typing import Any

import psycopg
import pyarrow as pa

from hub.landing.bulk import fill_temporary
from hub.landing.dataset import Dataset
from hub.quality.fixed import BY_WHOM, columns_of
from hub.store.engine import one


def merge_findings(
    connection: psycopg.Connection[Any], dataset: Dataset, load_id: int, file_id: int | None, findings: pa.Table
) -> None:
    """Open, refresh and resolve findings of the page's rows.

    Expects the temporary table page_outcome, and the value changes of the page merged before: they tell what a
    steward's decision did. A finding that comes back is a new one; the old one stays as it was resolved.
    """
    fill_temporary(
        connection,
        "page_finding",
        "source_key text, row_no integer, rule text, column_name text, source_column text, value text,"
        " severity text, dimension text, hold boolean, detail jsonb, cell text",
        findings,
        key="source_key",
    )
    row_rules = [rule.id for rule in dataset.contract.rules if rule.scope == "row"]
    facts = {
        "dataset": dataset.name,
        "entity": dataset.contract.entity,
        "department": dataset.mapping.department,
        "load": load_id,
        "file": file_id,
        "rules": row_rules,
        "columns": columns_of({dataset.contract.entity: dataset.contract}),
        "kind": one(connection.execute("select kind from ops.load where id = %s", (load_id,)))[0],
    }
    # Resolved: the row was looked at again and the rule no longer fails on it. New rows have nothing to resolve.
    seen_again = one(connection.execute("select exists (select from page_outcome)"))[0]
    if seen_again:
        connection.execute(
            f"update quality.finding f set resolved_at = now(), resolved_load_id = %(load)s, resolved_by = {BY_WHOM}"
            " from page_outcome o where f.resolved_at is null and f.dataset = %(dataset)s"
            " and f.source_key = o.source_key and f.rule = any(%(rules)s)"
            " and not exists (select 1 from page_finding p where p.source_key = f.source_key and p.rule = f.rule"
            " and p.column_name = f.column_name)",
            facts,
        )
    connection.execute(
        "insert into quality.finding (rule, entity, dataset, department, source_key, column_name, source_column,"
        " value, severity, dimension, hold, file_id, row_no, cell, detail, first_load_id, last_load_id)"
        " select rule, %(entity)s, %(dataset)s, %(department)s, source_key, column_name, source_column, value,"
        " severity, dimension, hold, %(file)s, row_no, cell, detail, %(load)s, %(load)s from page_finding"
        " on conflict (dataset, source_key, rule, column_name) where resolved_at is null do update set"
        " value = excluded.value, source_column = excluded.source_column, severity = excluded.severity,"
        " dimension = excluded.dimension, hold = excluded.hold, department = excluded.department,"
        " file_id = excluded.file_id, row_no = excluded.row_no, cell = excluded.cell, detail = excluded.detail,"
        " last_load_id = excluded.last_load_id, last_seen_at = excluded.last_seen_at",
        facts,
    )


def merge_changes(
    connection: psycopg.Connection[Any], dataset: Dataset, load_id: int, file_id: int | None, changes: pa.Table
) -> None:
    """What cleansing changed in the page's rows, in place of what it changed before. Expects page_outcome."""
    fill_temporary(
        connection,
        "page_change",
        "source_key text, column_name text, source_column text, raw_value text, value text, rule text, cell text",
        changes,
        key="source_key",
    )
    connection.execute("analyze page_change")  # as for page_finding
    facts = {"dataset": dataset.name, "load": load_id, "file": file_id}
    connection.execute(
        "delete from quality.value_change v using page_outcome o where v.dataset = %(dataset)s"
        " and v.source_key = o.source_key and not exists (select 1 from page_change p"
        " where p.source_key = v.source_key and p.column_name = v.column_name)",
        facts,
    )
    connection.execute(
        "insert into quality.value_change as v (dataset, source_key, column_name, source_column, raw_value, value,"
        " rule, file_id, cell, load_id) select %(dataset)s, source_key, column_name, source_column, raw_value, value,"
        " rule, %(file)s, cell, %(load)s from page_change on conflict (dataset, source_key, column_name) do update set"
        " source_column = excluded.source_column, raw_value = excluded.raw_value, value = excluded.value,"
        " rule = excluded.rule, file_id = excluded.file_id, cell = excluded.cell,"
        " load_id = case when (v.raw_value, v.value, v.rule) is distinct from"
        " (excluded.raw_value, excluded.value, excluded.rule) then excluded.load_id else v.load_id end",
        facts,
    )
