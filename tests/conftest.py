"""Fixtures that more than one room's tests use: real servers, and a database of one's own.

Each pytest-xdist worker starts its own servers when its first test needs them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.servers import MariadbServer, PostgresServer, find_program, start_mariadb, start_postgres

# The last four keep Chromium from asking its maker's servers for anything.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
CHROMIUM_PLACES = (
    "usr/bin/chromium-browser",
    "usr/bin/google-chrome",
    "Applications/Chromium.app/Contents/MacOS/Chromium",
    "Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = start_postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariadbServer]:
    server = start_mariadb()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; one per worker, because two Playwright loops cannot live in one process."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=find_program("chromium", "chromium", *CHROMIUM_PLACES), args=CHROMIUM_ARGUMENTS
        )
        yield started
        started.close()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """SQLAlchemy URL (postgresql+psycopg) of a new, empty database."""
    return postgres_server.url(postgres_server.create_database())


@pytest.fixture
def mariadb_url(mariadb_server: MariadbServer) -> str:
    """SQLAlchemy URL (mysql+pymysql) of a new, empty database."""
    return mariadb_server.url(mariadb_server.create_database())


@pytest.fixture
def postgres_odbc(postgres_server: PostgresServer) -> str:
    """ODBC connection string of a new, empty PostgreSQL database."""
    return postgres_server.odbc(postgres_server.create_database())


@pytest.fixture
def mariadb_odbc(mariadb_server: MariadbServer) -> str:
    """ODBC connection string of a new, empty MariaDB database."""
    return mariadb_server.odbc(mariadb_server.create_database())
