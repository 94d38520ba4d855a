"""Events that source systems send by themselves: checked by signature, kept, and landed by the hub.

Belongs here: HTTP in and out. No session and no form token: the signature over the body is the proof. Not
here: what a signature is (connectors/mes/webhook.py), landing (hub/landing/events.py).
"""

from __future__ import annotations

import time

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.config import environment_value
from connectors.mes.items import Rows
from connectors.mes.webhook import read_events, verify
from hub.landing import events
from hub.store.engine import connect
from portal.web import names
from schemas.problems import Problem

router = APIRouter()
MAX_BYTES = 1_000_000
# What a sender may do about a refusal: nothing will change (4xx), or send again later (503).
_STATUS = {
    "webhook_unknown": 404,
    "webhook_unsigned": 401,
    "webhook_wrong_signature": 401,
    "webhook_too_old": 401,
    "webhook_too_big": 413,
    "webhook_unreadable": 400,
    "environment_unset": 503,
    "store_not_initialised": 503,
    "store_unreachable": 503,
}


@router.post("/hooks/{system}/{object_name}")
async def receive(request: Request, system: str, object_name: str) -> Response:
    """Keep the records of one event; 202 with {new, known}, or the reason in both languages.

    An answer of 202 means that they stand in the store: nothing is lost if everything stops now.
    """
    from starlette.concurrency import run_in_threadpool

    try:
        body = await _body(request, system, object_name)
        new, known = await run_in_threadpool(_keep, request, system, object_name, body)
    except Problem as problem:
        answer = {"code": problem.code, "zh": problem.text("zh"), "en": problem.text("en")}
        return JSONResponse(answer, _STATUS.get(problem.code, 400))
    return JSONResponse({"new": new, "known": known}, 202)


async def _body(request: Request, system: str, object_name: str) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise Problem("webhook_too_big", system=system, object=object_name, limit=f"{MAX_BYTES:,}")
    return body


def _keep(request: Request, system: str, object_name: str, body: bytes) -> tuple[int, int]:
    config = names.systems().get(system)
    endpoint = config.mes_endpoints.get(object_name) if config else None
    if config is None or config.webhook is None or endpoint is None or endpoint.webhook is None:
        raise Problem("webhook_unknown", system=system, object=object_name)
    secret = environment_value(system, config.webhook.secret_env)
    verify(config.webhook, secret, request.headers, body, time.time(), system)
    found = read_events(body, endpoint.webhook, Rows(endpoint, config.timezone), system, object_name)
    with connect() as connection:
        return events.keep(connection, f"{system}.{object_name}", found)
