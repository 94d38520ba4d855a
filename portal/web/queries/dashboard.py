"""Figures of the quality dashboard, from the scores of a day, the issues and the open findings.

Belongs here: choosing and putting together what the hub computed. Not here: the formula and what is unknown
(hub/marts/score_on.py), computing scores of rows (hub/marts/scores.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Literal, cast

from psycopg import Connection
from psycopg.types.json import Jsonb

from hub.cleansing.dates import ZONE
from hub.landing.dataset import all_mappings
from hub.marts.score_on import Day, GroupBy, Score, last_day, score_on, taken_between
from hub.marts.scores import TODAY, WEIGHTS
from hub.quality.fixed import FIXERS, SOURCE
from hub.quality.history import RuleChange, rule_changes
from hub.quality.states import dataset_states
from portal.web.store import Row, one, rows, value
from schemas.loader import contracts

Group = Literal["department", "entity", "source", "dimension", "column", "rule"]
GROUPS: tuple[Group, ...] = ("department", "entity", "source", "dimension", "column", "rule")
_FINDING_FILTER = """(%(entity)s::text is null or entity = %(entity)s)
    and (%(department)s::text is null or department = %(department)s)
    and (%(source)s::text is null or split_part(dataset, '.', 1) = %(source)s)"""
# What tells the issues of one group apart; columns have none of their own.
_OF_ISSUES = {
    "department": "department", "entity": "entity", "source": "split_part(dataset, '.', 1)",
    "dimension": "dimension", "rule": "rule",
}  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """What the dashboard is narrowed to; None = all. day: the day asked for; None = today. group: of the table."""

    weeks: int = 12
    entity: str | None = None
    department: str | None = None
    source: str | None = None
    group: Group = "department"
    day: date | None = None

    def params(self, **more: Any) -> dict[str, Any]:
        return {**asdict(self), **more}

    @property
    def only(self) -> dict[str, str | None]:
        return {"entity": self.entity, "department": self.department, "source": self.source}


def today(connection: Connection[Any]) -> date:
    """The factory's day, by the clock of the store."""
    return cast("date", value(connection, f"select {TODAY} as today"))


def choices(connection: Connection[Any]) -> dict[str, list[str]]:
    """What the filters can be set to: entities, departments, sources met in the scores and findings."""
    found = rows(
        connection,
        """select distinct entity, department, system from mart.quality_score
           union select distinct entity, department, split_part(dataset, '.', 1) from quality.finding
           where resolved_at is null""",
    )
    return {name: sorted({row[name] for row in found}) for name in ("entity", "department", "system")}


def scored(connection: Connection[Any], filters: Filters, day: date, group_by: GroupBy | None = None) -> Day | None:
    """The scores of a day within the filters."""
    return score_on(connection, day, group_by, **filters.only)


def trend(connection: Connection[Any], filters: Filters, until: date) -> list[Row]:
    """[{day, score, carried}]: weekly points, or daily ones while there are two weeks of scores or fewer.

    A day on which nothing ran carries the last run before it.
    """
    first = value(connection, "select min(day) from mart.quality_score")
    start = max(first, until - timedelta(weeks=filters.weeks))
    step = 1 if (until - start).days <= 14 else 7
    known_from = last_day(connection, start) or start
    taken = taken_between(connection, known_from, until, **filters.only)
    points = []
    for back in range(0, (until - start).days + 1, step):
        day = until - timedelta(days=back)
        newest = max((each for each in taken if each <= day), default=None)
        score = taken[newest] if newest else Score()
        points.append({"day": day, "score": score, "carried": newest is not None and newest != day})
    return points[::-1]


def marks(connection: Connection[Any], filters: Filters, points: list[Row]) -> list[Row]:
    """[{point, changes}]: rules that changed, by the first point of the trend that was taken after it."""
    if not points:
        return []
    by_point: dict[int, list[RuleChange]] = {}
    first = points[0]["day"]
    for change in rule_changes(connection, first, points[-1]["day"]):
        if filters.entity is not None and not change.rule.startswith(f"{filters.entity}."):
            continue
        day = change.since.astimezone(ZONE).date()
        place = next(number for number, point in enumerate(points) if point["day"] >= day)
        by_point.setdefault(place, []).append(change)
    return [{"point": place, "changes": changes} for place, changes in sorted(by_point.items())]


