"""Every object of every preset, read from a seeded database into the store; and the data of the presets themselves."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connectors.erp.presets import PRESETS_DIR, presets
from hub.landing import dataset as datasets
from hub.landing.sync import sync_object
from hub.store.migrate import upgrade
from schemas.loader import code_lists, contracts
from schemas.preset_mappings import preset_mappings
from tests.connectors.preset_databases import seed, u8
from tests.connectors.preset_systems import SYSTEMS, system_of

D = Decimal
OBJECTS = [(name, item.object) for name, (preset, _) in SYSTEMS.items() for item in presets()[preset].objects.values()]

# What the store must hold afterwards: query -> rows. Figures were worked out by hand from the seeded rows.
EXPECTED: dict[str, dict[str, tuple[str, list[tuple[Any, ...]]]]] = {
    "k3x": {
        "material": (
            "material_code, material_name, spec, unit_code, material_type, plan_price_cny, is_lot_managed, is_active",
            [
                ("13.001", "离心泵", "IS50", "PCS", "manufactured", D("1234.56"), True, True),
                ("13.002", "轴", None, "KG", "purchased", None, False, False),
            ],
        ),
        "customer": ("customer_code, customer_name, short_name", [("C.001", "苏州机械有限公司", "苏机")]),
        "supplier": ("supplier_code, supplier_name", [("S.001", "宁波钢材有限公司")]),
        "bom": (
            "bom_code, line_no, parent_material_code, component_material_code, component_qty, unit_code, is_in_use",
            [("BOM001", 1, "13.001", "13.002", D("0.25"), "KG", True)],
        ),
        "work_order": (
            "work_order_code, material_code, planned_qty, unit_code, status, workshop_name",
            [
                ("WO001", "13.001", D(2), "BOX", "released", "总装车间"),
                ("WO002", "13.001", D(5), "PCS", "cancelled", "总装车间"),
            ],
        ),
        "sales_order": (
            "order_code, customer_code, material_code, order_qty, unit_code, price_cny, amount_cny, status",
            [
                ("SO001", "C.001", "13.001", D(3), "BOX", D("865.5"), D("2596.5"), "partly_shipped"),
                ("SO002", "999", "13.002", D(1), "KG", D(2), D(2), "cancelled"),
            ],
        ),
        "stock_document": (
            "movement_type, document_code, material_code, lot_code, moved_qty, unit_code, base_qty, base_unit_code,"
            " warehouse_name, from_warehouse_name, partner_code, work_order_code, status",
            [
                ("purchase_receipt", "WIN001", "13.002", "L1", D(7), "KG", D(7), "KG", "原料仓", None, "S.001", None,
                 "approved"),
                ("sales_issue", "XOUT001", "13.001", None, D(2), "BOX", D(20), "PCS", "成品仓", None, "C.001", "WO001",
                 "draft"),
                ("transfer", "CHG001", "13.001", None, D(1), "PCS", D(1), "PCS", "成品仓", "原料仓", None, None,
                 "cancelled"),
            ],
        ),
    },
    "galaxy": {
        "material": (
            "material_code, material_name, unit_code, material_type, is_lot_managed, is_active",
            [
                ("CP001", "离心泵", "PCS", "manufactured", True, True),
                ("YL001", "圆钢", "KG", "purchased", None, False),
            ],
        ),
        "customer": ("customer_code, customer_name", [("CUST0001", "苏州机械有限公司")]),
        "supplier": (
            "supplier_code, supplier_name, address",
            [("VEN0001", "宁波钢材有限公司", "宁波市北仑区明州路 1 号")],
        ),
        "bom": (
            "bom_code, parent_material_code, component_material_code, component_qty, scrap_percent, is_in_use",
            [("CP001_V1.0", "CP001", "YL001", D("0.333333"), D("2.5"), True)],
        ),
        "work_order": (
            "work_order_code, material_code, planned_qty, unit_code, status, workshop_name",
            [("MO000001-1", "CP001", D(2), "BOX", "in_progress", "总装车间")],
        ),
        "sales_order": (
            "order_code, customer_code, material_code, order_qty, unit_code, price_cny, status",
            [
                ("XSDD0001", "CUST0001", "CP001", D(3), "BOX", D("865.5"), "released"),
                ("XSDD0002", "CUST0001", "CP001", D(1), "PCS", D(90), "closed"),
            ],
        ),
        "stock_purchase_in": (
            "movement_type, document_code, lot_code, moved_qty, partner_code, warehouse_name",
            [("purchase_receipt", "CGRK0001", "L20260302", D(7), "VEN0001", "原料仓")],
        ),
        "stock_production_in": (
            "movement_type, moved_qty, unit_code, base_qty, base_unit_code, work_order_code",
            [("production_receipt", D(2), "BOX", D(20), "PCS", "MO000001-1")],
        ),
        "stock_material_out": (
            "movement_type, material_code, moved_qty, work_order_code",
            [("material_issue", "YL001", D(4), "MO000001-1")],
        ),
        "stock_sales_out": (
            "movement_type, moved_qty, partner_code, status",
            [("sales_issue", D(3), "CUST0001", "cancelled")],
        ),
        "stock_other_in": ("movement_type, status", [("other_receipt", "draft")]),
        "stock_other_out": ("movement_type, status", [("other_issue", "approved")]),
        "stock_transfer": (
            "movement_type, base_qty, warehouse_name, from_warehouse_name",
            [("transfer", D(10), "成品仓", "原料仓")],
        ),
    },
    "u8": {
        "material": (
            "material_code, material_name, unit_code, material_type, plan_price_cny, is_lot_managed",
            [
                ("P-001", "离心泵", "PCS", "manufactured", D("1234.56"), True),
                ("R-001", "圆钢", "KG", "purchased", None, False),
            ],
        ),
        "material_variant": (
            "material_code, material_name, unit_code",
            [("P-001-红", "离心泵", "PCS"), ("P-001-蓝-L", "离心泵", "PCS")],
        ),
        "customer": ("customer_code, customer_name", [("C001", "苏州机械有限公司")]),
        "supplier": ("supplier_code, supplier_name", [("V001", "宁波钢材有限公司")]),
        "bom": (
            "bom_code, parent_material_code, component_material_code, component_qty, is_in_use",
            [("P-001-10", "P-001", "R-001", D("0.4"), True)],
        ),
        "work_order": (
            "work_order_code, material_code, planned_qty, status, workshop_name",
            [
                ("0000000001-1", "P-001-红", D(20), "released", "总装车间"),
                ("0000000001-2", "P-001", D(5), "closed", None),
            ],
        ),
        "sales_order": (
            "order_code, customer_code, material_code, order_qty, unit_code, price_cny, status",
            [("SO001", "C001", "P-001-红", D(30), "PCS", D("86.55"), "released")],
        ),
        "stock_purchase_in": (
            "movement_type, document_code, lot_code, moved_qty, unit_code, partner_code",
            [("purchase_receipt", "RK001", "L1", D(7), "KG", "V001")],
        ),
        "stock_other_in": ("movement_type", [("other_receipt",)]),
        "stock_other_out": ("movement_type", [("other_issue",)]),
        "stock_production_in": (
            "movement_type, moved_qty, unit_code, base_qty, base_unit_code, work_order_code",
            [("production_receipt", D(2), "BOX", D(20), "PCS", "0000000001-1")],
        ),
        "stock_material_out": (
            "movement_type, warehouse_name, work_order_code",
            [("material_issue", "原料仓", "0000000001-1")],
        ),
        "stock_sales_out": (
            "movement_type, material_code, moved_qty, base_qty, partner_code",
            [("sales_issue", "P-001-红", D(3), D(30), "C001")],
        ),
        "stock_transfer": (
            "movement_type, base_qty, warehouse_name, from_warehouse_name",
            [("transfer", D(10), "成品仓", "原料仓")],
        ),
    },
}  # fmt: skip
# Rows that a rule rightly holds back: U8's BOM 2 divides by 0.
HELD = {("u8", "bom"): 1}


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"], scope="module")
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=list(SYSTEMS), scope="module")
def product(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def erp_url(
    dialect: str, product: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> str:
    if dialect == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp(product) / 'erp.db'}"
    else:
        server = request.getfixturevalue("postgres_server" if dialect == "postgresql" else "mariadb_server")
        url = server.url(server.create_database())
    seed(url, *SYSTEMS[product])
    return url


@pytest.fixture(scope="module")
def store_url(request: pytest.FixtureRequest, erp_url: str) -> str:
    """A store for each ERP: the same column has another type in another dialect, which would be schema drift."""
    server = request.getfixturevalue("postgres_server")
    url = str(server.url(server.create_database()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WATERWORKS_STORE_URL", url)
        upgrade()
    return url


@pytest.fixture
def environment(store_url: str, erp_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store, the ERP's address, and mappings that come from the presets alone."""
    documents = [
        "type: pipelines.components.ErpTable\nattributes:"
        f" {{system: {name}, object: {item}, preset: {SYSTEMS[name][0]}}}"
        for name, item in OBJECTS
    ]
    (tmp_path / "defs" / "all").mkdir(parents=True)
    (tmp_path / "defs" / "all" / "defs.yaml").write_text("\n---\n".join(documents), encoding="utf-8")
    found = preset_mappings(tmp_path / "defs", PRESETS_DIR, set(), contracts(), code_lists())
    monkeypatch.setattr(datasets, "all_mappings", lambda: {mapping.dataset: mapping for mapping in found})
    monkeypatch.setenv("WATERWORKS_STORE_URL", store_url)
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WATERWORKS_PRESET_URL", erp_url)


