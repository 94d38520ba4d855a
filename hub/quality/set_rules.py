"""Rules over several rows, decided again over the whole store.

Belongs here: running the queries of `set_templates.py` one rule at a time, so that one that cannot run leaves the
others alone. Not here: the queries, merging what they find (`set_findings.py`), moving rows that a rule holds
back (hub/landing/holding.py).

A rule that cannot run, or that runs too long, is unknown, never passed: its line in quality.rule_run gets a
`problem`, and its open findings stay exactly as they were, so that a row it holds stays held. Whoever settles
held rows or scores rules needs no list from here: open findings and quality.rule_run.problem say it all.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from collections.abc import Mapping as MappingABC
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from hub.quality.engine import SECONDS, seconds_allowed
from hub.quality.fixed import attribute
from hub.quality.set_findings import forget, merge, prepare_tables
from hub.quality.set_templates import PREPARE, query_of
from hub.quality.sets.surroundings import Surroundings
from hub.quality.systems import KINDS_OF_SYSTEMS, NO_SYSTEMS, Systems
from schemas.model import CodeList, Contract, Mapping, Rule
from schemas.problems import Problem

SCOPES = ("table", "set", "dataset")
FREE_SQL_SECONDS = SECONDS

# Our queries look at whole tables. How many groups come out of a sum PostgreSQL cannot know, takes them for few, and
# looks each of them up in all the others: measured 20 times slower at 20,000 rows, without end at a million.
_WHOLE_TABLES = "set local enable_nestloop = off; set local work_mem = '64MB'; set local jit = off"

_RAN = """
insert into quality.rule_run (rule, ran_at, load_id, findings, milliseconds, problem)
values (%s, clock_timestamp(), %s, %s, %s, %s)
on conflict (rule, dataset) do update set ran_at = excluded.ran_at, load_id = excluded.load_id,
  findings = excluded.findings, milliseconds = excluded.milliseconds, problem = excluded.problem"""


def run_set_rules(
    connection: psycopg.Connection[Any],
    contracts: MappingABC[str, Contract],
    mappings: MappingABC[str, Mapping],
    load_id: int,
    systems: Systems = NO_SYSTEMS,
    codes: MappingABC[str, CodeList] | None = None,
    seconds: float | None = None,
    scopes: Collection[str] = SCOPES,
) -> list[Problem]:
    """Decide all rules of scope table, set and dataset again and bring quality.finding up to date.

    In the caller's transaction, if there is one. codes: the code lists, for converting units. seconds: how long a
    query of one's own (`set_expression`) may run, by default as long as any statement of a rule
    (WATERWORKS_RULE_SECONDS, 60). scopes: only these, if the others cannot have changed. Findings of
    rules that no contract has any more are resolved.
    Returns one Problem for every rule that could not be decided.
    """
    around = Surroundings(contracts, systems, mappings, codes or {})
    limit = seconds_allowed() if seconds is None else seconds
    problems: list[Problem] = []
    every_rule = [rule for contract in contracts.values() for rule in contract.rules]
    with connection.transaction():
        prepare_tables(connection, mappings)
        for rule in every_rule:
            if rule.scope in scopes:
                problem = _decide(connection, rule, around, load_id, limit)
                problems += [problem] if problem else []
        attribute(connection, contracts)
        forget(connection, [rule.id for rule in every_rule], load_id)
        connection.execute("delete from quality.rule_run where rule <> all(%s)", [[rule.id for rule in every_rule]])
    return problems


def _decide(
    connection: psycopg.Connection[Any], rule: Rule, around: Surroundings, load_id: int, seconds: float
) -> Problem | None:
    """Run one rule; the Problem if it cannot be decided, with everything it did taken back."""
    started = time.monotonic()
    problem: Problem | None = None
    count: int | None = None
    try:
        with connection.transaction():
            collect(connection, rule, around, seconds)
            count = merge(connection, rule, around, load_id)
    except Problem as told:
        problem = told
    except psycopg.Error as error:
        if connection.closed:
            raise
        problem = cannot_run(rule, around, error, seconds)
    spent = round((time.monotonic() - started) * 1000)
    connection.execute(_RAN, [rule.id, load_id, count, spent, Jsonb(problem.as_json()) if problem else None])
    return problem


def collect(connection: psycopg.Connection[Any], rule: Rule, around: Surroundings, seconds: float) -> None:
    """Fill the temporary table set_found with the rows that fail: dataset, source_key, value, detail."""
    unknown = around.systems.unknown(rule.args.get("sources") or ())
    if unknown:
        known = ", ".join([*sorted(KINDS_OF_SYSTEMS), *sorted(around.systems.kinds)])
        file = around.contracts[rule.entity].path
        raise Problem("rule_source_unknown", rule=rule.id, file=file, source=", ".join(unknown), known=known)
    connection.execute("truncate set_found")
    if rule.kind != "set_expression":
        connection.execute(_WHOLE_TABLES)
        if rule.kind in PREPARE:
            PREPARE[rule.kind](connection, rule, around)
        connection.execute(f"insert into pg_temp.set_found {query_of(rule, around)}".encode())
        connection.execute("set local enable_nestloop = on")
        return
    query = f"insert into pg_temp.set_found {query_of(rule, around)}".encode()
    # A read-only transaction may still write to temporary tables, and to nothing else.
    with connection.transaction():
        connection.execute("set transaction read only")
        with _time_limit(connection, seconds):
            # In binary, because that protocol takes one statement only: nothing can be appended to the query.
            connection.execute(query, binary=True)


@contextmanager
def _time_limit(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Statements inside are cancelled after so many seconds (QueryCanceled)."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        (before,) = cursor.execute("show statement_timeout").fetchone() or ("0",)
        limit = "select set_config('statement_timeout', %s, true)"
        cursor.execute(limit, [str(max(1, round(seconds * 1000)))])
        yield
        cursor.execute(limit, [before])


def cannot_run(rule: Rule, around: Surroundings, error: psycopg.Error, seconds: float) -> Problem:
    file = around.contracts[rule.entity].path
    if isinstance(error, psycopg.errors.QueryCanceled):
        return Problem("set_rule_too_slow", rule=rule.id, file=file, seconds=f"{seconds:g}")
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return Problem("set_rule_writes", rule=rule.id, file=file)
    return Problem("set_rule_cannot_run", rule=rule.id, file=file, reason=str(error).strip())
