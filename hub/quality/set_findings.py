"""What a rule over several rows found, merged into quality.finding.

Belongs here: the SQL that brings the open findings of one rule up to date with the temporary table set_finding.
Not here: filling that table (`set_rules.py`), findings of row rules, which a load merges with its rows
(hub/landing). Everything happens inside the store: ten million findings cost disk, not memory.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from typing import Any

import psycopg

from hub.quality.literals import text
from hub.quality.sets.surroundings import Surroundings
from schemas.model import Mapping, Rule

_TABLES = """
create temporary table set_found (dataset text, source_key text, value text, detail jsonb) on commit drop;
create temporary table set_finding (
  dataset text, source_key text, column_name text, value text, file_id bigint, row_no integer, detail jsonb
) on commit drop;
create temporary table set_origin (dataset text, column_name text, source_column text, department text)
on commit drop"""

# What set_finding holds, as it stands in the source: raw text, sheet and cell.
_PLACED = """
select s.dataset, s.source_key, s.column_name, o.source_column, o.value,
       case when f.columns is not null then s.file_id end as file_id, s.row_no,
       f.columns ->> o.source_column || s.row_no as cell, coalesce(s.detail || o.read, s.detail, o.read) as detail,
       f.source_path as file, f.sheet
from set_finding as s
left join set_origin as m on m.dataset = s.dataset and m.column_name = s.column_name
left join quality.value_change as v
  on v.dataset = s.dataset and v.source_key = s.source_key and v.column_name = s.column_name
-- Where a value was changed on its way in, the finding shows what really stands in the source.
cross join lateral (
  select coalesce(v.source_column, m.source_column) as source_column, coalesce(v.raw_value, s.value) as value,
         case when {changed} then jsonb_build_object('read', {read}) end as read
) as o
left join ops.landed_file as f on f.id = s.file_id"""

_MERGE = """
insert into quality.finding as known (
  rule, entity, dataset, department, source_key, column_name, source_column, value, severity, dimension, hold,
  file_id, row_no, cell, detail, first_load_id, last_load_id)
select %(rule)s, %(entity)s, p.dataset, coalesce(d.department, %(owner)s), p.source_key, p.column_name,
       p.source_column, p.value, %(severity)s, %(dimension)s, %(hold)s, p.file_id, p.row_no, p.cell, p.detail,
       %(load)s, %(load)s
from ({placed}) as p
left join (select distinct dataset, department from set_origin) as d on d.dataset = p.dataset
on conflict (dataset, source_key, rule, column_name) where resolved_at is null do update set
  department = excluded.department, source_column = excluded.source_column, value = excluded.value,
  severity = excluded.severity, dimension = excluded.dimension, hold = excluded.hold, file_id = excluded.file_id,
  row_no = excluded.row_no, cell = excluded.cell, detail = excluded.detail, last_load_id = excluded.last_load_id,
  last_seen_at = now()"""

# What the rule saw where a reader cannot see it in the source's text (hub.quality.details.read_as, for one page).
_NUMBER = "'^[+-]?[0-9]+([.][0-9]+)?$'"
_AMOUNT = (
    f"case when (v.value ~ {_NUMBER}) is not true then false when v.raw_value ~ {_NUMBER}"
    " then v.raw_value::numeric <> v.value::numeric else true end"
)
_DAY = "v.raw_value ~ '^[0-9]+$' and v.raw_value <> replace(v.value, '-', '')"
_CODE = "lower(v.raw_value) <> lower(v.value)"
_RESOLVE = """
update quality.finding as f set resolved_at = now(), resolved_load_id = %(load)s
where f.resolved_at is null and f.rule = %(rule)s and not exists (
  select from set_finding as s
  where s.dataset = f.dataset and s.source_key = f.source_key and s.column_name = f.column_name)"""
_FORGET = """
update quality.finding set resolved_at = now(), resolved_load_id = %(load)s, resolved_by = 'rule'
where resolved_at is null and rule <> all(%(rules)s)"""


def prepare_tables(connection: psycopg.Connection[Any], mappings: MappingABC[str, Mapping]) -> None:
    """The empty temporary tables of one run; they go with its transaction."""
    connection.execute("drop table if exists pg_temp.set_found, pg_temp.set_finding, pg_temp.set_origin")
    connection.execute(_TABLES)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into set_origin values (%s, %s, %s, %s)",
            [
                (mapping.dataset, entry.column, entry.source, mapping.department)
                for mapping in mappings.values()
                for entry in mapping.columns
            ],
        )
    connection.execute("analyze set_origin")


def merge(connection: psycopg.Connection[Any], rule: Rule, around: Surroundings, load_id: int) -> int:
    """Open, refresh and resolve the findings of one rule by what is in set_found; returns how many are open."""
    count = _fill(connection, rule, around)
    facts = {
        "rule": rule.id,
        "entity": rule.entity,
        "owner": around.contracts[rule.entity].owner,
        "severity": rule.severity,
        "dimension": rule.dimension,
        "hold": rule.hold,
        "load": load_id,
    }
    if count:
        connection.execute(_MERGE.format(placed=_placed(rule, around)).encode(), facts)
    # What was just inserted is in no statistics yet: taken for a single row, it would be compared with all others.
    connection.execute("set local enable_nestloop = off")
    connection.execute(_RESOLVE, facts)
    connection.execute("set local enable_nestloop = on")
    return count


def placed(connection: psycopg.Connection[Any], rule: Rule, around: Surroundings) -> str:
    """A SELECT of what is in set_found where it stands in the source, nothing merged.

    Columns: dataset, source_key, column_name, source_column, value, file_id, row_no, cell, detail, file, sheet.
    """
    _fill(connection, rule, around)
    return _placed(rule, around)


def _fill(connection: psycopg.Connection[Any], rule: Rule, around: Surroundings) -> int:
    """Set_found with file and row, into set_finding; returns how many."""
    connection.execute("truncate set_finding")
    if rule.scope == "dataset":
        query = "select q.dataset, '', '', q.value, null, null, q.detail from set_found as q"
    else:
        query = (
            f"select q.dataset, q.source_key, {text(rule.column or '')}, q.value, c._file_id, c._row_no, q.detail"
            f" from set_found as q join {around.rows(rule.entity)} as c"
            " on c._dataset = q.dataset and c._source_key = q.source_key"
        )
    connection.execute("analyze set_found")
    # Sent without parameters, so that a % in a rule's `where` is only a %.
    count = connection.execute(f"insert into pg_temp.set_finding {query}".encode()).rowcount
    connection.execute("analyze set_finding")
    return count


def _placed(rule: Rule, around: Surroundings) -> str:
    column = around.contracts[rule.entity].column(rule.column) if rule.column else None
    if column is None:
        return _PLACED.format(changed="false", read="v.value")
    if column.type in ("integer", "decimal"):
        return _PLACED.format(changed=_AMOUNT, read="trim_scale(v.value::numeric)::text")
    if column.type in ("date", "timestamp"):
        return _PLACED.format(changed=_DAY, read="v.value")
    return _PLACED.format(changed=_CODE if column.code_list else "false", read="v.value")


def forget(connection: psycopg.Connection[Any], rules: list[str], load_id: int) -> None:
    """Resolve the findings of rules that no contract has any more."""
    connection.execute(_FORGET, {"rules": rules, "load": load_id})
