"""One HTTP request with time-outs, bounded retries and a bounded reply; its failures as sentences.

Belongs here: retry on 429, 5xx, time-out and broken connections, Retry-After. Does not belong here: tokens,
envelopes. No message carries a URL with its query or a header: tokens travel there. For the same reason
Problems are raised without their cause, whose text is the full URL.
"""

from __future__ import annotations

import json
import logging
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from connectors.mes.config import MesLimits
from schemas.problems import Problem

MAX_REPLY_BYTES = 64 * 2**20
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Reply:
    """status: HTTP code. payload: the parsed JSON. now: the server's clock (its Date header), UTC."""

    status: int
    payload: Any
    now: datetime


class _Again(Exception):
    """This attempt failed in a way that another may not; `problem` is the sentence if none succeeds."""

    def __init__(self, problem: Problem, wait_seconds: float | None = None) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.wait_seconds = wait_seconds


class Transport:
    """Requests to one server, one at a time, at most `requests_per_second`."""

    def __init__(self, system: str, base_url: str, limits: MesLimits) -> None:
        """Raises Problem `mes_url_unreadable`."""
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Problem("mes_url_unreadable", system=system)
        self.system = system
        self.host = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
        self._base = base_url.rstrip("/")
        self._limits = limits
        self._session = requests.Session()
        self._next_start = 0.0
        # urllib3 writes every URL with its query, so the token too, to the log at level DEBUG.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

    def send(
        self, method: str, path: str, body: dict[str, Any], query: dict[str, Any], headers: dict[str, str]
    ) -> Reply:
        """The reply to one request. HTTP codes other than 429 and 5xx are the caller's to judge.

        Raises Problem `mes_unreachable`, `mes_timeout`, `mes_rate_limited`, `mes_server_error`,
        `mes_not_json`, `mes_reply_too_big` after `tries` attempts.
        """
        for attempt in range(1, self._limits.tries + 1):
            try:
                return self._once(method, path, body, query, headers)
            except _Again as failure:
                if attempt == self._limits.tries:
                    raise failure.problem from None
                self._wait(attempt, failure.wait_seconds)
        raise AssertionError("unreachable")

    def close(self) -> None:
        self._session.close()

    def _once(
        self, method: str, path: str, body: dict[str, Any], query: dict[str, Any], headers: dict[str, str]
    ) -> Reply:
        self._keep_pace()
        limits = self._limits
        try:
            with self._session.request(
                method,
                self._base + path,
                params=query,
                json=body if method == "POST" else None,
                headers={"Accept": "application/json", **headers},
                timeout=(limits.connect_seconds, limits.read_seconds),
                allow_redirects=False,  # a redirect would carry the token to another address
                stream=True,
            ) as response:
                content = self._content(path, response)
                return self._judge(path, response, content)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise _Again(self._problem("mes_timeout", path, seconds=f"{limits.read_seconds:g}")) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _Again(self._problem("mes_unreachable", path, reason=_network_reason(error))) from None

    def _content(self, path: str, response: requests.Response) -> bytes:
        """The whole body, within four read time-outs: a server that drips bytes must not hold us."""
        deadline = time.monotonic() + 4 * self._limits.read_seconds
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(_CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > MAX_REPLY_BYTES:
                raise self._problem("mes_reply_too_big", path, limit=f"{MAX_REPLY_BYTES // 2**20} MB")
            if time.monotonic() > deadline:
                raise _Again(self._problem("mes_timeout", path, seconds=f"{4 * self._limits.read_seconds:g}"))
        return b"".join(parts)

    def _judge(self, path: str, response: requests.Response, content: bytes) -> Reply:
        status = response.status_code
        if status == 429:
            problem = self._problem("mes_rate_limited", path, tries=self._limits.tries)
            raise _Again(problem, _retry_after(response))
        if status >= 500:
            problem = self._problem("mes_server_error", path, status=status, tries=self._limits.tries)
            raise _Again(problem, _retry_after(response))
        try:
            payload = json.loads(content, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            if status >= 300:  # a redirect or an error page: the status says more than its text
                return Reply(status, None, _server_time(response))
            start = content[:60].decode("utf-8", errors="replace").strip()
            raise _Again(self._problem("mes_not_json", path, start=start or "-")) from None
        return Reply(status, payload, _server_time(response))

    def _problem(self, code: str, path: str, /, **params: Any) -> Problem:
        return Problem(code, system=self.system, host=self.host, path=path, **params)

    def _keep_pace(self) -> None:
        if self._limits.requests_per_second:
            now = time.monotonic()
            time.sleep(max(0.0, self._next_start - now))
            self._next_start = max(now, self._next_start) + 1 / self._limits.requests_per_second

    def _wait(self, attempt: int, asked_seconds: float | None) -> None:
        """As long as the server asked for, else doubling with jitter; never longer than the limit."""
        backoff = self._limits.first_wait_seconds * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        wanted = backoff if asked_seconds is None else asked_seconds + 0.1 * random.random()  # noqa: S311 - jitter
        time.sleep(min(wanted, self._limits.longest_wait_seconds))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _retry_after(response: requests.Response) -> float | None:
    """Seconds of a Retry-After header (number or HTTP date), None without one."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment - _server_time(response)).total_seconds())


def _server_time(response: requests.Response) -> datetime:
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _network_reason(error: BaseException) -> str:
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
        if isinstance(seen, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
            return "certificate not trusted / 证书不受信任"
        inner = seen.args[0] if seen.args and isinstance(seen.args[0], BaseException) else None
        seen = getattr(inner, "reason", None) or inner or seen.__cause__ or seen.__context__
    return type(error).__name__
