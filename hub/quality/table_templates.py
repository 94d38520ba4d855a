"""Rules over all rows of one dataset as SELECTs: unique, determines, outlier.

Belongs here: one text per kind that gives the same answer in DuckDB (the rows of a file) and in PostgreSQL (the rows
of the store, held ones included). Not here: running them (`table_check.py`, `set_rules.py`), where the rows come from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hub.quality.folding import folded
from hub.quality.literals import identifier, text
from hub.quality.portable import condition_for
from hub.quality.regular import Dialect
from schemas.model import Column, Contract, Rule
from schemas.problems import Problem

DEVIATIONS, AT_LEAST = Decimal("3.5"), 20
_SHOWN = 5  # other rows or values that a finding names


@dataclass(frozen=True)
class Rows:
    """Where a rule finds the rows it looks at.

    relation: a table, or a SELECT in parentheses, with the contract's columns, _source_key and _row_no. identity: its
    columns that name a row. within: SQL over its columns; only rows that agree in these are compared.
    today: day of the run, for a `where` with current_date.
    """

    relation: str
    dialect: Dialect
    identity: tuple[str, ...]
    within: tuple[str, ...]
    today: date

    def json(self, **facts: str) -> str:
        """A JSON object of SQL expressions: jsonb in PostgreSQL, text in DuckDB."""
        pairs = ", ".join(f"{text(name)}, {value}" for name, value in facts.items())
        return (
            f"jsonb_build_object({pairs})" if self.dialect == "postgres" else f"cast(json_object({pairs}) as varchar)"
        )

    def constant(self, value: object) -> str:
        """A JSON constant."""
        told = text(json.dumps(value, ensure_ascii=False))
        return f"cast({told} as {'jsonb' if self.dialect == 'postgres' else 'json'})"

    def pair(self, **facts: str) -> str:
        """As `json`, to stand inside another one."""
        pairs = ", ".join(f"{text(name)}, {value}" for name, value in facts.items())
        return f"{'jsonb_build_object' if self.dialect == 'postgres' else 'json_object'}({pairs})"


def failing_rows(rule: Rule, contract: Contract, rows: Rows) -> str:
    """SELECT (the identity columns, value, detail): every row that breaks the rule, once.

    value: the standard value as text. detail: facts for the sentence, as `Rows.json`. Raises Problem for a kind that
    is none over one table, and for a `where` that is no condition.
    """
    if rule.kind not in TABLE_KINDS:
        raise Problem("rule_kind_unknown", rule=rule.id, kind=rule.kind, known=", ".join(TABLE_KINDS))
    return TABLE_KINDS[rule.kind](rule, contract, rows)


def column_of(rule: Rule) -> str:
    """The column that a finding of the rule points to."""
    if rule.column is not None:
        return rule.column
    if rule.kind == "unique":
        return str(rule.args["columns"][0])
    raise Problem("rule_needs_column", rule=rule.id, kind=rule.kind)


def columns_of(rule: Rule) -> list[str]:
    """All columns the rule reads, besides those of its `where`."""
    named = [*rule.args.get("columns", ()), *(rule.args.get("by") or ())]
    return list(dict.fromkeys([column_of(rule), *map(str, named)]))


def as_text(expression: str, column: Column) -> str:
    """SQL for a value as text, the way a source would write it: 12.5, 2024-03-05T13:30:00."""
    plain = f"cast({expression} as varchar)"
    if column.type == "decimal":
        return _without_zeros(plain)
    return f"replace({plain}, ' ', 'T')" if column.type == "timestamp" else plain


def _without_zeros(number: str) -> str:
    return f"case when strpos({number}, '.') > 0 then rtrim(rtrim({number}, '0'), '.') else {number} end"


def _rounded(expression: str, places: int = 6) -> str:
    """A double as short text."""
    return _without_zeros(f"cast(cast({expression} as decimal(38, {places})) as varchar)")


@dataclass(frozen=True)
class _Parts:
    """Pieces of SQL that all kinds share.

    base: SELECT of the rows the rule looks at. grouped: the same with nothing but what groups are made of; written out
    twice, since a common table would be read with all its columns. names: of the grouping columns g0, g1, ...
    """

    base: str
    grouped: str
    names: tuple[str, ...]

    def listed(self, alias: str) -> str:
        return ", ".join(f"{alias}.{name}" for name in self.names)

    def same(self, left: str, right: str) -> str:
        return " and ".join(f"{left}.{name} = {right}.{name}" for name in self.names)


def _parts(rule: Rule, contract: Contract, rows: Rows, keys: list[str], further: dict[str, str], needs: str) -> _Parts:
    """`base`: SELECT of identity, _source_key, _row_no, the keys as g0, g1, ..., value and what is further needed."""
    column = contract.column(column_of(rule))
    every_key = [*rows.within, *keys] or ["1"]
    names = tuple(f"g{number}" for number in range(len(every_key)))
    told = {
        **{name: f"r.{name}" for name in dict.fromkeys([*rows.identity, "_source_key", "_row_no"])},
        **dict(zip(names, every_key, strict=True)),
        "value": as_text(f"r.{identifier(column.name)}", column),
        **further,
    }
    wanted = [needs] if needs else []
    if rule.where is not None:
        wanted.append(f"({condition_for(rule.where, contract, rows.dialect, rule.id, rows.today)})")
    condition = f" where {' and '.join(wanted)}" if wanted else ""

    def select(wanted: Iterable[str]) -> str:
        columns = ", ".join(f"{told[name]} as {name}" for name in wanted)
        return f"(select {columns} from {rows.relation} as r{condition})"

    return _Parts(select(told), select([*names, *further]), names)


def _ignoring(rule: Rule) -> list[str]:
    return [str(what) for what in rule.args.get("ignoring") or ()]


def _unique(rule: Rule, contract: Contract, rows: Rows) -> str:
    """All rows of each group that shares the values; blank counts as a value, except in a required column."""
    columns = [contract.column(str(name)) for name in rule.args["columns"]]
    keys = [_key(column, _ignoring(rule), f"r.{identifier(column.name)}") for column in columns]
    filled = " and ".join(f"r.{identifier(column.name)} is not null" for column in columns if column.required)
    parts = _parts(rule, contract, rows, keys, {}, filled)
    identity = ", ".join(f"m.{name}" for name in rows.identity)
    # The repeated values first, then lists of their rows only: a list per value costs ten times as much.
    return f"""
