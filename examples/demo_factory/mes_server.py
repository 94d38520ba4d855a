"""The MES as an HTTP server: tokens that expire, paging, envelopes, a rate limit, an update filter.

Belongs here: the protocol. Does not belong here: what the records say. Speaks HTTP/1.1, POST with
JSON; every reply is `{"code": 200, "message": "...", "data": {...}}`; a request it can't answer gets
HTTP 200 with another code, as Chinese APIs do; a missing or expired token HTTP 401; too many requests
HTTP 429 with Retry-After.
"""

from __future__ import annotations

import json
import math
import secrets
import signal
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from examples.demo_factory.mes_faults import FAULTS_PATH, REFUSALS, STALL_SECONDS, Fault, Faults, limit_headers
from examples.demo_factory.mes_tables import MES_TABLES, PREFIX, TOKEN_PATH, MesTable
from schemas.problems import Problem

MAX_SIZE = 200
MAX_BODY = 1_000_000


@dataclass(frozen=True)
class Credentials:
    app_key: str
    app_secret: str
    factory: str


DEMO = Credentials("demo", "demo-secret", "F001")


class BadRequest(Exception):
    """Answered with HTTP 200 and this code in the body."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class TokenBucket:
    """`rate` requests per second, bursts of as many; thread-safe."""

    def __init__(self, rate: float) -> None:
        self._rate, self._left, self._at = rate, rate, time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> float:
        """0 if the request may pass, else the seconds until the next one may."""
        with self._lock:
            now = time.monotonic()
            self._left = min(max(self._rate, 1), self._left + (now - self._at) * self._rate)
            self._at = now
            if self._left >= 1:
                self._left -= 1
                return 0.0
            return (1 - self._left) / self._rate


class MesServer(ThreadingHTTPServer):
    """Holds tokens and limits; reads the database anew for every request."""

    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        database: Path,
        credentials: Credentials,
        token_seconds: float,
        rate: float,
        faults: Faults | None = None,
    ) -> None:
        """`faults`: only then may a test arm them over HTTP."""
        super().__init__(address, _Handler)
        self.database, self.credentials, self.token_seconds = database, credentials, token_seconds
        self.faults = faults
        self.bucket = TokenBucket(rate)
        self._tokens: dict[str, float] = {}

    def login(self, body: dict[str, Any]) -> dict[str, Any]:
        given = Credentials(str(body.get("appKey")), str(body.get("appSecret")), str(body.get("factoryNumber")))
        if given != self.credentials:
            raise BadRequest(401001, "appKey、appSecret 或 factoryNumber 不正确")
        now = time.monotonic()
        self._tokens = {token: expiry for token, expiry in self._tokens.items() if expiry > now}
        token = secrets.token_urlsafe(24)
        self._tokens[token] = now + self.token_seconds
        whole = int(self.token_seconds) if self.token_seconds >= 1 else self.token_seconds
        return {"token": token, "expire": whole}

    def forget_tokens(self) -> None:
        self._tokens.clear()

    def knows(self, token: str | None) -> bool:
        return self._tokens.get(token or "", 0) > time.monotonic()

    def page(self, table: str, body: dict[str, Any]) -> dict[str, Any]:
        """`{"list": [...], "total": n}`, ordered by id: a record that changes keeps its place.

        Raises BadRequest for a page, size or time that is none.
        """
        page, size = _whole(body, "page", 1, 1, 10**9), _whole(body, "size", 20, 1, MAX_SIZE)
        where, bounds = [], []
        for name, sign in (("updateTimeFrom", ">="), ("updateTimeTo", "<=")):
            if body.get(name) is not None:
                where.append(f"update_time {sign} ?")
                skew = self.faults.skew_seconds if self.faults else 0
                bounds.append(_whole(body, name, 0, 0, 2**62) - int(skew * 1000))
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        shape: MesTable = MES_TABLES[table]
        with closing(sqlite3.connect(f"{self.database.resolve().as_uri()}?mode=ro", uri=True)) as database:
            total = database.execute(f"SELECT count(*) FROM {table} {condition}", bounds).fetchone()[0]
            rows = database.execute(
                f"SELECT {', '.join(shape.columns)} FROM {table} {condition} ORDER BY id LIMIT ? OFFSET ?",
                [*bounds, size, (page - 1) * size],
            ).fetchall()
        return {"list": [shape.item(row) for row in rows], "total": total, "page": page, "size": size}


_PATHS = {PREFIX + table.path: name for name, table in MES_TABLES.items()}


def _whole(body: dict[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadRequest(400100, f"参数 {name} 应为 {low} 到 {high} 之间的整数")
    return value


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second must not wait for an answer
    server: MesServer
    timeout = 60  # an idle connection is given up

    def do_POST(self) -> None:
        body = self._body()
        url = urlsplit(self.path)
        if self.server.faults is not None and url.path == FAULTS_PATH:
            self._arm(self.server.faults, body)
            return
        wait = self.server.bucket.take()
        if wait > 0:
            self._reply(429, 429, "请求过于频繁", None, {"Retry-After": str(math.ceil(wait))})
            return
        token = self.headers.get("access_token") or next(iter(parse_qs(url.query).get("access_token", [])), None)
        try:
            if url.path == TOKEN_PATH:
                self._reply(200, 200, "success", self.server.login(_parsed(body)))
            elif not self.server.knows(token):
                self._reply(401, 401, "access_token 缺失或已过期", None)
            elif url.path not in _PATHS:
                self._reply(404, 404, f"没有接口 {url.path}", None)
            else:
                self._list(_PATHS[url.path], _parsed(body))
        except BadRequest as problem:
            self._reply(200, problem.code, str(problem), None)
        except sqlite3.Error as error:
            self._reply(500, 500, f"数据库错误: {error}", None)

    def _list(self, table: str, asked: dict[str, Any]) -> None:
        faults = self.server.faults
        fault = faults.strike() if faults else None
        if fault is not None and fault.name in REFUSALS:
            self._refuse(fault)
            return
        if fault is not None and fault.name == "page_repeat":
            asked = asked | {"page": max(1, int(asked.get("page", 1)) - 1)}
        page = self.server.page(table, asked)
        self._reply(200, 200, "success", faults.changed(fault, page) if faults else page)

    def _refuse(self, fault: Fault) -> None:
        """What a failing server answers instead of a list."""
        name = fault.name
        if name.startswith("rate_limit"):
            self._reply(429, 429, "请求过于频繁", None, limit_headers(fault))
        elif name == "busy_code":
            self._reply(200, 429, "请求过于频繁", None)
        elif name in ("error_500", "error_502"):
            self._send(int(name[-3:]), b"<html>Bad Gateway</html>")
        elif name == "garbage":
            self._send(200, b"<html><title>Sign in to the proxy</title></html>")
        elif name == "truncated":
            self._send(200, b'{"code": 200, "data": {"list": [{"id"', length=5000)
        elif name == "expired_token":
            self.server.forget_tokens()
            self._reply(401, 401, "access_token 缺失或已过期", None)
        else:
            if name == "stall":
                time.sleep(STALL_SECONDS)
            self.close_connection = True

    def _arm(self, faults: Faults, body: bytes) -> None:
        try:
            faults.arm(_parsed(body))
        except (ValueError, BadRequest) as problem:
            self._reply(400, 400, str(problem), None)
            return
        self._reply(200, 200, "success", None)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The server's clock, which may be wrong."""
        skew = self.server.faults.skew_seconds if self.server.faults else 0.0
        return super().date_time_string((time.time() if timestamp is None else timestamp) + skew)

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            return b""
        return self.rfile.read(length)

    def _reply(self, status: int, code: int, message: str, data: Any, headers: dict[str, str] | None = None) -> None:
        envelope = {"code": code, "message": message, "subCode": None, "data": data, "needCheck": 0}
        self._send(status, json.dumps(envelope, ensure_ascii=False).encode(), headers)

    def _send(
        self, status: int, content: bytes, headers: dict[str, str] | None = None, length: int | None = None
    ) -> None:
        """`length`: promised, if it is to differ from what is sent."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = self.close_connection or length is not None

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the request line carries the token."""


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise BadRequest(400000, "请求体不是 JSON") from error
    if not isinstance(value, dict):
        raise BadRequest(400000, "请求体应为 JSON 对象")
    return value


def serve(
    database: Path,
    host: str,
    port: int,
    credentials: Credentials,
    token_seconds: float,
    rate: float,
    port_file: Path | None = None,
    faults: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT. Prints `MES listening on http://...` once requests are taken.

    Raises Problem `demo_world_missing` if there is no database, `demo_port_taken` if the port is in use.
    """
    if not database.exists():
        raise Problem("demo_world_missing", folder=str(database.parent))
    try:
        server = MesServer((host, port), database, credentials, token_seconds, rate, Faults() if faults else None)
    except OSError as error:
        raise Problem("demo_port_taken", host=host, port=port, reason=error.strerror or str(error)) from error

    def stop(*_: object) -> None:
        # shutdown() waits for the loop that this very thread runs, so it must come from another
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    bound = server.server_address[1]
    if port_file:
        port_file.write_text(f"{bound}\n", encoding="utf-8")
    print(f"MES listening on http://{host}:{bound}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