def counts(connection: Connection[Any], filters: Filters) -> Row:
    """{issues, findings, fixed, fixed_by, held, rejected}: open now, and findings resolved in the last seven days.

    fixed_by: {who: findings}, for all of FIXERS; they add up to `fixed`.
    """
    row = one(
        connection,
        f"""select (select count(*) from quality.issue where closed_at is null and {_FINDING_FILTER}) as issues,
              (select count(*) from quality.finding where resolved_at is null and {_FINDING_FILTER}) as findings,
              (select jsonb_object_agg(by, n) from (
                 select coalesce(resolved_by, %(unsaid)s) as by, count(*) as n from quality.finding
                 where resolved_at > now() - interval '7 days' and {_FINDING_FILTER} group by 1) as g) as fixed_by,
              (select count(*) from quality.held_row where dataset = any(%(datasets)s)) as held,
              (select count(*) from quality.rejected_row where dataset = any(%(datasets)s)) as rejected""",
        filters.params(unsaid=SOURCE, datasets=_datasets(filters)),
    )
    assert row is not None
    fixed_by = {who: (row["fixed_by"] or {}).get(who, 0) for who in FIXERS}
    return {**row, "fixed_by": fixed_by, "fixed": sum(fixed_by.values())}


def counts_on(connection: Connection[Any], filters: Filters, taken: date) -> Row:
    """The same as they were when that day was taken; fixed: since the run before; issues are not kept by day."""
    days = rows(
        connection,
        """select rows_held, rows_rejected, findings, fixed from mart.dataset_day
           where day = %(taken)s and dataset = any(%(datasets)s)""",
        {"taken": taken, "datasets": _datasets(filters)},
    )
    fixed_by = {who: sum((day["fixed"] or {}).get(who, 0) for day in days) for who in FIXERS}
    return {
        "issues": None,
        "findings": sum(day["findings"] for day in days) if days else None,
        "held": sum(day["rows_held"] for day in days) if days else None,
        "rejected": sum(day["rows_rejected"] for day in days) if days else None,
        "fixed_by": fixed_by,
        "fixed": sum(fixed_by.values()),
    }


def _datasets(filters: Filters) -> list[str]:
    return [
        dataset
        for dataset, mapping in all_mappings().items()
        if (filters.entity is None or mapping.entity == filters.entity)
        and (filters.department is None or mapping.department == filters.department)
        and (filters.source is None or dataset.partition(".")[0] == filters.source)
    ]


def grouped(connection: Connection[Any], filters: Filters, day: date, before: date) -> list[Row]:
    """[{key, score, change, issues}] of the groups asked for: best first, those nobody can say last."""
    now = scored(connection, filters, day, filters.group)
    then = scored(connection, filters, before, filters.group)
    column = _OF_ISSUES.get(filters.group)
    waiting: dict[str, int] = {}
    if column is not None and filters.day is None:
        waiting = {
            row["name"]: row["issues"]
            for row in rows(
                connection,
                f"""select {column} as name, count(*) as issues from quality.issue
                    where closed_at is null and {_FINDING_FILTER} group by 1""",
                filters.params(),
            )
        }
    table = []
    for key, score in (now.scores if now else {}).items():
        past = then.scores.get(key, Score()).value if then else None
        change = score.value - past if past is not None and score.value is not None else None
        issues = waiting.get(key[0], 0) if column is not None and filters.day is None else None
        table.append({"key": key, "score": score, "change": change, "issues": issues})
    return sorted(table, key=lambda row: (row["score"].value is None, -(row["score"].value or 0), row["key"]))


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


def worst_rules_on(connection: Connection[Any], filters: Filters, taken: date, limit: int = 8) -> list[Row]:
    """The same as they were when that day was taken."""
    return rows(
        connection,
        """select rule, dataset, department, severity, rows_failed as rows, weight from mart.quality_score
           where day = %(taken)s and rows_failed > 0 and dataset = any(%(datasets)s)
             and (%(department)s::text is null or department = %(department)s)
           order by rows_failed * weight desc, rule, dataset limit %(limit)s""",
        filters.params(taken=taken, datasets=_datasets(filters), limit=limit),
    )


def heat_map(connection: Connection[Any], filters: Filters, day: date) -> dict[str, dict[str, Score]]:
    """{system: {dimension: score}}; a pair without rules is missing."""
    found = scored(connection, filters, day, "source_dimension")
    table: dict[str, dict[str, Score]] = {}
    for (system, dimension), score in (found.scores if found else {}).items():
        table.setdefault(system, {})[dimension] = score
    return table


def as_of_facts(connection: Connection[Any]) -> Row:
    """{loaded_at, on_time, sources}: the newest good read, and how many sources can be told of right now."""
    states = dataset_states(connection, contracts(), all_mappings())
    read = {dataset: state for dataset, state in states.items() if not dataset.startswith("uploads.")}
    systems: dict[str, bool] = {}
    for dataset, state in read.items():
        system = dataset.partition(".")[0]
        systems[system] = systems.get(system, True) and state.known
    times = [state.read_at for state in read.values() if state.read_at is not None]
    return {"loaded_at": max(times, default=None), "on_time": sum(systems.values()), "sources": len(systems)}
