"""Quality dashboard: score of any day, trend with changes of rules, groups, worst rules, source x dimension."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from psycopg import Connection
from starlette.requests import Request
from starlette.responses import Response

from hub.marts.score_on import Score
from portal.web import names
from portal.web.queries import dashboard as figures
from portal.web.render import language, page
from portal.web.store import Store

router = APIRouter()
WEEKS = (4, 12, 26, 52)
Choice = Annotated[str | None, Query(max_length=100)]


@router.get("/quality")
def dashboard(
    request: Request,
    connection: Store,
    weeks: int = 12,
    entity: Choice = None,
    department: Choice = None,
    source: Choice = None,
    group: Choice = None,
    day: Choice = None,
) -> Response:
    """The dashboard; every figure links to the rows behind it. day=2026-11-21: as it was said on that day."""
    today = figures.today(connection)
    past = _past(day, today)
    filters = figures.Filters(
        weeks=weeks if weeks in WEEKS else 12,
        entity=entity or None,
        department=department or None,
        source=source or None,
        group=next((name for name in figures.GROUPS if name == group), "department"),
        day=past,
    )
    as_of = past or today
    total = figures.scored(connection, filters, as_of)
    shared: dict[str, Any] = {
        "filters": filters,
        "weeks": WEEKS,
        "groups": figures.GROUPS,
        "choices": figures.choices(connection),
        "facts": figures.as_of_facts(connection),
        "today": today,
    }
    if total is None:
        return page(request, "dashboard_empty", **shared)
    week_ago = as_of - timedelta(days=7)
    before = figures.scored(connection, filters, week_ago)
    points = figures.trend(connection, filters, as_of)
    marks = figures.marks(connection, filters, points)
    heat = figures.heat_map(connection, filters, as_of)
    worst = (
        figures.worst_rules_on(connection, filters, total.taken) if past else figures.worst_rules(connection, filters)
    )
    return page(
        request,
        "dashboard",
        **shared,
        as_of=as_of,
        total=total,
        overall=total.overall,
        change=_change(total.overall, before.overall if before else Score()),
        counts=_counts(connection, filters, total.taken),
        points=points,
        marks=marks,
        chart=json.dumps([[point["day"].isoformat(), _plain(point["score"])] for point in points]),
        chart_marks=json.dumps([[mark["point"], len(mark["changes"])] for mark in marks]),
        table=figures.grouped(connection, filters, as_of, week_ago),
        worst=[{**row, "words": names.rule(row["rule"])} for row in worst],
        largest=max((row["rows"] for row in worst), default=1),
        heat=heat,
        dimensions=[name for name in names.DIMENSIONS if any(name in scores for scores in heat.values())],
        lang=language(request),
    )


def _past(day: str | None, today: date) -> date | None:
    """The past day asked for; None for today, days to come and what is no day."""
    try:
        asked = date.fromisoformat(day or "")
    except ValueError:
        return None
    return asked if asked < today else None


def _counts(connection: Connection[Any], filters: figures.Filters, taken: date) -> dict[str, Any]:
    if filters.day is None:
        return figures.counts(connection, filters)
    return figures.counts_on(connection, filters, taken)


def _change(now: Score, before: Score) -> Any:
    return now.value - before.value if now.value is not None and before.value is not None else None


def _plain(score: Score) -> float | None:
    return None if score.value is None else round(float(score.value), 4)
