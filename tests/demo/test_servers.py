"""The same world fills PostgreSQL and MariaDB, with real types and mixed-case names."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from examples.demo_factory import truth
from examples.demo_factory.build import TRUTH, build
from examples.demo_factory.erp_tables import TABLES, columns
from examples.demo_factory.touch import touch
from schemas.problems import Problem

pytestmark = pytest.mark.servers


@pytest.fixture(params=["postgres_url", "mariadb_url"])
def erp_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def test_fill(erp_url: str, tmp_path: Path) -> None:
    built = build(tmp_path, scale=0.2, erp_url=erp_url)
    engine = create_engine(erp_url)
    quote = engine.dialect.identifier_preparer.quote
    schema = inspect(engine)
    with engine.connect() as connection:
        for table in TABLES:
            assert [column["name"] for column in schema.get_columns(table)] == list(columns(table))
            count = connection.execute(text(f"select count(*) from {quote(table)}")).scalar_one()
            assert count == built.rows[f"k3.{table}"]
        entry = connection.execute(text(f"select * from {quote('SEOrderEntry')}")).mappings().first()
        assert entry is not None
        assert isinstance(entry["FPrice"], Decimal)
        assert isinstance(entry["FDate"], datetime)
        for line in truth.read(tmp_path / TRUTH):
            if line["type"] == "error" and line["kind"].startswith(("uscc", "name", "orphan", "quantity")):
                _check(connection, quote, line)
        assert not any(
            line["dataset"].startswith("k3.") and line["kind"].startswith(("date", "price"))
            for line in truth.read(tmp_path / TRUTH)
            if line["type"] == "error"
        )
    said = touch(tmp_path, erp_url)
    with engine.connect() as connection:
        phone = connection.execute(
            text(f"select {quote('FPhone')} from {quote('t_Organization')} where {quote('FItemID')} = :key"),
            {"key": int(said[1].split("FItemID ")[1].split(",")[0])},
        ).scalar_one()
    assert said[1].endswith(phone)
    engine.dispose()


def _check(connection: Any, quote: Any, line: dict[str, Any]) -> None:
    """The dirty value stands in the database as the truth says."""
    if not line["dataset"].startswith("k3."):
        return
    where = " and ".join(f"{quote(name)} = {int(value)}" for name, value in line["key"].items())
    value = connection.execute(
        text(f"select {quote(line['table_column'])} from {quote(line['table'])} where {where}")
    ).scalar_one()
    if isinstance(value, Decimal | int):
        assert Decimal(line["dirty"]) == value
    else:
        assert (value or None) == line["dirty"]


def test_a_database_that_is_not_empty_is_refused_unless_it_is_ours(erp_url: str, tmp_path: Path) -> None:
    build(tmp_path / "mine", scale=0.1, erp_url=erp_url)
    with pytest.raises(Problem) as caught:
        build(tmp_path / "other", scale=0.1, erp_url=erp_url)
    assert caught.value.code == "demo_erp_not_empty"
    assert "***" in caught.value.params["url"]
    assert build(tmp_path / "mine", seed=8, scale=0.1, erp_url=erp_url).fresh
