"""Rules over all rows of the store, and their findings merged into quality.finding.

Belongs here: running the queries of `set_templates.py` and the merge: new findings are inserted,
those that still hold get the current load, those that vanished are resolved. Not here: findings of
row rules, which a load merges with its rows (hub/landing).
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from typing import Any

import psycopg

from hub.quality.literals import identifier, text
from hub.quality.set_templates import failing_rows
from hub.quality.systems import NO_SYSTEMS, Systems
from schemas.model import Contract, Mapping, Rule
from schemas.problems import Problem

_FAILING = """
create temporary table set_finding (
  rule text, entity text, column_name text, severity text, dimension text, owner text,
  dataset text, source_key text, value text, file_id bigint, row_no integer, detail jsonb
) on commit drop"""
_ORIGIN = """
create temporary table set_origin (dataset text, column_name text, source_column text, department text)
on commit drop"""

# Where a value was changed on its way in, the finding shows what really stands in the source.
_MERGE = """
insert into quality.finding as known (
  rule, entity, dataset, department, source_key, column_name, source_column, value, severity, dimension, hold,
  file_id, row_no, cell, detail, first_load_id, last_load_id)
select s.rule, s.entity, s.dataset, coalesce(d.department, s.owner), s.source_key, s.column_name, o.source_column,
       o.value, s.severity, s.dimension, false, s.file_id, s.row_no, f.columns ->> o.source_column || s.row_no,
       s.detail, {load}, {load}
from set_finding as s
left join (select distinct dataset, department from set_origin) as d on d.dataset = s.dataset
left join set_origin as m on m.dataset = s.dataset and m.column_name = s.column_name
left join quality.value_change as v
  on v.dataset = s.dataset and v.source_key = s.source_key and v.column_name = s.column_name
cross join lateral (
  select coalesce(v.source_column, m.source_column) as source_column, coalesce(v.raw_value, s.value) as value
) as o
left join ops.landed_file as f on f.id = s.file_id
on conflict (dataset, source_key, rule, column_name) where resolved_at is null do update set
  department = excluded.department, source_column = excluded.source_column, value = excluded.value,
  severity = excluded.severity, dimension = excluded.dimension, file_id = excluded.file_id, row_no = excluded.row_no,
  cell = excluded.cell, detail = excluded.detail, last_load_id = excluded.last_load_id"""
_RESOLVE = """
update quality.finding as f set resolved_at = now()
where f.resolved_at is null and f.rule = any(%(rules)s) and not exists (
  select from set_finding as s where s.rule = f.rule and s.dataset = f.dataset and s.source_key = f.source_key
    and s.column_name = f.column_name)"""
_FORGET = "update quality.finding set resolved_at = now() where resolved_at is null and rule <> all(%(rules)s)"


def run_set_rules(
    connection: psycopg.Connection[Any],
    contracts: MappingABC[str, Contract],
    mappings: MappingABC[str, Mapping],
    load_id: int,
    systems: Systems = NO_SYSTEMS,
) -> None:
    """Decide all set rules again over core.* and bring quality.finding up to date.

    Runs in the caller's transaction. Findings of rules that no contract has any more are resolved.
    Raises Problem naming the rule whose query fails.
    """
    connection.execute("drop table if exists pg_temp.set_finding, pg_temp.set_origin")
    connection.execute(_FAILING)
    connection.execute(_ORIGIN)
    with connection.cursor() as cursor:
        cursor.executemany("insert into set_origin values (%s, %s, %s, %s)", _origins(mappings))
    rules = [rule for contract in contracts.values() for rule in contract.rules if rule.scope == "set"]
    for rule in rules:
        _collect(connection, rule, contracts, systems)
    connection.execute("analyze set_finding")
    connection.execute(_MERGE.format(load=int(load_id)).encode())
    connection.execute(_RESOLVE, {"rules": [rule.id for rule in rules]})
    every_rule = [rule.id for contract in contracts.values() for rule in contract.rules]
    connection.execute(_FORGET, {"rules": every_rule})


def _origins(mappings: MappingABC[str, Mapping]) -> list[tuple[str, str, str | None, str]]:
    return [
        (mapping.dataset, entry.column, entry.source, mapping.department)
        for mapping in mappings.values()
        for entry in mapping.columns
    ]


def _collect(
    connection: psycopg.Connection[Any], rule: Rule, contracts: MappingABC[str, Contract], systems: Systems
) -> None:
    constants = [rule.id, rule.entity, rule.column or "", rule.severity, rule.dimension, contracts[rule.entity].owner]
    # The query comes last and is sent without parameters, so that a % in a rule's sql is only a %.
    query = (
        f"insert into set_finding select distinct on (q._dataset, q._source_key) {', '.join(map(text, constants))},"
        " q._dataset, q._source_key, q.value, c._file_id, c._row_no, q.detail"
        f" from ({failing_rows(rule, contracts, systems)}\n) as q"
        f" join core.{identifier(rule.entity)} as c on c._dataset = q._dataset and c._source_key = q._source_key"
        " order by q._dataset, q._source_key"
    )
    try:
        connection.execute(query.encode())
    except (psycopg.ProgrammingError, psycopg.DataError) as error:
        file = contracts[rule.entity].path
        raise Problem("set_rule_cannot_run", rule=rule.id, file=file, reason=str(error).strip()) from error
