"""Fixtures of the connector tests: one ERP database per dialect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.erp_databases import DIALECTS, Database, create


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=[] if name.startswith("sqlite") else pytest.mark.servers) for name in DIALECTS],
)
def dialect(request: pytest.FixtureRequest) -> str:
    """Every dialect in turn; servers start only for the dialects that need them."""
    return str(request.param)


@pytest.fixture(scope="session")
def database(dialect: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The seeded database of a dialect, shared by tests that only read."""
    return _new(dialect, request, tmp_path_factory.mktemp("erp"))


@pytest.fixture
def own_database(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A seeded database that the test may change."""
    return _new(dialect, request, tmp_path)


def _new(dialect: str, request: pytest.FixtureRequest, folder: Path) -> Database:
    postgres = request.getfixturevalue("postgres_server") if dialect.startswith("postgresql") else None
    mariadb = request.getfixturevalue("mariadb_server") if dialect.startswith("mariadb") else None
    return create(dialect, folder, postgres, mariadb)
