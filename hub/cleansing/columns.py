"""One column from raw to standard: distinct values that are not standard yet through Python, all else in Arrow.

Belongs here: `convert` and the two ways through it. Not here: which column comes from where
(`standardise.py`), what a value means (the standardisers).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hub.cleansing.already import Already
from hub.cleansing.dates import EPOCH_MS, ZONE
from hub.cleansing.result import Standard, Standardiser
from schemas.model import Column

_FIXED_TYPES = {
    "string": pa.string(),
    "integer": pa.int64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "boolean": pa.bool_(),
}


# What a standardiser suggests for a row.
SUGGESTION = pa.struct([("value", pa.string()), ("rule", pa.string()), ("confidence", pa.float64())])

# A column with this few distinct values among its first ones is worth encoding before it is tested.
_SAMPLE, _FEW = 2_000, 1_000


@dataclass(frozen=True)
class Converted:
    """values: the typed column. rule, reason: text per row, null where nothing happened.

    text: the standard value as text, per row; None when no row has a rule.
    suggestion: SUGGESTION per row, null where there is none; None when no row has one.
    """

    values: pa.Array
    rule: pa.Array | None = None
    reason: pa.Array | None = None
    text: pa.Array | None = None
    suggestion: pa.Array | None = None


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of a contract column."""
    if column.type == "decimal":
        return pa.decimal128(column.precision, column.scale)
    return _FIXED_TYPES[column.type]


