"""Schema drift: what changed in the columns of a source since it was last read, and whether to read on.

Belongs here: comparing two descriptions of a source, remembering them, and the policy that decides. Not
here: asking a source for its columns (connectors), telling people (hub/alerts.py, the portal).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from connectors.base import SourceField, SourceSchema
from schemas.problems import Problem

Kind = Literal["added", "dropped", "renamed", "retyped", "narrowed", "widened"]

# A dropped and an added column of one table look like one renamed column if their types are equal and
# their names this similar, or if the new one stands exactly where the old one stood.
RENAME_SIMILARITY = 0.6


@dataclass(frozen=True)
class Change:
    """column: "table.column" (the old name of a renamed one); used: the dataset reads it."""

    kind: Kind
    column: str
    before: str | None
    after: str | None
    used: bool

    @property
    def needs_a_decision(self) -> bool:
        """True if reading on could change or lose values that the dataset brings."""
        return self.used and self.kind in ("dropped", "renamed", "retyped", "narrowed")

    def __str__(self) -> str:
        """The change in signs that need no translation."""
        if self.kind == "added":
            return f"+ {self.column} ({self.after})"
        if self.kind == "dropped":
            return f"- {self.column} ({self.before})"
        if self.kind == "renamed":
            return f"{self.column} → {self.after}"
        return f"{self.column}: {self.before} → {self.after}"


def compare(before: Mapping[str, SourceField], now: SourceSchema) -> list[Change]:
    """Every difference between the columns a source had and the ones it has, in the order of the columns."""
    gone = [name for name in before if name not in now.fields]
    new = [name for name in now.fields if name not in before]
    changes: list[Change] = []
    for name in gone:
        used = now.uses(name, before[name])
        to = _renamed_to(name, before, new, now.fields)
        if to is not None:
            new.remove(to)
            changes.append(Change("renamed", name, name, to, used))
        else:
            changes.append(Change("dropped", name, before[name].type, None, used))
    changes += [Change("added", name, None, now.fields[name].type, now.fields[name].used) for name in new]
    for name, field in now.fields.items():
        if name in before and (kind := _type_change(before[name].type, field.type)):
            changes.append(Change(kind, name, before[name].type, field.type, field.used))
    return changes


def watch(connection: psycopg.Connection[Any], dataset: str, now: SourceSchema, load_id: int) -> list[Change]:
    """Compare the source with what is remembered of it, write down what changed, and decide.

    Returns the changes that reading goes on with. Raises Problem `schema_paused` or `schema_changed`
    (policy fail) if the policy says stop; the changes are on record by then, and nothing is forgotten:
    the next load asks again, until the source is as it was, the configuration no longer uses the
    columns, or a person has accepted the changes.
    """
    with connection.transaction():
        row = connection.execute("select columns from ops.source_schema where dataset = %s", (dataset,)).fetchone()
        if row is None:
            _remember(connection, dataset, now)
            return []
        changes = compare({name: SourceField(*field) for name, *field in row[0]["fields"]}, now)
        accepted = _accepted(connection, dataset)
        open_questions = [change for change in changes if _stops(change, now.policy) and _facts(change) not in accepted]
        _settle_reverted(connection, dataset, open_questions)
        _write_down(connection, dataset, changes, open_questions, load_id)
        if not open_questions and changes:
            _remember(connection, dataset, now)
    if open_questions:
        listed = "; ".join(map(str, open_questions))
        code = "schema_changed" if now.policy == "fail" else "schema_paused"
        raise Problem(code, dataset=dataset, changes=listed)
    return changes


def part_of(dataset: str, database: str) -> str:
    """What is remembered of one database of several behind a dataset."""
    return f"{dataset}@{database}" if database else dataset


def accept(connection: psycopg.Connection[Any], dataset: str, by: str) -> int:
    """Read on with the changed source from the next load; returns how many changes were accepted.

    The alerts about the change have served their purpose.
    """
    connection.execute(
        "update ops.alert set seen_at = now(), seen_by = %s where dataset = %s and seen_at is null"
        " and problem->>'code' in ('schema_paused', 'schema_changed')",
        (by, dataset),
    )
    return connection.execute(
        "update ops.schema_change set status = 'accepted', decided_by = %s, decided_at = now()"
        " where split_part(dataset, '@', 1) = %s and status = 'waiting'",
        (by, dataset),
    ).rowcount


def _stops(change: Change, policy: str) -> bool:
    if not change.needs_a_decision:
        return False
    # Reading on without a column would turn its values into blanks: no policy takes that for granted.
    return policy != "evolve" or change.kind in ("dropped", "renamed")


def _renamed_to(
    name: str, before: Mapping[str, SourceField], new: Iterable[str], fields: Mapping[str, SourceField]
) -> str | None:
    table, _, column = name.rpartition(".")
    old_place = _place(name, before)
    best, score = None, 0.0
    for candidate in new:
        new_table, _, new_column = candidate.rpartition(".")
        if new_table != table or fields[candidate].type != before[name].type:
            continue
        likeness = difflib.SequenceMatcher(None, column.casefold(), new_column.casefold()).ratio()
        if _place(candidate, fields) == old_place:
            likeness = max(likeness, RENAME_SIMILARITY)
        if likeness >= RENAME_SIMILARITY and likeness > score:
            best, score = candidate, likeness
    return best


def _place(name: str, fields: Mapping[str, SourceField]) -> int:
    """The position of a column within its table."""
    table = name.rpartition(".")[0]
    return [other for other in fields if other.rpartition(".")[0] == table].index(name)


def _type_change(before: str, after: str) -> Kind | None:
    if before == after:
        return None
    old_name, old_sizes = _parts(before)
    new_name, new_sizes = _parts(after)
    if old_name != new_name or len(old_sizes) != len(new_sizes):
        return "retyped"
    # numeric(p, s): digits before the point count as well, so p must not shrink relative to s.
    if len(old_sizes) == 2:
        old_sizes, new_sizes = [old_sizes[0] - old_sizes[1], old_sizes[1]], [new_sizes[0] - new_sizes[1], new_sizes[1]]
    if any(new < old for old, new in zip(old_sizes, new_sizes, strict=True)):
        return "narrowed"
    return "widened" if old_sizes != new_sizes else "retyped"


def _parts(type_name: str) -> tuple[str, list[int]]:
    """("VARCHAR", [80]) of 'VARCHAR(80) COLLATE "x"': a collation or character set is not a size."""
    text = re.sub(r'\s+(COLLATE|CHARACTER SET)\s+("[^"]*"|\S+)', "", type_name, flags=re.IGNORECASE)
    sizes = re.search(r"\(([\d,\s]+)\)", text)
    name = re.sub(r"\([^)]*\)", "", text).strip().upper()
    return name, [int(size) for size in sizes[1].split(",")] if sizes else []


def _facts(change: Change) -> tuple[str, str, str | None, str | None]:
    return change.kind, change.column, change.before, change.after


def _remember(connection: psycopg.Connection[Any], dataset: str, now: SourceSchema) -> None:
    # A list, because JSON objects forget the order of their keys, and the place of a column tells of renames.
    fields = [[name, field.type, field.nullable, field.used] for name, field in now.fields.items()]
    connection.execute(
        "insert into ops.source_schema (dataset, columns) values (%s, %s) on conflict (dataset)"
        " do update set columns = excluded.columns, seen_at = now()",
        (dataset, Jsonb({"fields": fields})),
    )


def _accepted(connection: psycopg.Connection[Any], dataset: str) -> set[tuple[str, str, str | None, str | None]]:
    """Accepted changes that are newer than what is remembered."""
    found = connection.execute(
        "select c.kind, c.column_name, c.before, c.after from ops.schema_change c join ops.source_schema s"
        " using (dataset) where c.dataset = %s and c.status = 'accepted' and c.decided_at >= s.seen_at",
        (dataset,),
    ).fetchall()
    return {(row[0], row[1], row[2], row[3]) for row in found}


def _settle_reverted(connection: psycopg.Connection[Any], dataset: str, still: list[Change]) -> None:
    """Questions nobody has to answer any more, because source or configuration no longer ask them."""
    waiting = connection.execute(
        "select id, kind, column_name, before, after from ops.schema_change where dataset = %s and status = 'waiting'",
        (dataset,),
    ).fetchall()
    asked = {_facts(change) for change in still}
    done = [row[0] for row in waiting if tuple(row[1:]) not in asked]
    connection.execute(
        "update ops.schema_change set status = 'reverted', decided_at = now() where id = any(%s)", (done,)
    )


def _write_down(
    connection: psycopg.Connection[Any], dataset: str, changes: list[Change], stopping: list[Change], load_id: int
) -> None:
    known = {
        tuple(row)
        for row in connection.execute(
            "select kind, column_name, before, after from ops.schema_change c where dataset = %s"
            " and (status in ('waiting', 'accepted') or found_at >= (select seen_at from ops.source_schema s"
            " where s.dataset = c.dataset)) and status <> 'reverted'",
            (dataset,),
        ).fetchall()
    }
    stops = {_facts(change) for change in stopping}
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.schema_change (dataset, kind, column_name, before, after, used, status, load_id)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    dataset, change.kind, change.column, change.before, change.after, change.used,
                    "waiting" if _facts(change) in stops else "noted", load_id,
                )
                for change in changes
                if _facts(change) not in known
            ],
        )  # fmt: skip
