"""A MES that misbehaves on demand, over real HTTP.

Belongs here: protocol faults that the demo factory's well-behaved MES never shows. Does not belong
here: assertions. A test queues faults; each request takes one, and is served properly without one.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "canary-secret-77"
TOKEN = "canary-token-"


class FaultServer(ThreadingHTTPServer):
    """items: the whole list. faults: what to do with the next list requests. requests: what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.items: list[Any] = []
        self.faults: deque[Callable[[_Handler], None]] = deque()
        self.requests: list[dict[str, Any]] = []
        self.logins = 0
        self.token_uses = 10**9  # list requests a token is good for
        self.uses_left = 0
        self.with_total = True
        self.largest_page = 10**9  # a server may give less than asked for
        self.ignore_page = False
        self.before_page: Callable[[int], None] = lambda number: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second must not wait for an answer
    server: FaultServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        url = urlsplit(self.path)
        server = self.server
        if url.path == "/login":
            if body.get("appSecret") != SECRET:
                self.reply(200, {"code": 401001, "message": f"secret {body.get('appSecret')} is wrong"})
                return
            server.logins += 1
            server.uses_left = server.token_uses
            self.reply(200, {"code": 200, "data": {"token": f"{TOKEN}{server.logins}", "expire": 120}})
            return
        server.requests.append(body)
        if server.faults:
            server.faults.popleft()(self)
            return
        token = parse_qs(url.query).get("access_token", [""])[0]
        if token != f"{TOKEN}{server.logins}" or server.uses_left <= 0:
            self.reply(401, {"code": 401, "message": "token expired"})
            return
        server.uses_left -= 1
        number = 1 if server.ignore_page else body["page"]
        server.before_page(number)
        size = min(body["size"], server.largest_page)
        data = {"list": server.items[(number - 1) * size : number * size]}
        if server.with_total:
            data["total"] = len(server.items)  # type: ignore[assignment]
        self.reply(200, {"code": 200, "message": "ok", "data": data})

    def reply(self, status: int, payload: Any, **headers: str) -> None:
        self.reply_bytes(status, json.dumps(payload).encode(), **headers)

    def reply_bytes(self, status: int, content: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)
        if length is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: pytest's output is for failures."""


def status(code: int, **headers: str) -> Callable[[_Handler], None]:
    return lambda handler: handler.reply(code, {"code": code, "message": f"answer {code}"}, **headers)


def garbage(handler: _Handler) -> None:
    handler.reply_bytes(200, b"<html><title>Sign in to the proxy</title></html>")


def truncated(handler: _Handler) -> None:
    handler.reply_bytes(200, b'{"code": 200, "data": {"list": [{"id"', length=5000)


def stall(handler: _Handler) -> None:
    time.sleep(1.5)
    handler.close_connection = True


def drip(handler: _Handler) -> None:
    """One byte at a time, for ever: no single read times out."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.close_connection = True
    try:
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)
    except OSError:
        return  # the client gave up, as it should


def reset(handler: _Handler) -> None:
    handler.close_connection = True
    handler.connection.close()


@contextmanager
def running() -> Iterator[FaultServer]:
    server = FaultServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
