"""Set rules as PostgreSQL queries: one function per kind, each returning the rows that fail.

Belongs here: SELECTs over core.<entity> giving (_dataset, _source_key, value, detail): value is the
standard value as text, detail a jsonb with facts for the sentence. Not here: turning them into
findings (`set_rules.py`). Plain SQL only, so that the same text runs on any PostgreSQL and on Citus.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from collections.abc import Mapping as MappingABC

from hub.quality.literals import identifier, text
from hub.quality.systems import NO_SYSTEMS, Systems, account_set, system_of
from schemas.model import Contract, Rule
from schemas.problems import Problem

Contracts = MappingABC[str, Contract]

# As hub.cleansing.names.company_key, without the change to simplified characters: a test compares them.
_LEGAL_FORM = "(股份有限责任公司|股份有限公司|有限责任公司|有限公司|有限合伙企业|股份公司|(?<!分)公司)"
# As hub.cleansing.codes.material_match_key, coarser: only used to suggest, never to decide.
_CODE_KEY = "ltrim(translate(regexp_replace(upper({value}), '[-_ .·/]', '', 'g'), 'OI', '01'), '0')"


def value_text(expression: str, column_type: str) -> str:
    """SQL for a core value as text, the way a source would write it: 12.5, 2024-03-05T13:30:00."""
    if column_type == "decimal":
        return f"trim_scale({expression})::text"
    if column_type == "timestamp":
        return f"""to_char({expression}, 'YYYY-MM-DD"T"HH24:MI:SS')"""
    return f"{expression}::text"


def _reference(rule: Rule, contracts: Contracts, systems: Systems) -> str:
    """Values that the target column does not have; a held target row counts as known.

    Says nothing while the target systems have delivered no row at all, nor about rows of one of these systems
    that has delivered none itself: then everything would fail.
    A system in account sets knows a value only in the set that uses it.
    """
    column, own = _column(rule, contracts)
    entity, _, target = str(rule.args["to"]).partition(".")
    named: Collection[str] = [str(source) for source in rule.args.get("sources") or ()]
    known = ", ".join(map(text, systems.named(named)))

    def from_sources(alias: str, dataset: str = "_dataset") -> str:
        return f" and {system_of(alias, dataset)} in ({known})" if named else ""

    def same_set(alias: str, near: str, dataset: str = "_dataset", key: str = "_source_key") -> str:
        theirs, mine = account_set(alias, systems, dataset, key), account_set(near, systems)
        if theirs is None or mine is None:
            return ""
        one_system = f"{system_of(alias, dataset)} = {system_of(near)}"
        return f" and ({one_system} and {theirs} is distinct from {mine}) is not true"

    # An ERP that is read without its materials says nothing about materials, even beside one read with them.
    silent = (
        f" and ({system_of('c')} not in ({known}) or {system_of('c')} = any(array("
        f"select distinct {system_of('t')} from core.{identifier(entity)} as t)))"
        if named
        else ""
    )
    truth, goal = f"core.{identifier(entity)}", identifier(target)
    held = f"h.entity = {text(entity)}{from_sources('h', 'dataset')}"
    orphan_key, known_key = _CODE_KEY.format(value="o.value"), _CODE_KEY.format(value=f"t.{goal}::text")
    return f"""
with orphan as (
  select c._dataset, c._source_key, {own} as value
  from core.{identifier(rule.entity)} as c
  where c.{column} is not null
    and not exists (
      select from {truth} as t where t.{goal} = c.{column}{from_sources("t")}{same_set("t", "c")})
    and not exists (
      select from quality.held_row as h
      where {held} and h.record ->> {text(target)} = {own}{same_set("h", "c", "dataset", "source_key")})
    and exists (select from {truth} as t where true{from_sources("t")}){silent}
), near as (
  select o.value, min(t.{goal}::text) as suggestion
  from (select distinct value from orphan) as o
  join {truth} as t on {known_key} = {orphan_key}{from_sources("t")}
  group by o.value having count(distinct t.{goal}) = 1
)
select o._dataset, o._source_key, o.value,
       jsonb_strip_nulls(jsonb_build_object(
         'to', {text(str(rule.args["to"]))}, 'suggestion', nullif(n.suggestion, o.value))) as detail
