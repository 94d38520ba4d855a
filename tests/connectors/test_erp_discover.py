"""What `waterworks discover` sees in an ERP database, and what it writes: it loads as it is, and overwrites nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

import connectors.config
import schemas.loader
from connectors.config import read_systems
from connectors.config_models import SystemConfig
from connectors.erp.connector import ErpConnector
from connectors.erp.database.catalogue import SourceColumn, SourceTable
from connectors.erp.examine import facts
from connectors.erp.examine.adapt import adapted
from connectors.erp.examine.captions import Captions
from connectors.erp.examine.discovery import propose
from connectors.erp.examine.facts import Index
from connectors.erp.examine.guess import guessed
from connectors.erp.examine.proposal import object_name
from connectors.erp.examine.rights import writing_rights
from connectors.erp.examine.survey import candidates, recognised
from connectors.erp.examine.text_encodings import text_encodings
from connectors.erp.presets import presets
from portal.cli.main import app
from schemas.loader import code_lists, contracts
from schemas.mapping_loader import read_mapping
from tests.connectors.preset_databases import GALAXY, K3, Rows, seed, u8

PRODUCTS: dict[str, tuple[str, Rows]] = {
    "k3": ("kingdee_k3", K3),
    "galaxy": ("kingdee_galaxy", GALAXY),
    "u8": ("yonyou_u8", u8()),
}
_FORM = (
    "<FormMetadata><BusinessInfo><HeadEntity><Key>FBillHead</Key><TableName>T_BD_MATERIAL</TableName><Name>基本信息</Name>"
    "</HeadEntity><TextField><Key>FNumber</Key><EntityKey>FBillHead</EntityKey><FieldName>FNUMBER</FieldName>"
    "<Name>编码</Name></TextField></BusinessInfo></FormMetadata>"
)
_DICTIONARY: dict[str, Rows] = {
    "k3": {
        "t_TableDescription": [{"FTableID": 17, "FTableName": "t_ICItem", "FDescription": "物料表"}],
        "t_FieldDescription": [{"FTableID": 17, "FFieldName": "FNumber", "FDescription": "物料代码"}],
    },
    "galaxy": {
        "T_META_OBJECTTYPE": [{"FID": "BD_MATERIAL", "FKERNELXML": _FORM}, {"FID": "OTHER", "FKERNELXML": "<broken"}],
        "T_META_OBJECTTYPE_L": [
            {"FID": "BD_MATERIAL", "FNAME": "物料", "FLOCALEID": 2052},
            {"FID": "BD_MATERIAL", "FNAME": "Material", "FLOCALEID": 1033},
        ],
    },
    "u8": {
        "AA_ColumnDic_base": [
            {"cKey": "inventory", "cFld": "cInvCode", "cCaption": "存货编码", "LocaleID": "zh-CN"},
            {"cKey": "inventory", "cFld": "cInvCode", "cCaption": "Item code", "LocaleID": "en-US"},
        ]
    },
}
CODE = {"k3": ("t_ICItem", "FNumber", "物料代码"), "galaxy": ("T_BD_MATERIAL", "FNUMBER", "编码"),
        "u8": ("Inventory", "cInvCode", "存货编码")}  # fmt: skip


def connector(url: str, system: str = "erp1") -> ErpConnector:
    title = {"zh": "企业", "en": "ERP"}
    return ErpConnector(SystemConfig(system=system, kind="erp", plant="P1", title=title, url_env="ERP_URL"), url)


def run(url: str, *statements: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def address(dialect: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if dialect == "sqlite":
        return f"sqlite:///{folder / 'erp.db'}"
    return str(request.getfixturevalue("postgres_url" if dialect == "postgresql" else "mariadb_url"))


@pytest.mark.servers
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mariadb"])
@pytest.mark.parametrize("product", list(PRODUCTS))
def test_a_product_is_recognised_with_the_captions_of_its_dictionary(
    product: str, dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    preset, rows = PRODUCTS[product]
    url = address(dialect, request, tmp_path)
    seed(url, preset, {**rows, **_DICTIONARY[product]}, wide=("FKERNELXML",))
    with connector(url).surveyed() as (found, attempt):
        assert found.product is presets()[preset]
        table, column, caption = CODE[product]
        assert found.captions.column(table, column) == caption
        entities = {item.entity for item in found.product.objects.values()}
        fitted = [adapted(item, found.catalogue, contracts()[item.entity]) for item in found.product.objects.values()]
        assert {item.item.entity for item in fitted if item.usable and not item.missing} == entities
        proposal = propose("erp1", found, fitted, [], [], None, attempt, "zh")
    assert not proposal.comments
    assert [document.object for document in proposal.documents] == list(presets()[preset].objects)
    text = next(document.text for document in proposal.documents if document.object == "material")
    assert f"- {column}  # {caption}" in text


@pytest.mark.servers
@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_tables_with_rows_keys_stamps_and_remarks(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = address(dialect, request, tmp_path)
    remark = "" if dialect == "postgresql" else " comment '最后修改'"
    run(
        url,
        f"create table orders (id integer primary key, created_at timestamp null, stamp timestamp null{remark})",
        "create index orders_stamp on orders (stamp)",
        "create table order_lines (code varchar(20) not null unique, qty integer)",
        "create table notes (text varchar(20))",
        "insert into orders (id) values (1), (2)",
    )
    if dialect == "postgresql":
        run(url, "comment on column orders.stamp is '最后修改'", "comment on table orders is '订单'")
    with connector(url).surveyed(like=["%"]) as (found, _):
        tables = {item.shown: item for item in found.tables}
    orders, lines, notes = tables["orders"], tables["order_lines"], tables["notes"]
    assert (orders.rows, orders.counted, orders.key, orders.primary) == (2, True, ("id",), True)
    assert [(item.column, item.good, item.indexed) for item in orders.candidates] == [
        ("stamp", True, True), ("created_at", False, False)
    ]  # fmt: skip
    assert (lines.key, lines.primary, notes.key) == (("code",), False, ())
    assert orders.caption == ("订单" if dialect == "postgresql" else None)


@pytest.mark.servers
@pytest.mark.parametrize("driver", ["postgres", "mariadb", "postgres+odbc", "mariadb+odbc"])
def test_catalogues_answer_natively_and_through_odbc(driver: str, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue(f"{driver.partition('+')[0]}_server")
    name = server.create_database()
    url = server.url(name)
    remark = "" if driver.startswith("postgres") else " comment '编码'"
    run(url, f"create table item (id integer primary key, code varchar(20) not null unique{remark})")
    if driver.startswith("postgres"):
        run(url, "comment on column item.code is '编码'")
    read = connector(server.odbc(name) if driver.endswith("odbc") else url)
    with read._explaining_session() as session:
        own = facts.indexes(session)
        assert own is not None
        assert {(index.unique, index.columns) for index in own["", "item"]} == {(True, ("id",)), (True, ("code",))}
        assert facts.row_estimates(session) is not None
        assert facts.remarks(session)["", "item", "code"] == "编码"
        assert facts.encryption(session) is not None
        rights = writing_rights(session, read._target)
        assert rights is not None
        assert rights.writes
        encodings = text_encodings(session, {"item"})
        assert encodings is not None
        assert not encodings.western


@pytest.mark.servers
def test_filters_choose_tables(postgres_url: str) -> None:
    run(
        postgres_url, *(f'create table "{name}" (id integer primary key)' for name in ("T_BD_A", "T_BD_B", "x_BD", "Z"))
    )
    for like, names, expected in (
        (["t_bd%"], [], ["T_BD_A", "T_BD_B"]),
        ([], ["z", "X_BD"], ["x_BD", "Z"]),
        (["%_B"], ["Z"], ["T_BD_B", "Z"]),
    ):
        with connector(postgres_url).surveyed(like, names) as (found, _):
            assert sorted(item.shown for item in found.tables) == sorted(expected)
    with connector(postgres_url).surveyed(limit=2) as (found, _):
        assert (len(found.tables), found.total) == (2, 4)


# --- fitting a preset to a database that lacks things ---------------------------------------------


class Catalogue:
    """Tables without a database: {table: columns}."""

    default_schema = None

    def __init__(self, tables: dict[str, list[str]]) -> None:
        self.tables = tables

    def names(self) -> list[tuple[str | None, str]]:
        return [(None, name) for name in self.tables]

    def table(self, schema: str | None, name: str) -> SourceTable:
        return SourceTable(
            None, name, {column: SourceColumn(column, pa.string(), "text") for column in self.tables[name]}
        )


K3_BOM = {
    "ICBOMChild": ["FInterID", "FEntryID", "FItemID", "FQty", "FAuxQty", "FScrap", "FUnitID", "FBeginDay"],
    "ICBOM": ["FInterID", "FBOMNumber", "FItemID", "FUseStatus", "FVersion", "FCancellation"],
    "t_ICItem": ["FItemID", "FNumber", "FUnitID"],
}


def fitted(tables: dict[str, list[str]], preset: str = "kingdee_k3", name: str = "bom") -> Any:
    item = presets()[preset].objects[name]
    return adapted(item, Catalogue(tables), contracts()[item.entity])


def test_what_a_database_lacks_is_left_out_and_named() -> None:
    found = fitted(K3_BOM)
    assert found.usable
    assert "ICBOMChild.FEndDay" in found.missing
    assert "ICBOM.FAuxQty" in found.missing
    assert "t_MeasureUnit" in found.missing
    assert "FEndDay" not in found.recipe["columns"]
    assert [join.get("as", join["table"]) for join in found.recipe["joins"]] == ["ICBOM", "parent", "component"]
    assert found.recipe["computed"] == {}
    assert found.mapping["component_qty"] == "FAuxQty"  # without the parent's quantity, the child's own
    assert "unit_code" not in found.mapping
    assert "valid_to" not in found.mapping


def test_a_lookup_that_is_missing_falls_back_to_the_id() -> None:
    found = fitted({name: columns for name, columns in K3_BOM.items() if name != "t_ICItem"})
    assert found.usable
    assert found.mapping["component_material_code"] == "FItemID"
    assert found.mapping["parent_material_code"] == "parent_id"


def test_an_object_without_its_table_or_key_is_not_offered() -> None:
    assert not fitted({"ICBOM": ["FInterID"]}).usable
    assert not fitted({**K3_BOM, "ICBOMChild": ["FInterID", "FItemID"]}).usable


def test_variants_without_all_free_items() -> None:
    tables = {"bas_part": ["PartId", "InvCode", "Free1", "Free2"], "Inventory": ["cInvCode", "cInvName"]}
    found = fitted(tables, "yonyou_u8", "material_variant")
    assert found.recipe["computed"]["part_code"] == {"joined": ["InvCode", "Free1", "Free2"]}
    assert len(found.recipe["any_of"]) == 2


def test_products_are_told_by_their_tables() -> None:
    assert recognised([(None, "orders")]) is None
    found = recognised([("dbo", name.upper()) for name in presets()["yonyou_u8"].signature])
    assert found is not None
    assert found.name == "yonyou_u8"


@pytest.mark.parametrize(
    ("dialect", "column", "expected"),
    [
        ("mssql", SourceColumn("ufts", pa.binary(), "timestamp"), ("rowversion", True)),
        ("mssql", SourceColumn("dModifyDate", pa.timestamp("us"), "datetime"), ("watermark", True)),
        ("mssql", SourceColumn("dCreateTime", pa.timestamp("us"), "datetime"), ("watermark", False)),
        ("postgresql", SourceColumn("row_version", pa.int64(), "bigint"), ("rowversion", True)),
        ("sqlite", SourceColumn("updated_at", pa.string(), "TIMESTAMP"), ("watermark", True)),
        ("mssql", SourceColumn("FDate", pa.timestamp("us"), "datetime"), None),
        ("mssql", SourceColumn("cModifyPerson", pa.string(), "nvarchar"), None),
        ("mssql", SourceColumn("Version", pa.int64(), "int"), None),
    ],
)
def test_columns_that_tell_a_change(dialect: str, column: SourceColumn, expected: tuple[str, bool] | None) -> None:
    found = candidates(dialect, [column], [Index(False, (column.name,))], Captions(), "t")
    assert [(item.mode, item.good) for item in found] == ([expected] if expected else [])
    assert all(item.indexed for item in found)


def test_an_entity_is_filled_by_names_and_captions() -> None:
    captions = Captions()
    captions.add("c", "b1", "客户名称")
    guess = guessed(contracts()["customer"], "c", ["no", "b1", "b2", "联系电话"], ["no"], captions)
    assert guess.columns["customer_name"] == "b1"
    assert guess.columns["phone"] == "联系电话"
    assert (guess.columns["customer_code"], guess.forced) == ("no", ["customer_code"])
    assert "address" in guess.open


def test_names_of_objects() -> None:
    assert object_name("T_BD_Customer") == "t_bd_customer"
    assert object_name("客户档案") == "ke_hu_dang_an"
    assert object_name("2026 Order Details") == "t_2026_order_details"
    assert object_name("a", ["a", "a_2"]) == "a_3"


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without sources: pipelines/defs and schemas/mappings are empty."""
    (tmp_path / "defs").mkdir()
    (tmp_path / "schemas" / "mappings").mkdir(parents=True)
    monkeypatch.setattr(connectors.config, "DEFS_DIR", tmp_path / "defs")
    monkeypatch.setattr(schemas.loader, "SCHEMAS", tmp_path / "schemas")
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    url = f"sqlite:///{tmp_path / 'erp.db'}"
    seed(url, "kingdee_k3", K3)
    run(url, "create table extra (code text, note text)", "insert into extra values ('A', 'x')")
    monkeypatch.setenv("WATERWORKS_ERP1_URL", url)
    return tmp_path


