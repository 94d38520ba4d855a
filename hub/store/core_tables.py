"""Entity tables core.<entity>, made from the contracts.

Belongs here: the mapping contract -> table, and additive changes when a contract grows. A column
that leaves a contract stays in the table (data are never dropped by a configuration change).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from schemas.model import Column, Contract

# Every entity table begins with these; PRIMARY KEY (_dataset, _source_key).
SYSTEM_COLUMNS = {
    "_dataset": "text not null",
    "_source_key": "text not null",
    "_plant": "text not null",
    "_row_hash": "uuid not null",
    "_load_id": "bigint not null",
    "_file_id": "bigint",
    "_row_no": "integer",
    "_loaded_at": "timestamptz not null default now()",
}

_SQL_TYPES = {
    "string": "text",
    "integer": "bigint",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
}


def sql_type(column: Column) -> str:
    """PostgreSQL type of a contract column."""
    if column.type == "decimal":
        return f"numeric({column.precision},{column.scale})"
    return _SQL_TYPES[column.type]


def page_columns(contract: Contract) -> sql.Composed:
    """Column definitions of a page on its way into core.<entity>: what differs from row to row, no constraints."""
    own = {name: SYSTEM_COLUMNS[name].split()[0] for name in ("_source_key", "_row_hash", "_row_no")}
    columns = [*own.items(), *((column.name, sql_type(column)) for column in contract.columns)]
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(definition)) for name, definition in columns
    )


def has_types_of(connection: psycopg.Connection[Any], contract: Contract) -> bool:
    """False if core.<entity> still has a column in a type that the contract has left behind."""
    stored = dict(
        connection.execute(
            "select attname, replace(format_type(atttypid, atttypmod), ' without time zone', '') from pg_attribute"
            " where attrelid = %s::regclass and attnum > 0 and not attisdropped",
            (f'core."{contract.entity}"',),
        ).fetchall()
    )
    return all(stored.get(column.name) == sql_type(column) for column in contract.columns)


def ensure_core_tables(connection: psycopg.Connection[Any], contracts: Iterable[Contract]) -> None:
    """Create missing entity tables and add missing columns; safe to call before every load."""
    for contract in contracts:
        table = sql.Identifier("core", contract.entity)
        columns = [
            *((name, definition) for name, definition in SYSTEM_COLUMNS.items()),
            *((column.name, sql_type(column)) for column in contract.columns),
        ]
        known = {
            row[0]
            for row in connection.execute(
                "select column_name from information_schema.columns where table_schema = 'core' and table_name = %s",
                (contract.entity,),
            )
        }
        if not known:
            body = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(definition)) for name, definition in columns
            )
            connection.execute(
                sql.SQL("create table if not exists {} ({}, primary key (_dataset, _source_key))").format(table, body)
            )
            connection.execute(
                sql.SQL("comment on table {} is {}").format(
                    table, sql.Literal(f"{contract.title.en} / {contract.title.zh}")
                )
            )
            continue
        for name, definition in columns:
            if name not in known:
                connection.execute(
                    sql.SQL("alter table {} add column if not exists {} {}").format(
                        table, sql.Identifier(name), sql.SQL(definition)
                    )
                )