from orphan as o left join near as n on n.value = o.value"""


def _unique_across(rule: Rule, contracts: Contracts, systems: Systems) -> str:
    column, own = _column(rule, contracts)
    return _shared(rule, contracts, f"c.{column}", own, _place(system_of("c"), systems))


def _same_name(rule: Rule, contracts: Contracts, systems: Systems) -> str:
    column, own = _column(rule, contracts)
    return _shared(rule, contracts, name_key(f"c.{column}"), own, _place("c._dataset", systems))


def _place(within: str, systems: Systems) -> str:
    """SQL for where rows are compared: the same code in two account sets is two things."""
    part = account_set("c", systems)
    return within if part is None else f"concat_ws('|', {within}, {part})"


def name_key(expression: str) -> str:
    """SQL for the key that two spellings of a name share; null for a name without a letter."""
    bare = f"regexp_replace(upper(normalize({expression}, nfkc)), '[^0-9A-Z一-鿿]+', '', 'g')"
    return f"nullif(regexp_replace({bare}, {text(_LEGAL_FORM)}, '', 'g'), '')"


def _shared(rule: Rule, contracts: Contracts, key: str, own: str, within: str) -> str:
    """Rows that share `key` inside `within` with a row of another business key."""
    contract = contracts[rule.entity]
    business = ", ".join(f"c.{identifier(name)}::text" for name in contract.business_key)
    return f"""
with candidate as (
  select c._dataset, c._source_key, {own} as value, {within} as place, {key} as shared,
         concat_ws('|', {business}) as business_key
  from core.{identifier(rule.entity)} as c
), repeated as (
  select place, shared, count(*) as size, (array_agg(distinct business_key))[1:5] as keys
  from candidate where shared is not null
  group by place, shared having count(distinct business_key) > 1
)
select c._dataset, c._source_key, c.value, jsonb_build_object('count', r.size, 'keys', r.keys) as detail
from candidate as c join repeated as r on r.place = c.place and r.shared = c.shared"""


def _disagreement(rule: Rule, contracts: Contracts, systems: Systems) -> str:
    """Rows whose value is not the one most systems have; without a majority, all of them."""
    column, own = _column(rule, contracts)
    key = identifier(str(rule.args["key"]))
    return f"""
with known as (
  select c._dataset, c._source_key, c.{key} as shared, c.{column} as value, {own} as shown,
         {system_of("c")} as system
  from core.{identifier(rule.entity)} as c where c.{key} is not null and c.{column} is not null
), vote as (
  select shared, value, count(distinct system) as votes from known group by shared, value
), result as (
  select shared, max(votes) as most, count(*) as variants from vote group by shared having count(*) > 1
), winner as (
  select v.shared, count(*) as winners from vote as v join result as r on r.shared = v.shared and v.votes = r.most
  group by v.shared
), involved as (
  select shared, count(distinct system) as systems,
         jsonb_agg(distinct jsonb_build_object('dataset', _dataset, 'value', shown)) as others
  from known where shared in (select shared from result) group by shared
)
select k._dataset, k._source_key, k.shown as value,
       jsonb_build_object('others', (select jsonb_agg(other) from jsonb_array_elements(i.others) as other
                                     where other ->> 'value' <> k.shown)) as detail
from known as k
join result as r on r.shared = k.shared
join winner as w on w.shared = k.shared
join involved as i on i.shared = k.shared and i.systems > 1
join vote as v on v.shared = k.shared and v.value = k.value
where v.votes < r.most or w.winners > 1"""


def _set_expression(rule: Rule, contracts: Contracts, systems: Systems) -> str:
    return (
        f"with {systems.as_table()} select failing._dataset, failing._source_key, failing.value::text,"
        f" null::jsonb as detail from ({rule.args['sql']}) as failing(_dataset, _source_key, value)"
    )


def _column(rule: Rule, contracts: Contracts) -> tuple[str, str]:
    """(quoted column, SQL of its text) of the checked table, alias c."""
    if rule.column is None:
        raise Problem("rule_needs_column", rule=rule.id, kind=rule.kind)
    column = contracts[rule.entity].column(rule.column)
    quoted = identifier(column.name)
    return quoted, value_text(f"c.{quoted}", column.type)


QUERIES: dict[str, Callable[[Rule, Contracts, Systems], str]] = {
    "reference": _reference,
    "unique_across": _unique_across,
    "same_name": _same_name,
    "disagreement": _disagreement,
    "set_expression": _set_expression,
}


def failing_rows(rule: Rule, contracts: Contracts, systems: Systems = NO_SYSTEMS) -> str:
    """The query of one set rule. Raises Problem if its kind is unknown."""
    if rule.kind not in QUERIES:
        raise Problem("rule_kind_unknown", rule=rule.id, kind=rule.kind, known=", ".join(QUERIES))
    return QUERIES[rule.kind](rule, contracts, systems)
