"""Views master.<domain>: one row per golden record, computed at read from its source records.

Belongs here: survivorship as SQL. Not here: which records belong together (hub/matching).
Per attribute the first filled value wins, in the order of KIND_PRIORITY; `_sources` lists all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from schemas.model import Contract

DOMAINS = ("customer", "supplier", "material")
# The ERP's master data are maintained with approval, the workbooks by one department, the MES copies.
KIND_PRIORITY = ("erp", "excel", "mes")
UPLOADS = "uploads"  # somebody looked at them just now: before the workbooks that are only read


def ensure_master_views(
    connection: psycopg.Connection[Any], contracts: dict[str, Contract], kinds: Mapping[str, str]
) -> None:
    """(Re)create the views; they hold no data, so a contract's new column or a new system needs no migration.

    kinds: {system: "erp", "excel" or "mes"}.
    """
    priority = sql.SQL("array_position(array[{}]::text[], split_part(c._dataset, '.', 1))").format(
        sql.SQL(", ").join(map(sql.Literal, systems_in_order(kinds)))
    )
    for domain in DOMAINS:
        attributes = sql.SQL(", ").join(
            sql.SQL(
                "(array_agg(c.{0} order by {1} nulls last, c._dataset, c._source_key)"
                " filter (where c.{0} is not null))[1] as {0}"
            ).format(sql.Identifier(column.name), priority)
            for column in contracts[domain].columns
        )
        view = sql.Identifier("master", domain)
        connection.execute(sql.SQL("drop view if exists {}").format(view))
        connection.execute(
            sql.SQL(
                "create view {} as select x.golden_id, {},"
                " string_agg(c._dataset || ':' || c._source_key, ', ' order by c._dataset, c._source_key) as _sources,"
                " count(*) as _records from master.crosswalk x join {} c"
                " on c._dataset = x.dataset and c._source_key = x.source_key"
                " where x.domain = {} and x.valid_to is null group by x.golden_id"
            ).format(view, attributes, sql.Identifier("core", domain), sql.Literal(domain))
        )


def systems_in_order(kinds: Mapping[str, str]) -> list[str]:
    """The systems by whose value is preferred."""
    ordered = sorted(kinds, key=lambda name: (KIND_PRIORITY.index(kinds[name]), name))
    at = sum(kinds[name] == "erp" for name in ordered)
    return [*ordered[:at], UPLOADS, *ordered[at:]]
