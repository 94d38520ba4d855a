"""The table of the ERP benchmarks: 21 columns of every type, in any number of rows.

Belongs here: its shape, its contract, making it in PostgreSQL and MariaDB, the digest of its contents.
Not here: contenders.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from hub.store.engine import dsn
from hub.store.postgres import EmbeddedPostgres
from schemas.model import Column, ColumnMapping, Contract, Mapping, Text

TABLE = "wide"
WARM = "warm"  # the same with ten rows, which every tool carries first: imports are not what is measured
# name, type in the source, expression over i
COLUMNS = (
    ("id", "bigint", "i"),
    ("code", "text", "'01.' || lpad((i % 999983)::text, 7, '0')"),
    ("name", "text", "'精密零件' || (i % 20000)"),
    ("spec", "text", "(i % 90) || 'x' || (i % 70) || 'mm'"),
    ("unit", "text", "(array['KG', 'PCS', 'M'])[1 + i % 3]"),
    ("category", "text", "'C' || (i % 40)"),
    ("warehouse", "text", "'W' || (i % 12)"),
    ("customer", "text", "'苏州客户' || (i % 3000)"),
    ("contact", "text", "'联系人' || (i % 500)"),
    ("phone", "text", "(13000000000 + i % 80000)::text"),
    ("remark", "text", "case when i % 7 = 0 then '备注' || (i % 900) end"),
    ("price", "numeric(23,10)", "((i * 7919) % 1000003)::numeric / 997"),
    ("cost", "numeric(20,4)", "((i * 104729) % 1000003)::numeric / 101"),
    ("qty", "numeric(20,4)", "(i % 5000)::numeric / 8"),
    ("weight", "numeric(12,3)", "(i % 7000)::numeric / 16"),
    ("scrap", "numeric(20,4)", "case when i % 5 = 0 then (i % 90)::numeric / 100 end"),
    ("order_date", "date", "date '2020-01-01' + (i % 2000)::int"),
    ("due_date", "date", "date '2020-02-01' + (i % 2000)::int"),
    ("created_at", "timestamp", "timestamp '2020-01-01 08:00' + i * interval '1 second'"),
    ("level", "integer", "i % 10"),
    ("status", "smallint", "(i % 4)::smallint"),
)
_WORD = Text("宽表", "Wide table")


def _column(name: str, source_type: str) -> Column:
    title = Text(name, name)
    if source_type.startswith("numeric"):
        precision, scale = source_type[len("numeric(") : -1].split(",")
        return Column(name, "decimal", title, precision=int(precision), scale=int(scale))
    types: dict[str, Any] = {"text": "string", "date": "date", "timestamp": "timestamp"}
    return Column(name, types.get(source_type, "integer"), title)


CONTRACT = Contract(
    "bench_wide", _WORD, _WORD, "it", tuple(_column(name, kind) for name, kind, _ in COLUMNS), ("id",), ()
)
MAPPING = Mapping("bench.wide", "bench_wide", "it", tuple(ColumnMapping(name, name) for name, _, _ in COLUMNS))


def make(server: EmbeddedPostgres, rows: int) -> None:
    """Databases source (with both tables), limit, dlt and sling."""
    with psycopg.connect(dsn(server.url("postgres")), autocommit=True) as connection:
        for name in ("source", "limit", "dlt", "sling"):
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with psycopg.connect(dsn(server.url("source")), autocommit=True) as connection:
        values = ", ".join(expression for _, _, expression in COLUMNS)
        for table, count in ((TABLE, rows), (WARM, 10)):
            connection.execute(create(table))
            connection.execute(
                f"insert into {table} select {values} from generate_series(1::bigint, {count}) i".encode()
            )
            connection.execute(f"alter table {table} add primary key (id)".encode())
        connection.execute(b"vacuum analyze")


_MARIADB_TYPES = {"text": "varchar(200)", "timestamp": "datetime(6)", "integer": "int"}


def make_mariadb(server: EmbeddedPostgres, connection: Any) -> None:
    """The same tables in the current database of a pymysql connection, carried over from `source`."""
    import tempfile

    with tempfile.NamedTemporaryFile() as file, psycopg.connect(dsn(server.url("source"))) as source:
        for table in (TABLE, WARM):
            columns = ", ".join(
                f"{name} {_MARIADB_TYPES.get(kind, kind.replace('numeric', 'decimal'))}" for name, kind, _ in COLUMNS
            )
            file.seek(0)
            file.truncate()
            # PostgreSQL's text form is what MariaDB's LOAD DATA reads by default: tabs, \\N, backslashes.
            with source.cursor().copy(f"copy {table} to stdout".encode()) as reader:
                for block in reader:
                    file.write(block)
            file.flush()
            with connection.cursor() as cursor:
                cursor.execute(f"create table {table} ({columns}, primary key (id))")
                cursor.execute(f"load data local infile '{file.name}' into table {table} character set utf8mb4")
                cursor.execute(f"analyze table {table}")
        connection.commit()


def create(table: str) -> bytes:
    """CREATE TABLE for PostgreSQL, without a key."""
    return f"create table {table} ({', '.join(f'{name} {kind}' for name, kind, _ in COLUMNS)})".encode()


def digest(connection: psycopg.Connection[Any], table: str) -> tuple[int, int]:
    """(rows, sum of row hashes): equal for equal contents, whatever the order and the exact column types."""
    values = ", ".join(f"coalesce({name}::{kind}::text, '~')" for name, kind, _ in COLUMNS)
    statement = f"select count(*), coalesce(sum(hashtextextended(concat_ws('|', {values}), 0)), 0) from {table}"
    row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
