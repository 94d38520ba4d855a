"""Values that drivers get wrong land as they are stored, in every dialect; what cannot is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from connectors.base import KEY
from connectors.config_models import SystemConfig
from connectors.erp.config import ErpTableConfig
from connectors.erp.connector import ErpConnector
from connectors.erp.database.encodings import as_stored, meant, suspected
from schemas.problems import Problem
from tests.connectors.erp_databases import ITEMS, Database, create
from tests.connectors.erp_odd_values import seed
from tests.servers import odbc_driver

ROOT = Path(__file__).resolve().parents[2]

ODD = {"table": "odd", "key": ["id"]}


def connector(url: str, settings: dict[str, Any] | None = None, **attributes: Any) -> ErpConnector:
    config = ErpTableConfig(system="k3", object="thing", **attributes)
    system = SystemConfig(
        system="k3",
        kind="erp",
        plant="P1",
        title={"zh": "金蝶", "en": "Kingdee"},
        url_env="WATERWORKS_K3_URL",
        objects={"thing": config},
        **(settings or {}),
    )
    return ErpConnector(system, url)


def read(source: ErpConnector, page_rows: int = 100) -> tuple[pa.Table, list[dict[str, Any]]]:
    """(rows, rejected rows)"""
    pages = list(source.read("thing", None, page_rows))
    return pa.concat_tables([p.rows for p in pages]), pa.concat_tables([p.rejected for p in pages]).to_pylist()


@pytest.mark.filterwarnings("ignore:Did not recognize type")
def test_every_odd_value_lands_as_it_is_stored(own_database: Database) -> None:
    expected = seed(own_database)
    source = connector(own_database.url, **ODD)
    rows, rejected = read(source)
    assert rejected == []
    assert {name: rows[name].to_pylist() for name in expected} == expected
    said = {(problem.code, problem.params["column"], problem.params["count"]) for problem in source.remarks("thing")}
    if own_database.family == "sqlite":
        assert said == {("erp_text_nul", "nul", 1)}
    elif own_database.family == "postgresql":
        assert said == {("erp_odd_dates", "ts", 2), ("erp_odd_dates", "d", 2)}
    else:
        assert said == {("erp_odd_dates", "ts", 2), ("erp_odd_dates", "d", 2), ("erp_text_nul", "nul", 1)}
    for problem in source.remarks("thing"):
        assert problem.params["column"] in problem.text("zh")


@pytest.mark.filterwarnings("ignore:Did not recognize type")
def test_odd_dates_are_rejected_where_asked_for(own_database: Database) -> None:
    seed(own_database)
    rows, rejected = read(connector(own_database.url, {"odd_dates": "reject"}, **ODD))
    odd = [] if own_database.family == "sqlite" else ["1", "2"]
    assert [item[KEY] for item in rejected] == odd
    assert rows["id"].to_pylist() == [number for number in (1, 2, 3) if str(number) not in odd]
    if odd:
        assert ("infinity" if own_database.family == "postgresql" else "0000-00-00") in rejected[0]["raw"]


def test_a_number_that_is_none_is_rejected_with_its_text(own_database: Database) -> None:
    """PostgreSQL's NaN in a column with a scale: its ODBC driver calls it 0."""
    if own_database.family != "postgresql":
        own_database.execute("CREATE TABLE nan_here (id INTEGER PRIMARY KEY)")
        assert read(connector(own_database.url, table="nan_here", key=["id"]))[0].num_rows == 0
        return
    own_database.execute("CREATE TABLE nan_here (id INTEGER PRIMARY KEY, price NUMERIC(20,4))")
    own_database.execute("INSERT INTO nan_here VALUES (1, 'NaN'), (2, 1.5)")
    rows, rejected = read(connector(own_database.url, table="nan_here", key=["id"]))
    assert rows["id"].to_pylist() == [2]
    assert [(item[KEY], item["reason"]) for item in rejected] == [("1", "erp_value_unreadable")]
    assert "NaN" in rejected[0]["raw"]


WORDS = ["中文", "物料", "螺栓", "不锈钢", "齿轮箱", "M8×20", "plain"]


