"""Arrow tables into PostgreSQL temporary tables by COPY.

Belongs here: the wire format between Arrow and the store. Not here: what the rows mean.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg import sql


def copy_in(connection: psycopg.Connection[Any], table: sql.Composable, rows: pa.Table) -> None:
    """COPY `rows` into `table`; column names must match, nulls stay null, empty text stays empty."""
    if rows.num_rows == 0:
        return
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    statement = sql.SQL("copy {} ({}) from stdin with (format csv)").format(table, columns)
    # "needed" quotes every text value and leaves nulls bare: exactly PostgreSQL's reading of CSV.
    options = pa_csv.WriteOptions(include_header=False, quoting_style="needed")
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in rows.to_batches(max_chunksize=20_000):
            sink = pa.BufferOutputStream()
            pa_csv.write_csv(pa.Table.from_batches([batch]), sink, options)
            copy.write(sink.getvalue().to_pybytes())


def fill_temporary(connection: psycopg.Connection[Any], name: str, definition: str, rows: pa.Table) -> None:
    """(Re)create a temporary table that lives until commit and fill it."""
    connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier("pg_temp", name)))
    connection.execute(
        sql.SQL("create temporary table {} ({}) on commit drop").format(sql.Identifier(name), sql.SQL(definition))
    )
    copy_in(connection, sql.Identifier("pg_temp", name), rows)
