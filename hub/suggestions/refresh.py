"""Every suggestion of the store brought up to date: found again, counted per text, gone when its text is gone.

Belongs here: the SQL that keeps quality.suggestion_row and quality.suggestion. Not here: finding (compare.py,
apply_learned.py; while loading: pages.py), deciding (decide.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from hub.quality.literals import identifier, text
from hub.quality.sets.surroundings import Surroundings, value_text
from hub.suggestions.apply_learned import from_learned
from hub.suggestions.compare import from_comparing
from hub.suggestions.confidence import SHOWN, learned
from hub.suggestions.idea import Idea
from schemas.model import Contract

_IDEAS = """
create temporary table idea (
  column_name text, now text, value text, rule text, confidence float, detail jsonb, dataset text, department text,
  source_key text, this_row_only boolean) on commit drop;
create temporary table origin (dataset text, entity text, department text, column_name text, source_column text)
on commit drop"""
# A page's own suggestion, and what somebody decided about the cell, go before a comparison with other rows.
_ROWS = """
insert into quality.suggestion_row (dataset, source_key, column_name, value, raw_value, rule, confidence, detail, cell,
  origin, this_row_only)
select distinct on (r._dataset, r._source_key, i.value) r._dataset, r._source_key, {column}, i.value,
  coalesce(v.raw_value, {own}, ''), i.rule, i.confidence, i.detail,
  f.columns ->> coalesce(v.source_column, o.source_column) || r._row_no, 'publish', i.this_row_only
from pg_temp.idea as i
join {rows} as r on {join} and (i.dataset is null or r._dataset = i.dataset)
join pg_temp.origin as o on o.dataset = r._dataset and o.column_name = {column}
  and (i.department is null or o.department = i.department)
left join quality.value_change as v
  on v.dataset = r._dataset and v.source_key = r._source_key and v.column_name = {column}
left join ops.landed_file as f on f.id = r._file_id
where i.column_name = {column} and {which} and coalesce(v.rule, '') not in ('remembered', 'correction')
order by r._dataset, r._source_key, i.value, i.confidence desc
on conflict do nothing"""
# Texts without a value never reach core: what the source said stands with the finding that it could not be read.
_UNREAD_ROWS = """
insert into quality.suggestion_row (dataset, source_key, column_name, value, raw_value, rule, confidence, detail, cell,
  origin, this_row_only)
select distinct on (f.dataset, f.source_key, i.value) f.dataset, f.source_key, i.column_name, i.value, f.value, i.rule,
  i.confidence, i.detail, f.cell, 'publish', false
from pg_temp.idea as i join quality.finding as f on f.column_name = i.column_name and f.value = i.now
  and f.resolved_at is null and f.rule = any(%(readable)s)
  and (i.department is null or f.department = i.department)
where i.rule = 'learned.text' order by f.dataset, f.source_key, i.value, i.confidence desc
on conflict do nothing"""
_COUNT = """
insert into quality.suggestion as s (dataset, entity, department, column_name, raw_value, value, row_key, rule,
  confidence, detail, source_key, cell, rows, status)
select r.dataset, o.entity, o.department, r.column_name, r.raw_value, r.value,
  case when r.this_row_only then r.source_key else '' end as row_key,
  (array_agg(r.rule order by r.confidence desc, r.rule))[1], max(r.confidence),
  (array_agg(r.detail order by r.confidence desc, r.rule))[1],
  min(r.source_key), (array_agg(r.cell order by r.source_key))[1], count(*), 'open'
from quality.suggestion_row as r
join (select distinct dataset, entity, department from pg_temp.origin) as o on o.dataset = r.dataset
group by r.dataset, o.entity, o.department, r.column_name, r.raw_value, r.value, row_key
on conflict (dataset, column_name, raw_value, value, row_key) do update set
  entity = excluded.entity, department = excluded.department, rule = excluded.rule, confidence = excluded.confidence,
  detail = excluded.detail, source_key = excluded.source_key, cell = excluded.cell, rows = excluded.rows,
  seen_at = now(),
  status = case when s.status in ('gone', 'accepted') then 'open' else s.status end,
  decided_by = case when s.status = 'dismissed' then s.decided_by end,
  decided_at = case when s.status = 'dismissed' then s.decided_at end"""
_GONE = """
update quality.suggestion as s set rows = 0, status = case when status = 'open' then 'gone' else status end
where (rows > 0 or status = 'open') and not exists (
  select from quality.suggestion_row as r
  where r.dataset = s.dataset and r.column_name = s.column_name and r.raw_value = s.raw_value and r.value = s.value
    and (s.row_key = '' and not r.this_row_only or r.this_row_only and r.source_key = s.row_key))"""
# What is remembered already, and only waits to be applied, is no open question.
_WAITING = """
update quality.suggestion as s set status = 'accepted', decided_by = m.accepted_by, decided_at = m.accepted_at
from quality.remembered_value as m
where s.status = 'open' and m.active and m.department = s.department and m.entity = s.entity
  and m.column_name = s.column_name and m.raw_value = s.raw_value and m.value = s.value and s.row_key = '';
