"""MariaDB and MySQL: the binary log in row format, read as a replica would by mysql-replication.

Belongs here: positions in the log, its events. Does not belong here: what is read for a changed key
(`changes/__init__.py`).

A transaction stands in the log a moment before others see it. MariaDB tells the position that belongs to
a snapshot (START TRANSACTION WITH CONSISTENT SNAPSHOT): all before it is visible from then on. MySQL does
not, so there each read begins where the one before began: every change is looked at twice.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from connectors.erp.database.target import DEFAULT_PORTS, odbc_items
from connectors.erp.reading.changes.log import Changes, Values, Watched, key_problem, off, typed, watched
from connectors.erp.reading.reader import Reader
from schemas.problems import Problem

CONNECT_SECONDS = 10
MYSQL_SETTLE_SECONDS = 2.0  # between noting a first position and reading, where no snapshot tells it
_QUIET = re.compile(r"^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|XA |#|START )", re.IGNORECASE)
_RIGHT = "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {user}"
Position = tuple[str, int]


class BinaryLog:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._watched = watched(reader.plan)
        self._settings = _settings(reader)

    def here(self) -> dict[str, Any]:
        with self._connection() as ask:
            self._refuse_unreadable(ask)
            for item in self._watched:
                self._ordinals(ask, item)
            end, visible = self._end(ask)
        if not visible:
            time.sleep(MYSQL_SETTLE_SECONDS)
        return {"server": self._server, "from": list(end), "to": list(end)}

    def since(self, position: dict[str, Any]) -> Changes | None:
        start = (str(position["from"][0]), int(position["from"][1]))
        with self._connection() as ask:
            self._refuse_unreadable(ask)
            kept = {str(row[0]) for row in ask("SHOW BINARY LOGS")}
            end, visible = self._end(ask)
            ordinals = [self._ordinals(ask, item) for item in self._watched]
        if position["server"] != self._server or start[0] not in kept or start > end:
            return None
        following = list(end) if visible else list(position["to"])
        changes = Changes({"server": self._server, "from": following, "to": list(end)}, [{} for _ in self._watched])
        if start < end:
            self._follow(start, end, ordinals, changes)
        return changes

    # --- the log ----------------------------------------------------------------------------------

    def _follow(self, start: Position, end: Position, ordinals: list[list[int]], changes: Changes) -> None:
        from pymysqlreplication import BinLogStreamReader
        from pymysqlreplication.event import QueryEvent
        from pymysqlreplication.logger import logger
        from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent

        logger.setLevel("ERROR")  # it asks for names of columns, which we take from the catalogue
        rows = [DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent]
        names = {item.table.name for item in self._watched}
        stream = BinLogStreamReader(
            connection_settings=dict(self._settings),
            server_id=2**31 + secrets.randbelow(2**31 - 1),  # every reader is a replica of its own
            blocking=False,
            resume_stream=True,
            log_file=start[0],
            log_pos=start[1],
            only_events=[*rows, QueryEvent],
            only_tables=sorted(names),
            only_schemas=[self._settings["database"]],
            enable_logging=False,
        )
        try:
            for event in stream:
                if (stream.log_file, stream.log_pos) > end:
                    break
                if isinstance(event, QueryEvent):
                    if self._concerns(event, names):
                        changes.everything = True
                    continue
                for number, item in enumerate(self._watched):
                    if event.table == item.table.name:
                        self._take(event, number, item, ordinals[number], changes)
        except Exception as error:
            raise self._reader.explained(error) from error
        finally:
            stream.close()

    def _concerns(self, event: Any, names: set[str]) -> bool:
        """A statement in the log that is no row: the table was altered, emptied, or the log is not in row format."""
        query = event.query if isinstance(event.query, str) else event.query.decode("utf-8", "replace")
        return not _QUIET.match(query) and any(name.casefold() in query.casefold() for name in names)

    def _take(self, event: Any, number: int, item: Watched, ordinals: list[int], changes: Changes) -> None:
        for row in event.rows:
            before = list((row.get("before_values") or row.get("values") or {}).values())
            after = list((row.get("after_values") or row.get("values") or {}).values())
            for image in (before, after):
                # A log with minimal rows leaves out of the new image what did not change.
                picked = [image[place] if image[place] is not None else before[place] for place in ordinals]
                if None in picked:
                    column = item.columns[picked.index(None)]
                    if number == 0 and not column.nullable:
                        raise key_problem(self._reader, column.name)
                    # A main row without a key is read every time; what a joined one was matched by is unknown.
                    changes.everything = changes.everything or number > 0
                    continue
                values: Values = tuple(typed(column, value) for column, value in zip(item.columns, picked, strict=True))
                changes.rows[number][values] = None

    # --- asking the server ------------------------------------------------------------------------

    def _end(self, ask: Any) -> tuple[Position, bool]:
        """(the end of the log, whether all before it is visible from now on)."""
        ask("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        found = dict(ask("SHOW STATUS LIKE 'binlog_snapshot_%'"))
        ask("ROLLBACK")
        if found.get("Binlog_snapshot_file"):
            return (found["Binlog_snapshot_file"], int(found["Binlog_snapshot_position"])), True
        try:
            status = ask("SHOW MASTER STATUS")
        except Exception:  # noqa: BLE001 - MySQL 8.4 knows only the new words
            status = ask("SHOW BINARY LOG STATUS")
        return (str(status[0][0]), int(status[0][1])), False

    def _refuse_unreadable(self, ask: Any) -> None:
        """Problem `erp_changes_off` or `erp_changes_table` with what is missing and the statement that helps."""
        settings = dict(
            ask("SHOW VARIABLES WHERE Variable_name IN ('log_bin','binlog_format','binlog_row_metadata','server_id')")
        )
        self._server = str(settings.get("server_id", ""))
        if settings.get("log_bin") != "ON":
            raise off(
                self._reader,
                "log_bin = OFF",
                "[mysqld] log_bin = binlog, server_id = 1, binlog_format = ROW; (restart)",
            )
        if settings.get("binlog_format", "ROW") != "ROW":
            raise off(self._reader, f"binlog_format = {settings['binlog_format']}", "SET GLOBAL binlog_format = 'ROW'")
        plain = all(_is_plain_number(column) for item in self._watched for column in item.columns)
        if not plain and settings.get("binlog_row_metadata", "NO_LOG") == "NO_LOG":
            # Without it the log says neither which character set a text is in nor whether a number has a sign.
            raise off(self._reader, "binlog_row_metadata = NO_LOG", "SET GLOBAL binlog_row_metadata = 'MINIMAL'")
        try:
            ask("SHOW BINARY LOGS")
        except Exception as error:
            user = self._settings["user"]
            raise off(self._reader, "REPLICATION SLAVE, REPLICATION CLIENT", _RIGHT.format(user=user)) from error

    def _ordinals(self, ask: Any, item: Watched) -> list[int]:
        """Places of the watched columns in a row of the log."""
        found = ask(
            "SELECT c.COLUMN_NAME FROM information_schema.COLUMNS c JOIN information_schema.TABLES t"
            " ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME AND t.TABLE_TYPE = 'BASE TABLE'"
            " WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = %s ORDER BY c.ORDINAL_POSITION",
            (item.table.name,),
        )
        names = [str(row[0]) for row in found]
        if not names:
            raise Problem("erp_changes_table", **self._reader.names() | {"table": item.table.name})
        return [names.index(column.name) for column in item.columns]

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """A function that runs one statement; replication needs rights a reading session may lack."""
        import pymysql

        try:
            connection = pymysql.connect(**self._settings)
        except pymysql.MySQLError as error:
            raise self._reader.explained(error) from error

        def ask(sql: str, values: tuple[Any, ...] = ()) -> tuple[tuple[Any, ...], ...]:
            with connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return tuple(cursor.fetchall())

        try:
            yield ask
        except pymysql.MySQLError as error:
            raise self._reader.explained(error) from error
        finally:
            connection.close()


def _is_plain_number(column: Any) -> bool:
    return bool(pa.types.is_integer(column.arrow)) and "unsigned" not in column.type_name.lower()


def _settings(reader: Reader) -> dict[str, Any]:
    """pymysql's arguments out of a URL or an ODBC connection string."""
    target = reader.target
    common = {"connect_timeout": CONNECT_SECONDS, "charset": "utf8mb4", "autocommit": True}
    if target.url is not None:
        url = target.url
        return {
            "host": url.host or "localhost",
            "port": url.port or DEFAULT_PORTS["mysql"],
            "user": url.username or "",
            "password": url.password or "",
            "database": url.database or "",
            **common,
        }
    items = {key.lower(): value for key, value in odbc_items(target.odbc or "")}
    host, port = target.address or ("localhost", DEFAULT_PORTS["mysql"])
    return {
        "host": host,
        "port": port,
        "user": items.get("uid", items.get("user", "")),
        "password": items.get("pwd", items.get("password", "")),
        "database": target.database,
        **common,
    }