@pytest.mark.servers
def test_every_object_of_a_preset_arrives_in_the_store(
    product: str, dialect: str, store_url: str, environment: None
) -> None:
    system = system_of(product)
    assert set(system.objects) == set(EXPECTED[product])
    with psycopg.connect(store_url.replace("+psycopg", ""), autocommit=True) as store:
        for name, config in system.erp_tables.items():
            entity = presets()[SYSTEMS[product][0]].objects[name].entity
            result = sync_object(system, name, f"{dialect}-{product}", wait_seconds=0)
            assert (result.status, result.rejected) == ("ok", 0), (name, result)
            assert result.held == HELD.get((product, name), 0), (name, result)
            columns, wanted = EXPECTED[product][name]
            rows = store.execute(
                f"select {columns} from core.{entity} where _dataset = %s".encode(), [f"{product}.{name}"]
            ).fetchall()
            assert sorted(rows, key=str) == sorted(wanted, key=str), (dialect, name)
            assert config.preset == SYSTEMS[product][0]


@pytest.mark.servers
def test_two_account_sets_of_u8_are_kept_apart(postgres_server: Any) -> None:
    """The same codes in two databases: every row says whose it is, and is a row of its own."""
    from connectors.erp.account_sets import AccountSetsConnector
    from connectors.erp.settings import AccountSet

    names = [postgres_server.create_database() for _ in range(2)]
    for name, account in zip(names, ("（一厂）", "（二厂）"), strict=True):
        seed(postgres_server.url(name), "yonyou_u8", u8(account))
    sets = [AccountSet(name=name, set=number, year=2026) for name, number in zip(names, ("001", "002"), strict=True)]
    config = system_of("u8").model_copy(update={"databases": sets})
    connector = AccountSetsConnector(config, postgres_server.url(names[0]).replace(names[0], "{database}"))
    found = {
        row["_key"]: (row["account_set"], row["account_year"], row["cInvName"])
        for page in connector.read("material", None, 10)
        for row in page.rows.to_pylist()
    }
    assert found == {
        "001|2026|P-001": ("001", 2026, "离心泵（一厂）"),
        "001|2026|R-001": ("001", 2026, "圆钢（一厂）"),
        "002|2026|P-001": ("002", 2026, "离心泵（二厂）"),
        "002|2026|R-001": ("002", 2026, "圆钢（二厂）"),
    }
    answer = connector.check()
    assert answer.ok
    assert len({point.sentence.en for point in answer.points if point.point == "database"}) == 2
    with connector.first().surveyed() as (survey, _):
        assert survey.product is presets()["yonyou_u8"]
