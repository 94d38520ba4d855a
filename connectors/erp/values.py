"""Python values of a database driver as exact Arrow columns.

Belongs here: conversion without loss, and naming the rows whose value does not fit its declared type
(SQLite lets that happen). Does not belong here: cleansing; what is stored is what lands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)


def to_table(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> tuple[pa.Table, dict[int, str]]:
    """(table, {index: row as JSON} of rows with a value that cannot be its column's type; null there)."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    bad: set[int] = set()
    arrays = []
    for field, values in zip(schema, columns, strict=True):
        try:
            arrays.append(pa.array(values, type=field.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, TypeError):
            converted = []
            convert = _converter(field.type)
            for index, value in enumerate(values):
                try:
                    converted.append(None if value is None else convert(value))
                except (ValueError, TypeError, InvalidOperation, OverflowError):
                    converted.append(None)
                    bad.add(index)
            arrays.append(pa.array(converted, type=field.type))
    return pa.table(arrays, schema=schema), {index: raw_json(rows[index], schema.names) for index in sorted(bad)}


def raw_json(row: Sequence[Any], names: Sequence[str]) -> str:
    """One row as JSON text for people; exact numbers as text, bytes as hex."""
    return json.dumps(dict(zip(names, map(plain, row), strict=True)), ensure_ascii=False)


def plain(value: Any) -> Any:
    """A JSON value: text for everything JSON has no exact form for."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _converter(wanted: pa.DataType) -> Callable[[Any], Any]:
    if pa.types.is_decimal(wanted):
        return lambda value: _decimal(value, wanted.precision, wanted.scale)
    if pa.types.is_integer(wanted):
        return _integer
    if pa.types.is_boolean(wanted):
        return _boolean
    if pa.types.is_floating(wanted):
        return float
    if pa.types.is_binary(wanted):
        return lambda value: value.encode() if isinstance(value, str) else bytes(value)
    if pa.types.is_string(wanted):
        return _text
    if pa.types.is_timestamp(wanted):
        return _timestamp
    if pa.types.is_date(wanted):
        return _day
    raise TypeError(f"no conversion to {wanted}")


def _decimal(value: Any, precision: int, scale: int) -> Decimal:
    # repr() of a float is its shortest exact spelling: 0.1, not 0.1000000000000000055.
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value))
    rounded = number.quantize(Decimal(1).scaleb(-scale), context=_WIDE)
    if not rounded.is_finite() or (rounded.adjusted() >= precision - scale and rounded):
        raise ValueError("does not fit")
    return rounded


def _integer(value: Any) -> int:
    number = int(value)
    if (isinstance(value, float) and number != value) or not -(2**63) <= number < 2**63:
        raise ValueError("not a whole number of 64 bits")
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bytes):
        return any(value)
    if value in (0, 1):
        return bool(value)
    raise ValueError("neither true nor false")


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8")
    if isinstance(value, float | timedelta | int):
        return str(value)
    return str(plain(value))


def _timestamp(value: Any) -> datetime | None:
    if isinstance(value, str):
        return None if value.startswith("0000-00-00") else datetime.fromisoformat(value)  # MySQL's zero date
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    raise TypeError("not a time")


def _day(value: Any) -> date | None:
    if isinstance(value, str):
        return None if value.startswith("0000-00-00") else date.fromisoformat(value)
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise TypeError("not a date")
