"""Reads that are disturbed: a killed connection costs a page, rows stamped anew are not doubled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import KEY
from schemas.problems import Problem
from tests.connectors.erp_databases import ITEMS, Database, stamp
from tests.connectors.test_erp_check import SERVED
from tests.connectors.test_erp_read import MATERIAL, connector


def kill_other_connections(database: Database) -> int:
    """Kill every connection to this database but our own, as a restart of the ERP would; how many there were."""
    name = database.writer.url.database
    with database.writer.connect() as connection:
        if database.dialect.startswith("postgresql"):
            sql = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = :name AND pid <> pg_backend_pid()"
            )
            return len(connection.execute(sa.text(sql), {"name": name}).fetchall())
        sql = "SELECT id FROM information_schema.processlist WHERE db = :name AND id <> CONNECTION_ID()"
        ids = connection.execute(sa.text(sql), {"name": name}).scalars().all()
        for number in ids:
            connection.execute(sa.text(f"KILL {int(number)}"))
        return len(ids)


@SERVED
def test_a_killed_connection_is_replaced(own_database: Database) -> None:
    pages = connector(own_database, **MATERIAL).read("thing", None, 5)
    keys = next(pages).rows[KEY].to_pylist()
    assert kill_other_connections(own_database) >= 1
    for page in pages:
        keys += page.rows[KEY].to_pylist()
    assert keys == [str(2**53 + number) for number in range(1, ITEMS + 1)]


def test_a_table_that_vanishes_is_one_sentence(own_database: Database) -> None:
    pages = connector(own_database, **MATERIAL).read("thing", None, 5)
    next(pages)
    if own_database.is_sqlite:
        own_database.execute('DROP TABLE "t_ICItem"')
    else:
        own_database.execute('ALTER TABLE "t_ICItem" RENAME TO "t_gone"')
    with pytest.raises(Problem) as caught:
        list(pages)
    assert caught.value.code == "erp_table_gone"
    assert "thing" in caught.value.text("zh")


def test_a_row_stamped_anew_while_we_read_comes_once_and_again_next_time(own_database: Database) -> None:
    wanted: dict[str, Any] = {
        **MATERIAL,
        "columns": ["FItemID", "FName", "FChanged"],
        "mode": "watermark",
        "watermark": "FChanged",
        "overlap_minutes": 1,
    }
    pages = connector(own_database, **wanted).read("thing", None, 5)
    first = next(pages)
    keys = first.rows[KEY].to_pylist()
    later = (stamp(ITEMS) - timedelta(seconds=30)).isoformat(sep=" ")
    own_database.execute(
        'UPDATE "t_ICItem" SET "FName" = :name, "FChanged" = :later WHERE "FItemID" = :id',
        name="改过的名字",
        later=later,
        id=int(keys[0]),
    )
    position = first.position
    for page in pages:
        keys += page.rows[KEY].to_pylist()
        position = page.position
    assert sorted(keys) == sorted(str(2**53 + number) for number in range(1, ITEMS + 1))
    again = connector(own_database, **wanted).read("thing", position, 100)
    assert "改过的名字" in [name for page in again for name in page.rows["FName"].to_pylist()]
