"""What a database's own catalogue says beside tables and columns: sizes, indexes, remarks, rights, encodings.

Belongs here: one question per fact and dialect, nothing of it written anywhere. Does not belong here: what
follows from the answers (`check.py`, `discover.py`), an ERP product's own dictionary (`captions.py`).

A catalogue may be closed to the account, and an ODBC source may be of a dialect nobody knows here: then a
fact is None, "cannot be told", which is never taken for "no".
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from connectors.erp.database.session import Session

Answer = list[tuple[str | None, ...]]
# ("" for the default schema else the schema, table)
TableName = tuple[str, str]


@dataclass(frozen=True)
class Index:
    """columns: in the order of the index."""

    unique: bool
    columns: tuple[str, ...]


_PG_SCHEMA = "CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname END"
_PG_TABLES = (
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
)
_MS_SCHEMA = "CASE WHEN s.name = 'dbo' THEN '' ELSE s.name END"
_ORA_SCHEMA = "CASE WHEN {0} = USER THEN '' ELSE {0} END"

_ESTIMATES = {
    # -1: never analysed.
    "postgresql": f"SELECT {_PG_SCHEMA}, c.relname, CAST(CAST(c.reltuples AS bigint) AS text){_PG_TABLES}"
    " AND c.relkind IN ('r', 'm') AND c.reltuples >= 0",
    "mysql": "SELECT '', table_name, CAST(table_rows AS CHAR) FROM information_schema.tables"
    " WHERE table_schema = DATABASE() AND table_rows IS NOT NULL",
    "mssql": f"SELECT {_MS_SCHEMA}, t.name, CAST(SUM(p.rows) AS varchar(20)) FROM sys.tables t"
    " JOIN sys.schemas s ON s.schema_id = t.schema_id"
    " JOIN sys.partitions p ON p.object_id = t.object_id AND p.index_id IN (0, 1) GROUP BY s.name, t.name",
    "oracle": f"SELECT {_ORA_SCHEMA.format('owner')}, table_name, TO_CHAR(num_rows) FROM all_tables"
    " WHERE num_rows IS NOT NULL",
}
_INDEXES = {
    "sqlite": "SELECT '', m.name, l.name, CAST(l.\"unique\" AS TEXT), CAST(i.seqno AS TEXT), i.name"
    " FROM sqlite_master m, pragma_index_list(m.name) l, pragma_index_info(l.name) i"
    " WHERE m.type = 'table' AND l.partial = 0",
    "postgresql": f"SELECT {_PG_SCHEMA}, c.relname, i.relname, CASE WHEN x.indisunique THEN '1' ELSE '0' END,"
    " CAST(k.place AS text), a.attname FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid"
    " JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k(number, place)"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number"
    " WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema') AND x.indpred IS NULL",
    "mysql": "SELECT '', table_name, index_name, CAST(1 - non_unique AS CHAR), CAST(seq_in_index AS CHAR), column_name"
    " FROM information_schema.statistics WHERE table_schema = DATABASE()",
    "mssql": f"SELECT {_MS_SCHEMA}, t.name, i.name, CAST(i.is_unique AS varchar(1)), CAST(k.key_ordinal AS varchar(9)),"
    " c.name FROM sys.indexes i JOIN sys.tables t ON t.object_id = i.object_id"
    " JOIN sys.schemas s ON s.schema_id = t.schema_id JOIN sys.index_columns k ON k.object_id = i.object_id"
    " AND k.index_id = i.index_id JOIN sys.columns c ON c.object_id = k.object_id AND c.column_id = k.column_id"
    " WHERE k.key_ordinal > 0 AND i.has_filter = 0",
    "oracle": f"SELECT {_ORA_SCHEMA.format('k.table_owner')}, k.table_name, k.index_name,"
    " CASE WHEN i.uniqueness = 'UNIQUE' THEN '1' ELSE '0' END, TO_CHAR(k.column_position), k.column_name"
    " FROM all_ind_columns k JOIN all_indexes i ON i.owner = k.index_owner AND i.index_name = k.index_name",
}
# column '' = the table's own remark
_REMARKS = {
    "postgresql": f"SELECT {_PG_SCHEMA}, c.relname, COALESCE(a.attname, ''), d.description FROM pg_description d"
    " JOIN pg_class c ON c.oid = d.objoid AND d.classoid = CAST('pg_class' AS regclass)"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0"
    " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')",
    "mysql": "SELECT '', table_name, '', table_comment FROM information_schema.tables"
    " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND table_comment <> ''"
    " UNION ALL SELECT '', table_name, column_name, column_comment FROM information_schema.columns"
    " WHERE table_schema = DATABASE() AND column_comment <> ''",
    "mssql": f"SELECT {_MS_SCHEMA}, o.name, COALESCE(c.name, ''), CAST(p.value AS nvarchar(400))"
    " FROM sys.extended_properties p JOIN sys.objects o ON o.object_id = p.major_id"
    " JOIN sys.schemas s ON s.schema_id = o.schema_id"
    " LEFT JOIN sys.columns c ON c.object_id = p.major_id AND c.column_id = p.minor_id AND p.minor_id > 0"
    " WHERE p.class = 1 AND p.name = 'MS_Description'",
    "oracle": f"SELECT {_ORA_SCHEMA.format('owner')}, table_name, '', comments FROM all_tab_comments"
    " WHERE comments IS NOT NULL"
    f" UNION ALL SELECT {_ORA_SCHEMA.format('owner')}, table_name, column_name, comments FROM all_col_comments"
    " WHERE comments IS NOT NULL",
}
_ENCRYPTED = {
    "postgresql": "SELECT CASE WHEN ssl THEN version ELSE '' END FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    "mysql": "SHOW SESSION STATUS LIKE 'Ssl_version'",
    "mssql": "SELECT CASE WHEN encrypt_option = 'TRUE' THEN 'TLS' ELSE '' END FROM sys.dm_exec_connections"
    " WHERE session_id = @@SPID",
    "oracle": "SELECT CASE WHEN SYS_CONTEXT('USERENV', 'NETWORK_PROTOCOL') = 'tcps' THEN 'TLS' ELSE '' END FROM dual",
}


def told(session: Session, sql: str, width: int, **values: Any) -> Answer | None:
    """The rows of a catalogue question as texts, or None if the database does not answer it."""
    schema = pa.schema([(f"c{number}", pa.string()) for number in range(width)])
    statement: Any = sa.text(sql)
    try:
        table, _ = session.fetch(statement.bindparams(**values) if values else statement, schema)
    except _driver_errors():
        return None  # the fact stays unknown, and the caller says so
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def row_estimates(session: Session) -> dict[TableName, int] | None:
    """Rows per table as the database's own statistics have them; tables without statistics are left out."""
    rows = _asked(session, _ESTIMATES, 3)
    return None if rows is None else {(schema or "", table or ""): int(count or 0) for schema, table, count in rows}


