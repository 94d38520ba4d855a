"""A small factory of one's own: a SQLite ERP with 25 customers, a store, and what syncs one into the other."""

from __future__ import annotations

import sqlite3
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.config import SystemConfig, load_systems
from hub.landing.result import LoadResult
from hub.landing.sync import sync_object
from hub.store.engine import connect
from hub.store.migrate import upgrade

_DEFS = """
    type: pipelines.components.SourceSystem
    attributes: {system: k3, kind: erp, plant: P1, title: {zh: 金蝶, en: K3}, url_env: WATERWORKS_K3_URL}
    ---
    type: pipelines.components.ErpTable
    attributes:
      system: k3
      object: customer
      table: t_Organization
      key: [FItemID]
      columns: [FItemID, FNumber, FName, FShortName, FContact, FPhone, FAddress, FTaxNum, FDeleted]
"""

# Everything a person could compare: what the store says of every row, without ids of loads and times.
CONTENT = """
    select md5(string_agg(line, chr(10) order by line)) from (
        select concat_ws('|', 'core', _dataset, _source_key, _row_hash, customer_code, customer_name, phone, uscc)
            as line from core.customer
        union all select concat_ws('|', 'held', dataset, source_key, row_hash, record) from quality.held_row
        union all select concat_ws('|', 'rejected', dataset, source_key, row_hash, raw) from quality.rejected_row
        union all select concat_ws('|', 'finding', dataset, source_key, rule, column_name, value)
            from quality.finding where resolved_at is null
        union all select concat_ws('|', 'change', dataset, source_key, column_name, raw_value, value, rule)
            from quality.value_change
        union all select concat_ws('|', 'deleted', dataset, source_key, was) from quality.deleted_row
    ) lines
"""


@dataclass
class Factory:
    """An ERP file, a defs folder and a store that belong together."""

    erp: Path
    defs: Path
    environment: dict[str, str]

    def system(self) -> SystemConfig:
        return load_systems(self.defs)["k3"]

    def sync(self) -> LoadResult:
        result = sync_object(self.system(), "customer", "test", wait_seconds=0)
        assert result.adds_up
        return result

    def erp_sql(self, statement: str, *parameters: object) -> None:
        with sqlite3.connect(self.erp) as connection:
            connection.execute(statement, parameters)

    def rows(self, query: str, *parameters: object) -> list[tuple]:
        with connect(self.environment["WATERWORKS_STORE_URL"]) as connection:
            return connection.execute(query, parameters or None).fetchall()

    def content(self) -> str:
        return self.rows(CONTENT)[0][0]


@pytest.fixture
def factory(tmp_path, postgres_url, monkeypatch):
    erp = tmp_path / "k3.db"
    with sqlite3.connect(erp) as connection:
        connection.execute(
            "create table t_Organization (FItemID integer primary key, FNumber text, FName text, FShortName text,"
            " FContact text, FPhone text, FAddress text, FTaxNum text, FDeleted integer)"
        )
        connection.executemany(
            "insert into t_Organization values (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            [
                (number, f"C{number:04}", f"苏州第{number}机械有限公司", "苏机", "王工", "0512-65550001", "苏州", None)
                for number in range(1, 26)
            ],
        )
        # One row of each kind of trouble: full width (changed), no code (held), a wrong tax number (found).
        connection.execute("update t_Organization set FNumber = 'Ｃ０００２' where FItemID = 2")
        connection.execute("update t_Organization set FNumber = null where FItemID = 3")
        connection.execute("update t_Organization set FTaxNum = '911101087000000000' where FItemID = 4")
    defs = tmp_path / "defs"
    (defs / "k3").mkdir(parents=True)
    (defs / "k3" / "defs.yaml").write_text(textwrap.dedent(_DEFS), encoding="utf-8")
    environment = {
        "WATERWORKS_HOME": str(tmp_path / "home"),
        "WATERWORKS_STORE_URL": postgres_url,
        "WATERWORKS_K3_URL": f"sqlite:///{erp}",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("hub.landing.load.PAGE_ROWS", 10)
    upgrade(postgres_url)
    return Factory(erp, defs, environment)
