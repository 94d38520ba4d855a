"""A store of its own for every test of figures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.store.core_tables import ensure_core_tables
from hub.store.engine import connect
from hub.store.migrate import upgrade
from tests.hub.marts.factory import Factory, contract, mapping


@pytest.fixture
def factory(postgres_url: str) -> Iterator[Factory]:
    """Two sources and uploads that know parts; nothing was read yet."""
    upgrade(postgres_url)
    datasets = {"k3.part": "engineering", "mes.part": "production", "uploads.part": "engineering"}
    with connect(postgres_url) as connection:
        ensure_core_tables(connection, [contract()])
        connection.commit()
        yield Factory(
            connection,
            {"part": contract()},
            {dataset: mapping(dataset, department) for dataset, department in datasets.items()},
        )
