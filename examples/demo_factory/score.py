"""How well the hub found what was planted: precision and recall per kind, and of matching.

Belongs here: loading truth.jsonl beside the store's findings and counting, in SQL on temporary tables
(the store itself is only read). Does not belong here: how it is shown (`score_report.py`).

Counted per kind of class
- error: a planted error is found if an open finding of one of the kind's rules stands on its row and
  column (any column of the row for set rules); false if such a finding stands where nothing is planted.
- fixable: found if the value was changed, right if it became the true one; false if it became something else, or if
  one of the kind's changes happened to a clean value of a column in which the kind occurs.
- match: planted = pairs of this record with other records of the same true thing; found = linked
  pairs; false = links to records of other things. Kinds with rules are counted as class error too.
- reject: found if the row is among the rejected ones.
- suggest: found if something is proposed for the value, right if it is the true one; false if one of the kind's
  suggestions stands where nothing is planted. Such a kind is counted as class error too if it has rules.
- repair, per rule that changes values by itself (several serve one kind): found = changes of planted values to the
  true value; false = changes of planted values to anything else, whatever the kind, and of
  clean values of columns in which one of its kinds occurs.
- suggestion, per rule that suggests: planted = errors of the kinds it suggests something for; found = suggestions
  that are the true value; false = all others of its suggestions. They are counted per cell, before anybody decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import psycopg

from examples.demo_factory import truth
from examples.demo_factory.build import TRUTH, stamp
from schemas.problems import Problem

_TABLES = """
create temp table planted (id bigint, kind text, dataset text, source_key text, col text, dirty text, true_value text,
  row_no bigint);
create temp table place (planted_id bigint, dataset text, source_key text, col text);
create temp table entity (domain text, dataset text, source_key text, entity text);
create temp table kind_rule (kind text, rule text, whole_row boolean);
create temp table kind_change (kind text, rule text);
create temp table kind_suggestion (kind text, rule text);
create temp table source_column (dataset text, column_name text, source_column text);
"""

_INDEXES = """
create index on planted (kind);
create index on place (dataset, source_key);
create index on entity (dataset, source_key);
analyze planted; analyze place; analyze entity;
create temp table linked as
  select e.domain, e.dataset, e.source_key, e.entity, c.golden_id
  from entity as e left join master.crosswalk as c
    on c.domain = e.domain and c.dataset = e.dataset and c.source_key = e.source_key and c.valid_to is null;
create index on linked (entity); create index on linked (golden_id); create index on linked (dataset, source_key);
analyze linked;
"""

# A finding names the column as its source does; a rule over several rows may name another one.
_HIT = """f.resolved_at is null and k.rule = f.rule and p.dataset = f.dataset and p.source_key = f.source_key
  and (k.whole_row or f.column_name = '' or p.col = f.source_column)"""

_ERRORS = f"""
select kind,
  (select count(*) from planted where kind = k0.kind) as planted,
  (select count(distinct p.planted_id) from quality.finding as f join kind_rule as k on k.kind = k0.kind
     join place as p on true join planted as t on t.id = p.planted_id and t.kind = k0.kind where {_HIT}) as found,
  (select count(*) from quality.finding as f join (select distinct rule, whole_row from kind_rule
     where kind = k0.kind) as k on k.rule = f.rule and f.resolved_at is null
   where not exists (select from place as p where {_HIT})) as wrong
from (select distinct kind from planted) as k0
where kind = any(%s)
"""

_FIXES = """
select kind, count(*) as planted, count(v.dataset) as found,
  count(*) filter (where case when p.kind = 'price_text' and v.value ~ '^[0-9]+([.][0-9]+)?$'
    then v.value::numeric = p.true_value::numeric else v.value = p.true_value end) as exact,
  (select count(*) from quality.value_change as w
     join kind_change as k on k.rule = w.rule and k.kind = p.kind
     where exists (select from planted as s where s.kind = p.kind and s.dataset = w.dataset and s.col = w.source_column)
       and not exists (select from place as q where q.dataset = w.dataset and q.source_key = w.source_key
                       and q.col = w.source_column)) as wrong
from planted as p left join quality.value_change as v
  on v.dataset = p.dataset and v.source_key = p.source_key and v.source_column = p.col
where p.kind = any(%s)
group by p.kind
"""

_SUGGESTED = """
select p.kind, count(*) as planted, count(s.dataset) as found, count(*) filter (where s.value = p.true_value) as exact,
  (select count(*) from quality.suggestion_row as w
     join kind_suggestion as k on k.rule = w.rule and k.kind = p.kind
     left join source_column as c on c.dataset = w.dataset and c.column_name = w.column_name
     where not exists (select from place as q where q.dataset = w.dataset and q.source_key = w.source_key
                       and q.col = c.source_column)) as wrong
