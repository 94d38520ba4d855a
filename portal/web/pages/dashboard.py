"""Quality dashboard: score, trend, departments, worst rules, source x dimension."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

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
) -> Response:
    """The dashboard; every figure links to the rows behind it."""
    filters = figures.Filters(
        weeks=weeks if weeks in WEEKS else 12,
        entity=entity or None,
        department=department or None,
        source=source or None,
    )
    as_of = figures.latest_day(connection)
    shared: dict[str, Any] = {
        "filters": filters,
        "weeks": WEEKS,
        "choices": figures.choices(connection),
        "facts": figures.as_of_facts(connection),
    }
    if as_of is None:
        return page(request, "dashboard_empty", **shared)
    week_ago = as_of - timedelta(days=7)
    points = figures.trend(connection, filters, as_of)
    overall = figures.overall(connection, filters, as_of)
    before = figures.overall(connection, filters, week_ago)["score"]
    worst = figures.worst_rules(connection, filters)
    heat = figures.heat_map(connection, filters, as_of)
    return page(
        request,
        "dashboard",
        **shared,
        overall=overall,
        change=overall["score"] - before if before is not None and overall["score"] is not None else None,
        counts=figures.counts(connection, filters),
        points=points,
        chart=json.dumps(
            [[point["day"].isoformat(), None if point["score"] is None else float(point["score"])] for point in points]
        ),
        departments=figures.departments(connection, filters, as_of, week_ago),
        worst=[{**row, "words": names.rule(row["rule"])} for row in worst],
        largest=max((row["rows"] for row in worst), default=1),
        heat=heat,
        dimensions=[name for name in names.DIMENSIONS if any(name in scores for scores in heat.values())],
        lang=language(request),
    )
