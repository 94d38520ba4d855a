"""Sums over rows: against a limit that another row names (`total`), and against what there was (`balance`).

Belongs here: the queries of kinds `total` and `balance`. Not here: sums inside one row (`expression`), cost over the
levels of a bill of material (`roll_up.py`).

Rows without key or number take no part, and where there is nothing to compare with nothing is said: whether the
order or the lot exists is a reference's business. Sums of several systems, and of several account sets of one, are
never added up. With a unit column numbers are converted to the base unit of their dimension (code list of units)
before they are added; amounts of different dimensions are different sums.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.quality.literals import identifier, text
from hub.quality.sets.quantities import UnitFactors, number
from hub.quality.sets.surroundings import Surroundings, key_of, names_of, own_column, own_text, target, unfit
from schemas.model import Column, Rule


@dataclass(frozen=True)
class _Quantity:
    """A column of an entity, and the columns that name the thing it is a quantity of."""

    entity: str
    column: Column
    key: list[str]
    where: str | None = None


def total(rule: Rule, around: Surroundings) -> str:
    """Rows of a sum that breaks its limit.

        sum(column) over rows that agree in `by`   <=   at_most + max(tolerance, tolerance_percent % of at_most)

    and the same for at_least (>=) and equals (neither more nor less). Where several rows name a limit for the same
    key, the most generous counts. min, max: limits that are numbers. matching: the columns of the target that agree
    with `by` (default: of the same names). mark: `largest` (default for at_most and max: usually a digit too many)
    or `all` rows of the sum.
    """
    by = names_of(rule.args["by"])
    factors = UnitFactors.of(rule, around)
    broken: list[tuple[str, str, str]] = []  # condition, problem, limit
    common: list[str] = []
    joins: list[str] = []
    for name in ("at_most", "at_least", "equals"):
        if rule.args.get(name) is None:
            continue
        common.append(f"{name} as (\n{_limits(rule, around, factors, _limit(rule, around, name, by))}\n), ")
        joins.append(
            f"left join {name} on {name}.place = {_seen_from(rule, 's.place')} and {name}.shared = s.shared"
            f" and {name}.kind = s.kind"
        )
        broken += [(">", "over", f"{name}.most")] if name != "at_least" else []
        broken += [("<", "under", f"{name}.least")] if name != "at_most" else []
    broken += [(">", "over", str(number(rule, "max")))] if rule.args.get("max") is not None else []
    broken += [("<", "under", str(number(rule, "min")))] if rule.args.get("min") is not None else []
    only_over = all(problem == "over" for _, problem, _ in broken)
    mark = str(rule.args.get("mark") or ("largest" if only_over else "all"))

    def first_of(position: int) -> str:
        cases = (
            f"when s.total {sign} {limit} {'+' if sign == '>' else '-'} {_slack(rule, limit)} then"
            f" {(text(problem), limit)[position]}"
            for sign, problem, limit in broken
        )
        return f"case {' '.join(cases)} end"

    return f"""
with {factors.table}{_parts(rule, around, factors, by)}, {"".join(common)}broken as (
  select s.*, {first_of(0)} as problem, {first_of(1)} as boundary from summed as s {" ".join(joins)}
)
{_marked(mark)}"""


def _limit(rule: Rule, around: Surroundings, name: str, by: list[str]) -> _Quantity:
    """The column that an argument names as limit, and the columns of its entity that agree with `by`."""
    entity, column = target(rule, str(rule.args[name]), around)
    matching = [target(rule, each, around) for each in names_of(rule.args.get("matching"))]
    if any(other != entity for other, _ in matching) or (matching and len(matching) != len(by)):
        raise unfit(rule, around, "matching")
    key = [each.name for _, each in matching] or by
    for each in key:
        target(rule, f"{entity}.{each}", around)
    return _Quantity(entity, column, key, rule.args.get("target_where"))


def balance(rule: Rule, around: Surroundings) -> str:
    """Rows of a thing of which more was used than there was.

        sum(used) <= sum(covered_by) + max(tolerance, tolerance_percent % of it)

    used: the rule's column by `by`, and the columns `also_used` by `also_matching`; covered_by: columns of other
    entities by `matching`, each sum over all rows that name the thing. Things of which nothing is known to have come
    in say nothing. within "source" (default): only what the same system knows covers it.
    """
    by = names_of(rule.args["by"])
    factors = UnitFactors.of(rule, around)
    covering = _quantities(rule, around, "covered_by", "matching")
    using = _quantities(rule, around, "also_used", "also_matching")
    covered = "\n  union all\n".join(_amounts(rule, around, factors, each) for each in covering)
    used = "".join(f"\n  union all\n{_amounts(rule, around, factors, each)}" for each in using)
    limit = "k.covered"
    return f"""
