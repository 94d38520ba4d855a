"""Findings of one page: which value breaks which row rule, with its raw text.

Belongs here: running the compiled statement over the page and turning its masks into findings. Not here: conditions
(`predicates.py`), facts (`details.py`), rules over several rows (`table_check.py`), storing findings (hub/landing).
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import KEY, ROW_NO
from hub.cleansing.columns import raw_text
from hub.cleansing.standardise import Source, Standardised, read_source
from hub.quality.compile import BITS, ORDINAL, PAGE, Compiled, Condition, compile_rules, statement
from hub.quality.details import facts_of
from hub.quality.engine import Run, cursor, limited
from schemas.model import CodeList, Contract, Mapping, Rule

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
_Failed = list[tuple[Rule, pa.Array]]  # rule, positions of its failing rows


def check_rows(
    standardised: Standardised,
    rows: pa.Table,
    mapping: Mapping,
    contract: Contract,
    codes: dict[str, CodeList],
    run: Run | None = None,
) -> pa.Table:
    """All findings of a page (FINDINGS_SCHEMA), ordered by rule as in the contract, then row.

    `standardised` is what hub.cleansing made of exactly these `rows`. A rule that cannot run is noted in
    `run.broken`, and the others still run; without a `run` its Problem is raised.
    """
    alone = run is None
    run = run or Run()
    unread = _unread_reasons(standardised)
    compiled = compile_rules(contract, {entry.column for entry in mapping.columns}, set(unread), codes, run)
    failed = _failed(compiled, _page(standardised, compiled, unread), contract, run) if rows.num_rows else []
    if alone and run.broken:
        raise next(iter(run.broken.values()))
    sources = _Sources(rows, mapping)
    parts = [FINDINGS_SCHEMA.empty_table()]
    for rule, which in failed:
        parts.append(_findings(rule, which, standardised.values, sources, unread, contract, codes, run))
    return pa.concat_tables(parts)


class _Sources:
    """What the mapping reads for a column, in the rows that have a finding only."""

    def __init__(self, rows: pa.Table, mapping: Mapping) -> None:
        self._rows, self._mapping = rows, mapping
        self._entries = {entry.column: entry for entry in mapping.columns}

    def of(self, column: str | None, which: pa.Array) -> Source | None:
        entry = self._entries.get(column or "")
        if entry is None:
            return None
        named = [name for name in (entry.source, entry.fallback, KEY) if name in self._rows.column_names]
        return read_source(self._rows.select(named).take(which), entry, self._mapping)


def _unread_reasons(standardised: Standardised) -> dict[str, pa.Array]:
    """{column: reason per row of the page, null where it was read}."""
    unread = standardised.unread.combine_chunks()
    keys = standardised.values[KEY]
    found = {}
    for column in pc.unique(unread["column"]).to_pylist():
        mine = unread.filter(pc.equal(unread["column"], column))
        places = pc.index_in(keys, value_set=mine[KEY].combine_chunks())
        found[column] = one_array(mine["reason"]).take(one_array(places))
    return found


def _page(standardised: Standardised, compiled: Compiled, unread: dict[str, pa.Array]) -> pa.Table:
    page = standardised.values.append_column(ORDINAL, pa.array(np.arange(len(standardised.values), dtype=np.int64)))
    for column, flag in compiled.unread.items():
        page = page.append_column(flag, pc.is_valid(unread[column]))
    return page


def _failed(compiled: Compiled, page: pa.Table, contract: Contract, run: Run) -> _Failed:
    """The failing rows of every rule, found in one statement; in more only where a rule stops that one."""
    connection = cursor()
    try:
        connection.register(PAGE, page)
        try:
            return _run(connection, compiled.conditions, run.seconds)
        except duckdb.Error as error:
            if len(compiled.conditions) == 1:
                run.gave_up(compiled.conditions[0].rule, contract, error)
                return []
        found = dict(_alone(connection, compiled.conditions, contract, run))
        return [(condition.rule, found[condition.rule.id]) for condition in compiled.conditions
                if condition.rule.id in found]  # fmt: skip
    finally:
        connection.close()


def _alone(
    connection: duckdb.DuckDBPyConnection, conditions: Collection[Condition], contract: Contract, run: Run
) -> list[tuple[str, pa.Array]]:
    """What the rules find whose SQL is ours, and each other rule by itself; what breaks is noted."""
    trusted = [condition for condition in conditions if condition.is_trusted]
    try:
        found = _run(connection, trusted, run.seconds) if trusted else []
        others = [condition for condition in conditions if not condition.is_trusted]
    except duckdb.Error:
        found, others = [], list(conditions)
    for condition in others:
        try:
            found += _run(connection, [condition], run.seconds)
        except duckdb.Error as error:
            run.gave_up(condition.rule, contract, error)
    return [(rule.id, which) for rule, which in found]


def _run(connection: duckdb.DuckDBPyConnection, conditions: Collection[Condition], seconds: float) -> _Failed:
    every = list(conditions)
    if not every:
        return []
    with limited(connection, seconds):
        masked: pa.Table = connection.sql(statement(every)).to_arrow_table()
    ordinals = masked[ORDINAL].to_numpy()
    found = []
    for first in range(0, len(every), BITS):
        mask = masked[f"failed_{first // BITS}"].to_numpy()
        told = int(np.bitwise_or.reduce(mask)) if len(mask) else 0
        for bit, condition in enumerate(every[first : first + BITS]):
            if told >> bit & 1:
                which = ordinals[(mask & (1 << bit)) != 0]
                which.sort()
                found.append((condition.rule, pa.array(which)))
    return found


def _findings(
    rule: Rule,
    which: pa.Array,
    values: pa.Table,
    sources: _Sources,
    unread: dict[str, pa.Array],
    contract: Contract,
    codes: dict[str, CodeList],
    run: Run,
) -> pa.Table:
    size = len(which)
    source = sources.of(rule.column, which)
    nothing = pa.nulls(size, pa.string())
    raw = raw_text(source.values) if source else nothing

    def standard(column: str) -> pa.Array:
        return raw_text(one_array(values[column]).take(which))

    column = rule.column or ""
    reasons = unread[column].take(which) if column in unread else None
    told = {
        KEY: one_array(values[KEY]).take(which),
        ROW_NO: one_array(values[ROW_NO]).take(which),
        **shared_columns(rule, column, size),
        "source_column": source.names if source else nothing,
        "value": raw,
        "detail": facts_of(rule, contract, codes, run.today, size, standard, raw, reasons),
    }
    return pa.table([told[name] for name in FINDINGS_SCHEMA.names], schema=FINDINGS_SCHEMA)


def shared_columns(rule: Rule, column: str, size: int) -> dict[str, pa.Array]:
    """The columns that are the same in all findings of a rule."""
    same = {"rule": rule.id, "column": column, "severity": rule.severity, "dimension": rule.dimension}
    texts = {name: pa.repeat(pa.scalar(value, pa.string()), size) for name, value in same.items()}
    return texts | {"hold": pa.repeat(pa.scalar(rule.hold), size)}


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one array."""
    if isinstance(column, pa.ChunkedArray) and column.num_chunks == 1:
        return column.chunk(0)
    combined = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined
