"""What waits for whom, and whether the sources are on time: the home page's figures."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from portal.web.sessions import User
from portal.web.store import Row, rows


def uploads_waiting(connection: Connection[Any], user: User) -> list[Row]:
    """Uploads this user must act on, oldest first: to approve (steward), to submit or to mend (their own)."""
    return rows(
        connection,
        """select u.id, u.file_name, u.status, u.created_at, u.decision_note, a.name as user_name,
             case when u.status = 'submitted' then 'approve' when u.status = 'returned' then 'mend'
                  else 'submit' end as task
           from ops.upload u left join ops.user_account a on a.login = u.login
           where (u.status = 'submitted' and %(steward)s and u.login <> %(login)s)
              or (u.login = %(login)s and u.created_at > now() - interval '30 days'
                  and u.status in ('checked', 'returned', 'unreadable', 'failed'))
           order by u.created_at limit 20""",
        {"login": user.login, "steward": user.role in ("it", "coach")},
    )


def department_issues(connection: Connection[Any], department: str) -> list[Row]:
    """The largest open issues of one department."""
    return rows(
        connection,
        """select rule, dataset, severity, count(distinct source_key) as rows from quality.finding
           where resolved_at is null and department = %(department)s
           group by rule, dataset, severity order by severity = 'error' desc, count(*) desc limit 5""",
        {"department": department},
    )


def source_status(connection: Connection[Any]) -> list[Row]:
    """[{system, ok_at, on_time, failed}] from the loads of each source."""
    return rows(
        connection,
        """with last as (select distinct on (dataset) dataset, system, status from ops.load
                         where system <> 'uploads' and kind = 'read' order by dataset, id desc)
           select l.system, max(l.finished_at) filter (where l.status = 'ok') as ok_at,
             coalesce(max(l.finished_at) filter (where l.status = 'ok') > now() - interval '26 hours', false)
               as on_time,
             (select count(*) from last where last.system = l.system and last.status in ('failed', 'interrupted'))
               as failed
           from ops.load l where l.system <> 'uploads' and l.kind = 'read' group by l.system order by l.system""",
    )
