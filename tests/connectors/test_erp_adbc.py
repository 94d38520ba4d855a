"""PostgreSQL by binary COPY: the same rows as the ordinary way, also where a value cannot go that way."""

from __future__ import annotations

import random
from decimal import Decimal

import psycopg
import pyarrow as pa
import pytest

from connectors.base import KEY
from connectors.config_base import Title
from connectors.config_models import SystemConfig
from connectors.erp.config import ErpTableConfig
from connectors.erp.connector import ErpConnector
from connectors.erp.database import adbc
from connectors.erp.database.pg_numeric import decoded

pytestmark = pytest.mark.servers

_TABLE = r"""
    create table t (id int primary key, name text, price numeric(23, 10), wide numeric(38, 20), free numeric,
        day date, at timestamp, flag boolean, half real, raw bytea, small smallint);
    insert into t values
        (1, E'50% \\ ''quoted''', 12.3456789012, -123456789012345678.12345678901234567890, 1.50, '2024-02-29',
         '1900-01-01 00:00:00.000001', true, 0.1, '\x00ff', -5),
        (2, '', -0.0000000001, 0, -7, '0001-01-01', '9999-12-31 23:59:59.999999', false, null, '', 0),
        (3, null, null, null, null, null, null, null, null, null, null),
        (4, '50% \', 1, 1, 1, '2024-01-01', '2024-01-01', true, 1, '\x01', 1);
"""


def _read(url: str, **options: object) -> pa.Table:
    title = Title(zh="表", en="Table")
    table = ErpTableConfig(system="p", object="t", table="t", key=["id"], **options)  # type: ignore[arg-type]
    system = SystemConfig(system="p", kind="erp", plant="P1", title=title, url_env="URL", objects={"t": table})
    pages = list(ErpConnector(system, url).read("t", None, 1000))
    return pa.concat_tables([page.rows for page in pages])


@pytest.fixture
def source(postgres_url):
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute(_TABLE.encode())
    return postgres_url


def _both(source, monkeypatch, **options) -> tuple[pa.Table, pa.Table]:
    """(by ADBC, the ordinary way)."""
    opened = []
    connect = adbc.PostgresSession._connection
    monkeypatch.setattr(adbc.PostgresSession, "_connection", lambda self: opened.append(1) or connect(self))
    monkeypatch.setattr(adbc, "_WORTH_CONNECTING", 0)
    fast = _read(source, **options)
    assert opened
    monkeypatch.setattr(adbc, "_WORTH_CONNECTING", 1_000_000_000)
    return fast, _read(source, **options)


def test_every_value_is_the_same_either_way(source, monkeypatch):
    fast, ordinary = _both(source, monkeypatch)
    assert fast.schema == ordinary.schema
    assert fast.to_pylist() == ordinary.to_pylist()
    assert fast["wide"][0].as_py() == Decimal("-123456789012345678.12345678901234567890")


def test_values_in_conditions_arrive_as_they_are(source, monkeypatch):
    for name, key in ((r"50% \ 'quoted'", "1"), ("50% \\", "4"), ("", "2")):
        fast, _ = _both(source, monkeypatch, where={"name": name})
        assert fast[KEY].to_pylist() == [key]


def test_what_the_driver_would_change_comes_the_ordinary_way(source, monkeypatch):
    with psycopg.connect(source.replace("+psycopg", "")) as connection:
        connection.execute("update t set day = 'infinity', at = '-infinity' where id = 1")
    fast, ordinary = _both(source, monkeypatch)
    assert fast.to_pylist() == ordinary.to_pylist()
    assert fast["day"][0].as_py() is None


def test_numbers_of_every_size(postgres_url):
    chance = random.Random(7)  # noqa: S311 - test data
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        for precision, scale in ((23, 10), (12, 3), (38, 10), (38, 0), (18, 18), (5, 5), (38, 38), (19, 1)):
            unit = Decimal(1).scaleb(-scale)
            numbers: list[Decimal | None] = [None, Decimal(0), -unit]
            for _ in range(100):
                digits = chance.randint(1, precision)
                numbers.append(chance.choice((1, -1)) * Decimal(chance.randint(0, 10**digits - 1)).scaleb(-scale))
            for some in (numbers, [number for number in numbers if number is None or abs(number / unit) < 10**9]):
                sent = connection.execute(
                    f"select numeric_send(n) from unnest(%s::numeric({precision}, {scale})[]) n".encode(), (some,)
                ).fetchall()
                column = pa.array([row[0] for row in sent], pa.binary())
                found = decoded(column, pa.decimal128(precision, scale))
                assert found is not None
                assert found.to_pylist() == some
