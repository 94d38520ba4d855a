"""The store's shape: migrations equal the models, and upgrades are safe to repeat."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from hub.store.core_tables import ensure_core_tables
from hub.store.engine import connect, engine
from hub.store.master_views import systems_in_order
from hub.store.migrate import alembic_config, upgrade
from hub.store.models import SCHEMAS, Base
from schemas.loader import contracts
from schemas.model import Column, Text
from schemas.problems import Problem

pytestmark = pytest.mark.servers


def test_migrations_make_exactly_the_models(postgres_url):
    upgrade(postgres_url)
    own = set(SCHEMAS) - {"core"}
    with engine(postgres_url).connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: name in own if kind == "schema" else name != "alembic_version",
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def test_two_upgrades_at_once_leave_one_store(postgres_url):
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upgrade, [postgres_url] * 2))
    with connect(postgres_url) as connection:
        assert connection.execute("select count(*) from ops.alembic_version").fetchone() == (1,)


def test_downgrade_and_upgrade_again(postgres_url):
    upgrade(postgres_url)
    command.downgrade(alembic_config(postgres_url), "base")
    upgrade(postgres_url)
    with connect(postgres_url) as connection:
        assert connection.execute("select count(*) from ops.load").fetchone() == (0,)


def test_a_contract_that_grows_adds_a_column_and_keeps_the_rows(postgres_url):
    upgrade(postgres_url)
    customer = contracts()["customer"]
    grown = replace(
        customer, columns=(*customer.columns, Column(name="tier", type="string", title=Text(zh="等级", en="Tier")))
    )
    with connect(postgres_url) as connection:
        connection.execute(
            "insert into core.customer (_dataset, _source_key, _plant, _row_hash, _load_id, customer_code)"
            " values ('k3.customer', '1', 'P1', md5('x')::uuid, 1, 'C1')"
        )
        ensure_core_tables(connection, [grown])
        ensure_core_tables(connection, [grown])
        assert connection.execute("select customer_code, tier from core.customer").fetchall() == [("C1", None)]


def test_an_unreachable_store_is_one_sentence():
    with pytest.raises(Problem) as caught, connect("postgresql+psycopg://nobody:secret-word@127.0.0.1:1/none"):
        pass
    assert caught.value.code == "store_unreachable"
    assert "127.0.0.1:1" in caught.value.text("zh")
    assert "secret-word" not in caught.value.text("en")


def test_an_erp_of_any_name_is_preferred_to_uploads_workbooks_and_mes() -> None:
    kinds = {"mes": "mes", "workbooks": "excel", "erp1": "erp", "k3": "erp"}
    assert systems_in_order(kinds) == ["erp1", "k3", "uploads", "workbooks", "mes"]
