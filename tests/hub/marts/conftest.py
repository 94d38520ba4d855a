"""A store of its own for every test of figures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hub.marts.factory import Factory, open_factory


@pytest.fixture
def factory(postgres_url: str) -> Iterator[Factory]:
    with open_factory(postgres_url) as opened:
        yield opened
