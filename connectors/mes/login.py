"""The login: steps in order, what they keep, the token and when it ends.

Belongs here: doing the steps. Does not belong here: noticing that a session was lost (`client.py`).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from connectors.mes.config_access import LoginStep, MesAuth, MesEnvelope, MesSign
from connectors.mes.envelope import is_busy, is_text_failure, message_of, succeeded
from connectors.mes.paths import in_reply
from connectors.mes.signers import SIGNERS, ToSign
from connectors.mes.templates import environment_names, fill
from connectors.mes.transport import Reply, Request, Transport, host_of, readable_url
from schemas.problems import Problem

RENEW_BEFORE_SECONDS = 10.0  # a token this close to its end is not used for another request


@dataclass
class Session:
    """What a login brought. base: where requests go. renew_at: monotonic time of the next login."""

    base: str
    token: str | None = None
    kept: dict[str, Any] = field(default_factory=dict)
    renew_at: float = float("inf")


def known_now(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Values every template of a request knows."""
    epoch_ms = time.time_ns() // 1_000_000
    moment = {"timestamp_ms": str(epoch_ms), "timestamp": str(epoch_ms // 1000), "nonce": secrets.token_hex(16)}
    return {**moment, **kept}


def signed(request: Request, sign: MesSign | None, known: Mapping[str, Any], environment: Mapping[str, str],
           system: str) -> Request:  # fmt: skip
    """The request with its signature. Query values become the text that is sent, so that it is what is signed."""
    if sign is None:
        return request
    query = {name: str(value) for name, value in request.query.items() if value is not None}
    values = {
        # templates of the message are the signer's to fill: they know what it computes
        name: value if name in ("message", "headers", "parameters") else fill(value, known, environment, system)
        for name, value in sign.values.items()
    }
    body = b"" if request.body is None else _body_bytes(request)
    to_sign = ToSign(request.method, request.path, query, body, int(known["timestamp_ms"]), str(known["nonce"]))
    added = SIGNERS[sign.signer].sign(to_sign, values)
    return Request(
        request.method,
        request.url,
        query | added.query,
        request.body,
        request.headers | added.headers,
        request.form,
    )


def _body_bytes(request: Request) -> bytes:
    """The body as the HTTP library will write it."""
    import requests

    if request.form:
        return urlencode(request.body, doseq=True).encode()
    body = requests.Request(request.method, request.url, json=request.body).prepare().body
    return body.encode() if isinstance(body, str) else body or b""


def log_in(
    auth: MesAuth, transport: Transport, envelope: MesEnvelope, environment: Mapping[str, str]
) -> tuple[Session, Reply]:
    """Do every step; the session, and the last reply.

    Raises Problem `mes_login_refused`, `mes_no_endpoint`, `mes_gateway_unsafe` and what `Transport.send` raises.
    """
    system = transport.system
    for name in environment_names(auth):
        transport.redactor.add(environment.get(name))
    transport.cookies.clear()
    session = Session(transport.base)
    for step in auth.before:
        _do(step, session, transport, envelope, environment)
    reply = _do(auth, session, transport, envelope, environment)
    if auth.token is not None:
        token = in_reply(reply.payload, reply.headers, auth.token)
        if not isinstance(token, str) or not token:
            raise _refused(auth, transport, reply, envelope)
        transport.redactor.add(token)
        session.token = token
    if auth.base_url is not None:
        session.base = _safe(fill(auth.base_url, session.kept, environment, system), transport)
    session.renew_at = _renewal(auth, reply)
    return session, reply


def _do(
    step: LoginStep, session: Session, transport: Transport, envelope: MesEnvelope, environment: Mapping[str, str]
) -> Reply:
    system = transport.system
    envelope = step.envelope or envelope

    def prepare() -> Request:
        known = known_now(session.kept)
        if step.url is not None:
            url = _safe(fill(step.url, known, environment, system), transport)
        else:
            url = transport.base + str(fill(step.path, known, environment, system))
        body = fill(step.body, known, environment, system)
        query = fill(step.query, known, environment, system)
        headers = {name: str(value) for name, value in fill(step.headers, known, environment, system).items()}
        if step.method == "GET":
            request = Request("GET", url, query | body, None, headers)
        else:
            request = Request(step.method, url, query, body, headers, step.form)
        return signed(request, step.sign, known, environment, system)

    def judge(reply: Reply) -> str:
        return "busy" if is_busy(reply, envelope) else "text" if is_text_failure(reply, envelope) else "ok"

    reply = transport.send(prepare, judge)
    if reply.status == 404:
        path = urlsplit(prepare().url).path
        raise Problem("mes_no_endpoint", system=system, host=transport.host, path=path)
    if not succeeded(reply, envelope):
        raise _refused(step, transport, reply, envelope)
    for name, path in step.keep.items():
        value = in_reply(reply.payload, reply.headers, path)
        if value is None:
            raise _refused(step, transport, reply, envelope)
        session.kept[name] = value
        if not str(value).startswith(("http://", "https://")):  # addresses may be read in sentences
            transport.redactor.add(value)
    return reply


def _safe(url: Any, transport: Transport) -> str:
    """An address a server gave us: not from https down to http. Raises Problem `mes_gateway_unsafe`."""
    found = readable_url(transport.system, str(url))
    if transport.base.startswith("https://") and not found.startswith("https://"):
        raise Problem("mes_gateway_unsafe", system=transport.system, host=host_of(found))
    return found


def _refused(step: LoginStep, transport: Transport, reply: Reply, envelope: MesEnvelope) -> Problem:
    reason = transport.redactor.clean(message_of(reply, step.envelope or envelope))
    path = step.path or urlsplit(step.url or "").path or "/"
    return Problem("mes_login_refused", system=transport.system, host=transport.host, path=path, reason=reason)


def _renewal(auth: MesAuth, reply: Reply) -> float:
    """The monotonic time after which a new token is asked for."""
    value = in_reply(reply.payload, reply.headers, auth.expires) if auth.expires else None
    try:
        seconds = float(str(value)) / (1000 if auth.expires_unit == "ms" else 1)
    except ValueError:
        if auth.lasts_seconds is None:
            return float("inf")  # not said: renewed when the server refuses it
        seconds = auth.lasts_seconds
    else:
        if auth.expires_kind == "epoch":
            seconds -= reply.now.timestamp()
    return time.monotonic() + seconds - min(RENEW_BEFORE_SECONDS, seconds / 10)
