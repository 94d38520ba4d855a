"""Open work orders with their progress: the SQL stands in work_orders.sql.

Belongs here: running that SQL. Not here: its text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

_SQL = Path(__file__).with_suffix(".sql")


def refresh(connection: psycopg.Connection[Any]) -> int:
    """Recompute mart.open_work_order; returns the number of open orders. The caller commits."""
    connection.execute(_SQL.read_text(encoding="utf-8").encode())
    row = connection.execute("select count(*) from mart.open_work_order").fetchone()
    return int(row[0]) if row else 0
