"""Suggestions of one page of rows, merged into the store inside the page's transaction.

Belongs here: the cells of quality.suggestion_row that standardisers suggest something for, and corrections that no
longer hold. Not here: what is counted up from it (refresh.py).
"""

from __future__ import annotations

from typing import Any

import psycopg
import pyarrow as pa

from hub.landing.bulk import fill_temporary

_TO_STORE = {"_key": "source_key", "column": "column_name", "raw": "raw_value"}
_COLUMNS = ["source_key", "column_name", "value", "raw_value", "rule", "confidence", "cell"]


def merge_suggestions(connection: psycopg.Connection[Any], dataset: str, suggestions: pa.Table) -> None:
    """What standardisers suggest for the page's rows, in place of what they suggested before.

    suggestions: as `Standardised.suggestions`, with `cell`. Expects the temporary table page_outcome.
    """
    connection.execute(
        "delete from quality.suggestion_row s using page_outcome o where s.dataset = %s and s.origin = 'page'"
        " and s.source_key = o.source_key",
        (dataset,),
    )
    if suggestions.num_rows == 0:
        return
    named = suggestions.rename_columns([_TO_STORE.get(name, name) for name in suggestions.column_names])
    fill_temporary(
        connection,
        "page_suggestion",
        "source_key text, column_name text, value text, raw_value text, rule text, confidence float, cell text",
        named.select(_COLUMNS),
    )
    connection.execute(
        "insert into quality.suggestion_row as s (dataset, source_key, column_name, value, raw_value, rule, confidence,"
        " cell, origin, this_row_only) select %s, source_key, column_name, value, raw_value, rule, confidence, cell,"
        " 'page', false from page_suggestion where raw_value is not null"
        " on conflict (dataset, source_key, column_name, value) do update set raw_value = excluded.raw_value,"
        " rule = excluded.rule, confidence = excluded.confidence, detail = null, cell = excluded.cell,"
        " origin = 'page', this_row_only = false",
        (dataset,),
    )


def note_outdated(connection: psycopg.Connection[Any], dataset: str, outdated: pa.Table) -> None:
    """Which corrections of the page's rows hold, and which do not since the source says something else.

    outdated: as `Standardised.outdated`. Expects the temporary table page_outcome.
    """
    fill_temporary(
        connection,
        "page_outdated",
        "source_key text, column_name text, raw text",
        outdated.rename_columns([_TO_STORE.get(name, name) for name in outdated.column_names])
        .rename_columns({"raw_value": "raw"})
        .select(["source_key", "column_name", "raw"]),
    )
    connection.execute(
        "update quality.correction c set outdated_at = now(), outdated_value = p.raw from page_outdated p"
        " where c.active and c.dataset = %s and c.source_key = p.source_key and c.column_name = p.column_name"
        " and (c.outdated_at is null or c.outdated_value is distinct from p.raw)",
        (dataset,),
    )
    connection.execute(
        "update quality.correction c set outdated_at = null, outdated_value = null from page_outcome o"
        " where c.active and c.outdated_at is not null and c.dataset = %s and c.source_key = o.source_key"
        " and not exists (select 1 from page_outdated p"
        " where p.source_key = c.source_key and p.column_name = c.column_name)",
        (dataset,),
    )
