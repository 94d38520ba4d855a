"""The mirror: a source table's current rows in the store, as the source has them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from connectors.base import KEY, ROW_NO
from hub.landing import mirror
from hub.store.engine import connect
from hub.store.migrate import upgrade

ROWS = pa.table(
    {
        "FItemID": pa.array([1, 2], pa.int64()),
        "FName": pa.array(["深沟球轴承", None], pa.string()),
        "FPrice": pa.array([Decimal("12.3400"), None], pa.decimal128(20, 4)),
        "FDate": pa.array([dt.datetime(2024, 3, 5, 13, 30), None], pa.timestamp("us")),
        "FPicture": pa.array([b"\x00\xff", None], pa.binary()),
        "客户名称" * 10: pa.array(["长列名", None], pa.string()),
        KEY: pa.array(["1", "2"], pa.string()),
        ROW_NO: pa.array([None, None], pa.int64()),
    }
)


@pytest.fixture
def store(postgres_url, monkeypatch):
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    upgrade()
    with connect() as connection:
        yield connection


def content(store, columns: str = '"FItemID", "FName", "FPrice", "FDate", "FPicture"') -> list[tuple]:
    return store.execute(f"select {columns} from raw_k3.material order by _source_key".encode()).fetchall()


def test_rows_stand_there_with_their_exact_values(store) -> None:
    mirror.upsert(store, "k3.material", ROWS)
    mirror.upsert(store, "k3.material", ROWS)
    assert content(store) == [
        (1, "深沟球轴承", Decimal("12.3400"), dt.datetime(2024, 3, 5, 13, 30), b"\x00\xff"),
        (2, None, None, None, None),
    ]


def test_a_newer_row_replaces_the_older_and_a_deleted_one_goes(store) -> None:
    mirror.upsert(store, "k3.material", ROWS)
    newer = ROWS.slice(1, 1).set_column(1, "FName", pa.array(["角接触轴承"]))
    mirror.upsert(store, "k3.material", newer)
    assert [row[1] for row in content(store)] == ["深沟球轴承", "角接触轴承"]
    mirror.delete_keys(store, "k3.material", ["1"])
    assert [row[0] for row in content(store)] == [2]


def test_the_mirror_follows_columns_that_appear_or_change_their_type(store) -> None:
    mirror.upsert(store, "k3.material", ROWS)
    wider = ROWS.append_column("FNote", pa.array(["新", None])).set_column(
        0, "FItemID", pa.array(["A1", "A2"], pa.string())
    )
    mirror.upsert(store, "k3.material", wider)
    assert content(store, '"FItemID", "FNote"') == [("A1", "新"), ("A2", None)]
    # Text that is no number stays text: a value is never lost to a type.
    mirror.ensure_mirror(store, "k3.material", ROWS.schema)
    assert content(store, '"FItemID"') == [("A1",), ("A2",)]


def test_deleting_from_a_mirror_that_is_not_there_is_nothing(store) -> None:
    mirror.delete_keys(store, "k3.nothing", ["1"])
    assert store.execute("select to_regclass('raw_k3.nothing')").fetchone() == (None,)
