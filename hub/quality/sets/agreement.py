"""Agreement: what several systems say about the same thing.

Belongs here: the query of kind `disagreement`. Not here: rows of one dataset that contradict each other
(`determines`), deciding which value is taken (hub/matching).
"""

from __future__ import annotations

from hub.quality.literals import identifier
from hub.quality.sets.quantities import UnitFactors, number
from hub.quality.sets.surroundings import Surroundings, key_of, names_of, own_column, own_text
from hub.quality.systems import system_of
from schemas.model import Rule


def disagreement(rule: Rule, around: Surroundings) -> str:
    """Rows whose value is not the one most systems have; without a majority, all of them.

    args: key, one column or several; sources: kinds or names of the systems that are right, where they agree among
    themselves: then only rows of other systems fail; tolerance_percent (of the larger value) and tolerance
    (absolute), for numbers; unit: the column with the unit of the number, by which numbers are converted, so that
    1000 G and 1 KG agree; amounts of units that cannot be converted into each other are not compared.
    """
    column = own_column(rule, around)
    key = key_of("c", [str(rule.args["key"]), *names_of(rule.args.get("also"))])
    trusted = around.from_sources("c", rule.args.get("sources") or ())
    has_sources = "true" if rule.args.get("sources") else "false"
    factors = UnitFactors.of(rule, around)
    value = factors.amount("c", column)
    agree = _agree(rule, "v.value", "o.value")
    return f"""
with {factors.table}known as (
  select c._dataset, c._source_key, {key} as shared, {factors.kind("c")} as kind, {value} as value,
         {own_text(rule, around)} as shown, {system_of("c")} as system, {trusted} as trusted
  from {around.own_rows(rule)} as c {factors.join("c")}
  where {key} is not null and c.{identifier(column.name)} is not null
), vote as (
  select shared, kind, value, count(distinct system) as systems, bool_or({has_sources} and trusted) as trusted
  from known group by shared, kind, value
), open as (
  select shared, kind from vote group by shared, kind having count(*) > 1
), ballot as (
  select v.* from vote as v join open as o on o.shared = v.shared and o.kind = v.kind
), backed as (
  select v.shared, v.kind, v.value, sum(o.systems) filter (where {agree}) as votes,
         bool_or(o.trusted) filter (where {agree}) as near_trusted, count(*) filter (where not ({agree})) as against,
         bool_or(o.trusted) as has_trusted, v.trusted
  from ballot as v join ballot as o on o.shared = v.shared and o.kind = v.kind
  group by v.shared, v.kind, v.value, v.trusted
), judged as (
  select *, max(votes) over same as most, bool_or(against > 0) over same as contested
  from backed window same as (partition by shared, kind)
), best as (
  -- Where nobody is trusted the values with most systems behind them win, if they agree with each other.
  select v.shared, v.kind, bool_and({agree}) as united, bool_or(v.has_trusted) as has_trusted
  from judged as v join judged as o on o.shared = v.shared and o.kind = v.kind
  where v.contested
    and case when v.has_trusted then v.trusted and o.trusted else v.votes = v.most and o.votes = o.most end
  group by v.shared, v.kind
), wrong as (
  select v.shared, v.kind, v.value
  from judged as v join best as b on b.shared = v.shared and b.kind = v.kind
  where v.contested and (not b.united or not exists (
    select from judged as o where o.shared = v.shared and o.kind = v.kind and {agree}
      and case when b.has_trusted then o.trusted else o.votes = o.most end))
), others as (
  select k.shared, k.kind, jsonb_agg(distinct jsonb_build_object('dataset', k._dataset, 'value', k.shown)) as others
  from known as k join best as b on b.shared = k.shared and b.kind = k.kind
  group by k.shared, k.kind
)
select k._dataset, k._source_key, k.shown as value,
       jsonb_build_object('others', (select jsonb_agg(other) from jsonb_array_elements(i.others) as other
                                     where other ->> 'value' <> k.shown)) as detail
from known as k
join wrong as w on w.shared = k.shared and w.kind = k.kind and w.value = k.value
join others as i on i.shared = k.shared and i.kind = k.kind"""


def _agree(rule: Rule, left: str, right: str) -> str:
    """SQL condition: two values are the same within the rule's tolerance."""
    percent, absolute = number(rule, "tolerance_percent"), number(rule, "tolerance")
    if percent == 0 and absolute == 0:
        return f"{left} = {right}"
    near = f"{percent} / 100.0 * greatest(abs({left}), abs({right}))"
    return f"abs({left} - {right}) <= greatest({absolute}, {near})"
