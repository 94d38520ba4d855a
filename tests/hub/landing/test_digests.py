"""Digests in bounded memory, and rows on the wire: small things a load relies on."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import psycopg
import pyarrow as pa
import pytest
from psycopg import sql

from connectors.base import KEY, ROW_NO
from hub.landing import digests
from hub.landing.bulk import copy_typed
from hub.landing.digests import HASH, Spool, key_digests, with_row_hash


def test_the_row_hash_sees_values_and_their_place_not_the_row_number():
    def hashed(a: object, b: object, row_no: int) -> bytes:
        table = pa.table(
            {
                "a": pa.array([a], pa.string()),
                "b": pa.array([b], pa.string()),
                KEY: ["1"],
                ROW_NO: pa.array([row_no], pa.int64()),
            }
        )
        digest: bytes = with_row_hash(table)[HASH][0].as_py()
        return digest

    assert hashed("x", "y", 1) == hashed("x", "y", 2)
    assert len({hashed("x", "y", 1), hashed("y", "x", 1), hashed("xy", "", 1), hashed("x", None, 1)}) == 4


@pytest.mark.parametrize("limit", [10_000, 100])
def test_records_stay_whole_in_memory_and_in_files(monkeypatch, limit):
    monkeypatch.setattr(digests, "IN_MEMORY", limit)
    keys = key_digests(pa.array([str(number) for number in range(2_000)]))
    spool = Spool([("key", "<u8"), ("n", "<i4")])
    for start in range(0, 2_000, 250):
        records = np.empty(250, spool.dtype)
        records["key"], records["n"] = keys[start : start + 250], np.arange(start, start + 250)
        spool.add(records)
    assert len(spool.repeated()) == 0
    spool.sort()
    parts = list(spool.parts())
    assert len(parts) == (1 if limit > 2_000 else digests.PARTS)
    together = np.concatenate(parts)
    assert (np.sort(keys) == together["key"]).all()
    assert sorted(together["n"].tolist()) == list(range(2_000))
    spool.add(np.array([(keys[7], 0)], spool.dtype))
    assert spool.repeated().tolist() == [keys[7]]
    spool.close()


@pytest.mark.servers
def test_every_type_arrives_exactly(postgres_url):
    values = {
        "a text": pa.array(["引号\"'\\,\t\n", "", None]),
        "b bigint": pa.array([-(2**63), 2**63 - 1, None], pa.int64()),
        "c numeric(38,10)": pa.array([Decimal("-1234567890123456789012345678.0123456789"), Decimal("0E-10"), None],
                                     pa.decimal128(38, 10)),
        "d date": pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31), None]),
        "e timestamp": pa.array([dt.datetime(1900, 1, 1, 0, 0, 0, 1), dt.datetime(2026, 2, 28, 23, 59, 59, 999_999),
                                 None], pa.timestamp("us")),
        "f boolean": pa.array([True, False, None]),
        "g uuid": pa.array([bytes(range(16)), b"\xff" * 16, None], pa.binary(16)),
        "h integer": pa.array([-(2**31), 2**31 - 1, None], pa.int32()),
    }  # fmt: skip
    table = pa.table({definition.partition(" ")[0]: column for definition, column in values.items()})
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute(f"create table wire ({', '.join(values)})".encode())
        copy_typed(connection, sql.Identifier("wire"), table)
        stored = connection.execute("select a, b, c, d, e, f, uuid_send(g), h from wire").fetchall()
    assert stored == [tuple(row.values()) for row in table.to_pylist()]
