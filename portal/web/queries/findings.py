"""Open findings, held and rejected rows: paged lists, and one finding with where it stands.

Belongs here: SQL over quality.*. Not here: reading the landed originals (portal/web/originals.py).
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from portal.web.store import Row, one, rows, value

FILTERS = ("rule", "dataset", "department", "source", "dimension", "entity", "severity")
_OPEN = """f.resolved_at is null
    and (%(rule)s::text is null or f.rule = %(rule)s)
    and (%(dataset)s::text is null or f.dataset = %(dataset)s)
    and (%(department)s::text is null or f.department = %(department)s)
    and (%(source)s::text is null or split_part(f.dataset, '.', 1) = %(source)s)
    and (%(dimension)s::text is null or f.dimension = %(dimension)s)
    and (%(entity)s::text is null or f.entity = %(entity)s)
    and (%(severity)s::text is null or f.severity = %(severity)s)
    and (%(q)s::text is null or f.value ilike %(q)s or f.source_key ilike %(q)s)"""
# Sort keys a browser may name -> column; anything else sorts by position.
_SORT = {"value": "f.value", "where": "f.row_no", "first_seen": "f.first_seen_at", "rule": "f.rule"}
_POSITION = "f.dataset, f.file_id desc nulls last, f.row_no, f.source_key, f.id"


def list_params(given: dict[str, str | None], text: str | None) -> dict[str, Any]:
    """Query parameters for the filters; `text` is searched in value and key."""
    found: dict[str, Any] = {name: given.get(name) or None for name in FILTERS}
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") if text else None
    return {**found, "q": f"%{escaped}%" if escaped else None}


def count(connection: Connection[Any], params: dict[str, Any]) -> int:
    """How many open findings fit the filters."""
    return int(value(connection, f"select count(*) from quality.finding f where {_OPEN}", params))


def listed(
    connection: Connection[Any], params: dict[str, Any], page: int, size: int, sort: str, descending: bool
) -> list[Row]:
    """One page of open findings with their file and standard value."""
    order = f"{_SORT[sort]} {'desc' if descending else 'asc'} nulls last, f.id" if sort in _SORT else _POSITION
    return rows(
        connection,
        f"""select f.id, f.rule, f.dataset, f.entity, f.department, f.severity, f.hold, f.source_key, f.column_name,
              f.source_column, f.value, f.row_no, f.cell, f.first_seen_at, lf.source_path, lf.sheet,
              vc.value as standard_value
            from quality.finding f
            left join ops.landed_file lf on lf.id = f.file_id
            left join quality.value_change vc
              on vc.dataset = f.dataset and vc.source_key = f.source_key and vc.column_name = f.column_name
            where {_OPEN} order by {order} limit %(limit)s offset %(offset)s""",
        {**params, "limit": size, "offset": (page - 1) * size},
    )


def by_rule(connection: Connection[Any], params: dict[str, Any]) -> list[Row]:
    """Open findings that fit the filters, per rule, dataset and department."""
    return rows(
        connection,
        f"""select f.rule, f.dataset, f.department, f.severity, f.dimension, count(*) as findings,
              count(distinct f.source_key) as rows
            from quality.finding f where {_OPEN}
            group by 1, 2, 3, 4, 5 order by count(*) desc, f.rule, f.dataset limit 300""",
        params,
    )


def choices(connection: Connection[Any], rule: str | None) -> dict[str, list[str]]:
    """What the filters of the list can be set to."""
    found = rows(
        connection,
        """select distinct dataset, department, split_part(dataset, '.', 1) as source, dimension, severity
           from quality.finding where resolved_at is null and (%(rule)s::text is null or rule = %(rule)s)""",
        {"rule": rule},
    )
    return {
        name: sorted({row[name] for row in found})
        for name in ("dataset", "department", "source", "dimension", "severity")
    }


def one_finding(connection: Connection[Any], finding_id: int) -> Row | None:
    """A finding with its file, its standard value, its loads."""
    return one(
        connection,
        """select f.*, lf.path as landed_path, lf.source_path, lf.sheet, lf.columns, lf.header_row, lf.landed_at,
             vc.value as standard_value, vc.rule as standard_rule,
             l.run_id, l.finished_at as load_finished_at, l.status as load_status,
             exists (select 1 from quality.held_row h
                     where h.dataset = f.dataset and h.source_key = f.source_key) as row_held
           from quality.finding f
           left join ops.landed_file lf on lf.id = f.file_id
           left join quality.value_change vc
             on vc.dataset = f.dataset and vc.source_key = f.source_key and vc.column_name = f.column_name
           left join ops.load l on l.id = f.last_load_id
           where f.id = %(id)s""",
        {"id": finding_id},
    )


def siblings(connection: Connection[Any], finding: Row) -> list[Row]:
    """The other open findings of the same row."""
    return rows(
        connection,
        """select id, rule, source_column, value, cell, severity from quality.finding
           where dataset = %(dataset)s and source_key = %(source_key)s and resolved_at is null and id <> %(id)s
           order by rule limit 50""",
        finding,
    )


def correction(connection: Connection[Any], finding: Row) -> Row | None:
    """What a steward said about the value of the finding, if that is in force."""
    return one(
        connection,
        """select * from quality.correction where active and dataset = %(dataset)s and source_key = %(source_key)s
             and column_name = %(column_name)s""",
        finding,
    )


def landed_paths(connection: Connection[Any], dataset: str) -> list[str]:
    """Landed files of a dataset, newest first: where to look for a row without a cell."""
    found = rows(
        connection,
        "select path from ops.landed_file where dataset = %(dataset)s order by id desc limit 200",
        {"dataset": dataset},
    )
    return list(dict.fromkeys(row["path"] for row in found))


def held_by_dataset(connection: Connection[Any]) -> list[Row]:
    """[{dataset, rows}] of rows that wait for a fix."""
    return rows(connection, "select dataset, count(*) as rows from quality.held_row group by 1 order by 2 desc, 1")


def held(connection: Connection[Any], dataset: str | None, page: int, size: int) -> list[Row]:
    """One page of held rows, each with its blocking findings."""
    return rows(
        connection,
        """select h.dataset, h.source_key, h.entity, h.row_no, h.load_id, lf.source_path, lf.sheet,
             (select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'rule', f.rule, 'cell', f.cell,
                       'column', f.source_column, 'value', f.value) order by f.id), '[]'::jsonb)
              from quality.finding f where f.dataset = h.dataset and f.source_key = h.source_key
                and f.hold and f.resolved_at is null) as reasons
           from quality.held_row h left join ops.landed_file lf on lf.id = h.file_id
           where %(dataset)s::text is null or h.dataset = %(dataset)s
           order by h.dataset, h.file_id desc nulls last, h.row_no, h.source_key
           limit %(limit)s offset %(offset)s""",
        {"dataset": dataset, "limit": size, "offset": (page - 1) * size},
    )


def rejected_by_dataset(connection: Connection[Any]) -> list[Row]:
    """[{dataset, rows}] of rows that could not be read as data."""
    return rows(connection, "select dataset, count(*) as rows from quality.rejected_row group by 1 order by 2 desc, 1")


def rejected(connection: Connection[Any], dataset: str | None, page: int, size: int) -> list[Row]:
    """One page of rejected rows."""
    return rows(
        connection,
        """select r.dataset, r.source_key, r.row_no, r.raw, r.reason, lf.source_path, lf.sheet
           from quality.rejected_row r left join ops.landed_file lf on lf.id = r.file_id
           where %(dataset)s::text is null or r.dataset = %(dataset)s
           order by r.dataset, r.file_id desc nulls last, r.row_no, r.source_key
           limit %(limit)s offset %(offset)s""",
        {"dataset": dataset, "limit": size, "offset": (page - 1) * size},
    )
