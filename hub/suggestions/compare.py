"""Suggestions for one entity by comparing rows of the store: master data, what depends on what, spellings.

Belongs here: queries that count and fetch candidates. Not here: deciding over them (majorities.py, learned.py),
storing what came out (refresh.py). Every query sees core rows and held rows (hub/quality/relations.py), groups in the
store, and gives back candidates only, at most MOST of a column.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from hub.cleansing.uscc import is_valid
from hub.quality.literals import identifier
from hub.quality.sets.surroundings import Surroundings, value_text
from hub.suggestions.confidence import MEASURED, share
from hub.suggestions.idea import Idea
from hub.suggestions.majorities import dominant_spellings, known_name, majority, may_stand_for, one_of
from schemas.model import Column, Contract, Rule

MOST = 20_000
FREE_TEXTS = (None, "text", "name", "company_name")  # standardisers of words
# As majorities.spelling_key, coarser: signs between digits count there.
_SPELLING_KEY = "lower(regexp_replace(normalize({value}, nfkc), '[^[:alnum:]]+', '', 'g'))"

Connection = psycopg.Connection[Any]


def from_comparing(connection: Connection, around: Surroundings, contract: Contract) -> Iterator[Idea]:
    """All suggestions that comparing rows of this entity gives."""
    yield from _of_codes(connection, around, contract)
    yield from _of_numbers(connection, around, contract)
    yield from _of_rules(connection, around, contract)
    yield from _of_spellings(connection, around, contract)


def _of_codes(connection: Connection, around: Surroundings, contract: Contract) -> Iterator[Idea]:
    """Codes that do not exist, but one almost the same does: what the rules about them found out already."""
    for rule in contract.rules:
        column = rule.column and contract.column(rule.column)
        if not column or rule.kind not in ("reference", "suspect_code"):
            continue
        exists = "true" if rule.kind == "reference" else _exists(around, contract, column)
        reason = "reference.nearest" if rule.kind == "reference" else "code.elsewhere"
        query = f"""
            select f.dataset, f.source_key, {value_text(f"r.{identifier(column.name)}", column.type)} as current,
                   f.detail ->> 'suggestion' as value
            from quality.finding as f
            join {around.rows(contract.entity)} as r on r._dataset = f.dataset and r._source_key = f.source_key
            where f.rule = %s and f.resolved_at is null and f.detail ->> 'suggestion' is not null and {exists}
            limit {MOST}"""
        for dataset, source_key, current, value in connection.execute(query.encode(), (rule.id,)):
            if current is not None and value != current:
                yield Idea(
                    column.name, current, value, reason, MEASURED[reason], {"to": str(rule.args.get("to", ""))},
                    dataset=dataset, source_key=source_key,
                )  # fmt: skip


def _exists(around: Surroundings, contract: Contract, column: Column) -> str:
    """SQL condition: the suggested code stands in the master data, or in another dataset of the same entity."""
    target = column.references
    if target is not None:
        rows, goal = around.rows(target.entity), target.column
        return f"exists (select from {rows} as t where t.{identifier(goal)} = f.detail ->> 'suggestion')"
    own = around.rows(contract.entity)
    return (
        f"exists (select from {own} as t where t.{identifier(column.name)} = f.detail ->> 'suggestion'"
        " and t._dataset <> f.dataset)"
    )


def _of_numbers(connection: Connection, around: Surroundings, contract: Contract) -> Iterator[Idea]:
    """A credit code belongs to one organisation: its usual name for the other names, its code where it is missing."""
    number = next((column for column in contract.columns if column.standard == "uscc"), None)
    name = next((column for column in contract.columns if column.name == f"{contract.entity}_name"), None)
    if number is None or name is None:
        return
    rows, code, called = around.rows(contract.entity), identifier(number.name), identifier(name.name)
    several = f"""
        with cell as (
          select _dataset, _source_key, {code} as code, {called} as name from {rows} as r
          where {code} is not null and {called} is not null
        ), counted as (select code, name, count(*) as rows from cell group by 1, 2
        ), open as (
          select code, jsonb_object_agg(name, rows) as names from counted group by code having count(*) > 1
        ), used as (select name, count(*) as codes from counted group by name)
        select c._dataset, c._source_key, c.code, c.name, o.names, u.codes > 1
        from open as o join cell as c using (code) join used as u using (name) limit {MOST}"""
    for dataset, source_key, given, current, names, shared in connection.execute(several.encode()):
        most = known_name(names) if is_valid(given) else None
        if most and current != most.value and may_stand_for(current, most.value):
            yield Idea(
                name.name, current, most.value, "depends.name", MEASURED["depends.name"],
                {"seen": most.seen, "of": most.of, "by": given}, dataset=dataset, source_key=source_key,
                this_row_only=shared,
            )  # fmt: skip
    lacking = f"""
        with named as (
          select {called} as name, array_agg(distinct {code}) as codes from {rows} as r
          where {called} is not null and {code} is not null group by 1)
        select r._dataset, r._source_key, r.{code}, n.codes, r.{called}
        from {rows} as r join named as n on n.name = r.{called}
        where r.{code} is null or cardinality(n.codes) > 1 limit {MOST}"""
    for dataset, source_key, current, codes, called_so in connection.execute(lacking.encode()):
        known = one_of(each for each in codes if is_valid(each))
        if known is not None and (current is None or not is_valid(current)):
            yield Idea(
                number.name, current, known, "depends.uscc", MEASURED["depends.uscc"], {"by": called_so},
                dataset=dataset, source_key=source_key, this_row_only=True,
            )  # fmt: skip


def _of_rules(connection: Connection, around: Surroundings, contract: Contract) -> Iterator[Idea]:
    """Where a rule says that some columns determine another one: what nearly all rows that agree in them say."""
    for rule in contract.rules:
        if rule.kind == "determines" and rule.column:
            yield from _of_rule(connection, around, contract, rule, contract.column(rule.column))


def _of_rule(
    connection: Connection, around: Surroundings, contract: Contract, rule: Rule, column: Column
) -> Iterator[Idea]:
    keys = [identifier(name) for name in rule.args["by"]]
    own = value_text(f"r.{identifier(column.name)}", column.type)
    joined = ", ".join(f"r.{key}::text" for key in keys)
    agree = " and ".join(f"r.{key} is not null" for key in keys)
    query = f"""
        with cell as (
          select _dataset, _source_key, concat_ws('|', {joined}) as by, {own} as value
          from {around.own_rows(rule)} as r where {agree} and r.{identifier(column.name)} is not null
        ), counted as (select _dataset, by, value, count(*) as rows from cell group by 1, 2, 3
        ), open as (
          select _dataset, by, jsonb_object_agg(value, rows) as counts from counted group by 1, 2 having count(*) > 1)
        select c._dataset, c._source_key, c.value, o.by, o.counts
        from open as o join cell as c on c._dataset = o._dataset and c.by = o.by
        where (o.counts ->> c.value)::bigint < (select max(value::bigint) from jsonb_each_text(o.counts))
        limit {MOST}"""
    for dataset, source_key, current, by, counts in connection.execute(query.encode()):
        most = majority(counts)
        if most is not None and current != most.value:
            yield Idea(
                column.name, current, most.value, "depends.value", share(most.seen, most.of),
                {"seen": most.seen, "of": most.of, "by": by}, dataset=dataset, source_key=source_key,
                this_row_only=True,
            )  # fmt: skip


def _of_spellings(connection: Connection, around: Surroundings, contract: Contract) -> Iterator[Idea]:
    """Texts that nearly all rows of a dataset write in one way, and some in another."""
    for column in (column for column in contract.columns if is_free_text(column, contract)):
        own = identifier(column.name)
        query = f"""
            with counted as (
              select _dataset, {own} as value, count(*) as rows from {around.rows(contract.entity)} as r
              where {own} is not null group by 1, 2
            ), keyed as (select *, {_SPELLING_KEY.format(value="value")} as key from counted
            ), several as (select _dataset, key from keyed where key <> '' group by 1, 2 having count(*) > 1)
            select _dataset, jsonb_object_agg(value, rows) from keyed join several using (_dataset, key)
            group by _dataset, key limit {MOST}"""
        for dataset, counts in connection.execute(query.encode()).fetchall():
            for spelling, most in dominant_spellings(counts).items():
                yield Idea(
                    column.name, spelling, most.value, "spelling.majority", share(most.seen, most.of),
                    {"seen": most.seen, "of": most.of}, dataset=dataset,
                )  # fmt: skip


def is_free_text(column: Column, contract: Contract) -> bool:
    """Whether a column holds words: no codes, no keys, nothing a list or a check digit decides."""
    return (
        column.type == "string"
        and column.standard in FREE_TEXTS
        and not column.code_list
        and not column.references
        and column.name not in contract.business_key
    )
