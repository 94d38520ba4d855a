"""One HTTP request with time-outs, bounded retries and a bounded reply; its failures as sentences.

Belongs here: retry on 429, 5xx, "too many requests" in a body, time-out and broken connections; TLS, proxy,
connection reuse. Does not belong here: tokens, what a body means. HTTP/1.1 only (some gateways answer 502
to HTTP/2). No sentence carries a URL with its query or a header: tokens travel there. For the same reason
a Problem is raised after the failed attempt is over, so that no exception with the URL hangs on to it.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from connectors.mes.config import MesLimits, MesTls
from connectors.mes.redact import Redactor, quiet_http_log
from connectors.mes.waits import Pace, asked_wait, exhausted_wait, server_time
from schemas.problems import Problem

MAX_REPLY_BYTES = 64 * 2**20
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Request:
    """url: absolute, without a query. body: None sends none; `form` sends it as a form and not as JSON."""

    method: str
    url: str
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    form: bool = False

    @property
    def path(self) -> str:
        return urlsplit(self.url).path or "/"


@dataclass(frozen=True)
class Reply:
    """status: HTTP code. payload: the parsed JSON, None if it is none. text: the start of what is no JSON.

    headers: names in lower case. now: the server's clock (its Date header), UTC.
    """

    status: int
    payload: Any
    headers: dict[str, str]
    now: datetime
    text: str = ""


@dataclass(frozen=True)
class _Again:
    """This attempt failed in a way that another may not; `problem` is the sentence if none succeeds."""

    problem: Problem
    wait_seconds: float | None = None


# What a reply means to the caller: "ok" (or a refusal, which is the caller's to judge), "busy", "text".
Judge = Callable[[Reply], str]


class Transport:
    """Requests of one conversation; threads may share it. Never longer than `limits` say."""

    def __init__(self, system: str, base_url: str, limits: MesLimits, tls: MesTls, environment: Mapping[str, str]):
        """Raises Problem `mes_url_unreadable`, `mes_ca_missing`."""
        self.system = system
        self.base = readable_url(system, base_url)
        self._limits = limits
        self.redactor = Redactor()
        self._pace = Pace(limits)
        self._session = requests.Session()
        self._session.trust_env = False  # a .netrc must not add a password to our requests
        adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=8)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._session.verify = self._certificates(tls, environment)
        self._proxy = environment.get(tls.proxy_env) if tls.proxy_env else None
        quiet_http_log()

    def _certificates(self, tls: MesTls, environment: Mapping[str, str]) -> bool | str:
        if not tls.verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # its reason stands in the YAML
            return False
        names = [tls.ca_env] if tls.ca_env else ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"]
        path = next((value for name in names if (value := environment.get(name) or os.environ.get(name))), None)
        if path is None:
            return True
        if not os.path.exists(path):  # noqa: PTH110 - a folder of certificates is allowed too
            raise Problem("mes_ca_missing", system=self.system, file=path)
        return path

    @property
    def host(self) -> str:
        return host_of(self.base)

    @property
    def cookies(self) -> Any:
        return self._session.cookies

    def send(self, prepare: Callable[[], Request], judge: Judge) -> Reply:
        """The reply to one request; `prepare` makes it anew for every attempt (signatures carry the time).

        HTTP codes other than 429 and 5xx are the caller's to judge.
        Raises Problem `mes_unreachable`, `mes_timeout`, `mes_rate_limited`, `mes_server_error`,
        `mes_not_json` after `tries` attempts; `mes_reply_too_big` at once.
        """
        attempt = 0
        while True:
            attempt += 1
            request = prepare()
            outcome = self._once(request, judge)
            if isinstance(outcome, Reply):
                return outcome
            if attempt >= self._limits.tries:
                raise outcome.problem
            self._wait(attempt, outcome.wait_seconds)

    def close(self) -> None:
        self._session.close()

    def _once(self, request: Request, judge: Judge) -> Reply | _Again:
        self._pace.wait()
        limits = self._limits
        try:
            with self._session.request(
                request.method,
                request.url,
                params=request.query,
                json=None if request.form else request.body,
                data=request.body if request.form else None,
                headers={"Accept": "application/json", **request.headers},
                timeout=(limits.connect_seconds, limits.read_seconds),
                allow_redirects=False,  # a redirect would carry the token to another address
                stream=True,
                proxies=self._proxies(request.url),
            ) as response:
                content = self._content(request, response)
                if isinstance(content, _Again):
                    return content
                return self._judge(request, response, content, judge)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            return _Again(self._problem("mes_timeout", request, seconds=f"{limits.read_seconds:g}"))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return _Again(self._problem("mes_unreachable", request, reason=network_reason(error)))

    def _proxies(self, url: str) -> dict[str, str]:
        if self._proxy:
            return {"http": self._proxy, "https": self._proxy}
        return dict(requests.utils.get_environ_proxies(url))

    def _content(self, request: Request, response: requests.Response) -> bytes | _Again:
        """The whole body, in bounded time: a server that drips bytes must not hold us."""
        longest = self._limits.total_seconds or 4 * self._limits.read_seconds
        deadline = time.monotonic() + longest
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(_CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > MAX_REPLY_BYTES:
                raise self._problem("mes_reply_too_big", request, limit=f"{MAX_REPLY_BYTES // 2**20} MB")
            if time.monotonic() > deadline:
                return _Again(self._problem("mes_timeout", request, seconds=f"{longest:g}"))
        return b"".join(parts)

    def _judge(self, request: Request, response: requests.Response, content: bytes, judge: Judge) -> Reply | _Again:
        status = response.status_code
        headers = {name.lower(): value for name, value in response.headers.items()}
        if status == 429:
            return _Again(self._problem("mes_rate_limited", request, tries=self._limits.tries), asked_wait(headers))
        if status >= 500:
            problem = self._problem("mes_server_error", request, status=status, tries=self._limits.tries)
            return _Again(problem, asked_wait(headers))
        if wait := exhausted_wait(headers):
            self._pace.hold(wait)
        reply = _parsed(status, headers, content)
        meaning = judge(reply)
        if meaning == "busy":
            return _Again(self._problem("mes_rate_limited", request, tries=self._limits.tries), asked_wait(headers))
        if reply.payload is None and reply.text and status < 300 and meaning != "text":
            start = self.redactor.clean(reply.text[:60]).strip()
            return _Again(self._problem("mes_not_json", request, start=start or "-"))
        return reply

    def _problem(self, code: str, request: Request, /, **params: Any) -> Problem:
        return Problem(code, system=self.system, host=host_of(request.url), path=request.path, **params)

    def _wait(self, attempt: int, asked_seconds: float | None) -> None:
        """As long as the server asked for, else doubling with jitter; never longer than the limit."""
        backoff = self._limits.first_wait_seconds * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        wanted = backoff if asked_seconds is None else asked_seconds + 0.1 * random.random()  # noqa: S311 - jitter
        time.sleep(min(wanted, self._limits.longest_wait_seconds))


def readable_url(system: str, url: str) -> str:
    """The address without a slash at its end. Raises Problem `mes_url_unreadable`."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise Problem("mes_url_unreadable", system=system)
    return url.rstrip("/")


