"""Every read mode brings what changed and what is gone, at the cost it promises."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.problems import Problem
from tests.connectors.erp_databases import Database
from tests.connectors.erp_modes import Follower, connector

ROWS = 97
THING: dict[str, Any] = {"table": "thing", "key": ["id"]}
LOGGED = pytest.mark.parametrize("dialect", ["postgresql", "mariadb", "postgresql+odbc", "mariadb+odbc"], indirect=True)


@pytest.fixture
def thing(own_database: Database) -> Database:
    """Table thing with ROWS rows: id 10, 20, ...; unit is looked up in a second table."""
    moment = "DATETIME(6)" if "mariadb" in own_database.dialect else "TIMESTAMP"
    own_database.execute('CREATE TABLE "unit" ("code" INTEGER PRIMARY KEY, "name" VARCHAR(20))')
    own_database.execute(
        'CREATE TABLE "thing" ("id" BIGINT PRIMARY KEY, "name" VARCHAR(40), "price" DECIMAL(12,4), "weight" DOUBLE '
        f'PRECISION, "unit" INTEGER, "made" {moment} NULL, "changed" {moment} NULL, "version" BIGINT)'
    )
    own_database.execute_all(
        [('INSERT INTO "unit" VALUES (:code, :name)', {"code": code, "name": f"u{code}"}) for code in range(4)]
    )
    own_database.execute_all(
        [
            (
                'INSERT INTO "thing" VALUES (:id, :name, :price, :weight, :unit, :made, NULL, :version)',
                {
                    "id": number * 10,
                    "name": f"零件 {number}",
                    "price": "1.2500",
                    "weight": 0.1,
                    "unit": number % 4 or None,
                    "made": ago(days=30),
                    "version": number,
                },
            )
            for number in range(1, ROWS + 1)
        ]
    )
    return own_database


def ago(**delta: float) -> str:
    return (datetime.now() - timedelta(**delta)).isoformat(sep=" ", timespec="microseconds")


def actual(database: Database) -> dict[str, str]:
    with database.writer.connect() as connection:
        rows = connection.execute(sa.text(database.quoted('SELECT "id", "name" FROM "thing"'))).fetchall()
    return {str(key): name for key, name in rows}


def follower(database: Database, **attributes: Any) -> Follower:
    return Follower(database.url, {**THING, **attributes})


def check(found: Follower, database: Database) -> None:
    assert found.column("name") == actual(database)


# --- full ---------------------------------------------------------------------------------------------


def learnt(database: Database, **attributes: Any) -> Follower:
    """A follower that has the sums: databases with a dear hash are asked for it at the second read."""
    found = follower(database, **attributes)
    found.sync()
    found.sync()
    return found


def test_unchanged_ranges_do_not_travel(thing: Database) -> None:
    found = learnt(thing)
    found.sync()
    assert (found.carried, found.unchanged) == ((ROWS, 0) if thing.is_sqlite else (0, ROWS))
    thing.execute('UPDATE "thing" SET "name" = \'neu\' WHERE "id" = 500')
    found.sync()
    check(found, thing)
    if not thing.is_sqlite:
        assert 0 < found.carried <= 4
        assert found.carried + found.unchanged == ROWS


@pytest.mark.parametrize(
    "statement",
    [
        # Two rows swap a value: a sum over columns would stay.
        'UPDATE "thing" SET "name" = CASE "id" WHEN 10 THEN \'零件 2\' ELSE \'零件 1\' END WHERE "id" IN (10, 20)',
        'UPDATE "thing" SET "name" = UPPER("name"), "version" = NULL WHERE "id" = 20',
        'UPDATE "thing" SET "weight" = 0.10000000000000002 WHERE "id" = 20',
        'UPDATE "thing" SET "price" = 1.2501 WHERE "id" = 970',
        'DELETE FROM "thing" WHERE "id" = 970',
        'DELETE FROM "thing" WHERE "id" < 400',
        'UPDATE "thing" SET "id" = 15 WHERE "id" = 960',
        'UPDATE "unit" SET "name" = \'KG\' WHERE "code" = 1',
        'DELETE FROM "unit" WHERE "code" = 2',
        'INSERT INTO "thing" ("id", "name") SELECT "id" + 1, "name" FROM "thing" WHERE "id" BETWEEN 200 AND 700',
        'INSERT INTO "thing" ("id", "name") SELECT "id" + 10000, "name" FROM "thing"',
        'INSERT INTO "thing" ("id", "name") SELECT "id" - 10000, "name" FROM "thing"',
    ],
)
def test_every_kind_of_change_is_seen(thing: Database, statement: str) -> None:
    join = [{"table": "unit", "match": {"unit": "code"}, "columns": {"unit_name": "name"}}]
    found = learnt(thing, joins=join)
    thing.execute(statement)
    found.sync()
    fresh = follower(thing, joins=join, compare="here")
    fresh.sync()
    assert found.rows == fresh.rows
    found.sync()
    assert found.rows == fresh.rows


@pytest.mark.parametrize("parallel", [1, 3])
@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_broken_read_goes_on_where_it_was(thing: Database, stop_after: int, parallel: int) -> None:
    found = follower(thing, parallel=parallel)
    found.sync(stop_after=stop_after)
    read = len(found.rows)
    assert 0 < read < ROWS
    thing.execute('DELETE FROM "thing" WHERE "id" = 970')
    found.sync()
    assert found.carried == ROWS - 1 - read
    check(found, thing)
    found.sync(stop_after=1)
    thing.execute('DELETE FROM "thing" WHERE "id" = 10')
    found.sync()
    found.sync()
    check(found, thing)


def test_another_list_of_columns_is_another_read(thing: Database) -> None:
    found = learnt(thing, columns=["id", "name"])
    found.attributes["columns"] = ["id", "name", "price"]
    found.sync()
    assert found.carried == ROWS
    assert all("price" in row for row in found.rows.values())


def test_parallel_read_has_bounded_pages_and_connections(thing: Database) -> None:
    found = follower(thing, parallel=3)
    pages = list(found.pages())
    assert all(page.rows.num_rows <= 10 for page in pages)
    assert found.carried == ROWS
    check(found, thing)
    thing.execute('UPDATE "thing" SET "name" = \'x\' WHERE "id" > 300')
    found.sync()
    check(found, thing)
    source = connector(thing.url, parallel=3, **THING)
    list(source.read("thing", None, 10))
    assert source.burden.connections == 3


def test_compare_source_says_when_it_cannot(thing: Database) -> None:
    if not thing.is_sqlite:
        found = learnt(thing, compare="source")
        found.sync()
        assert found.unchanged == ROWS
        return
    with pytest.raises(Problem) as caught:
        follower(thing, compare="source").sync()
    assert caught.value.code == "erp_compare_impossible"


# --- watermark ----------------------------------------------------------------------------------------

STAMPED: dict[str, Any] = {"mode": "watermark", "watermark": ["changed", "made"], "overlap_minutes": 10}


def test_watermark_of_several_columns(thing: Database) -> None:
    found = follower(thing, **STAMPED)
    found.sync()
    assert found.carried == ROWS
    thing.execute('UPDATE "thing" SET "name" = \'neu\', "changed" = :now WHERE "id" = 500', now=ago(seconds=1))
    thing.execute('INSERT INTO "thing" ("id", "name", "made") VALUES (5, \'vorn\', :now)', now=ago(seconds=1))
    thing.execute('DELETE FROM "thing" WHERE "id" = 970')
    found.sync()
    assert found.deleted == 1
    check(found, thing)
    found.sync()
    assert found.carried == 2  # the overlap
    check(found, thing)


def test_a_stamp_older_than_the_overlap_is_found_by_the_weekly_comparison(thing: Database) -> None:
    found = follower(thing, **STAMPED)
    found.sync()
    thing.execute('UPDATE "thing" SET "name" = \'spät\', "changed" = :then WHERE "id" = 500', then=ago(days=31))
    found.sync()
    assert found.column("name")["500"] == "零件 50"
    assert found.position is not None
    found.position["full"] = (datetime.now().astimezone() - timedelta(days=8)).isoformat()
    found.sync()
    check(found, thing)


def test_a_clock_set_back_makes_the_overlap_longer(thing: Database) -> None:
    found = follower(thing, **STAMPED)
    found.sync()
    thing.execute('UPDATE "thing" SET "name" = \'jetzt\', "changed" = :now WHERE "id" = 10', now=ago(seconds=1))
    found.sync()
    # Two hours passed here and one in the source: its clock was set back, rows got stamps of the lost hour.
    assert found.position is not None
    source, ours = found.position["mark"]["clocks"]
    found.position["mark"]["clocks"] = [
        (datetime.fromisoformat(source) - timedelta(hours=1)).isoformat(),
        (datetime.fromisoformat(ours) - timedelta(hours=2)).isoformat(),
    ]
    found.position["mark"]["watermark"] = ago(hours=1, seconds=1)
    thing.execute('UPDATE "thing" SET "name" = \'früher\', "changed" = :then WHERE "id" = 500', then=ago(minutes=115))
    found.sync()
    check(found, thing)


def test_rows_stamped_anew_between_pages_come_once_and_again_next_time(thing: Database) -> None:
    found = follower(thing, **{**STAMPED, "overlap_minutes": 0})
    found.sync()
    thing.execute('UPDATE "thing" SET "changed" = :now WHERE "id" <= 300', now=ago(seconds=30))
    pages = found.pages()
    next(pages)
    thing.execute('UPDATE "thing" SET "name" = \'neu\', "changed" = :now WHERE "id" = 10', now=ago(seconds=20))
    thing.execute('UPDATE "thing" SET "name" = \'neu\', "changed" = :now WHERE "id" = 970', now=ago(seconds=20))
    list(pages)
    found.sync()
    check(found, thing)


# --- rowversion ---------------------------------------------------------------------------------------


def test_numbers_that_only_grow(thing: Database) -> None:
    found = follower(thing, mode="rowversion", rowversion="version", overlap_minutes=0)
    found.sync()
    thing.execute('UPDATE "thing" SET "name" = \'neu\', "version" = 1000 WHERE "id" = 500')
    found.sync()
    assert found.carried == 1
    thing.execute('DELETE FROM "thing" WHERE "id" = 500')
    found.sync()
    assert (found.carried, found.deleted) == (0, 1)
    check(found, thing)


def test_a_lower_number_that_commits_later_is_found(thing: Database) -> None:
    found = follower(thing, mode="watermark", watermark="version", overlap_minutes=60)
    found.sync()
    thing.execute('UPDATE "thing" SET "name" = \'a\', "version" = 1002 WHERE "id" = 500')
    found.sync()
    thing.execute('UPDATE "thing" SET "name" = \'b\', "version" = 1001 WHERE "id" = 510')
    found.sync()
    check(found, thing)


@pytest.mark.parametrize("dialect", ["postgresql", "postgresql+odbc"], indirect=True)
def test_xmin_waits_for_open_transactions(thing: Database) -> None:
    join = [{"table": "unit", "match": {"unit": "code"}, "columns": {"unit_name": "name"}}]
    found = follower(thing, mode="rowversion", rowversion="xmin", joins=join)
    found.sync()
    with thing.writer.connect() as late:
        late.execute(sa.text("UPDATE thing SET name = 'late' WHERE id = 100"))
        thing.execute("UPDATE thing SET name = 'now' WHERE id = 200")
        found.sync()
        assert found.carried == 1
        late.commit()
    found.sync()
    check(found, thing)
    assert found.carried == 2  # what was read while a transaction was open comes again
    thing.execute("UPDATE unit SET name = 'KG' WHERE code = 1")
    found.sync()
    assert {row["unit_name"] for row in found.rows.values() if row["unit"] == 1} == {"KG"}
    found.sync()
    assert found.carried == 0


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_xmin_of_another_server_is_not_trusted(thing: Database) -> None:
    found = follower(thing, mode="rowversion", rowversion="xmin")
    found.sync()
    assert found.position is not None
    found.position["mark"]["xmin"] = str(2**40)
    found.sync()
    assert found.carried == ROWS


def test_a_rowversion_must_grow(thing: Database) -> None:
    with pytest.raises(Problem) as caught:
        follower(thing, mode="rowversion", rowversion="name").sync()
    assert caught.value.code == "erp_rowversion_type"


# --- changes ------------------------------------------------------------------------------------------


@LOGGED
def test_changes_come_from_the_log(thing: Database) -> None:
    join = [{"table": "unit", "match": {"unit": "code"}, "columns": {"unit_name": "name"}}]
    found = follower(thing, mode="changes", joins=join, slot="waterworks_test")
    found.sync()
    assert found.carried == ROWS
    found.sync()
    assert found.carried == 0
    thing.execute('UPDATE "thing" SET "name" = :name WHERE "id" = 500', name="it's new-tuple: x[int]:'1")
    thing.execute('UPDATE "thing" SET "id" = 7 WHERE "id" = 20')
    thing.execute('DELETE FROM "thing" WHERE "id" = 970')
    thing.execute('INSERT INTO "thing" ("id", "name", "unit") VALUES (1001, \'neu\', 2)')
    found.sync()
    assert (found.carried, found.deleted) == (3, 2)
    check(found, thing)
    thing.execute('UPDATE "unit" SET "name" = \'KG\' WHERE "code" = 1')
    thing.execute('DELETE FROM "unit" WHERE "code" = 2')
    found.sync()
    fresh = follower(thing, joins=join)
    fresh.sync()
    assert found.rows == fresh.rows
    assert found.carried < ROWS
    found.sync()
    if "postgresql" in thing.dialect:
        with thing.writer.begin() as connection:
            connection.execute(sa.text("SELECT pg_drop_replication_slot('waterworks_test')"))


@LOGGED
def test_a_transaction_that_commits_late_is_in_the_log(thing: Database) -> None:
    found = follower(thing, mode="changes", slot="late_one")
    found.sync()
    with thing.writer.connect() as late:
        late.execute(sa.text(thing.quoted('UPDATE "thing" SET "name" = \'late\' WHERE "id" = 100')))
        thing.execute('UPDATE "thing" SET "name" = \'now\' WHERE "id" = 200')
        found.sync()
        assert found.carried == 1
        late.commit()
    found.sync(stop_after=1)
    found.sync()
    check(found, thing)
    thing.execute('DELETE FROM "thing" WHERE "id" > 500' if thing.is_sqlite else 'TRUNCATE TABLE "thing"')
    found.sync()
    check(found, thing)
    if "postgresql" in thing.dialect:
        with thing.writer.begin() as connection:
            connection.execute(sa.text("SELECT pg_drop_replication_slot('late_one')"))


def test_another_mode_or_another_list_of_columns_begins_with_everything(thing: Database) -> None:
    found = follower(thing)
    found.sync()
    for attributes in (
        STAMPED,
        {**STAMPED, "columns": ["id", "name"]},
        {"mode": "rowversion", "rowversion": "version"},
        {"mode": "watermark", "watermark": "made"},
        {},
    ):
        found.attributes = {**THING, **attributes}
        found.sync()
        assert found.carried == ROWS
        check(found, thing)
