"""The portal's ASGI application: `uvicorn portal.web.app:app`.

Belongs here: putting the parts together. Not here: any page. Import does no I/O but the static mount.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from hub.settings import load_environment
from portal.i18n import text
from portal.web.access import LogInFirst, Refused, guard
from portal.web.pages import (
    account,
    audit,
    dashboard,
    findings,
    home,
    hooks,
    review,
    suggestions,
    sync,
    templates,
    uploads,
)
from portal.web.render import language, page
from portal.web.security import Guard
from schemas.problems import Problem

_log = logging.getLogger("portal")
_AWAY = frozenset({"store_unreachable"})


def create_app() -> FastAPI:
    """A new application."""
    made = FastAPI(title="Waterworks", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    made.add_middleware(Guard)
    # Beside the guarded routes: files for everyone, no session, no store.
    made.mount("/static", StaticFiles(directory=Path(__file__).with_name("static"), check_dir=False), name="static")
    for part in (account, home, dashboard, findings, suggestions, uploads, review, templates, sync, audit):
        made.include_router(part.router, dependencies=[Depends(guard)])
    made.include_router(hooks.router)  # no session: a signature over the body
    made.add_exception_handler(LogInFirst, _log_in_first)
    made.add_exception_handler(Refused, _refused)
    made.add_exception_handler(Problem, _problem)
    made.add_exception_handler(psycopg.OperationalError, _store_away)
    made.add_exception_handler(psycopg.errors.UndefinedTable, _store_away)
    made.add_exception_handler(HTTPException, _http)
    made.add_exception_handler(RequestValidationError, _bad_address)
    made.add_exception_handler(Exception, _crashed)
    return made


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    load_environment()
    yield


def _log_in_first(request: Request, error: Exception) -> Response:
    if request.method != "GET" or request.headers.get("hx-request") or request.url.path.endswith(".json"):
        # A script asked: it gets a plain answer and sends the person to the log-in page.
        return PlainTextResponse(text(language(request), "access.log_in"), 401, headers={"HX-Redirect": "/log-in"})
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/log-in?{urlencode({'next': target})}" if target != "/" else "/log-in", 303)


def _refused(request: Request, error: Exception) -> Response:
    key = error.key if isinstance(error, Refused) else "access.role"
    return page(
        request, "message", 403, title=text(language(request), "access.title"), body=text(language(request), key)
    )


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    if error.code in _AWAY:
        return _store_away(request, error)
    lang = language(request)
    status = 503 if error.code == "store_not_initialised" else 400
    return page(request, "message", status, title=text(lang, "message.problem"), body=error.text(lang))


def _store_away(request: Request, error: Exception) -> Response:
    _log.warning("store away: %s", error)
    lang = language(request)
    request.state.user = None  # no menu: nothing behind it can answer now
    answer = page(
        request, "message", 503, title=text(lang, "message.store_title"), body=text(lang, "message.store_away")
    )
    answer.headers["Retry-After"] = "5"
    answer.headers["Refresh"] = "5"
    return answer


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    lang = language(request)
    key = "message.not_found" if error.status_code == 404 else "message.not_possible"
    return page(request, "message", error.status_code, title=text(lang, key), body=text(lang, f"{key}_body"))


def _bad_address(request: Request, error: Exception) -> Response:
    lang = language(request)
    title, body = text(lang, "message.not_found"), text(lang, "message.not_found_body")
    return page(request, "message", 404, title=title, body=body)


def _crashed(request: Request, error: Exception) -> Response:
    lang = language(request)
    return page(request, "message", 500, title=text(lang, "message.crash_title"), body=text(lang, "message.crash"))


app = create_app()
