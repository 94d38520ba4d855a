"""Scores and open work orders, computed in a real store and checked by hand."""

from datetime import date
from decimal import Decimal

import pytest

from hub.landing.dataset import all_mappings
from hub.marts import scores, work_orders
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.loader import contracts

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


def _finding(store, rule, key, severity="error"):
    store.execute(
        "insert into quality.finding (rule, entity, dataset, department, source_key, column_name, severity, dimension,"
        " hold, first_load_id, last_load_id) values (%s, 'customer', 'k3.customer', 'sales', %s, 'uscc', %s,"
        " 'conformity', false, 1, 1)",
        (rule, key, severity),
    )


def test_score_is_the_share_of_checks_passed_weighted_by_severity(store):
    for key in "1234":
        _row(store, "customer", "k3.customer", key, customer_code=key, customer_name="x")
    _finding(store, "customer.uscc_valid", "1")
    scores.refresh(store, contracts(), all_mappings())
    scores.refresh(store, contracts(), all_mappings())  # a second time on one day replaces, never adds
    rows = store.execute(
        "select rule, rows_checked, rows_failed, weight, department from mart.quality_score"
    ).fetchall()
    by_rule = {row[0]: row[1:] for row in rows}
    assert len(rows) == len(by_rule)
    weight = scores.WEIGHTS[
        next(rule for rule in contracts()["customer"].rules if rule.id.endswith("uscc_valid")).severity
    ]
    assert by_rule["customer.uscc_valid"] == (4, 1, weight, "sales")
    assert by_rule["customer.code_required"][:2] == (4, 0)
    total = sum(4 * row[3] for row in rows)
    assert store.execute(f"select {scores.SCORE_SQL} from mart.quality_score").fetchone()[0] == round(
        100 * (1 - Decimal(weight) / total), 1
    )


def test_a_held_row_counts_as_checked(store):
    store.execute(
        "insert into quality.held_row (dataset, source_key, entity, plant, record, raw, row_hash, load_id)"
        " values ('k3.customer', '1', 'customer', 'P1', '{}', '{}', md5('x')::uuid, 1)"
    )
    scores.refresh(store, contracts(), all_mappings())
    assert store.execute("select distinct rows_checked from mart.quality_score").fetchall() == [(1,)]


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
