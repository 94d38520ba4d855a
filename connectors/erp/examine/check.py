"""`waterworks check` of an ERP: everything worth knowing before a sync, point by point, nothing written.

Belongs here: the order of the points about the connection, and the sum of them all. Does not belong here:
the points about one table (`check_object.py`), the questions (`facts.py`, `rights.py`), other sources.

A point is bad if a sync would fail or bring wrong rows, warn if it works and somebody should know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.base import Check, CheckPoint, Verdict
from connectors.erp.config import ErpTableConfig
from connectors.erp.database.catalogue import Catalogue
from connectors.erp.database.clock import clock_statement
from connectors.erp.database.session import Session
from connectors.erp.database.target import Target
from connectors.erp.examine.check_object import object_points
from connectors.erp.examine.facts import encryption, family, indexes, row_estimates, told
from connectors.erp.examine.rights import writing_rights
from connectors.erp.examine.text_encodings import text_encodings
from connectors.erp.reading.query import Plan
from schemas.model import Text
from schemas.problems import Problem

# Counting and looking for repeated keys ends here: the portal waits 20 s for a check.
SLOW_SECONDS = 8.0
CLOCK_SECONDS = 60
_LOCAL = ("127.0.0.1", "localhost", "::1")

# What a connection that could not be opened failed at.
_POINT_OF = {
    "erp_driver_missing": "driver",
    "erp_login_failed": "login",
    "erp_database_missing": "database",
    "erp_file_missing": "network",
    "erp_host_unknown": "network",
    "erp_port_closed": "network",
    "erp_no_answer": "network",
    "erp_unreachable": "network",
}
_ZONE = {
    "mysql": "SELECT CAST(TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(),"
    " CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@global.time_zone)) AS CHAR)",
    "mssql": "SELECT CAST(DATEPART(TZOFFSET, SYSDATETIMEOFFSET()) AS varchar(9))",
    "oracle": "SELECT TO_CHAR(EXTRACT(TIMEZONE_HOUR FROM SYSTIMESTAMP) * 60"
    " + EXTRACT(TIMEZONE_MINUTE FROM SYSTIMESTAMP)) FROM dual",
}


@dataclass(frozen=True)
class Questions:
    """How a check talks to one ERP. session: opens a connection, raises Problem. plan: resolves an object's
    names and runs its statement without rows, raises Problem."""

    system: str
    target: Target
    timezone: str
    encoding: str | None
    session: Callable[[], AbstractContextManager[Session]]
    plan: Callable[[Session, Catalogue, ErpTableConfig], Plan]


def check_erp(ask: Questions, objects: dict[str, ErpTableConfig]) -> Check:
    """Every point, and the sentence that sums them up: the first bad one, else that it works."""
    points = tuple(_points(ask, objects))
    return summed_up(ask.system, points, _works(ask, objects))


def summed_up(system: str, points: tuple[CheckPoint, ...], works: Text) -> Check:
    """The check these points make; `works` is said if none of them is bad."""
    bad = [point.sentence for point in points if point.verdict == "bad"]
    return Check(system, not bad, bad[0] if bad else works, points)


def point(name: str, verdict: Verdict, problem: Problem, object_name: str | None = None) -> CheckPoint:
    return CheckPoint(name, verdict, Text(problem.text("zh"), problem.text("en")), object_name)


def _works(ask: Questions, objects: dict[str, ErpTableConfig]) -> Text:
    count = len({config.table for config in objects.values()})
    problem = Problem("erp_check_works", system=ask.system, host=ask.target.host, count=count)
    return Text(problem.text("zh"), problem.text("en"))


def _points(ask: Questions, objects: dict[str, ErpTableConfig]) -> Iterator[CheckPoint]:
    began = time.monotonic()
    try:
        with ask.session() as session:
            yield from _connection_points(ask, session, (time.monotonic() - began) * 1000)
            yield from _table_points(ask, session, objects)
            yield from _encoding_points(ask, session, objects)
            yield from _clock_points(ask, session)
            yield from _rights_points(ask, session)
    except Problem as problem:
        yield point(_POINT_OF.get(problem.code, "connection"), "bad", problem)


def _connection_points(ask: Questions, session: Session, milliseconds: float) -> Iterator[CheckPoint]:
    system, host = ask.system, ask.target.host
    driver = ask.target.driver or session.dialect.name
    yield point("driver", "ok", Problem("erp_check_driver", system=system, driver=driver, dialect=family(session)))
    yield point("network", "ok", Problem("erp_check_network", system=system, host=host, ms=round(milliseconds)))
    secured = encryption(session)
    if secured:
        yield point("tls", "ok", Problem("erp_check_encrypted", system=system, by=secured))
    elif secured == "" and ask.target.address is not None and ask.target.address[0] not in _LOCAL:
        yield point("tls", "warn", Problem("erp_check_not_encrypted", system=system, host=host))
    yield point("login", "ok", Problem("erp_check_login", system=system))


def _table_points(ask: Questions, session: Session, objects: dict[str, ErpTableConfig]) -> Iterator[CheckPoint]:
    catalogue = session.catalogue()
    count = len(catalogue.names())
    database = ask.target.database or ask.target.host
    if not count:
        yield point("database", "bad", Problem("erp_check_no_tables", system=ask.system, database=database))
        return
    yield point("database", "ok", Problem("erp_check_database", system=ask.system, database=database, count=count))
    known = indexes(session)
    estimates = row_estimates(session) or {}
    deadline = time.monotonic() + SLOW_SECONDS
    for config in objects.values():
        yield from object_points(config, session, catalogue, ask.plan, known, estimates, deadline)


def _encoding_points(ask: Questions, session: Session, objects: dict[str, ErpTableConfig]) -> Iterator[CheckPoint]:
    tables = {name.rpartition(".")[2] for config in objects.values() for name in _tables(config)}
    found = text_encodings(session, tables)
    if found is None or not found.names:
        return
    names = ", ".join(found.names[:4])
    told = [ask.encoding] if ask.encoding is not None else []
    for config in objects.values():
        told += [config.encoding] if config.encoding else [*config.columns_encoding.values()]
    doubtful = [] if ask.encoding is not None else _undecided(found.western, objects)
    if told and not doubtful:
        encoding = ", ".join(dict.fromkeys(told))
        yield point(
            "encoding", "ok", Problem("erp_check_encoding_set", system=ask.system, names=names, encoding=encoding)
        )
    elif doubtful:
        columns = ", ".join(doubtful[:5]) + (" ..." if len(doubtful) > 5 else "")
        yield point("encoding", "warn", Problem("erp_check_western", system=ask.system, names=names, columns=columns))
    else:
        yield point("encoding", "ok", Problem("erp_check_encoding", system=ask.system, names=names))


def _undecided(western: tuple[str, ...], objects: dict[str, ErpTableConfig]) -> list[str]:
    """Columns of a Western encoding for which no object says what they really hold."""
    decided: set[str] = set()
    for config in objects.values():
        tables = [name.rpartition(".")[2].casefold() for name in _tables(config)]
        if config.encoding is not None:
            decided.update(tables)
        decided.update(f"{tables[0]}.{column.casefold()}" for column in config.columns_encoding)
    return [name for name in western if not {name.casefold(), name.rpartition(".")[0].casefold()} & decided]


def _tables(config: ErpTableConfig) -> Iterable[str]:
    return (config.table, *(join.table for join in config.joins))


def _clock_points(ask: Questions, session: Session) -> Iterator[CheckPoint]:
    if session.dialect.name == "sqlite":
        return  # this machine's own clock
    here = datetime.now(ZoneInfo(ask.timezone))
    stamp = session.scalar(clock_statement(session.dialect))
    there = (stamp if isinstance(stamp, datetime) else datetime.fromisoformat(str(stamp))).replace(tzinfo=None)
    seconds = (there - here.replace(tzinfo=None)).total_seconds()
    hours = round(seconds / 1800) / 2
    # Half an hour or more to the minute is another zone, not a clock that runs fast.
    if hours and abs(seconds - hours * 3600) <= CLOCK_SECONDS:
        seconds -= hours * 3600
        yield point("timezone", "warn", _zone_off(ask, hours))
    else:
        yield from _zone_points(ask, session, here)
    code = "erp_check_clock" if abs(seconds) <= CLOCK_SECONDS else "erp_check_clock_off"
    verdict: Verdict = "ok" if code == "erp_check_clock" else "warn"
    yield point("clock", verdict, Problem(code, system=ask.system, seconds=f"{seconds:+.0f}"))


def _zone_points(ask: Questions, session: Session, here: datetime) -> Iterator[CheckPoint]:
    """The zone the server itself lives in, where sessions can be in another one."""
    question = _ZONE.get(family(session))
    rows = None if question is None else told(session, question, 1)
    if not rows or rows[0][0] is None:
        return
    offset = here.utcoffset()
    hours = int(rows[0][0]) / 60 - (offset.total_seconds() / 3600 if offset else 0)
    if hours:
        yield point("timezone", "warn", _zone_off(ask, hours))
    else:
        yield point("timezone", "ok", Problem("erp_check_zone", system=ask.system, timezone=ask.timezone))


def _zone_off(ask: Questions, hours: float) -> Problem:
    return Problem("erp_check_zone_off", system=ask.system, hours=f"{hours:+g}", timezone=ask.timezone)


def _rights_points(ask: Questions, session: Session) -> Iterator[CheckPoint]:
    rights = writing_rights(session, ask.target)
    if rights is None:
        yield point("rights", "ok", Problem("erp_check_rights_unknown", system=ask.system))
    elif rights.administrator:
        yield point("rights", "warn", Problem("erp_check_administrator", system=ask.system))
    elif rights.writes:
        yield point("rights", "warn", Problem("erp_check_can_write", system=ask.system, what=", ".join(rights.what)))
    else:
        yield point("rights", "ok", Problem("erp_check_reads_only", system=ask.system))