def store_gbk(database: Database) -> None:
    """A table whose text columns hold GBK bytes although the database calls them Latin-1 (or UTF-8, SQLite)."""
    name = database.quoted('"客户 名称"')
    kind, stored = "TEXT", ":{}"
    if database.family == "mariadb":
        kind, stored = "VARCHAR(80) CHARACTER SET latin1", "CONVERT(CONVERT(:{} USING BINARY) USING latin1)"
    elif database.family == "sqlite":
        stored = "CAST(:{} AS TEXT)"
    database.execute(f"CREATE TABLE latin (id INTEGER PRIMARY KEY, code {kind} UNIQUE, {name} {kind})")
    for number, word in enumerate(WORDS):
        values: list[Any] = [text.encode("gbk") for text in (word, f"{number}{word}")]
        if database.family == "postgresql":
            values = [value.decode("latin-1") for value in values]
        database.execute(
            f"INSERT INTO latin VALUES (:id, {stored.format('code')}, {stored.format('name')})",
            id=number,
            code=values[0],
            name=values[1],
        )


@pytest.mark.parametrize("page_rows", [2, 100])
def test_gbk_bytes_in_a_latin_1_column_are_read_where_configured(own_database: Database, page_rows: int) -> None:
    """Pages by a key that is itself such a text neither lose nor repeat a row."""
    store_gbk(own_database)
    rows, rejected = read(connector(own_database.url, {"encoding": "gbk"}, table="latin", key=["code"]), page_rows)
    assert rejected == []
    assert sorted(rows[KEY].to_pylist()) == sorted(WORDS)
    assert sorted(rows["客户 名称"].to_pylist()) == sorted(f"{number}{word}" for number, word in enumerate(WORDS))


def test_an_encoding_may_be_said_for_one_column(own_database: Database) -> None:
    store_gbk(own_database)
    attributes = {"table": "latin", "key": ["code"], "columns_encoding": {"客户 名称": "gbk", "code": "gbk"}}
    source = connector(own_database.url, **attributes, where={"code": ["物料", "plain"]})
    rows, _ = read(source)
    assert sorted(rows["客户 名称"].to_pylist()) == ["1物料", "6plain"]
    assert source.remarks("thing") == []


def test_suspicious_text_is_reported_and_never_guessed(own_database: Database) -> None:
    store_gbk(own_database)
    source = connector(own_database.url, table="latin", key=["id"])
    rows, rejected = read(source)
    if own_database.family == "sqlite":  # bytes that are no text at all
        assert rows["code"].to_pylist() == ["plain"]
        assert {item["reason"] for item in rejected} == {"erp_value_unreadable"}
        assert "\\xce\\xef" in json.loads(rejected[1]["raw"])["code"]
        return
    assert "物料" not in rows["code"].to_pylist()
    assert [problem.code for problem in source.remarks("thing")] == ["erp_text_suspicious"] * 2
    assert "columns_encoding: {code: gbk}" in source.remarks("thing")[0].text("en")


def test_a_key_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    database = create("sqlite", tmp_path, None, None)
    store_gbk(database)
    with pytest.raises(Problem) as caught:
        read(connector(database.url, table="latin", key=["code"]))
    assert caught.value.code == "erp_key_unreadable"
    assert "encoding" in caught.value.text("zh")


def test_padding_is_cut_where_asked_for_but_not_in_keys(own_database: Database) -> None:
    own_database.execute("CREATE TABLE padded (code VARCHAR(10) PRIMARY KEY, unit VARCHAR(10), note VARCHAR(10))")
    own_database.execute("INSERT INTO padded VALUES ('a', 'EA   ', ' '), ('b', ' x', '')")
    rows, _ = read(connector(own_database.url, {"blank_is_null": True}, table="padded", key=["code"]))
    assert rows["unit"].to_pylist() == ["EA", " x"]
    assert rows["note"].to_pylist() == [None, None]
    plain, _ = read(connector(own_database.url, table="padded", key=["code"]))
    assert plain["note"].to_pylist() == [" ", ""]


UGLY = ["Order Details", "客户 名称", "a.b", "a]b[c", "x;DROP TABLE loose--", "it's 50%?:x", "select", "MiXed"]


