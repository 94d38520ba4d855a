"""A cost against the cost of its parts, over all levels of the bill of material.

Belongs here: kind `roll_up`. Not here: parts that contain themselves as a finding of the bill (`loops.py`).

    rolled(m) = sum(added of m) + sum over the lines of m: quantity * (1 + scrap_percent / 100) * cost(component)
    cost(m)   = rolled(m)         if m has lines itself, all of them with a cost, and what is added to it is known
              = the rule's column if m has a row of the rule's entity and no lines
              = otherwise         (a plan price, say) if m has no such row
              = unknown           if there is none of these: then all that contains m is unknown too, never 0

Lines count if they are valid today (Shanghai) and `lines_where` is true for them. With `unit`, `line_unit` and
`otherwise_unit` the quantity of a line is converted to the unit of the component's cost; units that cannot be
converted into each other make the line unknown, a blank unit counts as the same. Of several costs of one material
that satisfy the rule's `where` the highest counts as cost of a component; each is compared. Levels are computed
from the bottom, one statement per level, so that a loop ends the computation instead of keeping it going.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from hub.quality.literals import identifier
from hub.quality.sets.quantities import UnitFactors, number
from hub.quality.sets.surroundings import Surroundings, names_of, own_column, own_text, target, unfit
from schemas.model import Rule

_DEEPEST = 50

_NODES = """
create temporary table roll_done on commit drop as
select distinct l.place, l.component as code, n.cost, n.kind, n.factor
from roll_line as l left join roll_cost as n on n.code = l.component
where not exists (select from roll_line as d where d.place = l.place and d.parent = l.component)"""
# Parents whose components are all done; a component without cost or with another kind of unit makes the sum null.
_LEVEL = """
with rolled as (
  select l.place, l.parent, count(*) as lines, count(d.code) as done,
         sum(case when l.kind = '' or coalesce(d.kind, '') = '' then l.quantity * d.cost
                  when l.kind = d.kind then l.quantity * l.factor * d.cost / d.factor end) as cost,
         count(*) filter (where l.quantity is null or d.cost is null
                          or (l.kind <> '' and coalesce(d.kind, '') not in ('', l.kind))) as lacking
  from roll_open as l left join roll_done as d on d.place = l.place and d.code = l.component
  group by l.place, l.parent having count(*) = count(d.code)
), kept as (
  insert into roll_done
  select r.place, r.parent, coalesce(case when r.lacking = 0 then r.cost + coalesce(n.added, {unlisted}) end,
                                   case when n.rank = 2 then n.cost end),
         coalesce(n.kind, ''), coalesce(n.factor, 1)
  from rolled as r left join roll_cost as n on n.code = r.parent
  returning place, code
), finished as (
  delete from roll_open as l using rolled as r where l.place = r.place and l.parent = r.parent
) select count(*) from kept"""


def roll_costs(connection: psycopg.Connection[Any], rule: Rule, around: Surroundings) -> None:
    """Fill the temporary tables roll_line (valid lines), roll_cost (known costs) and roll_done (rolled costs)."""
    connection.execute(
        "drop table if exists pg_temp.roll_line, pg_temp.roll_cost, pg_temp.roll_done, pg_temp.roll_open"
    )
    for statement in (_lines(rule, around), _costs(rule, around)):
        connection.execute(statement.encode())
    connection.execute("create index on roll_line (place, parent)")
    connection.execute("analyze roll_line")
    connection.execute("analyze roll_cost")
    connection.execute(_NODES)
    connection.execute("create temporary table roll_open on commit drop as select * from roll_line")
    # What is added to a part without a cost of its own is not known, unless nothing is added anywhere.
    level = _LEVEL.replace("{unlisted}", "null" if rule.args.get("added") else "0").encode()
    with connection.cursor(row_factory=tuple_row) as cursor:
        for _ in range(int(rule.args.get("deepest", _DEEPEST))):
            cursor.execute("analyze roll_done")
            cursor.execute("analyze roll_open")
            if cursor.execute(level).fetchone() == (0,):
                break
    connection.execute("analyze roll_done")


def roll_up(rule: Rule, around: Surroundings) -> str:
    """Rows whose cost is more than tolerance_percent away from the rolled cost, or whose cost cannot be rolled.

    Expects the tables of `roll_costs`. Where several systems have a bill for the material the nearest counts.
    problem: apart; unknown, with the components that lack a cost; loop, for what contains itself or has more than
    `deepest` (50) levels.
    """
    column, key = identifier(own_column(rule, around).name), identifier(str(rule.args["by"]))
    near = f"abs(c.{column} - d.cost) <= abs(d.cost) * {number(rule, 'tolerance_percent')} / 100"
    return f"""
