"""The mirror: the current rows of a source table, as the source has them, in raw_<system>.<object> of the store.

So the plant can look things up with plain SQL while the source is down. Belongs here: the table's shape
and its upkeep inside a page's transaction. Not here: cleaned data (core), what is landed (stage.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from connectors.base import KEY, ROW_NO
from hub.landing.bulk import copy_in
from hub.landing.dataset import Dataset
from hub.landing.known import Known
from hub.landing.replay import Wanted, replay

SOURCE_KEY = "_source_key"
LOADED_AT = "_loaded_at"


def mirror_table(dataset: str) -> sql.Identifier:
    """raw_<system>.<object>."""
    return sql.Identifier(*_names(dataset))


def ensure_mirror(connection: psycopg.Connection[Any], dataset: str, schema: pa.Schema) -> bool:
    """Make or widen the mirror so that rows of `schema` fit; True if it did not exist.

    A column that left the source stays, empty in rows read later; a column whose type changed is cast, and
    becomes text where it cannot be.
    """
    names = _names(dataset)
    known = _columns(connection, names)
    if not known:
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(names[0])))
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(field.name), sql.SQL(sql_type(field.type)))
            for field in _source_fields(schema)
        ]
        connection.execute(
            sql.SQL("create table {} ({} text primary key, {} timestamptz not null default now(), {})").format(
                mirror_table(dataset),
                sql.Identifier(SOURCE_KEY),
                sql.Identifier(LOADED_AT),
                sql.SQL(", ").join(columns),
            )
        )
        return True
    for field in _source_fields(schema):
        wanted = sql_type(field.type)
        if field.name not in known:
            statement = sql.SQL("alter table {} add column {} {}").format(
                mirror_table(dataset), sql.Identifier(field.name), sql.SQL(wanted)
            )
            connection.execute(statement)
        elif known[field.name] != wanted:
            _retype(connection, dataset, field.name, wanted)
    return False


def upsert(connection: psycopg.Connection[Any], dataset: str, rows: pa.Table) -> None:
    """Put the rows (source columns + KEY) into the mirror, over what it has under their keys."""
    if rows.num_rows == 0:
        return
    ensure_mirror(connection, dataset, rows.schema)
    incoming = _as_stored(rows)
    connection.execute("drop table if exists pg_temp.page_mirror")
    connection.execute(
        sql.SQL("create temporary table page_mirror (like {} including defaults) on commit drop").format(
            mirror_table(dataset)
        )
    )
    copy_in(connection, sql.Identifier("pg_temp", "page_mirror"), incoming)
    columns = [sql.Identifier(name) for name in incoming.column_names]
    connection.execute(
        sql.SQL(
            "insert into {table} ({columns}) select {columns} from page_mirror on conflict ({key})"
            " do update set {updates}"
        ).format(
            table=mirror_table(dataset),
            columns=sql.SQL(", ").join(columns),
            key=sql.Identifier(SOURCE_KEY),
            updates=sql.SQL(", ").join(
                [
                    *(sql.SQL("{0} = excluded.{0}").format(name) for name in columns[1:]),
                    sql.SQL("{} = now()").format(sql.Identifier(LOADED_AT)),
                ]
            ),
        )
    )


def delete_keys(connection: psycopg.Connection[Any], dataset: str, keys: Iterable[str]) -> None:
    """Remove rows that the source has deleted."""
    if not _columns(connection, _names(dataset)):
        return
    connection.execute(
        sql.SQL("delete from {} where {} = any(%s)").format(mirror_table(dataset), sql.Identifier(SOURCE_KEY)),
        (list(keys),),
    )


def begin(connection: psycopg.Connection[Any], dataset: Dataset, landing: Path) -> None:
    """Fill a mirror that does not exist yet with what was landed before it was asked for.

    Raises Problem if a landed file that is needed is gone or damaged.
    """
    if _columns(connection, _names(dataset.name)):
        return
    with closing(Known(connection, dataset)) as known:
        wanted = Wanted(known.digests(("loaded", "held")))
    newest: pa.Schema | None = None
    for page in replay(connection, dataset.name, wanted, landing):
        newest = newest or page.rows.schema
        upsert(connection, dataset.name, page.rows)
    if newest is not None:
        ensure_mirror(connection, dataset.name, newest)  # older rows, which came later, may have had other types


def sql_type(kind: pa.DataType) -> str:
    """The PostgreSQL type that holds every value of an Arrow type exactly."""
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision},{kind.scale})"
    for test, name in (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_uint64, "numeric(20,0)"),
        (pa.types.is_integer, "bigint"),
        (pa.types.is_floating, "double precision"),
        (pa.types.is_timestamp, "timestamp without time zone"),
        (pa.types.is_date, "date"),
        (pa.types.is_time, "time without time zone"),
        (_is_binary, "bytea"),
    ):
        if test(kind):
            return name
    return "text"


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)


def _names(dataset: str) -> tuple[str, str]:
    system, _, name = dataset.partition(".")
    return f"raw_{system}", name


def _source_fields(schema: pa.Schema) -> list[pa.Field]:
    """The source's own columns, under names that PostgreSQL can keep apart."""
    return [field.with_name(_column_name(field.name)) for field in schema if field.name not in (KEY, ROW_NO)]


def _column_name(name: str) -> str:
    # PostgreSQL cuts names at 63 bytes without a word: 21 Chinese characters.
    return name.encode()[:63].decode(errors="ignore")


def _columns(connection: psycopg.Connection[Any], names: tuple[str, str]) -> dict[str, str]:
    """{column: type as PostgreSQL writes it} of the mirror; empty if there is none."""
    found = connection.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " join pg_namespace n on n.oid = c.relnamespace where n.nspname = %s and c.relname = %s"
        " and attnum > 0 and not attisdropped",
        names,
    )
    return {row[0]: row[1] for row in found}


def _retype(connection: psycopg.Connection[Any], dataset: str, column: str, wanted: str) -> None:
    change = sql.SQL("alter table {table} alter column {column} type {type} using {column}::text::{type}")
    for kind in (wanted, "text"):
        try:
            with connection.transaction():
                connection.execute(
                    change.format(table=mirror_table(dataset), column=sql.Identifier(column), type=sql.SQL(kind))
                )
            return
        except psycopg.DataError:
            if kind == "text":
                raise


def _as_stored(rows: pa.Table) -> pa.Table:
    """KEY first, under the mirror's name, then the source's columns; binary as PostgreSQL reads it."""
    arrays: list[pa.ChunkedArray] = [rows[KEY]]
    names = [SOURCE_KEY]
    for field in rows.schema:
        if field.name in (KEY, ROW_NO):
            continue
        column = rows[field.name]
        if _is_binary(field.type):
            hexed = [None if value is None else "\\x" + value.hex() for value in column.to_pylist()]
            column = pa.chunked_array([pa.array(hexed, pa.string())])
        elif pa.types.is_nested(field.type) or pa.types.is_duration(field.type):
            column = pa.chunked_array(
                [pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())]
            )
        names.append(_column_name(field.name))
        arrays.append(column)
    return pa.table(dict(zip(names, arrays, strict=True)))
