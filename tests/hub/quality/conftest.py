"""Fixtures of the tests of rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hub.quality.set_store import Store, open_store


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    with open_store(postgres_url) as opened:
        yield opened
