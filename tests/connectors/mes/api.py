"""A small real HTTP server whose answers a test writes as a function.

Belongs here: the server, and connectors that read from it. Does not belong here: any vendor's rules.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa

from connectors.base import KEY, Page
from connectors.config_models import SystemConfig
from connectors.mes.config import MesEndpointConfig
from connectors.mes.connector import MesConnector


@dataclass
class Asked:
    """One request as the server sees it. raw_query: before decoding."""

    method: str
    path: str
    raw_query: str
    headers: dict[str, str]
    raw_body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def body(self) -> Any:
        return json.loads(self.raw_body or b"{}")


@dataclass
class Answer:
    payload: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None


class Api(ThreadingHTTPServer):
    """answer: what to reply to a request. asked: every request so far. connections: how many were opened."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.asked: list[Asked] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second must not wait for an answer
    server: Api

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self._do("GET")

    def do_POST(self) -> None:
        self._do("POST")

    def _do(self, method: str) -> None:
        url = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(method, url.path, url.query, headers, content)
        self.server.asked.append(asked)
        answer = self.server.answer(asked)
        reply = (json.dumps(answer.payload, ensure_ascii=False) if answer.text is None else answer.text).encode()
        self.send_response_only(answer.status)
        self.send_header("Content-Length", str(len(reply)))
        for name, value in ({"Date": self.date_time_string()} | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: pytest's output is for failures."""


@contextmanager
def serving(answer: Callable[[Asked], Answer]) -> Iterator[Api]:
    api = Api(answer)
    thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        api.shutdown()
        thread.join()
        api.server_close()


FAST = {"connect_seconds": 2, "read_seconds": 5, "tries": 3, "first_wait_seconds": 0.01, "longest_wait_seconds": 1}


def connector(
    url: str,
    endpoint: dict[str, Any],
    environment: dict[str, str] | None = None,
    **system: Any,
) -> MesConnector:
    """A connector with one endpoint, object `lot`; `system`: keys of the SourceSystem document."""
    head = {"system": "api", "kind": "mes", "plant": "P1", "title": {"zh": "接口", "en": "API"}, "limits": FAST}
    head |= {"url_env": "WATERWORKS_API_URL"}
    config = SystemConfig.model_validate(
        head
        | system
        | {"objects": {"lot": MesEndpointConfig.model_validate({"system": "api", "object": "lot"} | endpoint)}}
    )
    return MesConnector(config, url, environment or {})


def read(source: MesConnector, position: Any = None, page_rows: int = 1000) -> list[Page]:
    return list(source.read("lot", position, page_rows))


def rows_of(pages: list[Page]) -> list[dict[str, Any]]:
    return pa.concat_tables([page.rows for page in pages]).to_pylist()


def keys_of(pages: list[Page]) -> list[str]:
    return [row[KEY] for row in rows_of(pages)]


def rejected_of(pages: list[Page]) -> list[dict[str, Any]]:
    return pa.concat_tables([page.rejected for page in pages]).to_pylist()
