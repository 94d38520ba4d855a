"""Changes exactly one cell, one ERP row and one MES record, so that a sync has three changes to find.

Belongs here: choosing and changing them. Each call changes the same three places again.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from examples.demo_factory.build import ERP, MES, WORKBOOKS, stamp
from examples.demo_factory.workbooks import CUSTOMERS
from schemas.problems import Problem


def touch(folder: Path, erp_url: str | None = None) -> list[str]:
    """One sentence per change, old -> new.

    Raises Problem `demo_world_missing` without a complete world; `demo_erp_elsewhere` if the ERP is on a
    server and `erp_url` is not given.
    """
    built = stamp(folder)
    if built is None or not built.complete:
        raise Problem("demo_world_missing", folder=str(folder))
    if built.erp != ERP and not erp_url:
        raise Problem("demo_erp_elsewhere", url=built.erp)
    return [_cell(folder / WORKBOOKS), _erp_row(folder, erp_url), _mes_record(folder / MES)]


def next_phone(number: str | None) -> str:
    """Another number of the same length: the last digit one higher."""
    if not number:
        return "13800000000"
    return f"{number[:-1]}{(int(number[-1]) + 1) % 10}"


def _cell(workbooks: Path) -> str:
    from openpyxl import load_workbook

    path = max((workbooks / "销售部").glob("客户档案_*.xlsx"))
    book = load_workbook(path)
    sheet = book[CUSTOMERS.title]
    cell = sheet[f"{CUSTOMERS.letter('电话')}{CUSTOMERS.first_row + 4}"]
    old = str(cell.value)
    cell.value = next_phone(old)
    book.save(path)
    return f"workbook {path.name}, sheet {sheet.title}, cell {cell.coordinate}: {old} -> {cell.value}"


def _erp_row(folder: Path, erp_url: str | None) -> str:
    """The contact's telephone of one customer: a column that no other dataset joins."""
    from sqlalchemy import create_engine, text

    engine = create_engine(erp_url or f"sqlite:///{folder / ERP}")
    quote = engine.dialect.identifier_preparer.quote
    table, key, column = (quote(name) for name in ("t_Organization", "FItemID", "FPhone"))
    with engine.begin() as connection:
        row: Any = connection.execute(
            text(f"SELECT {key}, {column} FROM {table} ORDER BY {key} LIMIT 1 OFFSET 4")
        ).one()
        new = next_phone(row[1])
        connection.execute(text(f"UPDATE {table} SET {column} = :new WHERE {key} = :key"), {"new": new, "key": row[0]})
    engine.dispose()
    return f"ERP t_Organization, FItemID {row[0]}, FPhone: {row[1]} -> {new}"


def _mes_record(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database, database:
        key, old = database.execute("SELECT id, phone FROM employee ORDER BY id LIMIT 1 OFFSET 4").fetchone()
        new = next_phone(old)
        database.execute("UPDATE employee SET phone = ? WHERE id = ?", (new, key))
    return f"MES employee, id {key}, phone: {old} -> {new}"
