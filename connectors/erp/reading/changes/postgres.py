"""PostgreSQL: a logical replication slot, read through SQL functions with the plug-in test_decoding.

Belongs here: the slot's life, the text of the plug-in. Does not belong here: what is read for a changed
key (`changes/__init__.py`).

The slot is only looked into (peek); it is moved on at the beginning of the next read, up to the position
that the hub has committed by then. So a read that fails costs nothing but its own time. A slot keeps the
server's log until it is read: without a sync the log grows (`max_slot_wal_keep_size` limits it).

A transaction stands in the log a moment before others see it, with synchronous replication longer than
that. Rows are read from the table, so we wait until every transaction we found in the log is visible; if
one is not after WAIT_SECONDS, the position stays and the same changes are looked at again next time.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.erp.reading.changes.log import Changes, Values, Watched, key_problem, off, typed, watched
from connectors.erp.reading.reader import Reader
from schemas.problems import Problem

PLUGIN = "test_decoding"
WAIT_SECONDS = 10.0
LINES_PER_BATCH = 20_000
_TEXT = pa.schema([("value", pa.string())])
# name[type]:value; a type may end in [], text stands in '...' with '' for '
_COLUMN = re.compile(r"""("(?:[^"]|"")+"|[^\s\["]+)\[((?:[^\[\]]|\[\])*)\]:((?:[BX])?'(?:[^']|'')*'|\S+)""", re.DOTALL)
_ACTION = re.compile(r": (INSERT|UPDATE|DELETE|TRUNCATE): ")


class PostgresLog:
    """The slot is the configured one, else one of the object's own."""

    def __init__(self, reader: Reader) -> None:
        config = reader.plan.config
        self._reader = reader
        self._slot = config.slot or default_slot(config.system, config.object, reader.target.database)
        self._watched = watched(reader.plan)
        self._names = [self._name(item) for item in self._watched]

    def here(self) -> dict[str, Any]:
        """A new slot in place of any old one: the log begins where the full read begins."""
        level = self._ask("SELECT current_setting('wal_level')")
        if level != "logical":
            statement = "ALTER SYSTEM SET wal_level = 'logical'"
            raise off(self._reader, f"wal_level = {level}", f"{statement}; (restart)")
        if self._ask("SELECT count(*) FROM pg_replication_slots WHERE slot_name = :slot", slot=self._slot):
            self._ask("SELECT pg_drop_replication_slot(:slot)", slot=self._slot)
        lsn = self._ask(
            "SELECT CAST(lsn AS TEXT) FROM pg_create_logical_replication_slot(:slot, :plugin)",
            slot=self._slot,
            plugin=PLUGIN,
        )
        self._wait_for(set())
        return {"slot": self._slot, "lsn": lsn}

    def since(self, position: dict[str, Any]) -> Changes | None:
        if not self._reaches(position):
            return None
        self._ask(
            "SELECT CAST(end_lsn AS TEXT) FROM pg_replication_slot_advance(:slot, CAST(:lsn AS pg_lsn))",
            slot=self._slot,
            lsn=position["lsn"],
        )
        upto = self._ask("SELECT CAST(pg_current_wal_flush_lsn() AS TEXT)")
        changes = Changes({"slot": self._slot, "lsn": upto}, [{} for _ in self._watched])
        transactions: set[int] = set()
        for transaction, line in self._lines(upto):
            transactions.add(transaction)
            self._take(line, changes)
        if not self._wait_for(transactions):
            changes.position = position
        return changes

    # --- the slot ---------------------------------------------------------------------------------

    def _reaches(self, position: dict[str, Any]) -> bool:
        """Whether the slot is ours, alive, and has kept everything after the position."""
        return position.get("slot") == self._slot and bool(
            self._ask(
                "SELECT count(*) FROM pg_replication_slots WHERE slot_name = :slot AND plugin = :plugin"
                " AND database = current_database() AND restart_lsn IS NOT NULL"
                " AND confirmed_flush_lsn <= CAST(:lsn AS pg_lsn)",
                slot=self._slot,
                plugin=PLUGIN,
                lsn=position["lsn"],
            )
        )

    def _lines(self, upto: str) -> Iterator[tuple[int, str]]:
        """(transaction, line) for each change of a watched table."""
        names = set(self._names)
        wanted = " OR ".join(f"substr(data, 1, length(:name{number})) = :name{number}" for number in range(len(names)))
        values = {f"name{number}": f"table {name}:" for number, name in enumerate(sorted(names))}
        statement = sa.text(
            "SELECT CAST(xid AS TEXT) || ' ' || data AS value FROM pg_logical_slot_peek_changes("
            f":slot, CAST(:upto AS pg_lsn), NULL, 'skip-empty-xacts', '1') WHERE {wanted} OR data LIKE '%: TRUNCATE: %'"
        ).bindparams(slot=self._slot, upto=upto, **values)
        batches = self._reader.session.stream(statement, _TEXT, LINES_PER_BATCH)  # type: ignore[arg-type]
        while (batch := self._explained(lambda: next(batches, None))) is not None:
            for text in batch[0]["value"].to_pylist():
                transaction, _, line = text.partition(" ")
                yield int(transaction), line

    def _wait_for(self, transactions: set[int]) -> bool:
        """Whether all these transactions (all that are open, if none is named) are over, after waiting a while."""
        deadline = time.monotonic() + (WAIT_SECONDS if transactions else 1.0)
        waiting: set[int] | None = transactions or None
        while True:
            limit, running = self._snapshot()
            waiting = running if waiting is None else waiting
            still = {one for one in waiting if one in running or (one - limit) % 2**32 < 2**31}
            if not still:
                return True
            if time.monotonic() > deadline:
                return False
            waiting = still
            time.sleep(0.1)

    def _snapshot(self) -> tuple[int, set[int]]:
        """(the first number not yet given, transactions underway), 32 bits each."""
        text = self._ask("SELECT CAST(txid_current_snapshot() AS TEXT)")
        _, limit, running = text.split(":")
        return int(limit) % 2**32, {int(one) % 2**32 for one in running.split(",") if one}

    # --- lines ------------------------------------------------------------------------------------

    def _take(self, line: str, changes: Changes) -> None:
        action = _ACTION.search(line)
        if action is None:
            return
        tables = line[len("table ") : action.start()]
        if action[1] == "TRUNCATE":
            names = {name.strip() for name in tables.split(",")}
            changes.everything = changes.everything or not names.isdisjoint(self._names)
            return
        images = images_of(line[action.end() :])
        for number, item in enumerate(self._watched):
            if self._names[number] == tables:
                self._take_images(number, item, images, changes)

    def _take_images(self, number: int, item: Watched, images: list[dict[str, str | None]], changes: Changes) -> None:
        for image in images:
            names = [column.name for column in item.columns]
            if missing := [name for name in names if name not in image]:
                if number == 0:
                    raise key_problem(self._reader, missing[0])
                changes.everything = True
                return
            values: Values = tuple(typed(column, image[column.name]) for column in item.columns)
            if None not in values:
                changes.rows[number][values] = None

    def _name(self, item: Watched) -> str:
        """The table as the plug-in writes it. Raises Problem `erp_changes_table` if the log does not know it."""
        name = self._ask(
            "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = :name"
            " AND n.nspname = coalesce(CAST(:schema AS TEXT), current_schema())"
            " AND c.relkind = 'r' AND c.relpersistence = 'p'",
            name=item.table.name,
            schema=item.table.schema,
        )
        if name is None:
            raise Problem("erp_changes_table", **self._reader.names() | {"table": item.table.name})
        return str(name)

    # --- talking ----------------------------------------------------------------------------------

    def _ask(self, sql: str, **values: Any) -> Any:
        return self._explained(lambda: self._reader.session.scalar(sa.text(sql).bindparams(**values)))  # type: ignore[arg-type]

    def _explained(self, question: Any) -> Any:
        """Run it; a refusal says which right or setting is missing."""
        try:
            return self._reader.ask(question)
        except Problem as problem:
            reason = str(problem.params.get("reason", ""))
            for words, missing, statement in _HELP:
                if re.search(words, reason, re.IGNORECASE):
                    user = self._reader.session.scalar(sa.text("SELECT current_user"))  # type: ignore[arg-type]
                    raise off(self._reader, missing, statement.format(user=user)) from problem
            raise


