"""Arrow tables into PostgreSQL tables by COPY.

Belongs here: the wire formats between Arrow and the store. Not here: what the rows mean.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
from pgpq import ArrowToPostgresBinaryEncoder
from psycopg import sql

# Measured (docs/decisions/0013): the rows of one batch stay in the processor's cache between the steps.
_BATCH_ROWS = 2_000
_INDEXED_ROWS = 500  # fewer are compared faster than indexed


def copy_typed(connection: psycopg.Connection[Any], table: sql.Composable, rows: pa.Table) -> None:
    """COPY `rows` into `table` in binary: cheaper for both sides than text, above all for numbers and times.

    The Arrow types must be exactly the table's: int64 bigint, int32 integer, string text, decimal128 numeric,
    date32 date, timestamp[us] timestamp, bool boolean, 16 bytes uuid.
    """
    if rows.num_rows == 0:
        return
    encoder = ArrowToPostgresBinaryEncoder(rows.schema)
    with connection.cursor() as cursor, cursor.copy(_statement(table, rows, "binary")) as copy:
        copy.write(encoder.write_header())
        for batch in rows.to_batches(max_chunksize=_BATCH_ROWS):
            copy.write(encoder.write_batch(batch))
        copy.write(encoder.finish())


def copy_in(connection: psycopg.Connection[Any], table: sql.Composable, rows: pa.Table) -> None:
    """COPY `rows` into `table` as text of any type; nulls stay null, empty text stays empty."""
    if rows.num_rows == 0:
        return
    # "needed" quotes every text value and leaves nulls bare: exactly PostgreSQL's reading of CSV.
    options = pa_csv.WriteOptions(include_header=False, quoting_style="needed")
    with connection.cursor() as cursor, cursor.copy(_statement(table, rows, "csv")) as copy:
        for batch in rows.to_batches(max_chunksize=20_000):
            sink = pa.BufferOutputStream()
            pa_csv.write_csv(pa.Table.from_batches([batch]), sink, options)
            copy.write(sink.getvalue().to_pybytes())


def fill_temporary(
    connection: psycopg.Connection[Any], name: str, definition: str, rows: pa.Table, key: str | None = None
) -> None:
    """(Re)create a temporary table that lives until commit and fill it.

    key: the column it is joined by. PostgreSQL knows little of tables that were filled a moment ago, on either side
    of a join; with an index the worst it can choose is a look-up per row, not every row with every other.
    """
    create_temporary(connection, name, sql.SQL(definition))
    copy_in(connection, sql.Identifier("pg_temp", name), rows)
    if key is not None and rows.num_rows:
        table = sql.Identifier("pg_temp", name)
        if rows.num_rows >= _INDEXED_ROWS:
            connection.execute(sql.SQL("create index on {} ({})").format(table, sql.Identifier(key)))
        connection.execute(sql.SQL("analyze {}").format(table))


def create_temporary(connection: psycopg.Connection[Any], name: str, definition: sql.Composable) -> None:
    """(Re)create an empty temporary table that lives until commit."""
    connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier("pg_temp", name)))
    connection.execute(
        sql.SQL("create temporary table {} ({}) on commit drop").format(sql.Identifier(name), definition)
    )


def _statement(table: sql.Composable, rows: pa.Table, form: str) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    return sql.SQL("copy {} ({}) from stdin with (format {})").format(table, columns, sql.SQL(form))
