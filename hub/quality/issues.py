"""Issues: what a person works on, one per rule, dataset and department that the rule is broken in.

Belongs here: opening, changing, moving, closing and re-opening them as the open findings say, with every step
written down. Not here: findings (set_rules.py, hub/landing), who fixed one (fixed.py).

An issue is open while more rows break the rule than its threshold allows. It closes when that is over, and comes
back as the same issue if that was less than REOPEN_DAYS ago; later a new one is opened. Nobody can say that a
dataset is well again that was not read, or a rule that could not be run: their issues stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row, tuple_row
from psycopg.types.json import Jsonb

from hub.landing.dataset import all_mappings
from hub.quality.figures import dataset_figures, within_threshold
from hub.quality.fixed import RULE, SOURCE
from hub.quality.states import dataset_states
from schemas.loader import contracts
from schemas.model import Contract, Mapping, Rule

REOPEN_DAYS = 30
ISSUE_LOCK = 7_201_007


class Key(NamedTuple):
    """What there is at most one open issue of."""

    rule: str
    dataset: str
    department: str


@dataclass
class _Found:
    """Of one key. findings, rows: open now; fixed: gone since the issue's last event, by whom; last: the last fixer."""

    findings: int = 0
    rows: int = 0
    fixed: Counter[str] = field(default_factory=Counter)
    last: str | None = None


_OPEN_FINDINGS = """
select rule, dataset, department, count(*), count(distinct source_key) from quality.finding
where resolved_at is null and (%(datasets)s::text[] is null or dataset = any(%(datasets)s)) group by 1, 2, 3"""
_ISSUES = """
select distinct on (rule, dataset, department) id, rule, dataset, department, severity, dimension, findings, closed_at,
  closed_at is null or closed_at > now() - make_interval(days => %(days)s) as within_reach
from quality.issue where %(datasets)s::text[] is null or dataset = any(%(datasets)s)
order by rule, dataset, department, closed_at is null desc, id desc"""
_FIXED = """
select i.id, coalesce(f.resolved_by, %(unsaid)s), count(*), max(f.resolved_at) from quality.issue as i
cross join lateral (select max(happened_at) as at from quality.issue_event where issue_id = i.id) as e
join quality.finding as f on f.rule = i.rule and f.dataset = i.dataset and f.department = i.department
  and f.resolved_at > e.at
where i.closed_at is null and (%(datasets)s::text[] is null or i.dataset = any(%(datasets)s))
group by 1, 2 order by 4"""


def refresh(
    connection: psycopg.Connection[Any],
    contracts: MappingABC[str, Contract],
    mappings: MappingABC[str, Mapping],
    datasets: Collection[str] | None = None,
) -> Counter[str]:
    """Bring the issues (of these datasets) up to date with the open findings; returns how many events of each kind.

    In the caller's transaction; two at once wait for each other.
    """
    connection.execute("select pg_advisory_xact_lock(%s)", (ISSUE_LOCK,))
    wanted = None if datasets is None else sorted(datasets)
    about = {name: mapping for name, mapping in mappings.items() if datasets is None or name in datasets}
    events: Counter[str] = Counter()
    _move(connection, about, events)
    found = _found(connection, wanted)
    issues = _issues(connection, wanted, found)
    rules = {rule.id: rule for contract in contracts.values() for rule in contract.rules}
    failing = _failing(connection, contracts, about, found, rules)
    silent = _silent(connection, contracts, about, issues)
    for key in sorted({*found, *issues}):
        issue, now, rule = issues.get(key), found.get(key, _Found()), rules.get(key.rule)
        is_open = issue is not None and issue["closed_at"] is None
        if key in failing and rule is not None and not is_open:
            _open(connection, key, rule, now, issue, events)
        elif is_open and issue is not None and (key not in silent or rule is None):
            _follow(connection, issue, rule, now, key in failing, events)
    return events


def follow_load(connection: psycopg.Connection[Any], dataset: str, moved: int) -> None:
    """The issues of a dataset after a load of it; `moved`: rows that came, waited, were refused or went."""
    if moved:
        refresh(connection, contracts(), all_mappings(), [dataset])


def _move(connection: psycopg.Connection[Any], about: MappingABC[str, Mapping], events: Counter[str]) -> None:
    """Findings and issues of a dataset that another department keeps now go with it, unless it has that issue."""
    for dataset, mapping in about.items():
        facts = {"dataset": dataset, "department": mapping.department}
        connection.execute(
            "update quality.finding set department = %(department)s where dataset = %(dataset)s"
            " and department <> %(department)s and resolved_at is null",
            facts,
        )
        with connection.cursor(row_factory=tuple_row) as cursor:
            for issue, old, findings in cursor.execute(
                "update quality.issue as i set department = %(department)s from quality.issue as was"
                " where was.id = i.id and i.dataset = %(dataset)s and i.department <> %(department)s"
                " and i.closed_at is null and not exists (select from quality.issue as o where o.rule = i.rule"
                " and o.dataset = i.dataset and o.department = %(department)s and o.closed_at is null)"
                " returning i.id, was.department, i.findings",
                facts,
            ).fetchall():
                moved = {"from": old, "to": mapping.department}
                _tell(connection, events, issue, "moved", findings, detail=moved)


def _found(connection: psycopg.Connection[Any], wanted: list[str] | None) -> dict[Key, _Found]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return {
            Key(*line[:3]): _Found(line[3], line[4])
            for line in cursor.execute(_OPEN_FINDINGS, {"datasets": wanted}).fetchall()
        }