from planted as p
  left join source_column as o on o.dataset = p.dataset and o.source_column = p.col
  left join quality.suggestion_row as s on s.dataset = p.dataset and s.source_key = p.source_key
    and s.column_name = o.column_name
    and s.rule in (select rule from kind_suggestion as k where k.kind = p.kind)
where p.kind = any(%s)
group by p.kind
"""

# What conversions do (codes, epochs) is no repair: only the rules that kinds name as their changes are.
_REPAIRS = """
with made as (
  select v.rule, p.kind,
    case when p.kind = 'price_text' and v.value ~ '^[0-9]+([.][0-9]+)?$'
      then v.value::numeric = p.true_value::numeric else v.value = p.true_value end as is_true
  from quality.value_change as v
  left join planted as p on p.dataset = v.dataset and p.source_key = v.source_key and p.col = v.source_column
  where v.rule in (select rule from kind_change) and (
    p.id is not null or (v.rule, v.dataset, v.source_column) in (
      select k.rule, s.dataset, s.col from planted as s join kind_change as k on k.kind = s.kind))
)
select rule, count(*) filter (where is_true), count(*) filter (where is_true is not true)
from made group by rule order by rule
"""

_MATCH_KINDS = """
with record as (
  select p.kind, l.* from planted as p join linked as l on l.dataset = p.dataset and l.source_key = p.source_key
  where p.kind = any(%s)
)
select kind, sum(same) as planted, sum(joined) as found, sum(strangers) as wrong
from (
  select r.kind,
    (select count(*) from linked as o where o.domain = r.domain and o.entity = r.entity) - 1 as same,
    (select count(*) from linked as o where o.domain = r.domain and o.entity = r.entity
       and o.golden_id = r.golden_id and (o.dataset, o.source_key) <> (r.dataset, r.source_key)) as joined,
    (select count(*) from linked as o where o.golden_id = r.golden_id and o.entity <> r.entity) as strangers
  from record as r
) as each_record
group by kind
"""

_DOMAINS = """
with pair as (
  select domain, sum(n * (n - 1) / 2) as pairs, 'true' as what
  from (select domain, entity, count(*) as n from linked group by 1, 2) as x group by domain
  union all
  select domain, sum(n * (n - 1) / 2), 'linked'
  from (select domain, golden_id, count(*) as n from linked where golden_id is not null group by 1, 2) as x group by 1
  union all
  select domain, sum(n * (n - 1) / 2), 'both'
  from (select domain, entity, golden_id, count(*) as n from linked where golden_id is not null group by 1, 2, 3) as x
  group by 1
)
select domain, max(pairs) filter (where what = 'true'), coalesce(max(pairs) filter (where what = 'both'), 0),
  coalesce(max(pairs) filter (where what = 'linked'), 0) - coalesce(max(pairs) filter (where what = 'both'), 0)
from pair group by domain order by domain
"""

_REJECTS = """
select p.kind, count(*), count(r.dataset), 0
from planted as p left join quality.rejected_row as r on r.dataset = p.dataset and r.row_no = p.row_no
where p.kind = any(%s) group by p.kind
"""

# A suggestion names the entity's column; the truth names the source's.
_SUGGESTIONS = """
with made as (
  select s.rule, p.id, p.kind, p.true_value = s.value as is_true
  from quality.suggestion_row as s
  left join source_column as c on c.dataset = s.dataset and c.column_name = s.column_name
  left join planted as p on p.dataset = s.dataset and p.source_key = s.source_key and p.col = c.source_column
)
select rule,
  (select count(*) from planted as p where p.kind in (select kind from made as m where m.rule = made.rule)),
  count(*) filter (where is_true), count(*) filter (where is_true is not true)
from made group by rule order by rule
"""

_OTHERS = """
select f.rule, count(*) from quality.finding as f
where f.resolved_at is null and not exists (select from kind_rule as k where k.rule = f.rule)
  and not exists (select from place as p where p.dataset = f.dataset and p.source_key = f.source_key)
