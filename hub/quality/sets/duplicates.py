"""The same thing under several business keys: equal values or equal names inside one system.

Belongs here: the queries of kinds `unique_across` and `same_name`. Not here: the same key twice (`unique`, a rule
over one dataset), records of several systems that mean one thing (hub/matching).
"""

from __future__ import annotations

from hub.quality.literals import identifier, text
from hub.quality.sets.surroundings import Surroundings, key_of, names_of, own_column, own_text
from hub.quality.systems import account_set
from schemas.model import Rule

# As hub.cleansing.names.company_key, without the change to simplified characters: a test compares them.
_LEGAL_FORM = "(股份有限责任公司|股份有限公司|有限责任公司|有限公司|有限合伙企业|股份公司|(?<!分)公司)"
# Signs for one thing that keyboards write differently: 20×50, 20*50, 20x50; φ20, Ø20, 直径20.
_SIGNS = (("直径", "Φ"), ("[φϕøØ⌀∅]", "Φ"), ("[×✕✖＊*]", "X"))


def unique_across(rule: Rule, around: Surroundings) -> str:
    """Rows that share the column, and the columns `with`, with a row of another business key in their system.

    ignoring: differences that do not count: width, case, spacing, punctuation, signs (× * x; φ Ø 直径).
    """
    ignoring = names_of(rule.args.get("ignoring"))
    columns = [own_column(rule, around).name, *names_of(rule.args.get("with"))]
    keys = [loose(f"c.{identifier(name)}::text", ignoring) if ignoring else key_of("c", [name]) for name in columns]
    shared = keys[0] if len(keys) == 1 else " || '|' || ".join(keys)
    return _shared(rule, around, shared, around.place("c"))


def same_name(rule: Rule, around: Surroundings) -> str:
    """Rows whose name has the key of another business key's name in their dataset, legal forms set aside."""
    part = account_set("c", around.systems)
    within = "c._dataset" if part is None else f"concat_ws('|', c._dataset, {part})"
    return _shared(rule, around, name_key(f"c.{identifier(own_column(rule, around).name)}"), within)


def name_key(expression: str) -> str:
    """SQL for the key that two spellings of a name share; null for a name without a letter."""
    bare = f"regexp_replace(upper(normalize({expression}, nfkc)), '[^0-9A-Z一-鿿]+', '', 'g')"
    return f"nullif(regexp_replace({bare}, {text(_LEGAL_FORM)}, '', 'g'), '')"


def loose(expression: str, ignoring: list[str]) -> str:
    """SQL for a text without the differences that do not count; null for an empty one."""
    told = expression
    if "width" in ignoring:
        told = f"normalize({told}, nfkc)"
    if "case" in ignoring or "signs" in ignoring:
        told = f"upper({told})"
    if "spacing" in ignoring:
        told = f"regexp_replace({told}, '\\s+', '', 'g')"
    if "signs" in ignoring:
        for sign, standard in _SIGNS:
            told = f"regexp_replace({told}, {text(sign)}, {text(standard)}, 'g')"
    if "punctuation" in ignoring:
        told = f"regexp_replace({told}, '[[:punct:]]+', '', 'g')"
    return f"nullif({told}, '')"


def _shared(rule: Rule, around: Surroundings, key: str, within: str) -> str:
    """Rows that share `key` inside `within` with a row of another business key."""
    contract = around.contracts[rule.entity]
    business = ", ".join(f"c.{identifier(name)}::text" for name in contract.business_key)
    return f"""
with candidate as (
  select c._dataset, c._source_key, {own_text(rule, around)} as value, {within} as place, {key} as shared,
         concat_ws('|', {business}) as business_key
  from {around.own_rows(rule)} as c
), repeated as (
  select place, shared, count(*) as size
  from candidate where shared is not null
  group by place, shared having min(business_key) <> max(business_key)
), involved as (
  select c._dataset, c._source_key, c.value, c.place, c.shared, c.business_key, r.size
  from candidate as c join repeated as r on r.place = c.place and r.shared = c.shared
), keys as (
  select place, shared, (array_agg(distinct business_key))[1:5] as keys from involved group by place, shared
)
select i._dataset, i._source_key, i.value, jsonb_build_object('count', i.size, 'keys', k.keys) as detail
from involved as i join keys as k on k.place = i.place and k.shared = i.shared"""
