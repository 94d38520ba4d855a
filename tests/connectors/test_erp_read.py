"""Reading an ERP gives every row once, with the exact values, in every dialect."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from connectors.base import KEY, ROW_NO, Page
from connectors.config_models import SystemConfig
from connectors.erp.config import ErpTableConfig
from connectors.erp.connector import ErpConnector
from schemas.problems import Problem
from tests.connectors.erp_databases import EXACT, ITEMS, Database, stamp

MATERIAL = {"table": "t_ICItem", "key": ["FItemID"]}
UNIT_JOIN = {"table": "t_MeasureUnit", "match": {"FUnitID": "FMeasureUnitID"}, "columns": {"unit_name": "FName"}}


def connector(database: Database, **attributes: Any) -> ErpConnector:
    config = ErpTableConfig(system="k3", object="thing", **attributes)
    system = SystemConfig(
        system="k3",
        kind="erp",
        plant="P1",
        title={"zh": "金蝶", "en": "Kingdee"},
        url_env="WATERWORKS_K3_URL",
        objects={"thing": config},
    )
    return ErpConnector(system, database.url)


def read(database: Database, page_rows: int = 1000, position: Any = None, **attributes: Any) -> list[Page]:
    return list(connector(database, **attributes).read("thing", position, page_rows))


def rows_of(pages: list[Page]) -> list[dict[str, Any]]:
    return pa.concat_tables([page.rows for page in pages]).to_pylist()


def test_values_are_exact(database: Database) -> None:
    pages = read(database, **MATERIAL)
    rows = {row["FNumber"]: row for row in rows_of(pages)}
    assert len(rows) == ITEMS
    first = rows["01.001"]
    assert first["FItemID"] == 2**53 + 1
    assert first[KEY] == str(2**53 + 1)
    assert first[ROW_NO] is None
    assert first["FName"] == "不锈钢螺栓 M1"
    assert first["FNote"] is None
    assert rows["01.005"]["FPlanPrice"] is None
    assert rows["01.003"]["FPicture"] == b"\x00\xff"
    assert rows["01.007"]["FNote"] == "长" * 20_000
    if database.is_sqlite:  # it has neither dates nor exact decimals: what is stored is what lands
        assert first["FChanged"] == stamp(1).isoformat(sep=" ")
        assert first["FStart"] == "2024-03-05"
        assert first["FPlanPrice"] == repr(float(EXACT))
        assert first["FWeight"] == "0.1"
    else:
        assert first["FChanged"] == stamp(1)
        assert first["FStart"] == date(2024, 3, 5)
        assert first["FPlanPrice"] == EXACT
        assert first["FWeight"] == 0.1
        assert pages[0].rows.schema.field("FPlanPrice").type == pa.decimal128(23, 10)
    assert pages[0].rows.schema.field("FItemID").type == pa.int64()
    assert pages[0].rows.schema.field("FDeleted").type == pa.int64()


@pytest.mark.parametrize("page_rows", [1, 4, ITEMS - 1, ITEMS, ITEMS + 1])
def test_pages_give_each_row_once(database: Database, page_rows: int) -> None:
    pages = read(database, page_rows, columns=["FItemID", "FNumber"], **MATERIAL)
    keys = [row[KEY] for row in rows_of(pages)]
    assert keys == [str(2**53 + number) for number in range(1, ITEMS + 1)]
    assert all(len(page.rows) <= page_rows for page in pages)
    assert len({page.rows.schema for page in pages}) == 1
    assert pages[-1].position["done"]
    assert pages[-1].total == ITEMS


def test_composite_key_with_joins(database: Database) -> None:
    """A left join keeps rows without a partner, and a table may be joined through another one."""
    pages = read(
        database,
        5,
        table="ICBOMChild",
        key=["FInterID", "FEntryID"],
        columns=["FInterID", "FEntryID", "FItemID", "FQty"],
        joins=[
            {"table": "ICBOM", "as": "head", "match": {"FInterID": "FInterID"}, "columns": {"bom": "FBOMNumber"}},
            {"table": "t_ICItem", "as": "p", "match": {"head.FItemID": "FItemID"}, "columns": {"parent": "FNumber"}},
            {"table": "t_ICItem", "as": "c", "match": {"FItemID": "FItemID"}, "columns": {"component": "FNumber"}},
        ],
    )
    rows = rows_of(pages)
    assert [row[KEY] for row in rows] == [f"{bom}|{entry}" for bom in (1, 2, 3) for entry in (1, 2, 3, 4)]
    assert rows[0]["parent"] == "01.001"
    assert rows[0]["component"] == "01.011"
    assert rows[0]["bom"] == "BOM001"
    assert Decimal(rows[0]["FQty"]) == Decimal("1.2500")
    assert rows[3]["component"] is None
    assert rows[3]["FItemID"] == 99


def test_where_filters_and_names_ignore_case(database: Database) -> None:
    pages = read(database, table="T_icitem", key=["fitemid"], columns=["fitemid", "FNAME"], where={"fdeleted": 1})
    assert [row["fitemid"] for row in rows_of(pages)] == [2**53 + 10, 2**53 + 20]
    pages = read(database, columns=["FItemID"], where={"FNumber": ["01.001", "01.002"], "FDeleted": False}, **MATERIAL)
    assert len(rows_of(pages)) == 2
    pages = read(database, columns=["FItemID"], where={"FUnitID": None}, joins=[UNIT_JOIN], **MATERIAL)
    assert {row["unit_name"] for row in rows_of(pages)} == {None}


def test_text_key_pages(database: Database) -> None:
    pages = read(database, 4, table="t_ICItem", key=["FName"], columns=["FName"])
    names = [row[KEY] for row in rows_of(pages)]
    assert sorted(names) == sorted(f"不锈钢螺栓 M{number}" for number in range(1, ITEMS + 1))


def test_empty_table_is_one_empty_page(database: Database) -> None:
    pages = read(database, table="loose", key=["code"])
    assert [len(page.rows) for page in pages] == [0]
    assert pages[0].rows.column_names == ["code", "part", KEY, ROW_NO]


def test_rows_without_key_are_rejected(own_database: Database) -> None:
    own_database.execute("INSERT INTO loose VALUES ('a|b', 1), (NULL, 2), ('a', NULL), ('a', 3)")
    pages = read(own_database, 2, table="loose", key=["code", "part"])
    assert {row[KEY] for row in rows_of(pages)} == {"a\\|b|1", "a|3"}
    rejected = pa.concat_tables([page.rejected for page in pages]).to_pylist()
    assert len(rejected) == 2
    assert {item["reason"] for item in rejected} == {"erp_null_key"}
    assert '"part": 2' in "".join(item["raw"] for item in rejected)


@pytest.mark.parametrize("page_rows", [1, 2, 10])
def test_repeated_key_is_refused_even_across_pages(own_database: Database, page_rows: int) -> None:
    own_database.execute("INSERT INTO loose VALUES ('a', 1), ('b', 2), ('b', 3), ('c', 4)")
    with pytest.raises(Problem) as caught:
        read(own_database, page_rows, table="loose", key=["code"])
    assert caught.value.code == "erp_key_repeats"
    assert caught.value.params["value"] == "b"


def test_watermark_reads_what_changed_and_the_overlap(database: Database) -> None:
    wanted = {
        **MATERIAL,
        "columns": ["FItemID", "FNumber", "FChanged"],
        "mode": "watermark",
        "watermark": "FChanged",
        "overlap_minutes": 3,
    }
    pages = read(database, 4, **wanted)
    assert len(rows_of(pages)) == ITEMS  # the row without a stamp is among them
    position = pages[-1].position
    assert position["mark"]["watermark"] == str(stamp(ITEMS))
    again = rows_of(read(database, 4, position, **wanted))
    assert {row["FNumber"] for row in again} == {"01.009", "01.020", "01.021", "01.022", "01.023"}
    assert connector(database, **wanted).deletions("thing") == "keys"
    assert connector(database, **wanted, deletions="no").deletions("thing") == "no"
    assert connector(database, **MATERIAL).deletions("thing") == "read"


def test_watermark_ignores_stamps_from_the_future(own_database: Database) -> None:
    wanted = {**MATERIAL, "columns": ["FItemID", "FChanged"], "mode": "watermark", "watermark": "FChanged"}
    future = (datetime.now() + timedelta(days=400)).isoformat(sep=" ")
    own_database.execute(
        'UPDATE "t_ICItem" SET "FChanged" = :future WHERE "FItemID" = :id', future=future, id=2**53 + 2
    )
    pages = read(own_database, 10, **wanted)
    assert len(rows_of(pages)) == ITEMS
    assert pages[-1].position["mark"]["watermark"] == str(stamp(ITEMS))


def test_discover_lists_tables_with_key_and_count(database: Database) -> None:
    found = {item.name: item for item in connector(database, **MATERIAL).discover()}
    assert found["t_ICItem"].rows == ITEMS
    assert found["t_ICItem"].key == ("FItemID",)
    assert found["ICBOMChild"].key == ("FInterID", "FEntryID")
    assert "FBOMNumber" in found["ICBOM"].columns


def test_reading_cannot_write(database: Database) -> None:
    """The session is read-only where the database knows such a thing."""
    import sqlalchemy as sa

    with connector(database, **MATERIAL)._session() as session, pytest.raises(Exception, match=r"(?i)read.?only"):
        session.scalar(sa.text('DELETE FROM "loose"' if "mariadb" not in database.dialect else "DELETE FROM loose"))


def test_value_of_another_type_is_rejected_with_its_text(tmp_path: Any) -> None:
    """Only SQLite lets a word into an integer column."""
    from tests.connectors.erp_databases import create

    database = create("sqlite", tmp_path, None, None)
    database.execute('UPDATE "t_ICItem" SET "FDeleted" = \'面议\' WHERE "FNumber" = \'01.002\'')
    pages = read(database, 10, columns=["FItemID", "FDeleted"], **MATERIAL)
    rejected = pa.concat_tables([page.rejected for page in pages]).to_pylist()
    assert len(rows_of(pages)) == ITEMS - 1
    assert [item["reason"] for item in rejected] == ["erp_value_unreadable"]
    assert "面议" in rejected[0]["raw"]


def test_a_price_written_as_text_lands_as_it_stands(tmp_path: Any) -> None:
    """SQLite lets it into a number column; cleansing decides what it means."""
    from tests.connectors.erp_databases import create

    database = create("sqlite", tmp_path, None, None)
    database.execute('UPDATE "t_ICItem" SET "FPlanPrice" = \'￥12.50\' WHERE "FNumber" = \'01.002\'')
    prices = [row["FPlanPrice"] for row in rows_of(read(database, 10, columns=["FItemID", "FPlanPrice"], **MATERIAL))]
    assert len(prices) == ITEMS
    assert "￥12.50" in prices