def default_slot(system: str, object_name: str, database: str) -> str:
    """waterworks_<system>_<object>_<database>: slots of all databases of a server share one list of names."""
    digest = hashlib.sha256(database.encode()).hexdigest()[:6]
    return f"waterworks_{system}_{object_name}"[:56] + f"_{digest}"


# What a refusal says, what is missing, what helps.
_HELP = (
    (r"replication|permission denied|权限", "REPLICATION", 'ALTER ROLE "{user}" REPLICATION'),
    (
        r"max_replication_slots|slots are in use",
        "max_replication_slots",
        "ALTER SYSTEM SET max_replication_slots = 20; (restart)",
    ),
    (r"test_decoding", "test_decoding", "apt-get install postgresql-contrib"),
)


def images_of(text: str) -> list[dict[str, str | None]]:
    """The rows a line tells of, old key first: {column: value as text, None for NULL}.

    A value the log leaves out because it did not change is not among them.
    """
    if not text.startswith("old-key: "):
        return [image] if (image := _image(text)) else []
    words = " new-tuple: "
    place = text.find(words)
    while text[:place].count("'") % 2 == 1:  # the words stand inside a value of the old key
        place = text.find(words, place + 1)
    return [_image(text[len("old-key: ") : place]), _image(text[place + len(words) :])]


def _image(text: str) -> dict[str, str | None]:
    image: dict[str, str | None] = {}
    for name, kind, value in _COLUMN.findall(text):
        if value == "unchanged-toast-datum":
            continue
        column = name[1:-1].replace('""', '"') if name.startswith('"') else name
        image[column] = None if value == "null" else _unquoted(value, kind)
    return image


def _unquoted(value: str, kind: str) -> str:
    if not value.endswith("'"):
        return value
    text = value[value.index("'") + 1 : -1]
    return text.replace("''", "'")