def indexes(session: Session) -> dict[TableName, list[Index]] | None:
    """The indexes of every table."""
    rows = _asked(session, _INDEXES, 6)
    if rows is None:
        return None
    found: dict[tuple[str, str, str, bool], list[tuple[int, str]]] = defaultdict(list)
    for schema, table, name, unique, place, column in rows:
        found[schema or "", table or "", name or "", unique == "1"].append((int(place or 0), column or ""))
    by_table: dict[TableName, list[Index]] = defaultdict(list)
    for (schema, table, _, is_unique), places in found.items():
        by_table[schema, table].append(Index(is_unique, tuple(column for _, column in sorted(places))))
    return dict(by_table)


def remarks(session: Session) -> dict[tuple[str, str, str], str]:
    """{(schema, table, column or ""): the remark stored with it}; empty where the database has none."""
    rows = _asked(session, _REMARKS, 4) or []
    return {(schema or "", table or "", column or ""): text.strip() for schema, table, column, text in rows if text}


def encryption(session: Session) -> str | None:
    """What the connection is encrypted with, "" if it is not, None if the database does not tell."""
    rows = _asked(session, _ENCRYPTED, 2 if session.dialect.name in ("mysql", "mariadb") else 1)
    return (rows[0][-1] or "") if rows else None


def family(session: Session) -> str:
    """The dialect's name, MariaDB counted as MySQL."""
    return "mysql" if session.dialect.name == "mariadb" else session.dialect.name


def _driver_errors() -> tuple[type[Exception], ...]:
    """What the drivers that are loaded raise."""
    loaded = [sys.modules[name] for name in ("pyodbc", "arrow_odbc") if name in sys.modules]
    return (SQLAlchemyError, *(module.Error for module in loaded))


def _asked(session: Session, questions: dict[str, str], width: int) -> Answer | None:
    sql = questions.get(family(session))
    return None if sql is None else told(session, sql, width)