with bill as (
  select distinct place, parent from roll_line
), compared as (
  select distinct on (c._dataset, c._source_key) c._dataset, c._source_key, {own_text(rule, around)} as shown,
         c.{column} as own, b.place, b.parent, d.cost, {near} as near,
         case when d.code is null then 'loop' when d.cost is null then 'unknown' else 'apart' end as problem
  from {around.own_rows(rule)} as c
  join bill as b on b.parent = c.{key}::text
  left join roll_done as d on d.place = b.place and d.code = b.parent
  where c.{column} is not null
  order by c._dataset, c._source_key, abs(c.{column} - d.cost) nulls last, b.place
), lacking as (
  select l.place, l.parent, (array_agg(distinct l.component order by l.component))[1:5] as keys
  from roll_line as l left join roll_done as d on d.place = l.place and d.code = l.component
  where l.quantity is null or d.cost is null or (l.kind <> '' and coalesce(d.kind, '') not in ('', l.kind))
  group by l.place, l.parent
)
select c._dataset, c._source_key, c.shown as value, jsonb_strip_nulls(jsonb_build_object(
  'problem', c.problem, 'rolled', trim_scale(round(c.cost, 4))::text,
  'percent', trim_scale(round(100 * abs(c.own - c.cost) / nullif(abs(c.cost), 0), 1))::text,
  'keys', case when c.problem <> 'apart' then coalesce(to_jsonb(l.keys), to_jsonb(array[c.parent])) end)) as detail
from compared as c left join lacking as l on l.place = c.place and l.parent = c.parent
where c.near is not true"""


def _lines(rule: Rule, around: Surroundings) -> str:
    """The valid lines of the bills: place, parent, component, quantity with scrap, kind and factor of its unit."""
    bill, parent = target(rule, str(rule.args["parent"]), around)

    def of_bill(argument: str) -> str | None:
        named = rule.args.get(argument)
        if named is None:
            return None
        entity, column = target(rule, str(named), around)
        if entity != bill:
            raise unfit(rule, around, argument)
        return column.name

    def column_of(argument: str) -> str:
        return f"t.{identifier(of_bill(argument) or '')}"

    quantity = column_of("quantity")
    if of_bill("scrap_percent"):
        quantity = f"{quantity} * (1 + coalesce({column_of('scrap_percent')}, 0) / 100)"
    today = around.day()
    valid = [f"t.{identifier(parent.name)} is not null", f"{column_of('component')} is not null"]
    valid += [f"coalesce({column_of('valid_from')} <= {today}, true)"] if of_bill("valid_from") else []
    valid += [f"coalesce({column_of('valid_to')} >= {today}, true)"] if of_bill("valid_to") else []
    factors = _factors(rule, around, of_bill("line_unit"))
    return f"""
create temporary table roll_line on commit drop as
{f"with {factors.table.rstrip(', ')}" if factors.table else ""}
select {around.place("t")} as place, t.{identifier(parent.name)}::text as parent,
       {column_of("component")}::text as component, {quantity} as quantity, {factors.kind("t")} as kind,
       {factors.factor("t")} as factor
from {around.rows_where(rule, bill, rule.args.get("lines_where"))} as t {factors.join("t")}
where {" and ".join(valid)}"""


def _costs(rule: Rule, around: Surroundings) -> str:
    """What a material costs without looking at its parts, and what is added to the cost of its parts."""
    column, key = identifier(own_column(rule, around).name), identifier(str(rule.args["by"]))
    own = _factors(rule, around, rule.args.get("unit"))
    added = " + ".join(f"coalesce(c.{identifier(name)}, 0)" for name in names_of(rule.args.get("added"))) or "0"
    chosen = f"""
select c.{key}::text as code, 1 as rank, c.{column} as cost, {added} as added, {own.kind("c")} as kind,
       {own.factor("c")} as factor
from {around.own_rows(rule)} as c {own.join("c")} where c.{key} is not null"""
    table = own.table
    if rule.args.get("otherwise") is not None:
        entity, price = target(rule, str(rule.args["otherwise"]), around)
        of, code = target(rule, str(rule.args.get("otherwise_by") or f"{entity}.{rule.args['by']}"), around)
        if of != entity:
            raise unfit(rule, around, "otherwise_by")
        unit = rule.args.get("otherwise_unit")
        other = _factors(rule, around, target(rule, str(unit), around)[1].name if unit is not None else None)
        table = table or other.table
        chosen += f"""
union all
select t.{identifier(code.name)}::text, 2, t.{identifier(price.name)}, {"null" if added != "0" else "0"},
       {other.kind("t")}, {other.factor("t")}
from {around.rows(entity)} as t {other.join("t")}
where t.{identifier(code.name)} is not null and t.{identifier(price.name)} is not null"""
    return f"""
create temporary table roll_cost on commit drop as
{f"with {table.rstrip(', ')}" if table else ""}
select distinct on (code) code, rank, cost, max(added::numeric) over (partition by code) as added, kind,
       factor::numeric as factor
from ({chosen}) as known order by code, cost is null, rank, cost desc"""


def _factors(rule: Rule, around: Surroundings, unit: Any) -> UnitFactors:
    return UnitFactors.named(str(unit), around) if unit else UnitFactors("", "")
