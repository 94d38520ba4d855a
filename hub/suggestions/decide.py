"""Deciding: a suggestion accepted or dismissed, what is remembered switched off and on, a single value corrected.

Belongs here: the transactions of decisions and their line in ops.audit. Not here: who may decide (portal), applying
decisions to rows (hub/cleansing/decisions.py; rows of the store are judged again by hub/landing/rejudge.py).

Every function runs in the caller's transaction, waits for whoever decides on the same thing at that moment, and can
be repeated: the second time it changes nothing. Problems say who decided otherwise before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from hub.cleansing.registry import standardiser
from hub.landing.dataset import Dataset, dataset
from hub.suggestions.original import raw_of
from schemas.problems import Problem

Row = dict[str, Any]
Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Accepted:
    """remembered: id of the remembered value, correction: id of the correction; one of them. rows: rows it is about.

    datasets: whose rows are to be judged again.
    """

    rows: int
    datasets: tuple[str, ...]
    remembered: int | None = None
    correction: int | None = None


def accept(connection: Connection, suggestion_id: int, who: str, landing: Path) -> Accepted:
    """From now on the text means the suggested value, in all datasets of the department with this entity.

    A suggestion about one row only becomes a correction of that row. Raises Problem `suggestion_missing`,
    `suggestion_gone`, `suggestion_decided` and those of `remember` and `correct`.
    """
    found = _suggestion(connection, suggestion_id)
    if found["status"] == "gone":
        raise Problem("suggestion_gone", raw=found["raw_value"])
    if found["status"] == "dismissed":
        raise _decided(found)
    if found["row_key"]:
        why = f"{found['rule']} (#{suggestion_id})"
        correction = correct(
            connection, found["dataset"], found["row_key"], found["column_name"], found["value"], who, why, landing
        )
        _settle(connection, [suggestion_id], "accepted", who)
        return Accepted(1, (found["dataset"],), correction=correction)
    remembered = remember(
        connection, found["department"], found["entity"], found["column_name"], found["raw_value"], found["value"],
        found["rule"], who, found["dataset"],
    )  # fmt: skip
    same = _same(connection, found, "open", "accepted")
    _settle(connection, [row["id"] for row in same if row["status"] == "open"], "accepted", who)
    others = "update quality.suggestion set status = 'gone' where status = 'open' and department = %(department)s"
    connection.execute(
        f"{others} and entity = %(entity)s and column_name = %(column_name)s and raw_value = %(raw_value)s"
        " and row_key = '' and value <> %(value)s",
        found,
    )
    datasets = tuple(sorted({row["dataset"] for row in same}))
    return Accepted(sum(row["rows"] for row in same), datasets, remembered=remembered)


def dismiss(connection: Connection, suggestion_id: int, who: str, reason: str = "") -> int:
    """The suggestion is wrong and is not shown again, for this text of this column; returns the rows it was about.

    Raises Problem `suggestion_missing` and `suggestion_decided`.
    """
    found = _suggestion(connection, suggestion_id)
    if found["status"] == "accepted":
        raise _decided(found)
    same = _same(connection, found, "open", "gone", "dismissed") if not found["row_key"] else [found]
    waiting = [row["id"] for row in same if row["status"] in ("open", "gone")]
    if waiting:
        _settle(connection, waiting, "dismissed", who)
        _audit(connection, who, "suggestion_dismissed", found, suggestion=suggestion_id, reason=reason)
    return sum(row["rows"] for row in same)


def remember(
    connection: Connection,
    department: str,
    entity: str,
    column: str,
    raw: str,
    value: str,
    rule: str,
    who: str,
    dataset_name: str,
) -> int:
    """In rows of this department, this text of the column means the value; returns the remembered value's id.

    dataset_name: one of the department's datasets, for the standardiser of the column. Raises Problem
    `remembered_blank` for a text of nothing, `remembered_otherwise` if it means another value already, and
    `decision_not_standard` if the value is none of the column.
    """
    if not raw.strip():
        raise Problem("remembered_blank", column=column)
    standard = _standard(dataset(dataset_name, ""), column, value)
    place = {"department": department, "entity": entity, "column_name": column, "raw_value": raw, "value": standard,
             "rule": rule, "who": who}  # fmt: skip
    new = connection.execute(
        "insert into quality.remembered_value (department, entity, column_name, raw_value, value, rule, accepted_by)"
        " values (%(department)s, %(entity)s, %(column_name)s, %(raw_value)s, %(value)s, %(rule)s, %(who)s)"
        " on conflict (department, entity, column_name, raw_value) where active do nothing returning id",
        place,
    ).fetchone()
    if new is not None:
        _audit(connection, who, "value_remembered", place, remembered=int(new[0]))
        return int(new[0])
    known = _one(
        connection,
        "select * from quality.remembered_value where active and department = %(department)s and entity = %(entity)s"
        " and column_name = %(column_name)s and raw_value = %(raw_value)s",
        place,
    )
    if known is None:  # switched off between the two statements
        return remember(connection, department, entity, column, raw, value, rule, who, dataset_name)
    if known["value"] != standard:
        raise Problem("remembered_otherwise", raw=raw, value=known["value"], who=known["accepted_by"], id=known["id"])
    return int(known["id"])


def switch_off(connection: Connection, remembered_id: int, who: str) -> Row:
    """The remembered value no longer holds: the text means again what the source says. Returns its line.

    Raises Problem `remembered_missing`.
    """
    known = _remembered(connection, remembered_id)
    if known["active"]:
        _switch(connection, "remembered_value", remembered_id, False, who)
        connection.execute(
            "update quality.suggestion set status = 'gone' where status = 'accepted' and department = %(department)s"
            " and entity = %(entity)s and column_name = %(column_name)s and raw_value = %(raw_value)s"
            " and value = %(value)s and row_key = ''",
            known,
        )
        _audit(connection, who, "remembered_off", known, remembered=remembered_id)
    return known


def switch_on(connection: Connection, remembered_id: int, who: str) -> Row:
    """The remembered value holds again. Raises Problem `remembered_missing` and `remembered_otherwise`."""
    known = _remembered(connection, remembered_id)
    if known["active"]:
        return known
    # Whoever remembers the same text at this moment waits here, or is seen here.
    try:
        with connection.transaction():
            _switch(connection, "remembered_value", remembered_id, True, who)
    except psycopg.errors.UniqueViolation:
        other = _one(
            connection,
            "select * from quality.remembered_value where active and department = %(department)s"
            " and entity = %(entity)s and column_name = %(column_name)s and raw_value = %(raw_value)s",
            known,
        ) or known  # fmt: skip
        raise Problem(
            "remembered_otherwise", raw=known["raw_value"], value=other["value"], who=other["accepted_by"],
            id=other["id"],
        ) from None  # fmt: skip
    _audit(connection, who, "remembered_on", known, remembered=remembered_id)
    return known


def correct(
    connection: Connection,
    dataset_name: str,
    source_key: str,
    column: str,
    value: str | None,
    who: str,
    reason: str,
    landing: Path,
) -> int:
    """A steward's word on one value of one row, for as long as the source says there what it says now.

    value: None or blank empties it. Returns the correction's id. Raises Problem `correction_needs_reason`,
    `mapping_missing`, `decision_not_standard` and those of `raw_of`.
    """
    _need_reason(reason)
    about = dataset(dataset_name, "")
    raw = raw_of(connection, about, source_key, column, landing)
    return correct_known(connection, about, source_key, column, raw, value, who, reason)


def correct_known(
    connection: Connection,
    about: Dataset,
    source_key: str,
    column: str,
    raw: str | None,
    value: str | None,
    who: str,
    reason: str,
) -> int:
    """As `correct`, for a value whose raw text is known: a row of a file that is not landed yet."""
    _need_reason(reason)
    standard = _standard(about, column, value) if value is not None and value.strip() else None
    place = {"dataset": about.name, "source_key": source_key, "column_name": column, "raw_value": raw,
             "value": standard, "reason": reason.strip(), "who": who}  # fmt: skip
    # Two people at once: the second waits here and then sees what the first one said.
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{about.name}|{source_key}",))
    known = _one(
        connection,
        "select * from quality.correction where active and dataset = %(dataset)s and source_key = %(source_key)s"
        " and column_name = %(column_name)s",
        place,
    )
    if known is not None:
        if (known["raw_value"], known["value"]) == (raw, standard):
            return int(known["id"])
        _switch(connection, "correction", known["id"], False, who)
    new = connection.execute(
        "insert into quality.correction (dataset, source_key, column_name, raw_value, value, reason, decided_by)"
        " values (%(dataset)s, %(source_key)s, %(column_name)s, %(raw_value)s, %(value)s, %(reason)s, %(who)s)"
        " returning id",
        place,
    ).fetchone()
    number = int(new[0]) if new else 0
    _audit(connection, who, "value_corrected", place, correction=number, reason=reason.strip())
    return number


def take_back(connection: Connection, correction_id: int, who: str) -> Row:
    """The correction no longer holds: the row says again what the source says. Raises Problem `correction_missing`."""
    known = _one(connection, "select * from quality.correction where id = %(id)s for update", {"id": correction_id})
    if known is None:
        raise Problem("correction_missing", id=correction_id)
    if known["active"]:
        _switch(connection, "correction", correction_id, False, who)
        connection.execute(
            "update quality.suggestion set status = 'gone' where status = 'accepted' and dataset = %(dataset)s"
            " and row_key = %(source_key)s and column_name = %(column_name)s",
            known,
        )
        _audit(connection, who, "correction_taken_back", known, correction=correction_id)
    return known


# -- details -----------------------------------------------------------------------------------------


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise Problem("correction_needs_reason")


def _standard(about: Dataset, column: str, value: str) -> str:
    """The value as the hub writes it. Raises Problem `decision_not_standard` if the column cannot have it."""
    entry = next((entry for entry in about.mapping.columns if entry.column == column), None)
    if entry is None:
        known = ", ".join(entry.column for entry in about.mapping.columns)
        raise Problem("correction_column_unknown", dataset=about.name, column=column, known=known)
    answer = standardiser(about.contract.column(column), about.codes, entry.standard)(value)
    if answer.value is None:
        raise Problem("decision_not_standard", column=column, value=value)
    return answer.value


def _suggestion(connection: Connection, suggestion_id: int) -> Row:
    found = _one(connection, "select * from quality.suggestion where id = %(id)s for update", {"id": suggestion_id})
    if found is None:
        raise Problem("suggestion_missing", id=suggestion_id)
    return found


def _remembered(connection: Connection, remembered_id: int) -> Row:
    sql = "select * from quality.remembered_value where id = %(id)s for update"
    found = _one(connection, sql, {"id": remembered_id})
    if found is None:
        raise Problem("remembered_missing", id=remembered_id)
    return found


def _same(connection: Connection, like: Row, *statuses: str) -> list[Row]:
    """The same suggestion in every dataset of the department, locked in one order for everybody."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select * from quality.suggestion where department = %(department)s and entity = %(entity)s"
            " and column_name = %(column_name)s and raw_value = %(raw_value)s and value = %(value)s and row_key = ''"
            " and status = any(%(statuses)s) order by id for update",
            {**like, "statuses": list(statuses)},
        ).fetchall()


