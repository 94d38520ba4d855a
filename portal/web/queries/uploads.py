"""Uploads in the store: arrival, state changes, findings.

Belongs here: SQL over ops.upload and ops.upload_finding. Not here: checking a file (portal/checking.py).
A state changes only from the states it may come from, so that two people never decide twice.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from portal.web.sessions import User
from portal.web.store import Row, one, rows, value

STUCK_SECONDS = 10
_VISIBLE = "(%(all)s or u.login = %(login)s or u.department = %(department)s)"
_COLUMNS = f"""u.*, a.name as user_name, d.name as decider_name,
    u.status in ('queued', 'checking')
      and coalesce(u.heartbeat, u.created_at) < now() - interval '{STUCK_SECONDS} seconds' as stuck"""
_FROM = """ops.upload u left join ops.user_account a on a.login = u.login
    left join ops.user_account d on d.login = u.decided_by"""


def _who(user: User) -> dict[str, Any]:
    return {"all": user.role in ("it", "coach"), "login": user.login, "department": user.department}


def add(connection: Connection[Any], user: User, file_name: str, stored_path: str, sha256: str, size: int) -> int:
    """A new upload in the queue; returns its number."""
    number: int = value(
        connection,
        """insert into ops.upload (login, department, file_name, stored_path, sha256, size, status)
           values (%(login)s, %(department)s, %(file_name)s, %(stored_path)s, %(sha256)s, %(size)s, 'queued')
           returning id""",
        {**_who(user), "file_name": file_name, "stored_path": stored_path, "sha256": sha256, "size": size},
    )
    return number


def latest(connection: Connection[Any], user: User, limit: int = 50) -> list[Row]:
    """The newest uploads this user may see."""
    return rows(
        connection,
        f"select {_COLUMNS} from {_FROM} where {_VISIBLE} order by u.id desc limit %(limit)s",
        {**_who(user), "limit": limit},
    )


def get(connection: Connection[Any], user: User, upload_id: int) -> Row | None:
    """One upload, if this user may see it."""
    return one(
        connection,
        f"select {_COLUMNS} from {_FROM} where u.id = %(id)s and {_VISIBLE}",
        {**_who(user), "id": upload_id},
    )


def queue_again(connection: Connection[Any], upload_id: int) -> bool:
    """Put an upload that is stuck or could not be read back into the queue."""
    return _moved(
        connection,
        f"""update ops.upload set status = 'queued', heartbeat = now(), progress = 0, problem = null
            where id = %(id)s and (status = 'unreadable' or (status in ('queued', 'checking')
              and coalesce(heartbeat, created_at) < now() - interval '{STUCK_SECONDS} seconds')) returning id""",
        upload_id,
    )


def replace_locked(connection: Connection[Any], upload_id: int, stored_path: str) -> bool:
    """Check a workbook that was opened with a password; False if it is not waiting for one.

    Its SHA-256 stays that of the file as it was handed in, so that the same file is recognised anywhere.
    """
    return _moved(
        connection,
        """update ops.upload set status = 'queued', heartbeat = now(), progress = 0, problem = null,
             stored_path = %(stored_path)s
           where id = %(id)s and status = 'unreadable' and problem ->> 'code' like 'workbook_password%%'
           returning id""",
        upload_id,
        stored_path=stored_path,
    )


def submit(connection: Connection[Any], upload_id: int) -> bool:
    """checked -> submitted, if any row is ready."""
    return _moved(
        connection,
        """update ops.upload set status = 'submitted', submitted_at = now()
           where id = %(id)s and status = 'checked' and rows_ready > 0 returning id""",
        upload_id,
    )


def decide(connection: Connection[Any], upload_id: int, login: str, status: str, note: str) -> bool:
    """submitted -> approved or returned, by somebody else than the person who uploaded it."""
    return _moved(
        connection,
        """update ops.upload set status = %(status)s, decided_by = %(login)s, decided_at = now(),
             decision_note = nullif(%(note)s, '')
           where id = %(id)s and status = 'submitted' and login <> %(login)s returning id""",
        upload_id,
        status=status,
        login=login,
        note=note,
    )


def _moved(connection: Connection[Any], sql: str, upload_id: int, **more: Any) -> bool:
    return one(connection, sql, {"id": upload_id, **more}) is not None


def issue_groups(connection: Connection[Any], upload_id: int) -> list[Row]:
    """Findings, suggested changes and rejected rows per rule, blocking ones first; examples are [value, suggestion]."""
    return rows(
        connection,
        """select kind, rule, max(severity) as severity, bool_or(hold) as hold, count(*) as cells,
             count(suggestion) as suggestions, count(distinct row_no) as rows,
             (array_agg(distinct jsonb_build_array(value, suggestion))
               filter (where value is not null))[1:3] as examples,
             min(row_no) as first_row, min(source_column) as source_column
           from ops.upload_finding where upload_id = %(id)s and kind <> 'suggestion'
           group by kind, rule order by kind <> 'rejected', not bool_or(hold), kind = 'change', count(*) desc""",
        {"id": upload_id},
    )


def suggestions(connection: Connection[Any], upload_id: int) -> list[Row]:
    """Suggested values per text, the surest and most frequent first; `id` names one of the cells."""
    return rows(
        connection,
        """select min(id) as id, rule, column_name, source_column, value, suggestion, count(*) as cells,
             min(cell) as cell, max((detail ->> 'confidence')::float) as confidence,
             bool_or(detail ? 'key') as this_row_only
           from ops.upload_finding where upload_id = %(id)s and kind = 'suggestion'
           group by rule, column_name, source_column, value, suggestion,
             case when detail ? 'key' then row_no end
           order by max((detail ->> 'confidence')::float) * ln(count(*) + 1) desc, min(id) limit 200""",
        {"id": upload_id},
    )


def suggestion(connection: Connection[Any], upload_id: int, finding_id: int) -> Row | None:
    """One suggested cell of this upload."""
    return one(
        connection,
        "select * from ops.upload_finding where upload_id = %(id)s and id = %(finding)s and kind = 'suggestion'",
        {"id": upload_id, "finding": finding_id},
    )


def check_again(connection: Connection[Any], upload_id: int) -> bool:
    """checked or returned -> queued: decisions on its values are to be seen in it."""
    return _moved(
        connection,
        """update ops.upload set status = 'queued', heartbeat = now(), progress = 0, problem = null
           where id = %(id)s and status in ('checked', 'returned') returning id""",
        upload_id,
    )


def cells(connection: Connection[Any], upload_id: int, row_numbers: list[int]) -> list[Row]:
    """Everything found in these rows."""
    return rows(
        connection,
        """select * from ops.upload_finding where upload_id = %(id)s and row_no = any(%(rows)s) order by id""",
        {"id": upload_id, "rows": row_numbers},
    )


def rows_with_findings(
    connection: Connection[Any], upload_id: int, rule: str | None, page: int, size: int
) -> tuple[int, list[int]]:
    """(how many rows have a finding of the rule or of any, the row numbers of one page)."""
    where = "upload_id = %(id)s and kind <> 'rejected' and (%(rule)s::text is null or rule = %(rule)s)"
    params = {"id": upload_id, "rule": rule, "limit": size, "offset": (page - 1) * size}
    total: int = value(connection, f"select count(distinct row_no) from ops.upload_finding where {where}", params)
    numbers = rows(
        connection,
        f"""select distinct row_no from ops.upload_finding where {where} order by row_no
            limit %(limit)s offset %(offset)s""",
        params,
    )
    return total, [row["row_no"] for row in numbers]


def findings(connection: Connection[Any], upload_id: int) -> list[Row]:
    """All findings and suggested changes with a cell, in sheet order."""
    return rows(
        connection,
        """select * from ops.upload_finding where upload_id = %(id)s and cell is not null order by row_no, id""",
        {"id": upload_id},
    )


def rejected_rows(connection: Connection[Any], upload_id: int, limit: int = 20) -> list[Row]:
    """The first rows that could not be read as data."""
    return rows(
        connection,
        """select row_no, rule, value from ops.upload_finding where upload_id = %(id)s and kind = 'rejected'
           order by row_no limit %(limit)s""",
        {"id": upload_id, "limit": limit},
    )


def load_counts(connection: Connection[Any], load_id: int) -> Row | None:
    """The counts of the load an upload ended in."""
    return one(connection, "select * from ops.load where id = %(id)s", {"id": load_id})