with repeated as (
  select {parts.listed("b")}, count(*) as size from {parts.grouped} as b
  group by {parts.listed("b")} having count(*) > 1
), member as materialized (
  select b.*, repeated.size from {parts.base} as b join repeated on {parts.same("b", "repeated")}
), told as (
  select {parts.listed("m")},
         (array_agg(m._source_key order by m._row_no, m._source_key))[1:{_SHOWN}] as keys,
         (array_agg(m._row_no order by m._row_no, m._source_key))[1:{_SHOWN}] as row_nos
  from member as m group by {parts.listed("m")}
)
select {identity}, m.value, {rows.json(count="m.size", keys="t.keys", rows="t.row_nos")} as detail
from member as m join told as t on {parts.same("m", "t")}"""


def _key(column: Column, ignoring: list[str], value: str) -> str:
    """A value to group and join by, never null: equality of nulls is beyond a hash join of PostgreSQL."""
    if column.type != "string":
        return value if column.required else f"coalesce(cast({value} as varchar), '')"
    same = folded(value, ignoring)
    return same if column.required else f"coalesce('=' || {same}, '')"


def _determines(rule: Rule, contract: Contract, rows: Rows) -> str:
    """Rows whose value is not the one that most rows with the same `by` have; without a majority, all of them.

    Rows with a blank among these columns say nothing.
    """
    column = contract.column(column_of(rule))
    by = [contract.column(str(name)) for name in rule.args["by"]]
    own = f"r.{identifier(column.name)}"
    keys = [
        folded(f"r.{identifier(key.name)}", _ignoring(rule)) if key.type == "string" else f"r.{identifier(key.name)}"
        for key in by
    ]
    filled = " and ".join(f"r.{identifier(one.name)} is not null" for one in [*by, column])
    meant = folded(own, _ignoring(rule)) if column.type == "string" else own
    further = {"meant": meant, "shown": as_text(own, column)}
    parts = _parts(rule, contract, rows, keys, further, filled)
    identity = ", ".join(f"b.{name}" for name in rows.identity)
    titles = {"zh": "、".join(key.title.zh for key in by), "en": ", ".join(key.title.en for key in by)}
    facts = {"key": rows.constant(titles), "agree": "t.agree"}
    with_majority = rows.json(**facts, suggestion="t.majority")
    return f"""
