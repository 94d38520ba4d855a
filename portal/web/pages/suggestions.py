"""Suggestions and what was decided: accept, dismiss, switch off, take back; correct the value of a finding.

Belongs here: the routes. Not here: deciding (hub/suggestions), suggestions of an upload (review.py).
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.cleansing.wording import suggestion_titles
from hub.landing.dataset import all_mappings
from hub.settings import settings
from hub.suggestions import decide, listing
from portal.web.access import Me
from portal.web.queries import findings as found
from portal.web.render import page
from portal.web.store import Store

router = APIRouter()
PAGE = 50
Choice = Annotated[str | None, Query(max_length=200)]
Back = Annotated[str, Form(max_length=2000)]
Picked = Annotated[list[int] | None, Form()]


@router.get("/suggestions")
def suggestions(
    request: Request,
    connection: Store,
    dataset: Choice = None,
    column: Choice = None,
    page_no: Annotated[int, Query(ge=1, le=100_000)] = 1,
    done: Choice = None,
    count: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """Open suggestions by column, the surest and most frequent first."""
    given = {"dataset": dataset, "column": column}
    total = listing.count_open(connection, **given)
    return page(
        request,
        "suggestions",
        tab="open",
        groups=listing.groups(connection),
        rows=listing.open_suggestions(connection, PAGE, (page_no - 1) * PAGE, **given),
        titles=suggestion_titles(),
        given=given,
        total=total,
        page_no=page_no,
        pages=max(1, -(-total // PAGE)),
        done=done if done in ("accepted", "dismissed") else None,
        count=count or 0,
    )


@router.get("/suggestions/remembered")
def remembered(request: Request, connection: Store) -> Response:
    """What texts mean because somebody accepted it; each can be switched off."""
    rows = listing.remembered_values(connection)
    return page(request, "suggestions_remembered", tab="remembered", rows=rows, titles=suggestion_titles())


@router.get("/suggestions/corrections")
def corrections(request: Request, connection: Store) -> Response:
    """What stewards said about single values."""
    rows = [
        {**row, "entity": mapping.entity if (mapping := all_mappings().get(row["dataset"])) else ""}
        for row in listing.corrections(connection)
    ]
    return page(request, "suggestions_corrections", tab="corrections", rows=rows)


@router.post("/suggestions/accept")
def accept(
    connection: Store, user: Me, one: Annotated[int | None, Form()] = None, pick: Picked = None, back: Back = ""
) -> Response:
    """Accept one suggestion, or all that were ticked: for every row with the same text."""
    rows = 0
    for number in _chosen(one, pick):
        rows += decide.accept(connection, number, user.login, settings().landing).rows
    return _back(back, "accepted", rows)


@router.post("/suggestions/dismiss")
def dismiss(
    connection: Store, user: Me, one: Annotated[int | None, Form()] = None, pick: Picked = None, back: Back = ""
) -> Response:
    """Dismiss one suggestion, or all that were ticked."""
    rows = 0
    for number in _chosen(one, pick):
        rows += decide.dismiss(connection, number, user.login)
    return _back(back, "dismissed", rows)


@router.post("/suggestions/remembered/{remembered_id}/off")
def switch_off(connection: Store, user: Me, remembered_id: int) -> Response:
    """The text means again what the source says."""
    decide.switch_off(connection, remembered_id, user.login)
    return RedirectResponse("/suggestions/remembered", 303)


@router.post("/suggestions/remembered/{remembered_id}/on")
def switch_on(connection: Store, user: Me, remembered_id: int) -> Response:
    """The remembered value holds again."""
    decide.switch_on(connection, remembered_id, user.login)
    return RedirectResponse("/suggestions/remembered", 303)


@router.post("/suggestions/corrections/{correction_id}/take-back")
def take_back(connection: Store, user: Me, correction_id: int) -> Response:
    """The row says again what its source says."""
    decide.take_back(connection, correction_id, user.login)
    return RedirectResponse("/suggestions/corrections", 303)


@router.post("/quality/findings/{finding_id}/correct")
def correct(
    connection: Store,
    user: Me,
    finding_id: int,
    value: Annotated[str, Form(max_length=2000)] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Correct the value a finding is about."""
    row = found.one_finding(connection, finding_id)
    if row is None or not row["column_name"]:
        raise HTTPException(404)
    decide.correct(
        connection, row["dataset"], row["source_key"], row["column_name"], value, user.login, reason, settings().landing
    )
    return RedirectResponse(f"/quality/findings/{finding_id}#correct", 303)


def _chosen(one: int | None, pick: list[int] | None) -> list[int]:
    """In ascending order, so that two people who tick the same ones wait for each other and never both ways."""
    return [one] if one is not None else sorted(set(pick or ()))


def _back(query: str, done: str, count: int) -> Response:
    """To the list as it was filtered; `query` is a query string of ours, never an address."""
    kept = f"&{query.lstrip('?&')}" if query.strip("?&") else ""
    return RedirectResponse(f"/suggestions?{urlencode({'done': done, 'count': count})}{kept}", 303)