def test_names_with_anything_in_them_are_read(own_database: Database) -> None:
    """Blanks, dots, brackets, quotes, Chinese, reserved words; nothing of a name is ever executed."""
    quote = own_database.writer.dialect.identifier_preparer.quote_identifier
    name = "Order [Details]; DROP TABLE loose--"
    with own_database.writer.begin() as connection:
        columns = ", ".join(f"{quote(column)} VARCHAR(20)" for column in UGLY)
        sql = f"CREATE TABLE {quote(name)} ({quote('i d')} INTEGER PRIMARY KEY, {columns})"
        connection.exec_driver_sql(sql)
        values = ", ".join(f"'{number}'" for number in range(len(UGLY)))
        connection.exec_driver_sql(f"INSERT INTO {quote(name)} VALUES (1, {values}), (2, {values})")
    attributes = {"table": name, "key": ["i d"], "columns": ["i d", *UGLY], "where": {UGLY[4]: "4", "[a.b]": "2"}}
    rows, _ = read(connector(own_database.url, **attributes), page_rows=1)
    assert rows.num_rows == 2
    assert rows.to_pylist()[0] == {"i d": 1, **{c: str(n) for n, c in enumerate(UGLY)}, KEY: "1", "_row_no": None}
    with own_database.writer.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM loose")).scalar() == 0  # still there


@pytest.mark.parametrize("value", ["'; DROP TABLE loose; --", "1 OR 1=1", "\\", "%' OR '1'='1"])
def test_values_of_a_filter_are_never_executed(database: Database, value: str) -> None:
    rows, _ = read(connector(database.url, table="t_ICItem", key=["FItemID"], where={"FNumber": value}))
    assert rows.num_rows == 0


READ_DSN = """
import sys
from tests.connectors.test_erp_values import connector, read
print(read(connector("DSN=PlantERP", table="t_ICItem", key=["FItemID"]), page_rows=5)[0].num_rows)
print(connector("DSN=Nowhere", table="t_ICItem", key=["FItemID"]).check().sentence["en"])
"""


def test_a_real_dsn_of_an_odbc_ini(tmp_path: Path) -> None:
    """Any ODBC source by the name an administrator gave it; in a process of its own, unixODBC reads its files once."""
    create("sqlite+odbc", tmp_path, None, None)
    driver = odbc_driver("SQLite3", "libsqliteodbc", "usr/lib/*/odbc/libsqlite3odbc.so")
    (tmp_path / "odbcinst.ini").write_text(f"[Plant driver]\nDriver={driver}\n")
    (tmp_path / "odbc.ini").write_text(f"[PlantERP]\nDriver=Plant driver\nDatabase={tmp_path / 'k3.db'}\n")
    environment = {**os.environ, "ODBCSYSINI": str(tmp_path), "ODBCINI": str(tmp_path / "odbc.ini")}
    done = subprocess.run([sys.executable, "-c", READ_DSN], env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines()[0] == str(ITEMS), done.stderr
    assert "odbc.ini has no data source called 'Nowhere'" in done.stdout


@pytest.mark.parametrize("encoding", ["gbk", "big5", "gb18030"])
@pytest.mark.parametrize("dialect", ["mysql", "postgresql", "mssql"])
def test_a_text_and_its_stored_form_are_the_same_both_ways(encoding: str, dialect: str) -> None:
    for text in ("中文", "齒輪", "a中b", "plain", "齿轮箱" if encoding != "big5" else "齒輪箱"):
        stored = as_stored(text, encoding, dialect)
        assert meant(stored, encoding) == (text if text.encode(encoding) else None)


def test_western_words_are_not_suspected() -> None:
    western = ["Müller", "café", "Ø10", "±0.1", "naïve", "Señor", "Größe", "10 µm"]
    assert suspected(western) is None
    assert suspected([text.encode("gbk").decode("latin-1") for text in WORDS]) == "gbk"
    assert suspected(["物料".encode().decode("latin-1"), "螺栓".encode().decode("cp1252", "ignore"), "中文"]) is None
    assert suspected([text.encode("big5").decode("latin-1") for text in ("齒輪", "螺絲", "物料", "不鏽鋼")]) in (
        "big5",
        "gbk",
    )