with vote as materialized (
  select {parts.listed("b")}, b.meant, count(*) as votes, min(b.shown) as shown
  from {parts.grouped} as b group by {parts.listed("b")}, b.meant
), split as (
  select {parts.listed("v")}, max(v.votes) as most from vote as v group by {parts.listed("v")} having count(*) > 1
), ranked as materialized (
  select v.*, s.most, row_number() over (partition by {parts.listed("v")} order by v.votes desc, v.shown) as place
  from vote as v join split as s on {parts.same("v", "s")}
), told as (
  select {parts.listed("k")}, sum(case when k.votes = k.most then 1 else 0 end) as winners,
         min(case when k.votes = k.most then k.shown end) as majority,
         array_agg({rows.pair(value="k.shown", count="k.votes")} order by k.place) as agree
  from ranked as k where k.place <= {_SHOWN} group by {parts.listed("k")}
)
select {identity}, b.value, case when t.winners = 1 then {with_majority} else {rows.json(**facts)} end as detail
from {parts.base} as b join ranked as k on {parts.same("b", "k")} and k.meant = b.meant
join told as t on {parts.same("b", "t")}
where k.votes < k.most or t.winners > 1"""


def _outlier(rule: Rule, contract: Contract, rows: Rows) -> str:
    """Values whose modified z-score, 0.6745 * (x - median) / MAD, is beyond `deviations`, in groups of `at_least` rows.

    MAD: the median of the distances from the median. Source: B. Iglewicz and D. Hoaglin (1993), How to Detect and
    Handle Outliers, ASQC; 3.5 is their limit. Where more than half of the values are equal MAD is 0, and the mean
    distance takes its place: (x - median) / (1.253314 * mean distance); where all are equal nothing is found.
    """
    column = contract.column(column_of(rule))
    by = [f"r.{identifier(contract.column(str(name)).name)}" for name in rule.args.get("by") or ()]
    filled = " and ".join(f"{name} is not null" for name in [*by, f"r.{identifier(column.name)}"])
    number = {"x": f"cast(r.{identifier(column.name)} as double precision)"}
    parts = _parts(rule, contract, rows, by, number, filled)
    limit = format(Decimal(str(rule.args.get("deviations", DEVIATIONS))), "f")
    at_least = int(rule.args.get("at_least", AT_LEAST))
    median = "percentile_cont(0.5) within group (order by {})"
    identity = ", ".join(f"d.{name}" for name in rows.identity)
    facts = rows.json(
        median=_rounded("s.median"), low=_rounded(f"s.median - {limit} * s.unit"),
        high=_rounded(f"s.median + {limit} * s.unit"), size="s.size", deviation=_rounded("d.distance / s.unit", 1),
    )  # fmt: skip
    return f"""
with middle as (
  select {parts.listed("b")}, {median.format("b.x")} as median, count(*) as size
  from {parts.grouped} as b group by {parts.listed("b")} having count(*) >= {at_least}
), distant as materialized (
  select b.*, m.median, m.size, abs(b.x - m.median) as distance
  from {parts.base} as b join middle as m on {parts.same("b", "m")}
), spread as (
  select {parts.listed("d")}, min(d.median) as median, min(d.size) as size,
         {median.format("d.distance")} as mad, avg(d.distance) as mean_distance
  from distant as d group by {parts.listed("d")}
), scaled as (
  select s.*, case when s.mad > 0 then s.mad / 0.6745
                   when s.mean_distance > 0 then 1.253314 * s.mean_distance end as unit
  from spread as s
)
select {identity}, d.value, {facts} as detail
from distant as d join scaled as s on {parts.same("d", "s")}
where d.distance > {limit} * s.unit"""


TABLE_KINDS: dict[str, Callable[[Rule, Contract, Rows], str]] = {
    "unique": _unique,
    "determines": _determines,
    "outlier": _outlier,
}