def _settle(connection: Connection, ids: list[int], status: str, who: str) -> None:
    connection.execute(
        "update quality.suggestion set status = %s, decided_by = %s, decided_at = now()"
        " where id = any(%s) and status <> %s",
        (status, who, ids, status),
    )


def _switch(connection: Connection, table: str, row_id: int, active: bool, who: str) -> None:
    connection.execute(
        f"update quality.{table} set active = %s, switched_by = %s, switched_at = now() where id = %s".encode(),
        (active, who, row_id),
    )


def _decided(found: Row) -> Problem:
    return Problem(
        "suggestion_was_accepted" if found["status"] == "accepted" else "suggestion_was_dismissed",
        raw=found["raw_value"],
        value=found["value"],
        who=found["decided_by"] or "-",
        at=f"{found['decided_at']:%Y-%m-%d %H:%M}" if found["decided_at"] else "-",
    )


def _audit(connection: Connection, who: str, action: str, about: Row, **more: Any) -> None:
    names = ("department", "entity", "dataset", "source_key", "column_name", "raw_value", "value")
    detail = {name: about[name] for name in names if name in about} | more
    subject = f"{about.get('dataset') or about.get('entity')}.{about['column_name']}"
    connection.execute(
        "insert into ops.audit (login, action, subject, detail) values (%s, %s, %s, %s)",
        (who, action, subject, Jsonb(detail)),
    )


def _one(connection: Connection, sql: str, params: Row) -> Row | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql.encode(), params).fetchone()
