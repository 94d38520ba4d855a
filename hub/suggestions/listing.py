"""What there is to decide on and what was decided, for the command line and the portal.

Belongs here: queries that give dictionaries. Not here: words and pages.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]

_OPEN = """s.status = 'open'
    and (%(dataset)s::text is null or s.dataset = %(dataset)s)
    and (%(column)s::text is null or s.column_name = %(column)s)
    and (%(department)s::text is null or s.department = %(department)s)
    and (%(rule)s::text is null or s.rule = %(rule)s)"""
_FILTERS = ("dataset", "column", "department", "rule")


def open_suggestions(
    connection: psycopg.Connection[Any], limit: int = 50, offset: int = 0, **filters: str | None
) -> list[Row]:
    """A page of open suggestions, the surest and most frequent first, each with the file of its example row.

    filters: dataset, column, department, rule.
    """
    query = f"""
        select s.*, f.source_path, f.sheet
        from quality.suggestion as s
        left join lateral (
          select lf.source_path, lf.sheet from ops.landed_file as lf
          where lf.dataset = s.dataset and lf.source_path is not null order by lf.id desc limit 1) as f on true
        where {_OPEN}
        order by s.confidence * ln(s.rows + 1) desc, s.dataset, s.column_name, s.id limit %(limit)s offset %(offset)s"""
    return _rows(connection, query, {**_given(filters), "limit": limit, "offset": offset})


def groups(connection: psycopg.Connection[Any], **filters: str | None) -> list[Row]:
    """[{department, dataset, entity, column_name, suggestions, rows}] of open suggestions."""
    query = f"""
        select s.department, s.dataset, s.entity, s.column_name, count(*) as suggestions, sum(s.rows)::bigint as rows
        from quality.suggestion as s where {_OPEN} group by 1, 2, 3, 4 order by 6 desc, 2, 4"""
    return _rows(connection, query, _given(filters))


def count_open(connection: psycopg.Connection[Any], **filters: str | None) -> int:
    """How many suggestions are open."""
    query = f"select count(*) as n from quality.suggestion as s where {_OPEN}"
    return int(_rows(connection, query, _given(filters))[0]["n"])


def remembered_values(connection: psycopg.Connection[Any], department: str | None = None) -> list[Row]:
    """What texts mean, those in force first; `rows`: how many values of the store are from it now."""
    query = """
        select m.*, coalesce(v.rows, 0)::bigint as rows
        from quality.remembered_value as m
        left join lateral (
          select count(*) as rows from quality.value_change as c
          where m.active and c.rule = 'remembered' and c.column_name = m.column_name and c.raw_value = m.raw_value
            and c.value = m.value
            and c.dataset in (select distinct l.dataset from ops.load as l where l.entity = m.entity)) as v on true
        where %(department)s::text is null or m.department = %(department)s
        order by m.active desc, m.entity, m.column_name, m.id desc limit 1000"""
    return _rows(connection, query, {"department": department})


def corrections(connection: psycopg.Connection[Any]) -> list[Row]:
    """What stewards said about single values, those in force first."""
    query = "select * from quality.correction order by active desc, id desc limit 1000"
    return _rows(connection, query, {})


def _given(filters: dict[str, str | None]) -> dict[str, Any]:
    return {name: filters.get(name) or None for name in _FILTERS}


def _rows(connection: psycopg.Connection[Any], query: str, params: dict[str, Any]) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), params).fetchall()
