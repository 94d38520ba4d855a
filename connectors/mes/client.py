"""Requests with a token, and envelopes opened: what comes back is a reply that said it succeeded.

Belongs here: login, token renewal, success test. Does not belong here: paging, rows, retries of a request.
"""

from __future__ import annotations

import time
from typing import Any

from connectors.config_models import SystemConfig
from connectors.mes.config import MesAuth
from connectors.mes.items import value_at
from connectors.mes.transport import Reply, Transport
from schemas.problems import Problem

RENEW_BEFORE_SECONDS = 10.0  # a token this close to its end is not used for another request


class MesClient:
    """One logged-in conversation; logs in at the first request and again when the token ends."""

    def __init__(self, system: SystemConfig, base_url: str, login_body: dict[str, Any]) -> None:
        self._config = system
        self._transport = Transport(system.system, base_url, system.limits)
        self._login_body = login_body
        self._token: str | None = None
        self._renew_at = float("inf")

    @property
    def host(self) -> str:
        return self._transport.host

    def close(self) -> None:
        self._transport.close()

    def ask(self, method: str, path: str, body: dict[str, Any], query: dict[str, Any]) -> Reply:
        """The reply to one request below base_path, its envelope tested.

        Raises Problem `mes_login_refused`, `mes_token_refused`, `mes_no_endpoint`, `mes_refused` and what
        `Transport.send` raises.
        """
        full = self._config.base_path + path
        fresh = self._ensure_token()
        reply = self._send(method, full, body, query)
        if self._token_lost(reply):
            # A token may end between two pages. One that was only just handed out is really refused.
            if fresh or self._config.auth is None:
                raise self._problem("mes_token_refused", full)
            self._login(self._config.auth)
            reply = self._send(method, full, body, query)
            if self._token_lost(reply):
                raise self._problem("mes_token_refused", full)
        if reply.status == 404:
            raise self._problem("mes_no_endpoint", full)
        self._require_success(full, reply)
        return reply

    def _send(self, method: str, path: str, body: dict[str, Any], query: dict[str, Any]) -> Reply:
        auth = self._config.auth
        if auth is None or self._token is None:
            return self._transport.send(method, path, body, query, {})
        carried = {auth.name: auth.prefix + self._token}
        if auth.place == "query":
            return self._transport.send(method, path, body, query | carried, {})
        return self._transport.send(method, path, body, query, carried)

    def _ensure_token(self) -> bool:
        """Log in if there is no token or it is about to end; True if this call logged in."""
        auth = self._config.auth
        if auth is None or (self._token is not None and time.monotonic() < self._renew_at):
            return False
        self._login(auth)
        return True

    def _login(self, auth: MesAuth) -> None:
        in_query = auth.method == "GET"
        reply = self._transport.send(
            auth.method, auth.path, {} if in_query else self._login_body, self._login_body if in_query else {}, {}
        )
        if reply.status == 404:
            raise self._problem("mes_no_endpoint", auth.path)
        token = value_at(reply.payload, auth.token)
        if reply.status >= 400 or not self._succeeded(reply) or not isinstance(token, str) or not token:
            raise self._problem("mes_login_refused", auth.path, reason=self._reason(reply))
        self._token = token
        self._renew_at = self._renewal(auth, reply)

    def _renewal(self, auth: MesAuth, reply: Reply) -> float:
        """The monotonic time after which a new token is asked for."""
        value = value_at(reply.payload, auth.expires) if auth.expires else None
        try:
            seconds = float(str(value)) / (1000 if auth.expires_unit == "ms" else 1)
        except ValueError:
            return float("inf")  # not said: renewed when the server refuses it
        if auth.expires_kind == "epoch":
            seconds -= reply.now.timestamp()
        return time.monotonic() + seconds - min(RENEW_BEFORE_SECONDS, seconds / 10)

    def _token_lost(self, reply: Reply) -> bool:
        """True if the reply is a failure that says the token is no longer valid, by HTTP code or in its body."""
        auth = self._config.auth
        lost = [401] if auth is None else auth.lost_status
        if reply.status in lost:
            return True
        return not self._succeeded(reply) and str(self._code(reply)) in [str(code) for code in lost]

    def _succeeded(self, reply: Reply) -> bool:
        envelope = self._config.envelope
        if envelope.success is None:
            return reply.status < 400
        return str(self._code(reply)) in [str(value) for value in envelope.success_values]

    def _code(self, reply: Reply) -> Any:
        return value_at(reply.payload, self._config.envelope.success or "code")

    def _require_success(self, path: str, reply: Reply) -> None:
        if reply.status >= 300 or not self._succeeded(reply):
            code = self._code(reply) if reply.payload is not None else None
            shown = reply.status if code is None else code
            raise self._problem("mes_refused", path, code=str(shown), reason=self._reason(reply))

    def _reason(self, reply: Reply) -> str:
        """The server's own message, without any of our secrets."""
        message = value_at(reply.payload, self._config.envelope.message) if self._config.envelope.message else None
        text = str(message if message is not None else f"HTTP {reply.status}")[:200]
        for secret in [self._token, *self._login_body.values()]:
            if isinstance(secret, str) and len(secret) > 3:
                text = text.replace(secret, "***")
        return " ".join(text.split())

    def _problem(self, code: str, path: str, /, **params: Any) -> Problem:
        return Problem(code, system=self._config.system, host=self.host, path=path, **params)
