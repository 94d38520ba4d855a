"""SQL Server: Change Tracking, which keeps the keys of changed rows beside the table.

Belongs here: its statements. Does not belong here: what is read for a changed key (`changes/__init__.py`).
Tested for the statements alone: no server of this kind runs where the tests run.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.erp.reading.changes.log import Changes, Watched, key_problem, off, typed, watched
from connectors.erp.reading.reader import Reader

RETENTION_DAYS = 7


class ChangeTracking:
    """Versions count committed transactions; CHANGETABLE gives each changed key once, with the last operation."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._watched = watched(reader.plan)

    def here(self) -> dict[str, Any]:
        for item in self._watched:
            self._oldest(item)
        return {"version": self._current()}

    def since(self, position: dict[str, Any]) -> Changes | None:
        version = int(position["version"])
        if any(self._oldest(item) > version for item in self._watched):
            return None
        # Asked before the changes: what commits in between comes again next time.
        changes = Changes({"version": self._current()}, [{} for _ in self._watched])
        for number, item in enumerate(self._watched):
            keys = item.table.key
            if not {column.name for column in item.columns} <= set(keys):
                # Only the primary key is tracked.
                if number == 0:
                    raise key_problem(self._reader, item.columns[0].name)
                found, _ = self._reader.fetch(any_statement(item, version), pa.schema([("changed", pa.int64())]))
                changes.everything = changes.everything or found.num_rows > 0
                continue
            schema = pa.schema([(column.name, column.arrow) for column in item.columns])
            found, _ = self._reader.fetch(changes_statement(item, version), schema)
            columns = [found[column.name].to_pylist() for column in item.columns]
            for values in zip(*columns, strict=True):
                row = tuple(typed(column, value) for column, value in zip(item.columns, values, strict=True))
                changes.rows[number][row] = None
        return changes

    def _current(self) -> int:
        version = self._reader.scalar(sa.text("SELECT CHANGE_TRACKING_CURRENT_VERSION()"))
        if version is None:
            database = self._reader.target.database or "<database>"
            options = f"(CHANGE_RETENTION = {RETENTION_DAYS} DAYS, AUTO_CLEANUP = ON)"
            statement = f"ALTER DATABASE {_bracketed(database)} SET CHANGE_TRACKING = ON {options}"
            raise off(self._reader, "CHANGE_TRACKING = OFF", statement)
        return int(version)

    def _oldest(self, item: Watched) -> int:
        version = self._reader.scalar(oldest_statement(item))
        if version is None:
            name = _name(item)
            statement = f"ALTER TABLE {name} ENABLE CHANGE_TRACKING; GRANT VIEW CHANGE TRACKING ON {name} TO <login>"
            raise off(self._reader, f"CHANGE_TRACKING({name})", statement)
        return int(version)


def oldest_statement(item: Watched) -> sa.TextClause:
    """The oldest version from which changes of the table are still known; NULL if it is not tracked."""
    return sa.text("SELECT CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(:name))").bindparams(name=_name(item))


def changes_statement(item: Watched, version: int) -> sa.TextClause:
    """The watched columns of every row changed after `version`, deleted ones too."""
    columns = ", ".join(f"c.{_bracketed(column.name)}" for column in item.columns)
    return sa.text(f"SELECT {columns} FROM CHANGETABLE(CHANGES {_name(item)}, {int(version)}) AS c".replace(":", "\\:"))


def any_statement(item: Watched, version: int) -> sa.TextClause:
    """One row if anything changed after `version`."""
    return sa.text(
        f"SELECT TOP 1 1 AS changed FROM CHANGETABLE(CHANGES {_name(item)}, {int(version)}) AS c".replace(":", "\\:")
    )


def _name(item: Watched) -> str:
    return ".".join(_bracketed(part) for part in (item.table.schema or "dbo", item.table.name))


def _bracketed(name: str) -> str:
    return "[" + name.replace("]", "]]") + "]"
