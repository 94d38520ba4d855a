"""A MES as a source: check, discover, read, list keys.

Belongs here: the connector's face to the hub. Does not belong here: a read (`pull.py`), HTTP
(`transport.py`), tokens (`client.py`), the form of rows (`items.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from connectors.base import Check, Deletions, Discovered, Page
from connectors.config_models import SystemConfig
from connectors.mes.check import look
from connectors.mes.client import MesClient
from connectors.mes.config import MesEndpointConfig
from connectors.mes.lister import Lister, Span
from connectors.mes.paging import Place
from connectors.mes.pull import Pull
from connectors.mes.walks import every_key
from schemas.problems import Problem


class MesConnector:
    """One MES. Construction does no I/O; each call logs in for itself."""

    def __init__(self, system: SystemConfig, base_url: str, environment: Mapping[str, str]) -> None:
        """`environment`: values of the variables that the configuration names. Raises Problem `mes_url_unreadable`."""
        self.system = system.system
        self._config = system
        self._endpoints = system.mes_endpoints
        self._url = base_url
        self._environment = dict(environment)
        MesClient(system, base_url, self._environment).close()

    def check(self) -> Check:
        """Log in, ask every configured endpoint for one page, compare clocks."""
        with self._client() as client:
            return look(client, self._config)

    def discover(self) -> list[Discovered]:
        """The configured endpoints, each with the total the server states."""
        found = []
        with self._client() as client:
            for name, endpoint in sorted(self._endpoints.items()):
                lister = Lister.of(client, self._config, endpoint)
                page = lister.page(Place(size=1), Span())
                found.append(Discovered(name, page.total, tuple(endpoint.columns), tuple(endpoint.key)))
        return found

    def deletions(self, object_name: str) -> Deletions:
        endpoint = self._endpoint(object_name)
        if endpoint.updated is None:
            return "read"
        if endpoint.keys_from is not None:
            return "keys"
        return "reported" if endpoint.deleted is not None else "no"

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        """Pages of about `page_rows` rows, at least one; no key comes twice. position: see `pull.py`."""
        endpoint = self._endpoint(object_name)
        with self._client() as client:
            yield from Pull(client, self._config, endpoint, position, page_rows).pages()

    def keys(self, object_name: str) -> Iterator[pa.Array]:
        """Every current key, page by page; from `keys_from` if there is one, else from the whole list."""
        endpoint = self._endpoint(object_name)
        with self._client() as client:
            yield from every_key(client, self._config, endpoint)

    def _endpoint(self, name: str) -> MesEndpointConfig:
        if name not in self._endpoints:
            raise Problem("source_object_unknown", system=self.system, object=name, known=", ".join(self._endpoints))
        return self._endpoints[name]

    @contextmanager
    def _client(self) -> Iterator[MesClient]:
        client = MesClient(self._config, self._url, self._environment)
        try:
            yield client
        finally:
            client.close()
