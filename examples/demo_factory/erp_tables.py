"""The ERP database in the shape of Kingdee K/3: tables, types, and writing rows in batches.

Belongs here: DDL for SQLite, PostgreSQL and MariaDB, and the sinks that take rows. Does not belong
here: what the rows say (`erp.py`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from schemas.problems import Problem

_BATCH = 5000
_PARTNER = (
    "FItemID:id FNumber:text FName:text FShortName:text FContact:text FPhone:text FAddress:text FTaxNum:text "
    "FDeleted:flag"
)

# table -> (columns "name:type ...", key columns)
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "t_MeasureUnit": ("FMeasureUnitID:id FNumber:text FName:text FCoefficient:qty", ("FMeasureUnitID",)),
    "t_Department": ("FItemID:id FNumber:text FName:text", ("FItemID",)),
    "t_ICItem": (
        "FItemID:id FNumber:text FName:text FModel:text FUnitID:id FErpClsID:flag FHelpCode:text FApproveNo:text "
        "FPlanPrice:price FBatchManager:flag FDeleted:flag",
        ("FItemID",),
    ),
    "t_Organization": (_PARTNER, ("FItemID",)),
    "t_Supplier": (_PARTNER, ("FItemID",)),
    "ICBOM": (
        "FInterID:id FBOMNumber:text FItemID:id FVersion:text FStatus:flag FUseStatus:id FQty:qty FCancellation:flag",
        ("FInterID",),
    ),
    "ICBOMChild": (
        "FInterID:id FEntryID:id FItemID:id FQty:qty FScrap:qty FUnitID:id FBeginDay:date FEndDay:date",
        ("FInterID", "FEntryID"),
    ),
    "SEOrder": ("FInterID:id FBillNo:text FDate:date FCustID:id FStatus:flag FCancellation:flag", ("FInterID",)),
    "SEOrderEntry": (
        "FInterID:id FEntryID:id FItemID:id FQty:qty FUnitID:id FPrice:price FAmount:money FDate:date",
        ("FInterID", "FEntryID"),
    ),
    "ICMO": (
        "FInterID:id FBillNo:text FItemID:id FQty:qty FUnitID:id FStatus:flag FPlanCommitDate:date "
        "FPlanFinishDate:date FStartDate:date FFinishDate:date FWorkShop:id FBomInterID:id FOrderInterID:id "
        "FGMPBatchNo:text FCancellation:flag",
        ("FInterID",),
    ),
}


def columns(table: str) -> dict[str, str]:
    """Column name -> type word (id, flag, text, qty, price, money, date) of one table."""
    pairs = (pair.partition(":") for pair in TABLES[table][0].split())
    return {name: word for name, _, word in pairs}


class Sink(Protocol):
    """Takes rows (tuples in column order). `typed`: prices and dates cannot be text."""

    typed: bool

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> int: ...

    def close(self) -> None: ...


# Dates and prices are text here, as in many a database that grew: so they can hold dirt.
_SQLITE_TYPES = {
    "id": "INTEGER", "flag": "INTEGER", "text": "TEXT", "qty": "DECIMAL(23,10)", "money": "DECIMAL(20,4)",
    "price": "TEXT", "date": "TEXT",
}  # fmt: skip


class SqliteSink:
    """An SQLite file, to be filled once."""

    typed = False

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        self._db.execute("pragma synchronous = off")  # a build that dies is built again
        for table, (_, key) in TABLES.items():
            body = ", ".join(f'"{name}" {_SQLITE_TYPES[word]}' for name, word in columns(table).items())
            self._db.execute(f'CREATE TABLE "{table}" ({body}, PRIMARY KEY ({", ".join(key)}))')

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> int:
        marks = ", ".join("?" * len(columns(table)))
        before = self._db.total_changes
        self._db.executemany(f'INSERT INTO "{table}" VALUES ({marks})', ([_plain(v) for v in row] for row in rows))
        return self._db.total_changes - before

    def close(self) -> None:
        self._db.commit()
        self._db.close()


def _plain(value: Any) -> Any:
    """What sqlite3 stores: decimals as their text (the column's affinity makes them numbers), dates in ISO."""
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


class ServerSink:
    """A PostgreSQL or MariaDB database by SQLAlchemy URL, filled in batches in one transaction.

    Raises Problem `demo_erp_not_empty` if one of the tables is already there and `replace` is false:
    the URL could be a real ERP.
    """

    typed = True

    def __init__(self, url: str, replace: bool) -> None:
        from sqlalchemy import create_engine, inspect

        self._metadata = _metadata()
        self._engine = create_engine(url)
        present = set(inspect(self._engine).get_table_names()) & set(TABLES)
        if present and not replace:
            raise Problem("demo_erp_not_empty", table=min(present), url=self._engine.url.render_as_string())
        self._metadata.drop_all(self._engine)
        self._metadata.create_all(self._engine)
        self._connection = self._engine.connect()

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> int:
        names = list(columns(table))
        stream = iter(rows)
        count = 0
        while batch := [dict(zip(names, row, strict=True)) for row in islice(stream, _BATCH)]:
            self._connection.execute(self._metadata.tables[table].insert(), batch)
            count += len(batch)
        return count

    def close(self) -> None:
        self._connection.commit()
        self._connection.close()
        self._engine.dispose()


def _metadata() -> Any:
    from sqlalchemy import Column, DateTime, Integer, MetaData, Numeric, SmallInteger, String, Table

    types: dict[str, Any] = {
        "id": Integer, "flag": SmallInteger, "text": String(255), "qty": Numeric(23, 10), "price": Numeric(23, 10),
        "money": Numeric(20, 4), "date": DateTime,
    }  # fmt: skip
    metadata = MetaData()
    for table, (_, key) in TABLES.items():
        body: list[Any] = [
            Column(name, types[word], primary_key=name in key, autoincrement=False)
            for name, word in columns(table).items()
        ]
        Table(table, metadata, *body, mysql_charset="utf8mb4")
    return metadata