def raw_text(values: pa.Array) -> pa.Array:
    """Any source column as text, exactly: decimals plain, times ISO, booleans true/false."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_string(values.type):
        return values
    if pa.types.is_timestamp(values.type):
        iso = pc.replace_substring(values.cast(pa.string()), " ", "T")
        return pc.replace_substring_regex(iso, r"\.0+$", "")
    if pa.types.is_floating(values.type):
        # 15 digits are all that a binary float holds for sure; the rest is noise.
        encoded = pc.dictionary_encode(values.cast(pa.float64()))
        texts = [format(value, ".15g") for value in encoded.dictionary.to_pylist()]
        return pa.array(texts, pa.string()).take(encoded.indices)
    if pa.types.is_binary(values.type) or pa.types.is_nested(values.type):
        return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
    return values.cast(pa.string())


def convert(
    values: pa.Array,
    column: Column,
    standard: Standardiser,
    codes: Mapping[str, str],
    as_is: bool = True,
    already: Already | None = None,
) -> Converted:
    """One source column as one contract column.

    A column that has the right type already (or epoch milliseconds for a time) is cast without
    looking at single values, unless a status map `codes` is given, a value does not fit, or
    `as_is` is False (numbers that must be multiplied). Texts that `already` says are standard stay
    as they are; each distinct other one goes through `standard` once.
    """
    if as_is and not codes:
        cast = _cast(values, arrow_type(column))
        if cast is not None:
            return cast
    texts = raw_text(values)
    unsettled = pc.is_valid(texts)
    if already is not None and not codes:
        unsettled = pc.and_kleene(unsettled, pc.invert(_settled(texts, already)))
    # Picked first, encoded then: a mostly distinct column costs more to encode than to test.
    encoded = pc.dictionary_encode(texts.filter(unsettled))
    answers = [_standard(raw, standard, codes) for raw in encoded.dictionary.to_pylist()]
    rules = [answer.rule for answer in answers]
    if answers:
        texts = _placed([answer.value for answer in answers], encoded.indices, unsettled, texts)
    nothing = pa.nulls(len(texts), pa.string())
    reasons = [answer.reason for answer in answers]
    return Converted(
        values=texts if column.type == "string" else texts.cast(arrow_type(column)),
        rule=_placed(rules, encoded.indices, unsettled, nothing) if any(rules) else None,
        reason=_placed(reasons, encoded.indices, unsettled, nothing) if any(reasons) else None,
        text=texts if any(rules) else None,
        suggestion=_suggested(answers, encoded.indices, unsettled),
    )


def _settled(texts: pa.Array, already: Already) -> pa.Array:
    """`already` of every text; where few are distinct, of each distinct one once."""
    sample = texts.slice(0, _SAMPLE)
    if len(texts) <= _SAMPLE or pc.count_distinct(sample).as_py() > _FEW:
        return already(texts)
    encoded = pc.dictionary_encode(texts)
    known = already(encoded.dictionary)
    if pc.all(known).as_py() is not False:
        return pc.is_valid(texts)
    return known.take(encoded.indices)


def _placed(of_distinct: list[str | None], indices: pa.Array, where: pa.Array, rest: pa.Array) -> pa.Array:
    """`rest` with the answers of the distinct texts in the rows `where` those texts stand."""
    return pc.replace_with_mask(rest, where, pa.array(of_distinct, pa.string()).take(indices))


def _suggested(of_distinct: list[Standard], indices: pa.Array, where: pa.Array) -> pa.Array | None:
    """SUGGESTION per row."""
    if not any(answer.suggestion for answer in of_distinct):
        return None
    told = [answer.suggestion and answer.suggestion._asdict() for answer in of_distinct]
    of_row = pc.replace_with_mask(pa.nulls(len(where), indices.type), where, indices)
    return pa.array(told, SUGGESTION).take(of_row)


def _standard(raw: str, standard: Standardiser, codes: Mapping[str, str]) -> Standard:
    mapped = codes.get(raw, codes.get(raw.strip()))
    if mapped is None:
        return standard(raw)
    answer = standard(mapped)
    return answer._replace(rule="code.mapped") if answer.value is not None and mapped != raw else answer


def _cast(values: pa.Array, target: pa.DataType) -> Converted | None:
    """The column by a plain cast, or None where single values must be read."""
    source = values.type
    try:
        if pa.types.is_null(source):
            return Converted(pa.nulls(len(values), target))
        if pa.types.is_integer(source) and pa.types.is_integer(target):
            return Converted(values.cast(target))
        if pa.types.is_boolean(source) and pa.types.is_boolean(target):
            return Converted(values)
        if (pa.types.is_decimal(source) or pa.types.is_integer(source)) and pa.types.is_decimal(target):
            wide = values.cast(pa.decimal128(38, target.scale)) if pa.types.is_integer(source) else values
            return Converted(wide.cast(target))
        if pa.types.is_date(source) and (pa.types.is_date(target) or pa.types.is_timestamp(target)):
            return Converted(values.cast(target))
        if pa.types.is_timestamp(source) and pa.types.is_temporal(target):
            return _from_moments(_local(values), target)
        if pa.types.is_int64(source) and pa.types.is_temporal(target):
            return _from_epoch(values, target)
    except pa.ArrowInvalid:
        # A value that does not fit (too large, too many digits): read them one by one and say which.
        return None
    return None


def _local(moments: pa.Array) -> pa.Array:
    """Naive local time, microseconds."""
    if moments.type.tz is None:
        return moments.cast(pa.timestamp("us"), safe=False)
    return pc.local_timestamp(moments.cast(pa.timestamp("us", tz=str(ZONE)), safe=False))


def _from_moments(moments: pa.Array, target: pa.DataType) -> Converted:
    if pa.types.is_timestamp(target):
        return Converted(moments)
    days = pc.floor_temporal(moments, unit="day")
    values = days.cast(target)
    has_time = pc.not_equal(days, moments)
    if not pc.any(has_time).as_py():
        return Converted(values)
    rule = pc.if_else(has_time, pa.scalar("date.time_dropped"), pa.scalar(None, pa.string()))
    return Converted(values, rule=rule, text=values.cast(pa.string()))


def _from_epoch(values: pa.Array, target: pa.DataType) -> Converted:
    """Epoch milliseconds, the way a REST API writes a time, as local time; noted, since nobody reads them as one."""
    low, high = EPOCH_MS
    sane = pc.and_(pc.greater_equal(values, low), pc.less(values, high))
    kept = pc.if_else(sane, values, pa.scalar(None, pa.int64()))
    moments = _local(kept.cast(pa.timestamp("ms", tz="UTC")))
    typed: Any = moments if pa.types.is_timestamp(target) else pc.floor_temporal(moments, unit="day").cast(target)
    nothing = pa.scalar(None, pa.string())
    rule = pc.if_else(pc.is_valid(typed), pa.scalar("timestamp.epoch"), nothing)
    reason = None if pc.all(sane).as_py() in (True, None) else pc.if_else(sane, nothing, pa.scalar("timestamp.range"))
    return Converted(typed, rule=rule, reason=reason, text=raw_text(typed))