def _issues(
    connection: psycopg.Connection[Any], wanted: list[str] | None, found: dict[Key, _Found]
) -> dict[Key, dict[str, Any]]:
    """The issue of each key that is open or could be re-opened; fills `fixed` of the open ones in `found`."""
    with connection.cursor(row_factory=dict_row) as cursor:
        newest = cursor.execute(_ISSUES, {"datasets": wanted, "days": REOPEN_DAYS}).fetchall()
    issues = {
        Key(issue["rule"], issue["dataset"], issue["department"]): issue for issue in newest if issue["within_reach"]
    }
    keys = {issue["id"]: key for key, issue in issues.items()}
    with connection.cursor(row_factory=tuple_row) as cursor:
        for issue, by, count, _ in cursor.execute(_FIXED, {"datasets": wanted, "unsaid": SOURCE}).fetchall():
            if issue in keys:
                now = found.setdefault(keys[issue], _Found())
                now.fixed[by] += count
                now.last = by
    return issues


def _failing(
    connection: psycopg.Connection[Any],
    contracts: MappingABC[str, Contract],
    about: MappingABC[str, Mapping],
    found: MappingABC[Key, _Found],
    rules: MappingABC[str, Rule],
) -> set[Key]:
    """The keys with more failing rows than their rule's threshold allows."""
    failing: set[Key] = set()
    checked: dict[str, MappingABC[str, int]] = {}
    for key, now in found.items():
        rule, mapping = rules.get(key.rule), about.get(key.dataset)
        if rule is None or now.findings == 0:
            continue
        of_rows = 0
        if rule.threshold is not None and rule.threshold.unit == "percent" and mapping is not None:
            if key.dataset not in checked:
                checked[key.dataset] = dataset_figures(connection, mapping, contracts[mapping.entity]).checked
            of_rows = checked[key.dataset].get(rule.id, 0)
        if not within_threshold(rule, of_rows, now.rows):
            failing.add(key)
    return failing


def _silent(
    connection: psycopg.Connection[Any],
    contracts: MappingABC[str, Contract],
    about: MappingABC[str, Mapping],
    keys: Collection[Key],
) -> set[Key]:
    """The keys of which nobody can say that they are well again: not read, or the rule could not be run."""
    states = dataset_states(connection, contracts, about)
    unread = {dataset for dataset, state in states.items() if not state.known}
    with connection.cursor(row_factory=tuple_row) as cursor:
        broken = set(cursor.execute("select rule, dataset from quality.rule_run where problem is not null").fetchall())
    return {
        key for key in keys if key.dataset in unread or (key.rule, "") in broken or (key.rule, key.dataset) in broken
    }


def _open(
    connection: psycopg.Connection[Any],
    key: Key,
    rule: Rule,
    now: _Found,
    closed: dict[str, Any] | None,
    events: Counter[str],
) -> None:
    """A new issue, or the one that was closed not long ago."""
    facts = {
        **key._asdict(), "entity": rule.entity, "severity": rule.severity, "dimension": rule.dimension,
        "findings": now.findings, "id": closed and closed["id"],
    }  # fmt: skip
    with connection.cursor(row_factory=tuple_row) as cursor:
        if closed is not None:
            line = cursor.execute(
                "update quality.issue set closed_at = null, closed_by = null, reopened = reopened + 1,"
                " severity = %(severity)s, dimension = %(dimension)s, findings = %(findings)s,"
                " worst = greatest(worst, %(findings)s) where id = %(id)s returning id",
                facts,
            ).fetchone()
        else:
            line = cursor.execute(
                "insert into quality.issue (rule, entity, dataset, department, severity, dimension, findings, worst)"
                " values (%(rule)s, %(entity)s, %(dataset)s, %(department)s, %(severity)s, %(dimension)s,"
                " %(findings)s, %(findings)s) returning id",
                facts,
            ).fetchone()
    assert line is not None
    _tell(connection, events, line[0], "reopened" if closed else "opened", now.findings)


def _follow(
    connection: psycopg.Connection[Any],
    issue: dict[str, Any],
    rule: Rule | None,
    now: _Found,
    failing: bool,
    events: Counter[str],
) -> None:
    """An open issue with the findings it has now; closed if they are few enough."""
    severity, dimension = (rule.severity, rule.dimension) if rule else (issue["severity"], issue["dimension"])
    told = (severity, dimension, now.findings) != (issue["severity"], issue["dimension"], issue["findings"])
    if not failing:
        # Nothing was fixed, and yet it is over: the threshold is another.
        connection.execute(
            "update quality.issue set closed_at = now(), closed_by = %s, findings = %s where id = %s",
            (now.last or RULE, now.findings, issue["id"]),
        )
        _tell(connection, events, issue["id"], "closed", now.findings, now.fixed)
    elif told or now.fixed:
        connection.execute(
            "update quality.issue set severity = %s, dimension = %s, findings = %s, worst = greatest(worst, %s)"
            " where id = %s",
            (severity, dimension, now.findings, now.findings, issue["id"]),
        )
        _tell(connection, events, issue["id"], "changed", now.findings, now.fixed)


def _tell(
    connection: psycopg.Connection[Any],
    events: Counter[str],
    issue: int,
    kind: str,
    findings: int,
    fixed: Counter[str] | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    events[kind] += 1
    connection.execute(
        "insert into quality.issue_event (issue_id, kind, findings, fixed, detail) values (%s, %s, %s, %s, %s)",
        (issue, kind, findings, Jsonb(dict(fixed)) if fixed else None, Jsonb(detail) if detail else None),
    )
