"""Home: what waits for me, my last uploads, sources on time."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portal.web.access import Me
from portal.web.queries import tasks, uploads
from portal.web.render import page
from portal.web.store import Store

router = APIRouter()


@router.get("/")
def home(request: Request, connection: Store, user: Me) -> Response:
    """Three cards; what stands on top depends on the role."""
    sources = tasks.source_status(connection)
    return page(
        request,
        "home",
        waiting=tasks.uploads_waiting(connection, user),
        issues=tasks.department_issues(connection, user.department),
        uploads=uploads.latest(connection, user, 5),
        sources=sources,
        on_time=sum(1 for row in sources if row["on_time"]),
    )