update quality.suggestion as s set status = 'accepted', decided_by = c.decided_by, decided_at = c.decided_at
from quality.correction as c
where s.status = 'open' and c.active and c.dataset = s.dataset and c.source_key = s.row_key
  and c.column_name = s.column_name and c.value = s.value"""


def refresh(connection: psycopg.Connection[Any], around: Surroundings) -> int:
    """Find, count and forget, in the caller's transaction; returns how many suggestions are open.

    `around` needs contracts, mappings and systems.
    """
    connection.execute("drop table if exists pg_temp.idea, pg_temp.origin")
    connection.execute(_IDEAS)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into origin values (%s, %s, %s, %s, %s)",
            [
                (each.dataset, each.entity, each.department, entry.column, entry.source)
                for each in around.mappings.values()
                for entry in each.columns
            ],
        )
    connection.execute("delete from quality.suggestion_row where origin = 'publish'")
    for contract in around.contracts.values():
        ideas = [*from_comparing(connection, around, contract), *from_learned(connection, around, contract)]
        if ideas:
            _keep(connection, around, contract, ideas)
    connection.execute(
        "delete from quality.suggestion_row r where not exists"
        " (select from pg_temp.origin o where o.dataset = r.dataset and o.column_name = r.column_name)"
    )
    connection.execute(_COUNT)
    connection.execute(_GONE)
    connection.execute(_WAITING)
    _follow_departments(connection)
    row = connection.execute("select count(*) from quality.suggestion where status = 'open'").fetchone()
    return int(row[0]) if row else 0


def _keep(connection: psycopg.Connection[Any], around: Surroundings, contract: Contract, ideas: Iterable[Idea]) -> None:
    """Every cell the ideas fit, into quality.suggestion_row."""
    connection.execute("truncate pg_temp.idea")
    columns = []
    with connection.cursor() as cursor, cursor.copy("copy pg_temp.idea from stdin") as copy:
        for idea in ideas:
            columns.append(idea.column)
            copy.write_row(
                (idea.column, idea.current, idea.value, idea.rule, idea.confidence, Jsonb(idea.detail), idea.dataset,
                 idea.department, idea.source_key, idea.this_row_only)
            )  # fmt: skip
    connection.execute("analyze pg_temp.idea")
    for name in dict.fromkeys(columns):
        own = value_text(f"r.{identifier(name)}", contract.column(name).type)
        parts = {"column": text(name), "own": own, "rows": around.rows(contract.entity)}
        by_row = {"join": f"r._source_key = i.source_key and {own} is not distinct from i.now",
                  "which": "i.source_key is not null"}  # fmt: skip
        by_text = {"join": f"{own} = i.now", "which": "i.source_key is null"}
        for ways in (by_row, by_text):
            connection.execute(_ROWS.format(**parts, **ways).encode())
    readable = [rule.id for rule in contract.rules if rule.kind == "readable"]
    connection.execute(_UNREAD_ROWS, {"readable": readable})


def _follow_departments(connection: psycopg.Connection[Any]) -> None:
    """Confidence after what each department decided; kinds that one keeps dismissing are left out."""
    decided = connection.execute(
        "select department, rule, count(*) filter (where status = 'accepted'),"
        " count(*) filter (where status = 'dismissed') from quality.suggestion"
        " where status in ('accepted', 'dismissed') group by 1, 2"
    ).fetchall()
    for department, rule, accepted, dismissed in decided:
        confidences = connection.execute(
            "select distinct confidence from quality.suggestion"
            " where status = 'open' and department = %s and rule = %s",
            (department, rule),
        ).fetchall()
        for (confidence,) in confidences:
            after = learned(confidence, accepted, dismissed)
            connection.execute(
                sql.SQL("update quality.suggestion set confidence = {after}, status = {status}").format(
                    after=sql.Literal(after), status=sql.Literal("open" if after >= SHOWN else "gone")
                )
                + sql.SQL(" where status = 'open' and department = %s and rule = %s and confidence = %s"),
                (department, rule, confidence),
            )
