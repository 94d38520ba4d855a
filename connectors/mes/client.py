"""Requests with a token and a signature, and envelopes opened: what comes back said that it succeeded.

Belongs here: token place, renewal, success test. Does not belong here: login steps (`login.py`), paging,
rows, retries of a request (`transport.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from connectors.config_models import SystemConfig
from connectors.mes.config import MesEnvelope
from connectors.mes.envelope import code_of, is_busy, is_lost, is_text_failure, message_of, succeeded
from connectors.mes.login import Session, known_now, log_in, signed
from connectors.mes.templates import environment_names, fill
from connectors.mes.transport import Reply, Request, Transport, host_of
from schemas.problems import Problem


class Refused(Problem):
    """A request that the server understood and turned down; `reply` says how."""

    def __init__(self, code: str, reply: Reply, /, **params: Any) -> None:
        super().__init__(code, **params)
        self.reply = reply


class MesClient:
    """One logged-in conversation; logs in at the first request and again when the token ends."""

    def __init__(self, system: SystemConfig, base_url: str, environment: Mapping[str, str]) -> None:
        """`environment`: values of the variables the configuration names. Raises Problem `mes_url_unreadable`."""
        self._config = system
        self._environment = environment
        self._transport = Transport(system.system, base_url, system.limits, system.tls, environment)
        for name in environment_names(system):
            self._transport.redactor.add(environment.get(name))
        self._session: Session | None = None
        self._lock = threading.Lock()
        self.clock_ahead_seconds: float | None = None  # the server's clock minus ours, at the last reply

    @property
    def host(self) -> str:
        return host_of(self._session.base if self._session else self._transport.base)

    def close(self) -> None:
        self._transport.close()

    def clean(self, text: str) -> str:
        """The text without secrets."""
        return self._transport.redactor.clean(text)

    def address(self, path: str) -> str:
        """The absolute address of an endpoint."""
        return self._open().base + self._config.base_path + path

    def log_in(self) -> None:
        """Make sure that there is a session. Raises what `log_in` raises."""
        self._open()

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
        envelope: MesEnvelope | None = None,
        known: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The reply to one request below base_path (or to an absolute address), its envelope tested.

        known: values for the templates in path, body and query. Raises Problem `mes_login_refused`,
        `mes_access_needed`, `mes_token_refused`, `mes_no_endpoint`, `mes_refused` (the last two as Refused) and
        what `Transport.send` raises.
        """
        envelope = envelope or self._config.envelope
        session = self._open()
        reply = self._send(session, method, path, body, query, envelope, known)
        access = self._config.auth or self._config.sign
        if is_lost(reply, access, envelope):
            # A token may end between two pages, or because the same account logged in elsewhere.
            if self._config.auth is None and self._config.sign is None:
                raise self._problem("mes_access_needed", path, session)
            session = self._renew(session)
            reply = self._send(session, method, path, body, query, envelope, known)
            if is_lost(reply, access, envelope):
                raise self._problem("mes_token_refused", path, session)
        if reply.status == 404:
            raise Refused("mes_no_endpoint", reply, **self._where(path, session))
        if not succeeded(reply, envelope):
            code = code_of(reply, envelope) if reply.payload is not None else None
            shown = str(reply.status if code is None or reply.status >= 300 else code)
            reason = self.clean(message_of(reply, envelope))
            raise Refused("mes_refused", reply, **self._where(path, session), code=shown, reason=reason)
        return reply

    def _send(
        self,
        session: Session,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        query: dict[str, Any] | None,
        envelope: MesEnvelope,
        known: Mapping[str, Any] | None,
    ) -> Reply:
        config, auth, system = self._config, self._config.auth, self._config.system

        def prepare() -> Request:
            values = known_now(session.kept) | dict(known or {})
            url = path if "://" in path else session.base + str(fill(config.base_path + path, values, {}, system))
            sent = fill(config.query | (query or {}), values, self._environment, system)
            headers = {n: str(v) for n, v in fill(config.headers, values, self._environment, system).items()}
            if auth is not None and session.token is not None:
                carried = auth.prefix + session.token
                if auth.place == "query":
                    sent[auth.name] = carried
                elif auth.place == "header":
                    headers[auth.name] = carried
                else:
                    headers["Cookie"] = "; ".join([f"{auth.name}={carried}", *self._cookies()])
            content = None if method == "GET" else fill(body or {}, values, self._environment, system)
            return signed(Request(method, url, sent, content, headers), config.sign, values, self._environment, system)

        def judge(reply: Reply) -> str:
            return "busy" if is_busy(reply, envelope) else "text" if is_text_failure(reply, envelope) else "ok"

        reply = self._transport.send(prepare, judge)
        self.clock_ahead_seconds = reply.now.timestamp() - time.time() if "date" in reply.headers else None
        return reply

    def _cookies(self) -> list[str]:
        return [f"{cookie.name}={cookie.value}" for cookie in self._transport.cookies]

    def _open(self) -> Session:
        """The session; logs in if there is none or its token is about to end."""
        with self._lock:
            if self._session is not None and time.monotonic() < self._session.renew_at:
                return self._session
            return self._log_in()

    def _renew(self, lost: Session) -> Session:
        """A new session in the place of one that was lost; threads that lost the same one share it."""
        with self._lock:
            if self._session is lost or self._session is None:
                return self._log_in()
            return self._session

    def _log_in(self) -> Session:
        if self._config.auth is None:
            self._transport.cookies.clear()
            self._session = Session(self._transport.base)
        else:
            self._session, reply = log_in(self._config.auth, self._transport, self._config.envelope, self._environment)
            if "date" in reply.headers:
                self.clock_ahead_seconds = reply.now.timestamp() - time.time()
        return self._session

    def _where(self, path: str, session: Session) -> dict[str, str]:
        shown = path.split("?")[0] if "://" in path else self._config.base_path + path
        return {"system": self._config.system, "host": host_of(session.base), "path": shown}

    def _problem(self, code: str, path: str, session: Session) -> Problem:
        return Problem(code, **self._where(path, session))
