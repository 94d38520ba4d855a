"""References: a value that another row must have, within a source or across sources.

Belongs here: the query of kind `reference`. Not here: references inside a list of codes (a row rule, `in_list`).
"""

from __future__ import annotations

from hub.quality.literals import identifier, text
from hub.quality.sets.surroundings import Surroundings, key_of, names_of, own_column, own_text, target, unfit
from hub.quality.systems import account_set, system_of
from schemas.model import Rule

# As hub.cleansing.codes.material_match_key, coarser: only used to suggest, never to decide.
_CODE_KEY = "ltrim(translate(regexp_replace(upper({value}), '[-_ .·/]', '', 'g'), 'OI', '01'), '0')"


def reference(rule: Rule, around: Surroundings) -> str:
    """Values that no row of the target has; a held target row counts as known.

    args: to "<entity>.<column>"; also, also_to: further columns of a compound key and their targets in the same
    order, not checked where one of the own values is null; within "source": only rows of the same system count;
    sources: kinds or names of the systems whose rows count; target_where: condition on the target's rows.

    Says nothing while the target systems have delivered no row at all, nor about rows of one of these systems
    that has delivered none itself: then everything would fail. A system in account sets knows a value only in
    the set that uses it.
    """
    column = own_column(rule, around)
    entity, goal = target(rule, str(rule.args["to"]), around)
    also, also_to = names_of(rule.args.get("also")), names_of(rule.args.get("also_to"))
    theirs = [target(rule, each, around) for each in also_to]
    if len(also) != len(theirs) or any(other != entity for other, _ in theirs):
        raise unfit(rule, around, "also_to")
    own_key, goal_key = key_of("c", [column.name, *also]), key_of("t", [goal.name, *(each.name for _, each in theirs)])
    sources = rule.args.get("sources") or ()
    counts = around.from_sources("t", sources)
    same_source = rule.args.get("within") == "source"
    # Which rows of the target a row is compared with: all, those of its system, those of its account set.
    near = f" and {system_of('t')} = {system_of('c')}" if same_source else ""
    theirs_set, own_set = account_set("t", around.systems), account_set("c", around.systems)
    if theirs_set is not None and own_set is not None:
        near += f" and ({system_of('t')} = {system_of('c')} and {theirs_set} is distinct from {own_set}) is not true"
    speaking = _speaking(around, entity, sources, same_source)
    orphan_key, known_key = (
        _CODE_KEY.format(value="o.value"),
        _CODE_KEY.format(value=f"t.{identifier(goal.name)}::text"),
    )
    own_part, their_part = own_set or "null::text", theirs_set or "null::text"
    return f"""
with truth as (
  select t._dataset, t._source_key, t.{identifier(goal.name)}, {goal_key} as target_key
  from {around.rows_where(rule, entity, rule.args.get("target_where"))} as t
  where t.{identifier(goal.name)} is not null and {counts}
), orphan as (
  select c._dataset, c._source_key, {own_text(rule, around)} as value, {system_of("c")} as system, {own_part} as part
  from {around.own_rows(rule)} as c
  where {own_key} is not null and {speaking}
    and not exists (select from truth as t where t.target_key = {own_key}{near})
), near as (
  select o.value, o.system, o.part, min(t.{identifier(goal.name)}::text) as suggestion
  from (select distinct value, system, part from orphan) as o
  join truth as t on {known_key} = {orphan_key}{f" and {system_of('t')} = o.system" if same_source else ""}
   and ({system_of("t")} = o.system and {their_part} is distinct from o.part) is not true
  group by o.value, o.system, o.part having count(distinct t.{identifier(goal.name)}) = 1
)
select o._dataset, o._source_key, o.value,
       jsonb_strip_nulls(jsonb_build_object(
         'to', {text(str(rule.args["to"]))}, 'suggestion', nullif(n.suggestion, o.value))) as detail
from orphan as o left join near as n on n.value = o.value and n.system = o.system and n.part is not distinct from o.part
"""


def _speaking(around: Surroundings, entity: str, sources: object, same_source: bool) -> str:
    """SQL condition on c: the systems asked have delivered rows of the target."""
    words = [str(word) for word in sources] if isinstance(sources, list | tuple) else []
    rows = around.rows(entity)
    delivered = f"array(select distinct {system_of('t')} from {rows} as t where {around.from_sources('t', words)})"
    if same_source:
        return f"{system_of('c')} = any({delivered})"
    # An ERP that is read without its materials says nothing about materials, even beside one read with them.
    silent = f" and (not ({around.from_sources('c', words)}) or {system_of('c')} = any({delivered}))" if words else ""
    return f"cardinality({delivered}) > 0{silent}"