group by f.rule order by 2 desc, 1
"""


@dataclass(frozen=True)
class Line:
    """Counts of one kind, rule or domain. `planted` is 0 where it says nothing.

    `exact`: how many found ones got the true value (fixable and suggest only).
    """

    name: str
    group: str  # error, fixable, suggest, match, reject, repair, suggestion, domain
    planted: int
    found: int
    wrong: int
    exact: int | None = None

    @property
    def recall(self) -> float | None:
        return self._right / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        """None if nothing was found, right or wrong."""
        return self._right / (self.found + self.wrong) if self.found + self.wrong else None

    @property
    def _right(self) -> int:
        return self.found if self.exact is None else self.exact


@dataclass(frozen=True)
class Score:
    kinds: list[Line]
    domains: list[Line]
    others: dict[str, int] = field(default_factory=dict)  # findings of other rules on rows without planted errors
    world: str = ""  # which world was scored, in words


def score(folder: Path) -> Score:
    """Compare the truth of the world in `folder` with this installation's store.

    Raises Problem `demo_world_missing` if there is no truth file, and what `hub.store.engine.connect` raises.
    """
    from hub.settings import load_environment
    from hub.store.engine import connect

    path = folder / TRUTH
    if not path.exists():
        raise Problem("demo_world_missing", folder=str(folder))
    load_environment()
    with connect() as connection:
        try:
            _load(connection, path)
            return replace(_count(connection), world=_world(folder))
        finally:
            connection.rollback()  # the temporary tables go, nothing else was written


def _world(folder: Path) -> str:
    built = stamp(folder)
    if built is None:
        return "demo factory"
    rows, planted = sum(built.rows.values()), sum(built.planted.values())
    return f"demo factory, scale {built.scale:g}, seed {built.seed}: {rows:,} rows, {planted:,} planted errors"


def _load(connection: psycopg.Connection[Any], path: Path) -> None:
    from schemas.loader import contracts, mappings

    kinds = truth.kinds()
    rules = [rule for contract in contracts().values() for rule in contract.rules]
    connection.execute(_TABLES)
    cursor = connection.cursor()
    cursor.executemany(
        "insert into kind_rule values (%s, %s, %s)",
        [
            (kind, rule.id, rule.scope == "set" or rule.kind == "unique")
            for kind, facts in kinds.items()
            for rule in rules
            if any(fnmatchcase(rule.id, pattern) for pattern in facts.get("rules", ()))
        ],
    )
    cursor.executemany(
        "insert into kind_change values (%s, %s)",
        [(kind, rule) for kind, facts in kinds.items() for rule in facts.get("changes", ())],
    )
    cursor.executemany(
        "insert into source_column values (%s, %s, %s)",
        [
            (mapping.dataset, entry.column, source)
            for mapping in mappings().values()
            for entry in mapping.columns
            for source in (entry.source, entry.fallback)
            if source is not None
        ],
    )
    cursor.executemany(
        "insert into kind_suggestion values (%s, %s)",
        [(kind, rule) for kind, facts in kinds.items() for rule in facts.get("suggestions", ())],
    )
    with cursor.copy("copy planted from stdin") as copy:
        for number, line in _errors(path):
            row_no = int("".join(filter(str.isdigit, line["cell"]))) if "cell" in line else None
            copy.write_row(
                (number, line["kind"], line["dataset"], line["source_key"], line["column"], line["dirty"], line["true"],
                 row_no)
            )  # fmt: skip
    with cursor.copy("copy place from stdin") as copy:
        for number, line in _errors(path):
            for dataset, source_key in [(line["dataset"], line["source_key"]), *line.get("accept", ())]:
                copy.write_row((number, dataset, source_key, line["column"]))
    with cursor.copy("copy entity from stdin") as copy:
        for line in truth.read(path):
            if line["type"] == "entity":
                copy.write_row((line["domain"], line["dataset"], line["source_key"], line["entity"]))
    connection.execute(_INDEXES)


def _errors(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    return ((number, line) for number, line in enumerate(truth.read(path)) if line["type"] == "error")


def _count(connection: psycopg.Connection[Any]) -> Score:
    lines: list[Line] = []
    groups: dict[str, list[str]] = {}
    for kind, facts in truth.kinds().items():
        groups.setdefault(facts["class"], []).append(kind)

    def rows(sql: str, group: str) -> list[tuple[Any, ...]]:
        return sorted(connection.execute(sql, (groups[group],)).fetchall())

    # duplicates inside one system are both: a rule should report them and matching should link them; likewise what
    # a rule should report and a suggestion repair
    both = [*groups["match"], *groups["suggest"]]
    groups["error"] += [kind for kind in both if truth.kinds()[kind].get("rules")]
    lines += [Line(k, "error", planted, found, wrong) for k, planted, found, wrong in rows(_ERRORS, "error")]
    lines += [Line(k, "fixable", n, found, wrong, exact) for k, n, found, exact, wrong in rows(_FIXES, "fixable")]
    lines += [Line(k, "suggest", n, found, wrong, exact) for k, n, found, exact, wrong in rows(_SUGGESTED, "suggest")]
    lines += [Line(k, "match", int(n), int(f), int(w)) for k, n, f, w in rows(_MATCH_KINDS, "match")]
    lines += [Line(k, "reject", n, found, wrong) for k, n, found, wrong in rows(_REJECTS, "reject")]
    lines += [Line(r, "repair", 0, found, wrong) for r, found, wrong in connection.execute(_REPAIRS)]
    lines += [Line(r, "suggestion", n, found, wrong) for r, n, found, wrong in connection.execute(_SUGGESTIONS)]
    domains = [Line(d, "domain", int(n), int(f), int(w)) for d, n, f, w in connection.execute(_DOMAINS).fetchall()]
    return Score(lines, domains, dict(connection.execute(_OTHERS).fetchall()))
