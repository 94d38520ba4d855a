"""SQL Server and Oracle have no server here: statements, types and connection options are checked as they are built."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, oracle

from connectors.erp.config import ErpTableConfig
from connectors.erp.database.catalogue import SourceColumn, SourceTable
from connectors.erp.database.engines import engine_of, mysql_offset
from connectors.erp.database.native_types import source_column as native_column
from connectors.erp.database.odbc_products import sql_server_statements
from connectors.erp.database.odbc_types import source_column
from connectors.erp.database.remarks import Remarks
from connectors.erp.database.session import Access
from connectors.erp.database.target import odbc_items, parse_target
from connectors.erp.database.transit import asked, columns_of, with_hint
from connectors.erp.database.values import Arrival
from connectors.erp.reading.query import build_plan, page_statement


def odbc_row(name: str, code: int, kind: str, size: int = 0, digits: int = 0) -> Any:
    return SimpleNamespace(
        column_name=name, data_type=code, type_name=kind, column_size=size, decimal_digits=digits, nullable=1
    )


class Catalogue:
    def __init__(self, schema: str, columns: dict[str, SourceColumn]) -> None:
        self.default_schema: str | None = schema
        self._columns = columns

    def names(self) -> list[tuple[str | None, str]]:
        return [(self.default_schema, "Order Details")]

    def table(self, schema: str | None, name: str) -> SourceTable:
        return SourceTable(schema, name, self._columns, ("Id",))


def statement(dialect: sa.Dialect, schema: str, columns: dict[str, SourceColumn], **attributes: Any) -> sa.Select[Any]:
    config = ErpTableConfig(system="k3", object="o", table="[Order Details]", key=["Id"], **attributes)
    plan = build_plan(config, Catalogue(schema, columns), dialect, lambda c, v: sa.literal(v), "Asia/Shanghai")
    return asked(page_statement(plan, plan.key, [7], 500), dialect, careful=False)


def text_of(wanted: sa.Select[Any], dialect: sa.Dialect) -> str:
    return " ".join(str(wanted.compile(dialect=dialect, compile_kwargs={"literal_binds": True})).split())


SQL_SERVER = {
    "Id": odbc_row("Id", 4, "int identity"),
    "客户 名称": odbc_row("客户 名称", -9, "nvarchar"),
    "A]B": odbc_row("A]B", 12, "varchar"),
    "Price": odbc_row("Price", 3, "money", 19, 4),
    "Wide": odbc_row("Wide", 3, "decimal", 38, 10),
    "At": odbc_row("At", -155, "datetimeoffset", 34, 7),
    "Exact": odbc_row("Exact", 93, "datetime2", 27, 7),
    "Old": odbc_row("Old", 93, "datetime", 23, 3),
    "Version": odbc_row("Version", -2, "timestamp", 8),
    "Guid": odbc_row("Guid", -11, "uniqueidentifier", 36),
    "Doc": odbc_row("Doc", -152, "xml"),
    "Long": odbc_row("Long", -10, "ntext", 1073741823),
    "Yes": odbc_row("Yes", -7, "bit", 1),
    "T": odbc_row("T", -154, "time", 16, 7),
    "R": odbc_row("R", 7, "real", 24),
}


def sql_server_columns() -> dict[str, SourceColumn]:
    return {name: source_column(row, "Microsoft SQL Server", set()) for name, row in SQL_SERVER.items()}


def test_sql_server_types() -> None:
    columns = sql_server_columns()
    assert {name: column.arrow for name, column in columns.items()} == {
        "Id": pa.int64(),
        "客户 名称": pa.string(),
        "A]B": pa.string(),
        "Price": pa.decimal128(19, 4),
        "Wide": pa.decimal128(38, 10),
        "At": pa.timestamp("us"),
        "Exact": pa.timestamp("us"),
        "Old": pa.timestamp("us"),
        "Version": pa.binary(),
        "Guid": pa.string(),
        "Doc": pa.string(),
        "Long": pa.string(),
        "Yes": pa.bool_(),
        "T": pa.string(),
        "R": pa.float64(),
    }


def test_sql_server_statement() -> None:
    dialect = mssql.dialect()
    wanted = statement(dialect, "dbo", sql_server_columns())
    sql = text_of(with_hint(wanted, "WITH (NOLOCK)"), dialect)
    assert sql.startswith("SELECT TOP 500 ")
    assert "m.[客户 名称]" in sql
    assert "m.[A]]B]" in sql
    assert "convert(VARCHAR(33), switchoffset(m.[At], '+00:00'), 126) AS [At]" in sql
    assert "CAST(m.[Exact] AS DATETIME2(6)) AS [Exact]" in sql
    assert "CAST(m.[Doc] AS NVARCHAR(max)) AS [Doc]" in sql
    assert "m.[Old] AS [Old]" in sql
    assert "FROM [dbo].[Order Details] AS m WITH (NOLOCK)" in sql
    assert sql.endswith("WHERE m.[Id] > 7 ORDER BY m.[Id]")


def test_a_moment_with_an_offset_becomes_local_time() -> None:
    column = source_column(SQL_SERVER["At"], "Microsoft SQL Server", set())
    arrival = Arrival(pa.schema([("At", column.arrow)]), [column], Remarks(), "Asia/Shanghai")
    table, bad = arrival.rows([("2024-03-05T00:00:00.1234567Z",), (None,)])
    assert table["At"].to_pylist() == [datetime(2024, 3, 5, 8, 0, 0, 123456), None]
    assert bad == {}


@pytest.mark.parametrize(
    ("hints", "said"),
    [
        ("none", ["SET LOCK_TIMEOUT 10000"]),
        ("nolock", ["SET LOCK_TIMEOUT 10000", "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED"]),
        ("snapshot", ["SET LOCK_TIMEOUT 10000", "SET TRANSACTION ISOLATION LEVEL SNAPSHOT"]),
    ],
)
def test_sql_server_is_told_how_to_see_open_transactions(hints: Any, said: list[str]) -> None:
    assert sql_server_statements(Access(hints=hints)) == said


def test_sql_server_connection_string() -> None:
    items = dict(odbc_items(parse_target("k3", "mssql://u:p@10.0.0.5/AIS?Encrypt=yes").odbc or ""))
    assert items["Driver"] == "ODBC Driver 18 for SQL Server"
    assert items["ApplicationIntent"] == "ReadOnly"
    assert items["Encrypt"] == "yes"
    freetds = parse_target("k3", "mssql+pyodbc://u:p@10.0.0.5/AIS?driver=FreeTDS")
    assert dict(odbc_items(freetds.odbc or ""))["Port"] == "1433"


ORACLE = {
    "Id": sa.Numeric(18, 0),
    "FREE": oracle.NUMBER(),
    "WHOLE": sa.Integer(),
    "DAY": oracle.DATE(),
    "AT": oracle.TIMESTAMP(timezone=True),
    "NOTE": oracle.CLOB(),
    "RAW8": oracle.RAW(8),
    "D": oracle.BINARY_DOUBLE(),
    "NAME": sa.VARCHAR(40),
}


def test_oracle_types_and_statement() -> None:
    columns = {name: native_column(name, kind, True, "oracle", None, False) for name, kind in ORACLE.items()}
    assert [column.arrow for column in columns.values()] == [
        pa.decimal128(18, 0),
        pa.string(),  # a NUMBER of any size: exact as text
        pa.decimal128(38, 0),
        pa.timestamp("us"),  # Oracle's DATE has a time
        pa.timestamp("us"),
        pa.string(),
        pa.binary(),
        pa.float64(),
        pa.string(),
    ]
    dialect = oracle.dialect()
    sql = text_of(statement(dialect, "ERP", columns, columns_encoding={"NAME": "gbk"}), dialect)
    assert 'FROM "ERP"."Order Details" m' in sql
    assert 'CAST(m."AT" AT TIME ZONE \'Asia/Shanghai\' AS TIMESTAMP) AS "AT"' in sql
    assert 'utl_raw.cast_to_raw(m."NAME")' in sql
    assert sql.endswith("FETCH FIRST 500 ROWS ONLY")
    old = oracle.dialect()
    old._supports_offset_fetch = False
    assert "ROWNUM <= 500" in text_of(statement(old, "ERP", columns), old)


def test_oracle_text_that_the_server_would_garble_comes_as_bytes() -> None:
    column = native_column("NAME", sa.VARCHAR(40), True, "oracle", "gbk", False)
    arrival = Arrival(pa.schema([("NAME", pa.string())]), [column], Remarks(), "Asia/Shanghai")
    assert arrival.transit_schema.field("NAME").type == pa.binary()
    table, bad = arrival.rows([("中文".encode("gbk"),), (b"abc",), (None,), (b"\xff\xff",)])
    assert table["NAME"].to_pylist()[:3] == ["中文", "abc", None]
    assert list(bad) == [3]


def test_oracle_engine_is_thin_unless_asked_for() -> None:
    target = parse_target("k3", "oracle://u:p@10.0.0.6:1521/?service_name=ERP")
    assert target.url is not None
    engine = engine_of(target.url, Access())
    assert engine.dialect.name == "oracle"
    assert engine.dialect.driver == "oracledb"
    _, options = engine.dialect.create_connect_args(engine.url)
    assert "ERP" in str(options)


def test_the_offset_told_to_mysql() -> None:
    assert mysql_offset("Asia/Shanghai") == "+08:00"
    assert mysql_offset("Asia/Kolkata") == "+05:30"
    assert mysql_offset("America/Phoenix") == "-07:00"


def test_a_computed_column_is_no_column_of_the_source() -> None:
    column = SourceColumn("Id", pa.int64(), "int")
    wanted = statement(mssql.dialect(), "dbo", {"Id": column}).add_columns(sa.literal(1).label("one"))
    assert [found.name if found else None for found in columns_of(wanted)] == ["Id", None]
