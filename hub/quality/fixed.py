"""By whom a finding was fixed: the source, an upload, a steward, a change of the rule.

Belongs here: telling that from what the store knows. Not here: deciding that a finding is gone (hub/landing for
rules of single rows, set_rules.py for rules over many), rows that were deleted (hub/landing/deletions.py).

In this order:
  deleted  the row is gone (said by deletions.py)
  steward  a correction or remembered value came into force on the row, in a column the rule looks at
  rule     the rule is gone or decides otherwise since the finding was last seen, or rows were judged again and
           nothing else explains it
  upload   what came in since came in by an upload
  source   anything else: the row, or one it is compared with, was read and is right now
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from hub.cleansing.decisions import CORRECTED, REMEMBERED
from hub.landing.dataset import UPLOADS
from hub.quality.history import DECIDING
from hub.quality.literals import identifier, text
from schemas.model import Contract, Rule

SOURCE, UPLOAD, STEWARD, RULE, DELETED = FIXERS = ("source", "upload", "steward", "rule", "deleted")

# f: the finding, v: a change of the row's values by a decision that was not in force when it was last seen.
_STEWARDS = f"""v.dataset = f.dataset and v.source_key = f.source_key
    and v.rule in ('{REMEMBERED}', '{CORRECTED}') and v.load_id > f.last_load_id
    and (f.column_name = '' or v.column_name = f.column_name or %(columns)s::jsonb -> f.rule ? v.column_name)"""
# r: a version of the rule that decides otherwise than the one before.
_DECIDES = f"(r.definition is null or r.changed ?| array[{', '.join(map(text, DECIDING))}])"

# For findings of a page's rows, with o (page_outcome): the row says what it said before, or it came otherwise.
BY_WHOM = f"""case when exists (select from quality.value_change as v where {_STEWARDS}) then '{STEWARD}'
  when %(kind)s = 'rejudge' or o.same_in_source or exists (
    select from quality.rule_version as r where r.rule = f.rule and r.since > f.last_seen_at and {_DECIDES})
  then '{RULE}'
  when f.dataset like '{UPLOADS}.%%' then '{UPLOAD}' else '{SOURCE}' end"""


def columns_of(contracts: MappingABC[str, Contract]) -> Jsonb:
    """{rule id: entity columns it looks at beside its own}."""
    return Jsonb({rule.id: _columns(rule, contract) for contract in contracts.values() for rule in contract.rules})


def attribute(connection: psycopg.Connection[Any], contracts: MappingABC[str, Contract]) -> None:
    """Fill resolved_by of the findings that this transaction resolved and said nothing more of."""
    rules = {rule.id: rule for contract in contracts.values() for rule in contract.rules}
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        gone = cursor.execute(
            "select distinct rule from quality.finding where resolved_at = now() and resolved_by is null"
        ).fetchall()
    for (rule_id,) in gone:
        rule = rules.get(rule_id)
        if rule is None:
            connection.execute(
                f"update quality.finding set resolved_by = '{RULE}'"
                " where resolved_at = now() and resolved_by is null and rule = %s",
                (rule_id,),
            )
            continue
        connection.execute(
            _attribution(rule).encode(),
            {
                "rule": rule.id,
                "columns": Jsonb({rule.id: _columns(rule, contracts[rule.entity])}),
                "entities": sorted(_entities(rule, contracts)),
            },
        )


# Of loads l. What came from a source explains more than an upload that came beside it.
_WHO = f"""case when count(*) = 0 then null
    when bool_or(l.kind = 'read' and l.system <> '{UPLOADS}') then '{SOURCE}'
    when bool_or(l.kind = 'read') then '{UPLOAD}'
    when bool_or(exists (
      select from quality.value_change as v where v.load_id = l.id and v.rule in ('{REMEMBERED}', '{CORRECTED}')))
      then '{STEWARD}' else '{RULE}' end"""


def _attribution(rule: Rule) -> str:
    """The row itself came otherwise; what it refers to came; anything else that came since, in this order.

    A load of kind settle only moves rows and explains nothing. Joins only: half a million findings in seconds.
    """
    core = f"core.{identifier(rule.entity)}"
    return f"""
with mine as materialized (
  select * from quality.finding where resolved_at = now() and resolved_by is null and rule = %(rule)s),
loads as materialized (
  select id, kind, system, entity, loaded + held + rejected + deleted as moved from ops.load
  where id > (select min(last_load_id) from mine) and kind <> 'settle'),
steward as (
  select distinct f.id from mine as f join quality.value_change as v on {_STEWARDS}),
here as (
  select f.id, {_WHO} as who from mine as f join (
    select _dataset, _source_key, _load_id from {core}
    union all
    select dataset, source_key, load_id from quality.held_row where entity = {text(rule.entity)}) as c
    on c._dataset = f.dataset and c._source_key = f.source_key and c._load_id > f.last_load_id
  join loads as l on l.id = c._load_id group by f.id),
there as ({_target(rule, core)}),
since as (
  select b.last_load_id, (
    select {_WHO} from loads as l where l.id > b.last_load_id and l.entity = any(%(entities)s) and l.moved > 0) as who
  from (select distinct last_load_id from mine) as b)
update quality.finding as g set resolved_by = coalesce(
  case when steward.id is not null then '{STEWARD}' when f.last_seen_at < (
    select max(r.since) from quality.rule_version as r where r.rule = %(rule)s and {_DECIDES}) then '{RULE}' end,
  here.who, there.who, since.who, '{SOURCE}')
from mine as f join since on since.last_load_id = f.last_load_id
left join steward on steward.id = f.id left join here on here.id = f.id left join there on there.id = f.id
where g.id = f.id"""


def _target(rule: Rule, core: str) -> str:
    """(id, who) of findings whose row refers to a row that came since; none for other rules."""
    entity, _, column = str(rule.args.get("to", "")).partition(".")
    if rule.kind != "reference" or rule.column is None:
        return "select null::bigint as id, null::text as who where false"
    own, target = identifier(rule.column), identifier(column)
    return f"""
  select f.id, {_WHO} as who from mine as f
  join {core} as c on c._dataset = f.dataset and c._source_key = f.source_key
  join (
    select {target}::text as value, _load_id from core.{identifier(entity)}
    union all
    select record ->> {text(column)}, load_id from quality.held_row where entity = {text(entity)}) as t
    on t.value = c.{own}::text and t._load_id > f.last_load_id
  join loads as l on l.id = t._load_id group by f.id"""


def _columns(rule: Rule, contract: Contract) -> list[str]:
    """Columns of the entity that stand in the rule's arguments or conditions."""
    words = set(re.findall(r"\w+", f"{rule.where or ''} {' '.join(_texts(rule.args))}"))
    return [column.name for column in contract.columns if column.name in words or column.name == rule.column]


def _entities(rule: Rule, contracts: MappingABC[str, Contract]) -> set[str]:
    """The rule's entity and those its arguments name."""
    words = set(re.findall(r"\w+", " ".join(_texts(rule.args))))
    return {rule.entity, *(entity for entity in contracts if entity in words)}


def _texts(value: Any) -> list[str]:
    """Every text inside an argument, however deep."""
    if isinstance(value, MappingABC):
        return [found for key, each in value.items() for found in (str(key), *_texts(each))]
    if isinstance(value, list | tuple):
        return [found for each in value for found in _texts(each)]
    return [str(value)]
