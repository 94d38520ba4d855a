"""Mode changes: the database's own log says which keys changed, the rows are read from the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.base import Page
from connectors.erp.reader import Reader
from connectors.erp.sweep import OpenSession


def read_changes(
    reader: Reader, stored: dict[str, Any] | None, page_rows: int, open_session: OpenSession
) -> Iterator[Page]:
    raise NotImplementedError
    yield
