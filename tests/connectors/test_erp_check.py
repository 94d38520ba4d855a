"""What an ERP connection check says: one plain sentence per failure, in both languages, without secrets."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from connectors.base import Check
from connectors.config_models import SystemConfig
from connectors.erp.config import ErpTableConfig
from connectors.erp.connector import ErpConnector
from connectors.erp.database.target import odbc_items, parse_target
from schemas.problems import Problem
from tests.connectors.erp_databases import DIALECTS, Database
from tests.servers import PASSWORD, free_port


def system(**attributes: Any) -> SystemConfig:
    wanted = {"table": "t_ICItem", "key": ["FItemID"], "columns": ["FItemID", "FNumber"], **attributes}
    return SystemConfig(
        system="k3",
        kind="erp",
        plant="P1",
        title={"zh": "金蝶", "en": "Kingdee"},
        url_env="WATERWORKS_K3_URL",
        objects={"material": ErpTableConfig(system="k3", object="material", **wanted)},
    )


def check(url: str, **attributes: Any) -> Check:
    answer = ErpConnector(system(**attributes), url).check()
    for text in (answer.sentence["zh"], answer.sentence["en"]):
        assert PASSWORD not in text
        assert quote(PASSWORD, safe="") not in text
        assert "\n" not in text
    return answer


# SQLite has neither server nor password.
SERVED = pytest.mark.parametrize(
    "dialect",
    [pytest.param(name, marks=pytest.mark.servers) for name in DIALECTS if not name.startswith("sqlite")],
    indirect=True,
    scope="session",
)


def other_password(url: str) -> str:
    return url.replace("p@ss", "wr0ng").replace("p%40ss", "wr0ng")


def test_ok(database: Database) -> None:
    answer = check(database.url)
    assert answer.ok
    assert "all 1 configured tables can be read" in answer.sentence["en"]
    assert "1 张配置的表都能读取" in answer.sentence["zh"]


@SERVED
def test_nothing_listens_on_the_port(database: Database) -> None:
    port = database.writer.url.port
    answer = check(database.url.replace(str(port), str(free_port())))
    assert not answer.ok
    assert "no database listens at 127.0.0.1" in answer.sentence["en"]


@SERVED
def test_wrong_password(database: Database) -> None:
    answer = check(other_password(database.url))
    assert not answer.ok
    assert "does not accept the user name or password" in answer.sentence["en"]
    assert "wr0ng" not in answer.sentence["en"]


@SERVED
def test_unknown_database(database: Database) -> None:
    answer = check(database.url.replace(str(database.writer.url.database), "AIS_none"))
    assert not answer.ok
    assert "no database 'AIS_none'" in answer.sentence["en"]


def test_unknown_host() -> None:
    answer = check("postgresql://u:p@no-such-host.invalid/db")
    assert "no machine is called 'no-such-host.invalid'" in answer.sentence["en"]


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"table": "t_ICItme"}, "no table 't_ICItme' (object material). Similar names: t_ICItem"),
        ({"columns": ["FItemID", "FNumbr"]}, "no column 'FNumbr' (object material). Similar names: FNumber"),
        (
            {"joins": [{"table": "t_Unit", "match": {"FUnitID": "FMeasureUnitID"}, "columns": {"unit": "FName"}}]},
            "no table 't_Unit'",
        ),
        (
            {"joins": [{"table": "t_MeasureUnit", "match": {"FUnitID": "FUnitId"}, "columns": {"unit": "FName"}}]},
            "Table 't_MeasureUnit' of ERP 'k3' has no column 'FUnitId'",
        ),
        ({"where": {"FDelete": 0}}, "no column 'FDelete'"),
        ({"where": {"FDeleted": "no"}}, "column 'FDeleted' is of type"),
        (
            {"mode": "watermark", "watermark": "FChange", "columns": ["FItemID", "FChange"]},
            "no column 'FChange' (object material). Similar names: FChanged",
        ),
    ],
)
def test_names_that_do_not_exist(database: Database, attributes: dict[str, Any], sentence: str) -> None:
    answer = check(database.url, **attributes)
    assert not answer.ok
    assert sentence in answer.sentence["en"]


@SERVED
def test_account_without_rights(own_database: Database) -> None:
    url = own_database.url
    if own_database.dialect.startswith("postgresql"):
        own_database.execute(f"CREATE ROLE poor LOGIN PASSWORD '{PASSWORD}'")
        denied = "may not read object material"
    else:
        own_database.execute(f"CREATE USER poor@'%' IDENTIFIED BY '{PASSWORD}'")
        own_database.execute(f"GRANT SELECT ON {own_database.writer.url.database}.\"ICBOM\" TO poor@'%'")
        denied = "no table 't_ICItem'"  # MariaDB does not even show it
    try:
        answer = check(url.replace("//hub:", "//poor:").replace("UID=hub", "UID=poor"))
    finally:
        own_database.execute("DROP ROLE poor" if own_database.dialect.startswith("postgresql") else "DROP USER poor")
    assert not answer.ok
    assert denied in answer.sentence["en"]


def test_missing_driver() -> None:
    answer = check("Driver={/nowhere/libtdsodbc.so};Server=127.0.0.1;UID=u;PWD=p")
    assert "apt-get install tdsodbc" in answer.sentence["en"]
    answer = check("oracle+cx_oracle://u:p@127.0.0.1/db")
    assert "needs the driver 'cx_Oracle'" in answer.sentence["en"]
    answer = check("nosuchdialect://u:p@127.0.0.1/db")
    assert "needs the driver 'nosuchdialect'" in answer.sentence["en"]


def test_missing_file(tmp_path: Any) -> None:
    answer = check(f"sqlite:///{tmp_path / 'none.db'}")
    assert "does not exist" in answer.sentence["en"]
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text.db").write_text("this is no database, only words" * 100)
    assert "file is not a database" in check(f"sqlite:///{tmp_path / 'text.db'}").sentence["en"]


@pytest.mark.parametrize("url", ["", "k3", "postgresql//x", "http//", "Server=x;PWD=canary"])
def test_unreadable_address_is_not_repeated(url: str) -> None:
    with pytest.raises(Problem) as caught:
        ErpConnector(system(), url)
    assert caught.value.code == "erp_url_unreadable"
    assert "canary" not in caught.value.text("en")


def test_sql_server_url_becomes_a_connection_string() -> None:
    target = parse_target("k3", "mssql+pyodbc://sa:a;b}c@10.0.0.5:1433/AIS2026?driver=ODBC+Driver+18+for+SQL+Server")
    items = dict(odbc_items(target.odbc or ""))
    assert items["Driver"] == "ODBC Driver 18 for SQL Server"
    assert items["Server"] == "10.0.0.5,1433"
    assert items["PWD"] == "a;b}c"
    assert items["ApplicationIntent"] == "ReadOnly"
    assert target.host == "10.0.0.5:1433"


def test_sql_server_statements() -> None:
    """No SQL Server runs here: the statement itself is checked."""
    import pyarrow as pa
    from sqlalchemy.dialects import mssql

    from connectors.erp.database.catalogue import SourceColumn, SourceTable
    from connectors.erp.reading.query import build_plan, page_statement

    class Catalogue:
        default_schema = "dbo"

        def names(self) -> list[tuple[str | None, str]]:
            return [("dbo", "ICBOMChild")]

        def table(self, schema: str | None, name: str) -> SourceTable:
            columns = {n: SourceColumn(n, pa.int64(), "int", False) for n in ("FInterID", "FEntryID", "A]B")}
            return SourceTable(schema, name, columns, ("FInterID", "FEntryID"))

    config = ErpTableConfig(system="k3", object="bom", table="ICBOMChild", key=["FInterID", "FEntryID"])
    plan = build_plan(config, Catalogue(), mssql.dialect(), lambda column, value: sa.literal(value), "Asia/Shanghai")
    statement = page_statement(plan, plan.key, [7, 3], 500)
    sql = " ".join(str(statement.compile(dialect=mssql.dialect(paramstyle="qmark"))).split())
    assert sql.startswith("SELECT TOP")
    assert "[A]]B]" in sql
    assert "FROM [dbo].[ICBOMChild] AS m" in sql
    assert sql.endswith(
        "WHERE m.[FInterID] >= ? AND (m.[FInterID] > ? OR m.[FInterID] = ? AND m.[FEntryID] > ?)"
        " ORDER BY m.[FInterID], m.[FEntryID]"
    )
