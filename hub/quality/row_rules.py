"""Findings of one page: which value breaks which row rule, with its raw text.

Belongs here: running the compiled statement over the page and giving each finding its raw value
and facts. Not here: conditions (`predicates.py`), storing findings (hub/landing).
"""

from __future__ import annotations

import json
import tempfile
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import KEY, ROW_NO
from hub.cleansing.columns import raw_text
from hub.cleansing.standardise import Source, Standardised, read_source
from hub.quality.compile import ORDINAL, PAGE, Compiled, compile_rules
from hub.quality.details import detail
from schemas.model import CodeList, Contract, Mapping, Rule
from schemas.problems import Problem

MEMORY_LIMIT = "1GB"  # beyond it DuckDB spills to the temporary folder
FINDINGS_SCHEMA = pa.schema(
    [
        (KEY, pa.string()),
        (ROW_NO, pa.int64()),
        ("rule", pa.string()),
        ("column", pa.string()),  # entity column; "" for a rule over the whole row
        ("source_column", pa.string()),
        ("value", pa.string()),  # raw text as in the source
        ("severity", pa.string()),
        ("dimension", pa.string()),
        ("hold", pa.bool_()),
        ("detail", pa.string()),  # JSON text or null
    ]
)


def check_rows(
    standardised: Standardised, rows: pa.Table, mapping: Mapping, contract: Contract, codes: dict[str, CodeList]
) -> pa.Table:
    """All findings of a page (FINDINGS_SCHEMA), ordered by rule, then row.

    `standardised` is what hub.cleansing made of exactly these `rows`. Pure; raises Problem if a
    rule cannot be compiled or run.
    """
    unread = _unread_reasons(standardised)
    compiled = compile_rules(contract, {entry.column for entry in mapping.columns}, set(unread), codes)
    if compiled is None or rows.num_rows == 0:
        return FINDINGS_SCHEMA.empty_table()
    failed = _run(compiled, _page(standardised, compiled, unread), contract)
    rows = rows.combine_chunks()
    sources = {entry.column: read_source(rows, entry, mapping) for entry in mapping.columns}
    parts = [FINDINGS_SCHEMA.empty_table()]
    for number in sorted(pc.unique(failed["rule_no"]).to_pylist()):
        mine = failed.filter(pc.equal(failed["rule_no"], number)).sort_by(ORDINAL).combine_chunks()
        rule = compiled.rules[number]
        parts.append(_findings(rule, mine, standardised.values, sources, unread, contract, codes))
    return pa.concat_tables(parts)


def _unread_reasons(standardised: Standardised) -> dict[str, pa.Array]:
    """{column: reason per row of the page, null where it was read}."""
    unread = standardised.unread.combine_chunks()
    keys = standardised.values[KEY]
    found = {}
    for column in pc.unique(unread["column"]).to_pylist():
        mine = unread.filter(pc.equal(unread["column"], column))
        places = pc.index_in(keys, value_set=mine[KEY].combine_chunks())
        found[column] = _one(mine["reason"]).take(_one(places))
    return found


def _page(standardised: Standardised, compiled: Compiled, unread: dict[str, pa.Array]) -> pa.Table:
    page = standardised.values.append_column(ORDINAL, pa.array(range(len(standardised.values)), pa.int64()))
    for column, flag in compiled.unread.items():
        page = page.append_column(flag, pc.is_valid(unread[column]))
    return page


def _run(compiled: Compiled, page: pa.Table, contract: Contract) -> pa.Table:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("set threads = 2")
        connection.execute("set temp_directory = ?", [tempfile.gettempdir()])
        connection.register(PAGE, page)
        try:
            return connection.sql(compiled.sql).to_arrow_table()
        except duckdb.Error as error:
            raise Problem("rules_cannot_run", entity=contract.entity, file=contract.path, reason=str(error)) from error


def _findings(
    rule: Rule,
    failed: pa.Table,
    values: pa.Table,
    sources: dict[str, Source],
    unread: dict[str, pa.Array],
    contract: Contract,
    codes: dict[str, CodeList],
) -> pa.Table:
    which = _one(failed[ORDINAL])
    size = len(which)
    column = rule.column or (rule.args["columns"][0] if rule.kind == "unique" else None)
    source = sources.get(column) if column else None
    nothing = pa.nulls(size, pa.string())
    raw = source.raw(which) if source else nothing
    if rule.kind == "unique":
        facts = _one(failed["others"])
    elif column is None:
        facts = nothing
    else:
        standard = raw_text(_one(values[column]).take(which))
        reasons = unread[column].take(which) if column in unread else nothing
        facts = _facts(rule, contract, standard, raw, reasons, codes)
    return pa.table(
        {
            KEY: _one(values[KEY]).take(which),
            ROW_NO: _one(values[ROW_NO]).take(which),
            "rule": pa.repeat(pa.scalar(rule.id), size),
            "column": pa.repeat(pa.scalar(column or ""), size),
            "source_column": source.names.take(which) if source else nothing,
            "value": raw,
            "severity": pa.repeat(pa.scalar(rule.severity), size),
            "dimension": pa.repeat(pa.scalar(rule.dimension), size),
            "hold": pa.repeat(pa.scalar(rule.hold), size),
            "detail": facts,
        },
        schema=FINDINGS_SCHEMA,
    )


def _facts(
    rule: Rule, contract: Contract, standard: pa.Array, raw: pa.Array, reasons: pa.Array, codes: dict[str, CodeList]
) -> pa.Array:
    """JSON text per finding; equal values are looked at once."""
    known: dict[tuple[Any, ...], str | None] = {}
    told = []
    for case in zip(standard.to_pylist(), raw.to_pylist(), reasons.to_pylist(), strict=True):
        if case not in known:
            facts = detail(rule, contract, *case, codes)
            known[case] = json.dumps(facts, ensure_ascii=False) if facts else None
        told.append(known[case])
    return pa.array(told, pa.string())


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one array."""
    combined = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined
