"""Row rules of a contract as ONE DuckDB statement over the standardised page.

Belongs here: putting the conditions of `predicates.py` together. The conditions of all rules are
evaluated in a single scan into bit masks, so that a row without a finding costs one comparison
(measured on 1M rows, 10 rules: as fast as one SELECT per rule, and flat as rules grow).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hub.quality.literals import identifier
from hub.quality.predicates import CONDITIONS, Scope, claims
from schemas.model import CodeList, Contract, Rule
from schemas.problems import Problem

ORDINAL = "_ordinal"  # position of the row in the page
PAGE = "page"  # name of the registered page
_BITS = 62  # of a bigint, without the sign


@dataclass(frozen=True)
class Compiled:
    """sql: returns (_ordinal, rule_no, others); rule_no indexes `rules`.

    others: JSON text {"count", "keys", "rows"} for `unique`, else null.
    unread: {entity column: name of its boolean column in the page}.
    """

    sql: str
    rules: tuple[Rule, ...]
    unread: dict[str, str]


def compile_rules(
    contract: Contract, fed: Collection[str], unread: Collection[str], codes: dict[str, CodeList]
) -> Compiled | None:
    """The statement for the rules that apply, or None if no rule does.

    fed: entity columns that have a source in this dataset; a rule about any other column has
    nothing to say here. unread: columns with at least one unread cell on the page.
    """
    rules = tuple(
        rule for rule in contract.rules if (rule.scope == "row" or rule.kind == "unique") and _applies(rule, fed)
    )
    if not rules:
        return None
    flags = {column: f"_unread_{number}" for number, column in enumerate(sorted(unread))}
    scope = Scope(contract, codes, flags, claims(contract))
    single = [(number, rule) for number, rule in enumerate(rules) if rule.kind != "unique"]
    parts = [
        _masked(number_first, single[number_first : number_first + _BITS], scope)
        for number_first in range(0, len(single), _BITS)
    ]
    parts += [_unique(number, rule, contract) for number, rule in enumerate(rules) if rule.kind == "unique"]
    return Compiled("\nunion all\n".join(parts), rules, flags)


def _applies(rule: Rule, fed: Collection[str]) -> bool:
    if rule.kind == "unique":
        return any(column in fed for column in rule.args["columns"])
    return rule.column is None or rule.column in fed


def _masked(part: int, rules: list[tuple[int, Rule]], scope: Scope) -> str:
    bits = " + ".join(
        f"case when {_condition(rule, scope)} then {1 << bit} else 0 end" for bit, (_, rule) in enumerate(rules)
    )
    numbers = ", ".join(f"({bit}, {number})" for bit, (number, _) in enumerate(rules))
    return (
        f"select {ORDINAL}, rule_no, cast(null as varchar) as others\n"
        f"from (select {ORDINAL}, cast({bits} as bigint) as failed from {PAGE}) as masked{part},\n"
        f"     (values {numbers}) as rule{part}(bit, rule_no)\n"
        f"where failed <> 0 and ((failed >> bit) & 1) = 1"
    )


def _condition(rule: Rule, scope: Scope) -> str:
    if rule.kind not in CONDITIONS:
        raise Problem("rule_kind_unknown", rule=rule.id, kind=rule.kind, known=", ".join([*CONDITIONS, "unique"]))
    return CONDITIONS[rule.kind](rule, scope)


def _unique(number: int, rule: Rule, contract: Contract) -> str:
    """All rows of each group that shares the values; blank counts as a value, except in a required column."""
    columns = [contract.column(name) for name in rule.args["columns"]]
    names = [identifier(column.name) for column in columns]
    filled = " and ".join(f"{identifier(column.name)} is not null" for column in columns if column.required)
    # What the sentence names: at most five of the rows of the group.
    others = "to_json({'count': g.size, 'keys': list_slice(g.keys, 1, 5), 'rows': list_slice(g.row_nos, 1, 5)})"
    # The repeated values first, then lists of their rows only: a list per value of a page costs ten times as much.
    return (
        f"select p.{ORDINAL}, {number} as rule_no, cast({others} as varchar) as others\n"
        f"from {PAGE} as p join (\n"
        f"  select {', '.join(f'r.{name}' for name in names)}, count(*) as size,\n"
        f"         list(r._key order by r.{ORDINAL}) as keys, list(r._row_no order by r.{ORDINAL}) as row_nos\n"
        f"  from {PAGE} as r join (\n"
        f"    select {', '.join(names)} from {PAGE}{f' where {filled}' if filled else ''}\n"
        f"    group by {', '.join(names)} having count(*) > 1\n"
        f"  ) as d on {_same('r', 'd', names)}\n"
        f"  group by {', '.join(f'r.{name}' for name in names)}\n"
        f") as g on {_same('p', 'g', names)}"
    )


def _same(left: str, right: str, names: list[str]) -> str:
    return " and ".join(f"{left}.{name} is not distinct from {right}.{name}" for name in names)
