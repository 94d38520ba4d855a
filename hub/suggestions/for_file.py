"""Suggestions for the rows of a file that is not loaded yet, and accepting them.

Belongs here: comparing a page of a file with the store, by the same reasoning as refresh.py does for stored rows.
Not here: the reasoning (majorities.py, learned.py), how an upload shows it (portal).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg
import pyarrow as pa

from connectors.base import KEY, ROW_NO
from hub.cleansing.codes import digits_for_letters
from hub.cleansing.standardise import Standardised, read_source
from hub.cleansing.uscc import is_valid
from hub.landing.dataset import Dataset, dataset
from hub.quality.literals import identifier, text
from hub.quality.relations import relation
from hub.suggestions import decide
from hub.suggestions.compare import is_free_text
from hub.suggestions.confidence import MEASURED, share
from hub.suggestions.idea import Idea
from hub.suggestions.learned import same_changes
from hub.suggestions.majorities import dominant_spellings, known_name, may_stand_for, one_of
from schemas.loader import contracts
from schemas.model import Column, Contract

# As hub.quality.sets.references compares codes: to suggest, never to decide.
_CODE_KEY = "ltrim(translate(regexp_replace(upper({value}), '[-_ .·/]', '', 'g'), 'OI', '01'), '0')"

Connection = psycopg.Connection[Any]
Line = dict[str, Any]


def for_page(connection: Connection, about: Dataset, rows: pa.Table, standardised: Standardised) -> list[Line]:
    """[{_key, _row_no, column, source_column, raw, value, rule, detail}] for a page of a file.

    rows: as read; standardised: what they became. detail: {"confidence", and facts}; with "key" the suggestion is
    about that row only. What the department dismissed before is left out.
    """
    lines = [{**line, "detail": {"confidence": line["confidence"]}} for line in standardised.suggestions.to_pylist()]
    told = {(line[KEY], line["column"], line["value"]) for line in lines}
    entries = {entry.column: entry for entry in about.mapping.columns}
    ideas: dict[str, list[Idea]] = {}
    for idea in _ideas(connection, about, standardised.values):
        if idea.column in entries:
            ideas.setdefault(idea.column, []).append(idea)
    for column, own in ideas.items():
        source = read_source(rows.combine_chunks(), entries[column], about.mapping)
        raw, names = source.raw(pa.array(range(rows.num_rows))).to_pylist(), source.names.to_pylist()
        for at, idea in _cells(standardised.values, column, own):
            key = standardised.values[KEY][at].as_py()
            if (key, column, idea.value) not in told:
                facts = {"confidence": idea.confidence, **idea.detail} | ({"key": key} if idea.this_row_only else {})
                lines.append(
                    {KEY: key, ROW_NO: standardised.values[ROW_NO][at].as_py(), "column": column,
                     "source_column": names[at], "raw": raw[at], "value": idea.value, "rule": idea.rule,
                     "detail": facts}
                )  # fmt: skip
    dismissed = _dismissed(connection, about)
    return [line for line in lines if (line["column"], line["raw"], line["value"]) not in dismissed]


def accept_cell(connection: Connection, dataset_name: str, cell: Mapping[str, Any], who: str) -> int:
    """Remember the suggestion of one cell of an upload (a line of ops.upload_finding), or correct its row.

    Returns the id of the remembered value or correction. Raises what `decide.remember` and `decide.correct` raise.
    """
    about = dataset(dataset_name, "")
    key = (cell["detail"] or {}).get("key")
    if key is not None:
        return decide.correct_known(
            connection, about, key, cell["column_name"], cell["value"], cell["suggestion"], who, cell["rule"]
        )
    return decide.remember(
        connection, about.mapping.department, about.contract.entity, cell["column_name"], cell["value"] or "",
        cell["suggestion"], cell["rule"], who, dataset_name,
    )  # fmt: skip


def _cells(values: pa.Table, column: str, ideas: Iterable[Idea]) -> Iterator[tuple[int, Idea]]:
    """(position, idea) of every row the ideas fit."""
    by_key = {idea.source_key: idea for idea in ideas if idea.source_key is not None}
    by_text = {idea.current: idea for idea in ideas if idea.source_key is None}
    for at, (key, current) in enumerate(zip(values[KEY].to_pylist(), values[column].to_pylist(), strict=True)):
        idea = by_key.get(key) or by_text.get(current)
        if idea is not None:
            yield at, idea


def _ideas(connection: Connection, about: Dataset, values: pa.Table) -> Iterator[Idea]:
    contract = about.contract
    mapped = {entry.column for entry in about.mapping.columns}
    for column in contract.columns:
        if column.type == "string" and column.name in mapped:
            counts = Counter(text for text in values[column.name].to_pylist() if text is not None)
            yield from _of_codes(connection, about, column, counts)
            yield from _of_parts(connection, about, column, counts)
            if is_free_text(column, contract):
                for spelling, most in dominant_spellings(counts).items():
                    yield Idea(column.name, spelling, most.value, "spelling.majority", share(most.seen, most.of),
                               {"seen": most.seen, "of": most.of})  # fmt: skip
    yield from _of_numbers(connection, about, values)


def _of_codes(connection: Connection, about: Dataset, column: Column, counts: Mapping[str, int]) -> Iterator[Idea]:
    """Codes the store does not have, where it has one almost the same."""
    rules = [rule for rule in about.contract.rules if rule.column == column.name]
    targets = {str(rule.args["to"]) for rule in rules if rule.kind == "reference"}
    reason = "reference.nearest"
    if not targets and any(rule.kind == "suspect_code" for rule in rules):
        targets, reason = {f"{about.contract.entity}.{column.name}"}, "code.elsewhere"
    if column.references is not None:
        targets = {f"{column.references.entity}.{column.references.column}"}
    for target in targets if counts else ():
        entity, _, goal = target.partition(".")
        known = f"(select distinct {identifier(goal)} as code from {_others(contracts()[entity], about)} as r)"
        query = f"""
            with given as (select unnest(%s::text[]) as value), missing as (
              select value from given where not exists (select from {known} as k where k.code = value))
            select m.value, min(k.code) from missing as m
            join {known} as k on {_CODE_KEY.format(value="k.code")} = {_CODE_KEY.format(value="m.value")}
            group by m.value having count(distinct k.code) = 1"""
        for value, suggestion in connection.execute(query.encode(), (list(counts),)):
            if reason == "reference.nearest" or _is_mistyped(value, suggestion):
                yield Idea(column.name, value, suggestion, reason, MEASURED[reason], {"to": target})


def _is_mistyped(value: str, code: str) -> bool:
    """Letters for digits, or lost zeros: what makes a code of one's own list a slip and not another code."""
    return digits_for_letters(value) == code or (value.isdigit() and value.zfill(len(code)) == code)


