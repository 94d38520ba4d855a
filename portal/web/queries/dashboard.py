"""Figures of the quality dashboard, from mart.quality_score and the open findings.

Belongs here: sums over what the hub computed. Not here: computing scores of rows (hub/marts).
Score = 100 * (1 - sum(weight * rows_failed) / sum(weight * rows_checked)), null where nothing was checked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from hub.marts.scores import WEIGHTS
from portal.web.store import Row, one, rows, value

_SCORE = "round(100 * (1 - sum(weight * rows_failed) / nullif(sum(weight * rows_checked), 0)::numeric), 2)"
_SCORE_FILTER = """(%(entity)s::text is null or entity = %(entity)s)
    and (%(department)s::text is null or department = %(department)s)
    and (%(source)s::text is null or system = %(source)s)"""
_FINDING_FILTER = """(%(entity)s::text is null or entity = %(entity)s)
    and (%(department)s::text is null or department = %(department)s)
    and (%(source)s::text is null or split_part(dataset, '.', 1) = %(source)s)"""
# A dataset counts with its newest day up to the day asked for: not every source is scored every day.
_AS_OF = """select s.* from mart.quality_score s
    join (select dataset, max(day) as day from mart.quality_score where day <= %(as_of)s group by dataset) newest
      using (dataset, day)"""
MIN_ROWS_OF_A_DEPARTMENT = 100


@dataclass(frozen=True)
class Filters:
    """What the dashboard is narrowed to; None = all."""

    weeks: int = 12
    entity: str | None = None
    department: str | None = None
    source: str | None = None

    def params(self, **more: Any) -> dict[str, Any]:
        return {**asdict(self), **more}


def latest_day(connection: Connection[Any]) -> date | None:
    """The newest day with scores."""
    return value(connection, "select max(day) from mart.quality_score")


def choices(connection: Connection[Any]) -> dict[str, list[str]]:
    """What the filters can be set to: entities, departments, sources met in the scores and findings."""
    found = rows(
        connection,
        """select distinct entity, department, system from mart.quality_score
           union select distinct entity, department, split_part(dataset, '.', 1) from quality.finding
           where resolved_at is null""",
    )
    return {name: sorted({row[name] for row in found}) for name in ("entity", "department", "system")}


def overall(connection: Connection[Any], filters: Filters, as_of: date) -> Row:
    """{score, checked, failed}: weighted sums as of a day."""
    row = one(
        connection,
        f"""select {_SCORE} as score, coalesce(sum(weight * rows_checked), 0) as checked,
              coalesce(sum(weight * rows_failed), 0) as failed
            from ({_AS_OF}) s where {_SCORE_FILTER}""",
        filters.params(as_of=as_of),
    )
    assert row is not None
    return row


def trend(connection: Connection[Any], filters: Filters, until: date) -> list[Row]:
    """[{day, score}]: weekly points, or daily ones while there are two weeks of scores or fewer."""
    first = value(connection, "select min(day) from mart.quality_score")
    start = max(first, until - timedelta(weeks=filters.weeks))
    step = 1 if (until - start).days <= 14 else 7
    days = [until - timedelta(days=back) for back in range(0, (until - start).days + 1, step)]
    return [{"day": each, "score": overall(connection, filters, each)["score"]} for each in reversed(days)]


def counts(connection: Connection[Any], filters: Filters) -> Row:
    """{issues, findings, fixed, held, rejected}: open now, and findings resolved in the last seven days."""
    row = one(
        connection,
        f"""with f as (select * from quality.finding where {_FINDING_FILTER})
            select count(distinct (rule, dataset, department)) filter (where resolved_at is null) as issues,
              count(*) filter (where resolved_at is null) as findings,
              count(*) filter (where resolved_at > now() - interval '7 days') as fixed
            from f""",
        filters.params(),
    )
    waiting = one(
        connection,
        """with d as (select distinct dataset, department from mart.quality_score),
             h as (select dataset, entity, count(*) as n from quality.held_row group by 1, 2),
             r as (select dataset, count(*) as n from quality.rejected_row group by 1)
           select
             (select coalesce(sum(n), 0) from h where (%(entity)s::text is null or entity = %(entity)s)
                and (%(source)s::text is null or split_part(dataset, '.', 1) = %(source)s)
                and (%(department)s::text is null
                     or dataset in (select dataset from d where department = %(department)s)))::bigint as held,
             (select coalesce(sum(n), 0) from r where (%(source)s::text is null
                     or split_part(dataset, '.', 1) = %(source)s)
                and (%(entity)s::text is null
                     or dataset in (select dataset from mart.quality_score where entity = %(entity)s))
                and (%(department)s::text is null
                     or dataset in (select dataset from d where department = %(department)s)))::bigint as rejected""",
        filters.params(),
    )
    assert row is not None
    assert waiting is not None
    return {**row, **waiting}


def departments(connection: Connection[Any], filters: Filters, as_of: date, before: date) -> list[Row]:
    """[{department, score, change, open_issues, findings}] best first; small departments are noise."""
    sql = f"""select department, {_SCORE} as score, max(rows_checked) as rows_checked
              from ({_AS_OF}) s where {_SCORE_FILTER} group by department"""
    now = rows(connection, sql, filters.params(as_of=as_of))
    then = {row["department"]: row["score"] for row in rows(connection, sql, filters.params(as_of=before))}
    open_now = {
        row["department"]: row
        for row in rows(
            connection,
            f"""select department, count(distinct (rule, dataset)) as issues, count(*) as findings
                from quality.finding where resolved_at is null and {_FINDING_FILTER} group by department""",
            filters.params(),
        )
    }
    table = []
    for row in now:
        if row["rows_checked"] < MIN_ROWS_OF_A_DEPARTMENT and filters.department is None:
            continue
        past = then.get(row["department"])
        waiting = open_now.get(row["department"], {"issues": 0, "findings": 0})
        change = row["score"] - past if past is not None and row["score"] is not None else None
        table.append({**row, "change": change, "issues": waiting["issues"], "findings": waiting["findings"]})
    return sorted(table, key=lambda row: -(row["score"] or 0))


def worst_rules(connection: Connection[Any], filters: Filters, limit: int = 8) -> list[Row]:
    """The issues to fix first: [{rule, dataset, department, severity, rows, weight}] by rows x weight."""
    return rows(
        connection,
        f"""select f.rule, f.dataset, f.department, f.severity, count(distinct f.source_key) as rows,
              (%(weights)s::jsonb ->> f.severity)::int as weight
            from quality.finding f
            where f.resolved_at is null and {_FINDING_FILTER}
            group by f.rule, f.dataset, f.department, f.severity
            order by count(distinct f.source_key) * (%(weights)s::jsonb ->> f.severity)::int desc, f.rule, f.dataset
            limit %(limit)s""",
        filters.params(limit=limit, weights=Jsonb(WEIGHTS)),
    )


def heat_map(connection: Connection[Any], filters: Filters, as_of: date) -> dict[str, dict[str, Any]]:
    """{system: {dimension: score}}; a pair without rules is missing."""
    found = rows(
        connection,
        f"""select system, dimension, {_SCORE} as score from ({_AS_OF}) s where {_SCORE_FILTER}
            group by system, dimension order by system""",
        filters.params(as_of=as_of),
    )
    table: dict[str, dict[str, Any]] = {}
    for row in found:
        table.setdefault(row["system"], {})[row["dimension"]] = row["score"]
    return table


def as_of_facts(connection: Connection[Any]) -> Row:
    """{loaded_at, on_time, sources}: the newest good load, and how many sources loaded within a day."""
    row = one(
        connection,
        """with newest as (select system, max(finished_at) filter (where status = 'ok') as ok_at
                           from ops.load where system <> 'uploads' and kind = 'read' group by system)
           select max(ok_at) as loaded_at, count(*) as sources,
             count(*) filter (where ok_at > now() - interval '26 hours') as on_time from newest""",
    )
    assert row is not None
    return row
