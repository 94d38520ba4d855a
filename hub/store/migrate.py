"""Bring the store to the current shape: Alembic migrations, then what the contracts describe.

Belongs here: `upgrade()`. Not here: the tables themselves (models.py, core_tables.py, master_views.py).
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from connectors.config import read_systems
from hub.store.core_tables import ensure_core_tables
from hub.store.engine import connect, engine
from hub.store.master_views import ensure_master_views
from schemas.loader import contracts

_MIGRATIONS = Path(__file__).with_name("migrations")
# Two processes that upgrade at once wait for each other on this advisory lock.
UPGRADE_LOCK = 7_201_001


def alembic_config(url: str | None = None) -> Config:
    """Alembic's configuration for the store at `url` (default: this installation's)."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["engine"] = engine(url)
    return config


def upgrade(url: str | None = None) -> None:
    """Create or migrate every table of the store; does nothing when it is current.

    Raises Problem `store_unreachable` if the server does not answer.
    """
    with connect(url) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (UPGRADE_LOCK,))
        command.upgrade(alembic_config(url), "head")
        ensure_core_tables(connection, contracts().values())
        kinds = {name: system.kind for name, system in read_systems()[0].items()}
        ensure_master_views(connection, contracts(), kinds)