def command(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["discover", *arguments, "--lang", "en"])


NEW = ("--system", "erp1", "--url-env", "WATERWORKS_ERP1_URL")


def test_what_is_written_loads_and_nothing_is_overwritten(project: Path) -> None:
    looked = command(*NEW)
    assert looked.exit_code == 0, looked.output
    assert "preset kingdee_k3" in looked.output
    assert not list((project / "defs").iterdir())
    written = command(*NEW, "--write")
    assert written.exit_code == 0, written.output
    systems, problems = read_systems(project / "defs")
    assert not problems
    assert list(systems["erp1"].objects) == list(presets()["kingdee_k3"].objects)
    for path in sorted((project / "schemas" / "mappings").glob("*.yaml")):
        read_mapping(path, contracts(), code_lists())
    file = project / "defs" / "erp1" / "defs.yaml"
    mapping = project / "schemas" / "mappings" / "erp1.material.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("object: bom", "object: boms"), encoding="utf-8")
    mapping.write_text(mapping.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    before = file.read_text(encoding="utf-8")
    again = command("erp1", "--write")
    assert again.exit_code == 0, again.output
    assert "what was there is unchanged: bom." in again.output
    assert file.read_text(encoding="utf-8").startswith(before.rstrip("\n"))
    assert mapping.read_text(encoding="utf-8").endswith("# mine\n")
    third = command("erp1", "--write")
    assert "nothing to add" in third.output


def test_a_table_nobody_knows_is_a_comment_until_its_entity_is_named(project: Path) -> None:
    assert command(*NEW, "--write", "--tables", "extra").exit_code == 0
    file = project / "defs" / "erp1" / "defs.yaml"
    assert "# object: extra" in file.read_text(encoding="utf-8").replace("#   ", "# ")
    assert "extra" not in read_systems(project / "defs")[0]["erp1"].objects
    named = command("erp1", "--write", "--tables", "extra", "--entity", "material")
    assert named.exit_code == 0, named.output
    table = read_systems(project / "defs")[0]["erp1"].erp_tables["extra"]
    assert table.key == ["code"]
    assert "!! no primary key" in file.read_text(encoding="utf-8")
    mapping = read_mapping(project / "schemas" / "mappings" / "erp1.extra.yaml", contracts(), code_lists())
    assert {entry.column: entry.source for entry in mapping.columns}["material_code"] == "code"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ((), 2, "Which source?"),
        (("erp9",), 2, "No source 'erp9' is configured"),
        (("--system", "ERP 1", "--url-env", "WATERWORKS_ERP1_URL"), 2, "'ERP 1' cannot be a name"),
        (("--system", "erp1", "--url-env", "WATERWORKS_NOWHERE_URL"), 2, "WATERWORKS_NOWHERE_URL"),
        ((*NEW, "--tables", "no_such_table"), 2, "no table that fits 'no_such_table'"),
        ((*NEW, "--preset", "sap"), 2, "no preset 'sap'"),
        ((*NEW, "--tables", "extra", "--entity", "materials"), 2, "no kind of data called 'materials'"),
        ((*NEW, "--entity", "material"), 2, "no table"),
    ],
)
def test_mistakes_get_a_sentence(project: Path, arguments: tuple[str, ...], code: int, sentence: str) -> None:
    result = command(*arguments)
    assert result.exit_code == code, result.output
    assert sentence in result.output + (result.stderr or "")


def test_a_file_of_that_name_is_not_touched(project: Path) -> None:
    file = project / "defs" / "erp1" / "defs.yaml"
    file.parent.mkdir()
    file.write_text("type: dagster.Something\n", encoding="utf-8")
    result = command(*NEW, "--write")
    assert result.exit_code == 2
    assert file.read_text(encoding="utf-8") == "type: dagster.Something\n"
