"""Rows that are gone from their source: kept in quality.deleted_row, taken out of everything else.

Belongs here: SQL that records deletions, and the guard against a broken source. Not here: finding out
what is gone (known.py, connectors).
"""

from __future__ import annotations

import os
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from hub.landing import mirror
from hub.landing.bulk import fill_temporary
from hub.landing.dataset import Dataset
from hub.landing.known import core_table
from schemas.problems import Problem

# A read that lost more than this share of a table is taken for a broken source.
SHRINK_SHARE = 0.5
SHRINK_MIN_ROWS = 20


def refuse_shrinking(dataset: Dataset, read: int, missing: int, known: int) -> None:
    """Raise Problem `source_suddenly_empty` or `source_shrunk` unless a person has allowed it for this dataset."""
    if missing == 0 or os.environ.get("WATERWORKS_ALLOW_SHRINK") == dataset.name:
        return
    if read == 0:
        raise Problem("source_suddenly_empty", dataset=dataset.name, known=known)
    if known >= SHRINK_MIN_ROWS and missing > known * SHRINK_SHARE:
        raise Problem("source_shrunk", dataset=dataset.name, missing=missing, known=known)


def record_deletions(connection: psycopg.Connection[Any], dataset: Dataset, load_id: int, keys: list[str]) -> int:
    """Move the rows with these keys to quality.deleted_row; returns how many there were."""
    if not keys:
        return 0
    fill_temporary(connection, "gone_key", "source_key text", pa.table({"source_key": pa.array(keys, pa.string())}))
    connection.execute("analyze gone_key")
    deleted = 0
    for was, table, key, name, record in (
        ("loaded", core_table(dataset), "_source_key", "_dataset", sql.SQL("jsonb_strip_nulls(to_jsonb(t))")),
        ("held", sql.Identifier("quality", "held_row"), "source_key", "dataset", sql.SQL("t.record")),
        ("rejected", sql.Identifier("quality", "rejected_row"), "source_key", "dataset",
         sql.SQL("jsonb_build_object('raw', t.raw)")),
    ):  # fmt: skip
        cursor = connection.execute(
            sql.SQL(
                "with gone as (delete from {table} t using gone_key g where t.{name} = {dataset}"
                " and t.{key} = g.source_key returning t.{key} as source_key, {record} as record)"
                " insert into quality.deleted_row (dataset, source_key, entity, was, record, load_id)"
                " select {dataset}, source_key, {entity}, {was}, record, {load} from gone"
            ).format(
                table=table,
                name=sql.Identifier(name),
                key=sql.Identifier(key),
                record=record,
                dataset=sql.Literal(dataset.name),
                entity=sql.Literal(dataset.contract.entity),
                was=sql.Literal(was),
                load=sql.Literal(load_id),
            )
        )
        deleted += cursor.rowcount
    mirror.delete_keys(connection, dataset.name, keys)
    connection.execute(
        "update quality.finding f set resolved_at = now(), resolved_by = 'deleted', resolved_load_id = %s"
        " from gone_key g where f.dataset = %s and f.resolved_at is null and f.source_key = g.source_key",
        (load_id, dataset.name),
    )
    connection.execute(
        "delete from quality.value_change v using gone_key g where v.dataset = %s and v.source_key = g.source_key",
        (dataset.name,),
    )
    connection.execute(
        "delete from quality.suggestion_row s using gone_key g where s.dataset = %s and s.source_key = g.source_key",
        (dataset.name,),
    )
    return deleted
