"""Loads, connection checks, files seen, audit lines: what IT looks at."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from connectors.base import Check
from portal.web.store import Row, rows


def last_loads(connection: Connection[Any]) -> list[Row]:
    """The newest read of every dataset, with `adds_up`, the time of the last good one, and what came back since.

    came_back: rows that were held and are loaded now, in that read or after it by what somebody decided or uploaded.
    """
    return rows(
        connection,
        """select distinct on (l.dataset) l.*,
             l.rows_read = l.loaded + l.held + l.rejected + l.unchanged as adds_up,
             (select max(finished_at) from ops.load g
              where g.dataset = l.dataset and g.status = 'ok' and g.kind = 'read') as ok_at,
             (select sum(returned) from ops.load s where s.dataset = l.dataset and s.id >= l.id) as came_back
           from ops.load l where l.kind = 'read' order by l.dataset, l.id desc""",
    )


def checks(connection: Connection[Any]) -> dict[str, Row]:
    """The last connection check of each system."""
    return {row["system"]: row for row in rows(connection, "select * from ops.check_result")}


def store_check(connection: Connection[Any], check: Check) -> None:
    """Keep the answer of a connection check, with every point it looked at."""
    points = [
        {
            "point": p.point,
            "verdict": p.verdict,
            "sentence": {"zh": p.sentence.zh, "en": p.sentence.en},
            "object": p.object,
        }
        for p in check.points
    ]
    connection.execute(
        """insert into ops.check_result (system, ok, sentence_zh, sentence_en, points, checked_at)
           values (%s, %s, %s, %s, %s, now())
           on conflict (system) do update set ok = excluded.ok, sentence_zh = excluded.sentence_zh,
             sentence_en = excluded.sentence_en, points = excluded.points, checked_at = excluded.checked_at""",
        (check.system, check.ok, check.sentence.zh, check.sentence.en, Jsonb({"points": points})),
    )


def open_alerts(connection: Connection[Any]) -> list[Row]:
    """Alerts nobody has taken note of yet, newest first; `datasets`: all that one sentence stands for."""
    return rows(
        connection,
        """select max(id) as id, system, severity, problem, max(times) as times, max(last_raised_at) as last_raised_at,
             coalesce(array_agg(dataset order by dataset) filter (where dataset is not null), '{}') as datasets
           from ops.alert where seen_at is null
           group by system, severity, problem order by last_raised_at desc limit 50""",
    )


def schema_changes(connection: Connection[Any]) -> list[Row]:
    """Changes of source tables: all that wait for a decision, then what was found in the last 90 days."""
    return rows(
        connection,
        """select * from ops.schema_change where status = 'waiting' or found_at > now() - interval '90 days'
           order by status = 'waiting' desc, id desc limit 200""",
    )


def files(connection: Connection[Any], status: str | None) -> list[Row]:
    """Every file seen in a watched folder, what needs attention first."""
    return rows(
        connection,
        """select * from ops.source_file where %(status)s::text is null or status = %(status)s
           order by status in ('unreadable', 'unknown') desc, system, path limit 1000""",
        {"status": status},
    )


def audit_lines(connection: Connection[Any], login: str | None, page: int, size: int) -> list[Row]:
    """One page of the audit log, newest first; one row more than `size` if there are older ones."""
    return rows(
        connection,
        """select a.*, u.name from ops.audit a left join ops.user_account u on u.login = a.login
           where %(login)s::text is null or a.login = %(login)s
           order by a.id desc limit %(limit)s offset %(offset)s""",
        {"login": login, "limit": size + 1, "offset": (page - 1) * size},
    )