def host_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _parsed(status: int, headers: dict[str, str], content: bytes) -> Reply:
    try:
        text: str | bytes = content
        if "charset=gb" in headers.get("content-type", "").lower():
            text = content.decode("gb18030")
        payload = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
        return Reply(status, payload, headers, server_time(headers))
    except (ValueError, RecursionError):
        start = content[:2000].decode("utf-8", errors="replace").strip()
        return Reply(status, None, headers, server_time(headers), start or "-")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def network_reason(error: BaseException) -> str:
    """A few words without the URL."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, urllib3.exceptions.NameResolutionError):
            return "host name unknown / 找不到主机名"
        if isinstance(seen, ConnectionRefusedError | urllib3.exceptions.NewConnectionError):
            return "connection refused / 端口没有服务"
        if isinstance(seen, ConnectionResetError | BrokenPipeError):
            return "connection reset / 连接被中断"
        if isinstance(seen, urllib3.exceptions.IncompleteRead):
            return "reply cut off / 返回内容不完整"
        if isinstance(seen, requests.exceptions.ProxyError | urllib3.exceptions.ProxyError):
            return "proxy refused / 代理拒绝连接"
        if isinstance(seen, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
            return "certificate not trusted / 证书不受信任"
        inner = seen.args[0] if seen.args and isinstance(seen.args[0], BaseException) else None
        seen = getattr(inner, "reason", None) or inner or seen.__cause__ or seen.__context__
    return type(error).__name__
