"""Audit log: who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from portal.web.queries import sync
from portal.web.render import page
from portal.web.store import Store

router = APIRouter()
_SIZE = 50


@router.get("/audit")
def audit_log(
    request: Request,
    connection: Store,
    login: Annotated[str | None, Query(max_length=200)] = None,
    page_no: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The audit log, newest first."""
    lines = sync.audit_lines(connection, login or None, page_no, _SIZE)
    return page(request, "audit", lines=lines[:_SIZE], more=len(lines) > _SIZE, page_no=page_no, login=login or "")