with {factors.table}{_parts(rule, around, factors, by)}, covered as (
  select place, shared, kind, sum(amount) as covered from (
{covered}
  ) as each group by place, shared, kind
), used as (
  select place, shared, kind, sum(amount) as total from (
  select {_seen_from(rule, "place")} as place, shared, kind, total as amount from summed{used}
  ) as each group by place, shared, kind
), broken as (
  select s.place, s.shared, s.kind, s.size, u.total, k.covered as boundary, 'over' as problem
  from summed as s
  join used as u on u.place = {_seen_from(rule, "s.place")} and u.shared = s.shared and u.kind = s.kind
  join covered as k on k.place = u.place and k.shared = u.shared and k.kind = u.kind
  where u.total > {limit} + {_slack(rule, limit)}
)
{_marked(str(rule.args.get("mark") or "largest"))}"""


def _parts(rule: Rule, around: Surroundings, factors: UnitFactors, by: list[str]) -> str:
    """Common tables: the rows that are added up, and their sums."""
    column, key = own_column(rule, around), key_of("c", by)
    return f"""part as (
  select c._dataset, c._source_key, {around.place("c")} as place, {key} as shared, {factors.kind("c")} as kind,
         {factors.amount("c", column)} as amount, {own_text(rule, around)} as shown, {factors.factor("c")} as factor
  from {around.own_rows(rule)} as c {factors.join("c")}
  where {key} is not null and c.{identifier(column.name)} is not null
), summed as (
  select place, shared, kind, sum(amount) as total, count(*) as size from part group by place, shared, kind
)"""


def _marked(mark: str) -> str:
    """The rows to show of every sum in `broken`."""
    order = "" if mark == "all" else "distinct on (p.place, p.shared, p.kind) "
    sort = "" if mark == "all" else " order by p.place, p.shared, p.kind, p.amount desc, p._dataset, p._source_key"
    return f"""select _dataset, _source_key, shown as value, jsonb_build_object(
  'problem', problem, 'count', size, 'by', shared, 'total', trim_scale(round(total / factor, 6))::text,
  'limit', trim_scale(round(boundary / factor, 6))::text) as detail
from (
  select {order}p._dataset, p._source_key, p.shown, p.factor, b.problem, b.size, b.shared, b.total, b.boundary
  from part as p join broken as b on b.place = p.place and b.shared = p.shared and b.kind = p.kind
  where b.problem is not null{sort}
) as marked"""


def _amounts(rule: Rule, around: Surroundings, factors: UnitFactors, quantity: _Quantity) -> str:
    """SELECT of (place, shared, kind, amount) over the rows of a quantity."""
    if factors.unit and factors.unit not in {column.name for column in around.contracts[quantity.entity].columns}:
        raise unfit(rule, around, "unit")
    return f"""  select {_seen_from(rule, around.place("t"))} as place, {key_of("t", quantity.key)} as shared,
         {factors.kind("t")} as kind, {factors.amount("t", quantity.column)} as amount
  from {around.rows_where(rule, quantity.entity, quantity.where)} as t {factors.join("t")}
  where {key_of("t", quantity.key)} is not null and t.{identifier(quantity.column.name)} is not null"""


def _limits(rule: Rule, around: Surroundings, factors: UnitFactors, quantity: _Quantity) -> str:
    amounts = _amounts(rule, around, factors, quantity)
    return (
        f"  select place, shared, kind, max(amount) as most, min(amount) as least from (\n{amounts}\n  ) as named"
        " group by place, shared, kind"
    )


def _slack(rule: Rule, limit: str) -> str:
    """SQL for how far a sum may go beyond its limit."""
    percent, absolute = number(rule, "tolerance_percent"), number(rule, "tolerance")
    return f"greatest({absolute}, abs({limit}) * {percent} / 100)" if percent else str(absolute)


def _seen_from(rule: Rule, place: str) -> str:
    """SQL for the place in which the other side is looked for."""
    return "''" if rule.args.get("within") == "anywhere" else place


def _quantities(rule: Rule, around: Surroundings, columns: str, keys: str) -> list[_Quantity]:
    named, matching = names_of(rule.args.get(columns)), names_of(rule.args.get(keys))
    if len(named) != len(matching):
        raise unfit(rule, around, keys)
    found = []
    for quantity, key in zip(named, matching, strict=True):
        entity, column = target(rule, quantity, around)
        of, thing = target(rule, key, around)
        if of != entity:
            raise unfit(rule, around, keys)
        found.append(_Quantity(entity, column, [thing.name]))
    return found
