"""What the logs of the three databases have in common.

Belongs here: which tables and columns are watched, the shape of an answer, values of a log as values of a
column. Does not belong here: asking a database (`postgres.py`, `mariadb.py`, `sqlserver.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from connectors.erp.database.catalogue import SourceColumn, SourceTable
from connectors.erp.reading.query import Plan, as_type
from connectors.erp.reading.reader import Reader
from schemas.problems import Problem

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Watched:
    """A table of the plan and what must be known of a changed row: the key of the main table's, the columns
    a joined table is matched by."""

    table: SourceTable
    columns: tuple[SourceColumn, ...]


@dataclass
class Changes:
    """What changed since a position: per watched table the values of its columns, old and new, each once.

    everything: the log cannot tell (a table was emptied or altered, a value is not in the log).
    position: where the next read begins.
    """

    position: dict[str, Any]
    rows: list[dict[Values, None]] = field(default_factory=list)
    everything: bool = False


class ChangeLog(Protocol):
    """The log of one database, for the tables of one plan. Methods raise Problems that say how to switch it on."""

    def here(self) -> dict[str, Any]:
        """A position (JSON): everything visible from now on that is not visible now stands behind it."""
        ...

    def since(self, position: dict[str, Any]) -> Changes | None:
        """Changes after a position, all of them visible now; None if the log no longer reaches back to it."""
        ...


def watched(plan: Plan) -> list[Watched]:
    """The main table first, then every joined one."""
    main = Watched(plan.table, tuple(part.column for part in plan.key))
    return [main, *(Watched(join.table, join.right) for join in plan.joins)]


def typed(column: SourceColumn, value: Any) -> Any:
    """A value of a log, text or already of a Python type, as the column's values are bound and read.

    Raises ValueError if it is not of the column's type.
    """
    if value is None or not isinstance(value, str):
        return value
    if pa.types.is_binary(column.arrow):
        return bytes.fromhex(value.removeprefix("\\x"))
    return as_type(value, column.arrow)


def refuse_odd_keys(reader: Reader) -> None:
    """Problem `erp_changes_key` if a key is of a type that looks otherwise in a log than in a row."""
    for part in reader.plan.key:
        if part.column.form != "plain" or pa.types.is_floating(part.column.arrow):
            raise key_problem(reader, part.column.name)


def key_problem(reader: Reader, column: str) -> Problem:
    return Problem("erp_changes_key", **reader.names(), column=column)


def off(reader: Reader, missing: str, statement: str) -> Problem:
    """The sentence for a log that is not switched on or not allowed, with the statement that helps."""
    plan = reader.plan.config
    return Problem("erp_changes_off", system=plan.system, object=plan.object, missing=missing, statement=statement)


def qualified(table: SourceTable, default_schema: str | None) -> Sequence[str]:
    return [part for part in (table.schema or default_schema, table.name) if part]
