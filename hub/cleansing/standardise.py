"""Rows of a source as rows of an entity, with every change and every unread value told.

Belongs here: `standardise`, the tables it returns. Not here: reading one value (the standardisers),
judging values (hub/quality).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import KEY, ROW_NO
from hub.cleansing.already import already
from hub.cleansing.columns import Converted, arrow_type, convert, raw_text
from hub.cleansing.decisions import NONE, Decided, Decisions, decided
from hub.cleansing.numbers import ONE
from hub.cleansing.registry import CodeLists, standardiser
from schemas.model import Column, ColumnMapping, Contract, Mapping
from schemas.problems import Problem

_ROW = [(KEY, pa.string()), (ROW_NO, pa.int64())]
_CELL = [("column", pa.string()), ("source_column", pa.string()), ("raw", pa.string())]
CHANGES_SCHEMA = pa.schema([*_ROW, *_CELL, ("value", pa.string()), ("rule", pa.string())])
UNREAD_SCHEMA = pa.schema([*_ROW, *_CELL, ("reason", pa.string())])
SUGGESTIONS_SCHEMA = pa.schema(
    [*_ROW, *_CELL, ("value", pa.string()), ("rule", pa.string()), ("confidence", pa.float64())]
)
OUTDATED_SCHEMA = pa.schema([*_ROW, *_CELL])


@dataclass(frozen=True)
class Standardised:
    """values: _key, _row_no and all contract columns, typed, one row per source row in its order.

    changes: values that differ from the raw text, with the rule (rules.yaml, "changes").
    unread: raw text that is not blank but means no value for sure; the value is null.
    suggestions: what a text was probably meant to be; nothing of it is in `values`.
    outdated: values that somebody corrected once, but the source says something else now; the correction does not hold.
    """

    values: pa.Table
    changes: pa.Table
    unread: pa.Table
    suggestions: pa.Table
    outdated: pa.Table


def standardise(
    rows: pa.Table, mapping: Mapping, contract: Contract, codes: CodeLists, decisions: Decisions = NONE
) -> Standardised:
    """Standard values of one page of source rows (source columns + _key + _row_no).

    Pure. What people decided goes before what the source says; the change is told with the source's own text.
    Raises Problem if the mapping names a source column that the rows do not have, or a standardiser that is unknown
    or does not fit.
    """
    rows = rows.combine_chunks()
    keys, row_nos = _array(rows, KEY).cast(pa.string()), _array(rows, ROW_NO).cast(pa.int64())
    mapped = {entry.column: entry for entry in mapping.columns}
    columns: dict[str, pa.Array] = {KEY: keys, ROW_NO: row_nos}
    changes, unread, suggestions, outdated = [], [], [], []
    for column in contract.columns:
        entry = mapped.get(column.name)
        if entry is None:
            columns[column.name] = pa.nulls(len(rows), arrow_type(column))
            continue
        source = read_source(rows, entry, mapping)
        converted = _convert(source.values, column, entry, codes)
        place = partial(_cells, keys, row_nos, column.name, source)
        told_rule = _with_fallback(converted, source, entry)
        over = _decided(decisions, column, keys, source)
        if over is not None:
            converted = _lay_over(replace(converted, rule=told_rule), over, column, entry, codes)
            told_rule = converted.rule
            outdated.append(place(pc.if_else(over.outdated, True, None), {}, OUTDATED_SCHEMA))
        columns[column.name] = converted.values
        if told_rule is not None:
            told = raw_text(converted.values) if converted.text is None else converted.text
            changes.append(place(told_rule, {"value": told, "rule": told_rule}, CHANGES_SCHEMA))
        if converted.reason is not None:
            unread.append(place(converted.reason, {"reason": converted.reason}, UNREAD_SCHEMA))
        if converted.suggestion is not None:
            parts = {name: pc.struct_field(converted.suggestion, name) for name in ("value", "rule", "confidence")}
            suggestions.append(place(parts["rule"], parts, SUGGESTIONS_SCHEMA))
    return Standardised(
        values=pa.table(columns),
        changes=pa.concat_tables([CHANGES_SCHEMA.empty_table(), *changes]),
        unread=pa.concat_tables([UNREAD_SCHEMA.empty_table(), *unread]),
        suggestions=pa.concat_tables([SUGGESTIONS_SCHEMA.empty_table(), *suggestions]),
        outdated=pa.concat_tables([OUTDATED_SCHEMA.empty_table(), *outdated]),
    )


@dataclass(frozen=True)
class Source:
    """What a mapping line reads: values in source type, and per row the source column they are from."""

    values: pa.Array
    names: pa.Array

    def raw(self, which: pa.Array) -> pa.Array:
        """Raw text of the rows at these positions."""
        return raw_text(self.values.take(which))


def read_source(rows: pa.Table, entry: ColumnMapping, mapping: Mapping) -> Source:
    """The source column, constant, or source column with fallback that a mapping line names.

    Raises Problem if the rows have no such column.
    """
    size = len(rows)
    if entry.source is None:
        return Source(pa.repeat(pa.scalar(entry.value, pa.string()), size), pa.nulls(size, pa.string()))
    values, names = _named(rows, entry.source, entry, mapping), pa.repeat(pa.scalar(entry.source), size)
    if entry.fallback is None:
        return Source(values, names)
    text = raw_text(values)
    blank = pc.or_kleene(pc.is_null(text), pc.equal(pc.utf8_trim_whitespace(text), ""))
    if not pc.any(blank).as_py():
        return Source(values, names)
    other = raw_text(_named(rows, entry.fallback, entry, mapping))
    return Source(pc.if_else(blank, other, text), pc.if_else(blank, pa.scalar(entry.fallback), names))


def _named(rows: pa.Table, name: str, entry: ColumnMapping, mapping: Mapping) -> pa.Array:
    if name not in rows.column_names:
        raise Problem(
            "mapping_source_missing",
            dataset=mapping.dataset,
            column=entry.column,
            source=name,
            known=", ".join(known for known in rows.column_names if not known.startswith("_")),
        )
    return _array(rows, name)


def _array(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name)
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def _convert(source: pa.Array, column: Column, entry: ColumnMapping, codes: CodeLists) -> Converted:
    times = Decimal(entry.factor) if entry.factor else ONE
    standard = standardiser(column, codes, entry.standard, times)
    known = already(column, codes, entry.standard, times)
    return convert(source, column, standard, entry.values, as_is=times == ONE, already=known)


def _decided(decisions: Decisions, column: Column, keys: pa.Array, source: Source) -> Decided | None:
    if column.name not in decisions.remembered and column.name not in decisions.corrections:
        return None
    return decided(decisions, column.name, keys, raw_text(source.values))


def _lay_over(converted: Converted, over: Decided, column: Column, entry: ColumnMapping, codes: CodeLists) -> Converted:
    """The column with the decided values in their rows.

    A decided value is written as the hub writes it: neither the status map nor the factor of the source applies.
    """
    size = len(converted.values)
    texts = over.texts.filter(over.where)
    said = convert(texts, column, standardiser(column, codes, entry.standard), {})
    nothing = pa.nulls(size, pa.string())

    def laid(own: pa.Array | None, decided_ones: pa.Array) -> pa.Array:
        return pc.replace_with_mask(nothing if own is None else own, over.where, decided_ones)

    own_text = raw_text(converted.values) if converted.text is None else converted.text
    said_text = _only(texts, pc.is_valid(said.values)) if said.text is None else said.text
    none = pa.nulls(len(texts), pa.string())
    return Converted(
        values=laid(converted.values, said.values),
        rule=laid(converted.rule, over.rule.filter(over.where)),
        reason=laid(converted.reason, none if said.reason is None else said.reason),
        text=laid(own_text, said_text),
        suggestion=_only(converted.suggestion, pc.invert(over.where)),
    )


def _only(values: pa.Array | None, where: pa.Array) -> pa.Array | None:
    return None if values is None else pc.if_else(where, values, pa.scalar(None, values.type))


def _with_fallback(converted: Converted, source: Source, entry: ColumnMapping) -> pa.Array | None:
    """The change rule per row; a value taken from the fallback column is told as one."""
    if entry.fallback is None:
        return converted.rule
    rule = pa.nulls(len(source.values), pa.string()) if converted.rule is None else converted.rule
    filled = pc.and_(pc.equal(source.names, entry.fallback), pc.is_valid(converted.values))
    return pc.if_else(pc.and_(filled, pc.is_null(rule)), pa.scalar("source.fallback"), rule)


def _cells(
    keys: pa.Array,
    row_nos: pa.Array,
    column: str,
    source: Source,
    told: pa.Array,
    further: dict[str, pa.Array],
    schema: pa.Schema,
) -> pa.Table:
    """One line per row where `told` is not null."""
    which = pc.indices_nonzero(pc.is_valid(told))
    size = len(which)
    return pa.table(
        {
            KEY: keys.take(which),
            ROW_NO: row_nos.take(which),
            "column": pa.repeat(pa.scalar(column), size),
            "source_column": source.names.take(which),
            "raw": source.raw(which),
            **{name: values.take(which) for name, values in further.items()},
        },
        schema=schema,
    )
