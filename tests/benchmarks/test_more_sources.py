"""The benchmarks of a MariaDB source and of many tables, with few rows: right results, never a time."""

from __future__ import annotations

from benchmarks import many, mariadb

ROWS = 2000


def test_a_mariadb_source_carries_the_same_rows() -> None:
    done = mariadb.run(ROWS)
    assert done.entries[0].result[0] == ROWS
    assert {entry.rows for entry in done.entries} == {ROWS}


def test_many_tables_are_synced_once(monkeypatch) -> None:
    monkeypatch.setattr(many, "TABLES", 3)
    done = many.run(60)
    assert [entry.result for entry in done.entries] == [60, 60]