def _of_parts(connection: Connection, about: Dataset, column: Column, counts: Mapping[str, int]) -> Iterator[Idea]:
    """The department's own changes, on texts that have the same part."""
    place = (about.mapping.department, about.contract.entity, column.name)
    accepted = set(about.decisions.remembered.get(column.name, {}).items())
    if len(accepted) < 2:
        return
    dismissed = connection.execute(
        "select raw_value, value from quality.suggestion where status = 'dismissed' and department = %s"
        " and entity = %s and column_name = %s",
        place,
    ).fetchall()
    for changed, learned in same_changes(accepted, [(raw, value) for raw, value in dismissed], counts, counts).items():
        yield Idea(column.name, changed, learned.value, "learned.part", learned.confidence,
                   {"seen": learned.accepted, "of": learned.accepted + learned.dismissed})  # fmt: skip


def _of_numbers(connection: Connection, about: Dataset, values: pa.Table) -> Iterator[Idea]:
    """Names that a credit code has elsewhere; codes that a company has elsewhere."""
    contract = about.contract
    number = next((column.name for column in contract.columns if column.standard == "uscc"), None)
    name = f"{contract.entity}_name"
    if number is None or name not in values.column_names:
        return
    rows = _others(contract, about)
    own = list(zip(values[KEY].to_pylist(), values[number].to_pylist(), values[name].to_pylist(), strict=True))
    names_of: dict[str, Counter[str]] = {}
    for _, code, called in own:
        if code and called and is_valid(code):
            names_of.setdefault(code, Counter())[called] += 1
    stored = f"select {identifier(number)}, {identifier(name)}, count(*) from {rows} as r"
    query = f"{stored} where {identifier(number)} = any(%s) and {identifier(name)} is not null group by 1, 2"
    for code, called, count in connection.execute(query.encode(), (list(names_of),)):
        names_of[code][called] += count
    query = f"{stored} where {identifier(name)} = any(%s) and {identifier(number)} is not null group by 1, 2"
    codes_of: dict[str, set[str]] = {}
    wanted = [called for _, code, called in own if called and not (code and is_valid(code))]
    for code, called, _ in connection.execute(query.encode(), (wanted,)):
        if is_valid(code):
            codes_of.setdefault(called, set()).add(code)
    for key, code, called in own:
        if not called:
            continue
        if code and is_valid(code):
            most = known_name(names_of[code])
            if most and called != most.value and may_stand_for(called, most.value):
                yield Idea(name, called, most.value, "depends.name", MEASURED["depends.name"],
                           {"seen": most.seen, "of": most.of, "by": code}, source_key=key)  # fmt: skip
        elif known := one_of(codes_of.get(called, ())):
            yield Idea(number, code, known, "depends.uscc", MEASURED["depends.uscc"], {"by": called},
                       source_key=key, this_row_only=True)  # fmt: skip


def _others(contract: Contract, about: Dataset) -> str:
    """SQL of all rows of an entity but those that came from the same kind of file."""
    same = ", ".join(text(f"{system}.{about.name.partition('.')[2]}") for system in ("uploads", "workbooks"))
    return relation(contract, where=f"_dataset not in ({same})")


def _dismissed(connection: Connection, about: Dataset) -> set[tuple[str, str, str]]:
    return set(
        connection.execute(
            "select column_name, raw_value, value from quality.suggestion where status = 'dismissed'"
            " and department = %s and entity = %s",
            (about.mapping.department, about.contract.entity),
        ).fetchall()
    )
