"""Open work orders, computed in a real store and checked by hand."""

from datetime import date
from decimal import Decimal

import pytest

from hub.marts import work_orders
from hub.store.engine import connect
from hub.store.migrate import upgrade

pytestmark = pytest.mark.servers


@pytest.fixture
def store(postgres_url):
    upgrade(postgres_url)
    with connect(postgres_url) as connection:
        yield connection


def _row(store, entity, dataset, key, **values):
    columns = ["_dataset", "_source_key", "_plant", "_row_hash", "_load_id", *values]
    store.execute(
        f"insert into core.{entity} ({', '.join(columns)}) values (%s, %s, 'P1', md5(%s)::uuid, 1"
        + ", %s" * len(values)
        + ")",
        (dataset, key, key, *values.values()),
    )


def test_open_work_orders_join_erp_and_mes(store):
    order = {"work_order_code": "WO1", "material_code": "M1"}
    _row(store, "work_order", "k3.work_order", "1", **order, planned_qty=100, planned_finish_date=date(2020, 1, 1))
    _row(store, "work_order", "mes.work_order", "1", **order, planned_qty=90, status="released")
    _row(store, "work_order", "k3.work_order", "2", work_order_code="WO2", status="closed", planned_qty=5)
    _row(store, "material", "k3.material", "1", material_code="M1", material_name="轴承")
    for key, quantity in (("1", 30), ("2", 12)):
        _row(store, "production_report", "mes.production_report", key, work_order_code="WO1", good_qty=quantity)
    assert work_orders.refresh(store) == 1
    assert store.execute(
        "select work_order_code, material_name, status, planned_qty, reported_qty, progress_percent, is_late, sources"
        " from mart.open_work_order"
    ).fetchone() == ("WO1", "轴承", "released", Decimal(100), Decimal(42), Decimal("42.0"), True, "k3, mes")
