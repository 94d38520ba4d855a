"""The marks of mode rowversion that a database gives every row itself, and their safe upper bound.

Belongs here: PostgreSQL's xmin, SQL Server's rowversion. Does not belong here: numbers that an application
writes (`sequence.py`), I/O beyond the one question for the bound.

Both databases tell the lowest version that a transaction still open may write. What lies below is
complete; a read goes from the bound of the read before to the end, and the bound asked before it begins
is where the next one starts. Transactions may stay open as long as they like.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.erp.database.clock import Clocks
from connectors.erp.reading.query import XMIN, Output, Plan
from schemas.problems import Problem

HALF = 2**31  # transaction numbers on disk have 32 bits and are compared within half their circle
Ask = Callable[[sa.Executable], Any]


@dataclass(frozen=True)
class Xmin:
    """PostgreSQL: each row version carries the number of the transaction that wrote it.

    bound: the oldest transaction still open when this read began, as 64 bits; start: that of the read
    before. Rows of all joined tables are looked at, so a change in a joined table is found too; a joined
    row that was deleted is not, the next full comparison finds it.

    Transaction numbers wrap around: rows written 2**31 or more transactions ago may look new, which costs
    a needless row but loses none. If as many passed between two reads, or fewer than none (another
    server), the read is a full one.
    """

    bound: int
    start: int | None

    repeats = False  # in the order of the key each row comes once

    @classmethod
    def starting(cls, ask: Ask, stored: dict[str, Any] | None) -> Xmin:
        bound = int(ask(sa.text("SELECT CAST(txid_snapshot_xmin(txid_current_snapshot()) AS TEXT)")))
        return cls(bound, None if stored is None else int(stored["xmin"]))

    @classmethod
    def going_on(cls, stored: dict[str, Any]) -> Xmin:
        """That of a full read broken off."""
        return cls(int(stored["xmin"]), None)

    @property
    def unusable(self) -> bool:
        return self.start is None or not 0 <= self.bound - self.start < HALF

    def order(self, plan: Plan) -> tuple[Output, ...]:
        return plan.key

    def label(self, plan: Plan) -> None:
        return None

    def conditions(self, plan: Plan) -> list[list[sa.ColumnElement[bool]]]:
        aliases = ["m", *(f"j{number}" for number in range(1, len(plan.joins) + 1))]
        new = (
            f"((CAST(CAST({alias}.xmin AS TEXT) AS BIGINT) - {self.start}) & 4294967295) < {HALF}" for alias in aliases
        )
        return [[sa.or_(*(sa.literal_column(text, sa.Boolean()) for text in new))]]

    def seen(self, values: pa.ChunkedArray) -> Xmin:
        return self

    def leaving(self, values: pa.ChunkedArray) -> Xmin:
        return self

    def finished(self, now: Clocks) -> Xmin:
        return self

    def position(self) -> dict[str, Any]:
        return {"xmin": str(self.bound)}


@dataclass(frozen=True)
class SqlServerRowversion:
    """SQL Server: a column of type rowversion (or timestamp), bounded by MIN_ACTIVE_ROWVERSION()."""

    bound: str  # 0x and 16 hexadecimal digits
    start: str | None

    repeats = False  # a row changed while we read leaves the window

    @classmethod
    def starting(cls, ask: Ask, stored: dict[str, Any] | None) -> SqlServerRowversion:
        bound = str(ask(sa.text("SELECT CONVERT(VARCHAR(18), CONVERT(VARBINARY(8), MIN_ACTIVE_ROWVERSION()), 1)")))
        return cls(_checked(bound), None if stored is None else _checked(stored["rowversion"]))

    @classmethod
    def going_on(cls, stored: dict[str, Any]) -> SqlServerRowversion:
        return cls(_checked(stored["rowversion"]), None)

    @property
    def unusable(self) -> bool:
        return self.start is None or int(self.start, 16) > int(self.bound, 16)

    def order(self, plan: Plan) -> tuple[Output, ...]:
        return plan.key

    def label(self, plan: Plan) -> None:
        return None

    def conditions(self, plan: Plan) -> list[list[sa.ColumnElement[bool]]]:
        column = plan.marks[0].expression
        return [[column >= sa.literal_column(str(self.start)), column < sa.literal_column(self.bound)]]

    def seen(self, values: pa.ChunkedArray) -> SqlServerRowversion:
        return self

    def leaving(self, values: pa.ChunkedArray) -> SqlServerRowversion:
        return self

    def finished(self, now: Clocks) -> SqlServerRowversion:
        return self

    def position(self) -> dict[str, Any]:
        return {"rowversion": self.bound}


def _checked(text: str) -> str:
    """A version as it may stand in a statement; ValueError if it is none."""
    if not re.fullmatch(r"0x[0-9A-Fa-f]{16}", text):
        raise ValueError(f"not a row version: {text!r}")
    return text


def is_sql_server_version(dialect: sa.Dialect, mark: Output) -> bool:
    return dialect.name == "mssql" and pa.types.is_binary(mark.column.arrow)


def is_xmin(mark: Output) -> bool:
    return mark.column.type_name == "xid" and mark.column.name.lower() == XMIN


def refuse(plan: Plan, mark: Output) -> Problem:
    return Problem(
        "erp_rowversion_type",
        system=plan.config.system,
        object=plan.config.object,
        column=mark.column.name,
        type=mark.column.type_name,
    )
